"""The long run in small: one virtual day, and that growth, loss and doubled words are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.simulation import server
from tests.simulation.chats import Chat
from tests.simulation.server import Server
from tests.simulation.soak import Sample, Soak, grown

SAMPLE = Sample(
    day=1,
    rss_kib=58_000,
    blocks=250_000,
    objects=52_500,
    tasks=9,
    fds=8,
    pages=180,
    wal_kib=4_043,
    chats=0,
    ended=425,
    counters=15,
)


def days(**last: int) -> list[Sample]:
    """Three days to warm up, and a fourth that differs."""
    return [replace(SAMPLE, day=day) for day in (1, 2, 3)] + [replace(SAMPLE, day=4, **last)]


@pytest.mark.long
def test_in_a_day_all_is_said_once_and_nothing_is_left_open() -> None:
    soak = Soak(1, pause_s=(3_000.0, 6_000.0))
    [sample] = soak.run(1)
    assert soak.findings == []
    assert soak.counts["chats"] > 10
    assert soak.counts["faults"] > 0
    assert (sample.chats, sample.ended) == (0, soak.counts["chats"])


def test_what_stays_as_large_has_not_grown() -> None:
    assert grown(days(blocks=252_000, pages=200, ended=1_000)) == []


def test_the_first_days_may_be_smaller() -> None:
    assert grown([replace(SAMPLE, blocks=1, pages=1), *days()[1:]]) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rss_kib", 66_193),
        ("blocks", 257_001),
        ("objects", 54_051),
        ("tasks", 11),
        ("fds", 10),
        ("pages", 285),
        ("wal_kib", 5_068),
        ("chats", 1),
        ("ended", 1_001),
        ("counters", 24),
    ],
)
def test_growth_is_told(name: str, value: int) -> None:
    [finding] = grown(days(**{name: value}))
    assert finding.startswith(f"{name} grows from {getattr(SAMPLE, name)} to {value}; ")


@pytest.mark.long
def test_a_word_that_is_said_twice_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(server._OPERATIONS, "SendMessage", said_twice)
    soak = Soak(1, pause_s=(20_000.0, 30_000.0))
    soak.run(1)
    assert soak.counts["doubled"] > 0
    assert len(soak.findings) == soak.counts["chats"]


def said_twice(platform: Server, chat: Chat, body: dict[str, Any]) -> bool:
    return all([platform._send(chat, body), platform._send(chat, body)])
