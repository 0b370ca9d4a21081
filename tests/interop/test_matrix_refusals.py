"""The CometD matrix, T6: a server that refuses for ever is asked seldom, and the bot says so.

All combinations are watched at the same time for eight seconds; the tests read what was seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from chatbot.model.errors import SessionLost, WireError
from chatbot.wire.retry import Limits
from tests.interop.bench import Bench, bench_of, nothing_left_behind
from tests.interop.conftest import SERVERS, SOURCES
from tests.interop.node import skip_without_node
from tests.interop.server import Seen, Server

pytestmark = pytest.mark.interop

WINDOW_S = 8.0
MOST_HANDSHAKES = 6
MOST_PER_SECOND = 5

HANDSHAKE, SUBSCRIBE, CONNECT = "/meta/handshake", "/meta/subscribe", "/meta/connect"

Rule = Mapping[str, Any]


def _refused(channel: str, **fields: object) -> Rule:
    reply = {"successful": False, "error": "403::refused", **fields}
    return {"channel": channel, "times": -1, "reply": reply}


AT_ONCE = {"reconnect": "handshake", "interval": 0}

DENIED_HANDSHAKES = {
    "no advice": _refused(HANDSHAKE),
    "advice handshake": _refused(HANDSHAKE, advice=AT_ONCE),
    "advice retry": _refused(HANDSHAKE, advice={"reconnect": "retry", "interval": 0}),
}
OTHER_REFUSALS = {
    "subscribe": _refused(SUBSCRIBE),
    "subscribe, unknown client": _refused(SUBSCRIBE, error="402::Unknown client", advice=AT_ONCE),
    "connect, no advice": _refused(CONNECT),
    "connect, advice retry": _refused(CONNECT, advice={"reconnect": "retry", "interval": 0}),
    "connect, advice handshake": _refused(CONNECT, error="402::Unknown client", advice=AT_ONCE),
    "HTTP 503": {"times": -1, "status": 503},
    "HTTP 403": {"times": -1, "status": 403},
    "reset": {"times": -1, "action": "reset"},
}
ADVICE_NONE = {
    "handshake": _refused(HANDSHAKE, advice={"reconnect": "none"}),
    "connect": _refused(CONNECT, advice={"reconnect": "none"}),
}
STORIES = {
    f"{group}: {name}": rule
    for group, rules in (("denied", DENIED_HANDSHAKES), ("other", OTHER_REFUSALS), ("none", ADVICE_NONE))
    for name, rule in rules.items()
}


@dataclass(frozen=True)
class Story:
    """What became of one bot at one refusing server."""

    requests: list[Seen]
    troubles: list[WireError]
    ended: WireError | None


Stories = dict[tuple[str, str, str], Story | Exception]


@pytest.fixture(scope="module")
def stories() -> Stories:
    skip_without_node()
    stories: Stories = {}
    asyncio.run(_watch_all(stories))
    return stories


async def _watch_all(stories: Stories) -> None:
    async with nothing_left_behind(), asyncio.TaskGroup() as group:
        for source in SOURCES:
            for kind in SERVERS:
                group.create_task(_watch(source, kind, stories), name=f"{source} at {kind}")


async def _watch(source: str, kind: str, stories: Stories) -> None:
    async with bench_of(source, kind) as bench, asyncio.TaskGroup() as group:
        server = await bench.serve()
        for name in STORIES:
            group.create_task(_keep(stories, (source, kind, name), bench, server), name=name)


async def _keep(stories: Stories, key: tuple[str, str, str], bench: Bench, server: Server) -> None:
    path = f"/cometd/{list(STORIES).index(key[2])}"
    try:
        stories[key] = await _tell(bench, server, path, STORIES[key[2]])
    except Exception as exc:  # noqa: BLE001 (a defect of one combination is for its own test)
        stories[key] = exc


async def _tell(bench: Bench, server: Server, path: str, rule: Rule) -> Story:
    await server.rules({"path": path, **rule})
    async with bench.bot(server, path=path, limits=Limits()) as bot:
        await asyncio.sleep(WINDOW_S)
        requests = server.requests(path=path)
    return Story(requests, bot.troubles, bot.ended)


def _told(stories: Stories, *key: str) -> Story:
    source, server, name = key
    story = stories[source, server, name]
    if isinstance(story, Exception):
        raise story
    return story


@pytest.mark.parametrize("advice", DENIED_HANDSHAKES)
def test_t06_denied_handshake_is_repeated_seldom_and_told(
    stories: Stories, source_kind: str, server_kind: str, advice: str
) -> None:
    story = _told(stories, source_kind, server_kind, f"denied: {advice}")
    assert 2 <= len(story.requests) <= MOST_HANDSHAKES
    assert len(story.troubles) >= 2
    assert story.ended is None


@pytest.mark.parametrize("refusal", OTHER_REFUSALS)
def test_t06_requests_to_a_refusing_server_stay_few(
    stories: Stories, source_kind: str, server_kind: str, refusal: str
) -> None:
    story = _told(stories, source_kind, server_kind, f"other: {refusal}")
    assert 2 <= len(story.requests) <= MOST_PER_SECOND * WINDOW_S
    assert len(story.troubles) >= 2
    assert story.ended is None


@pytest.mark.parametrize("place", ADVICE_NONE)
def test_t06_advice_none_ends_the_signals_for_good(
    stories: Stories, source_kind: str, server_kind: str, place: str
) -> None:
    story = _told(stories, source_kind, server_kind, f"none: {place}")
    assert isinstance(story.ended, SessionLost)
    assert not story.ended.retryable
    assert len(story.requests) <= MOST_HANDSHAKES


async def test_t06_handshake_that_the_server_itself_denies_is_told(bench: Bench) -> None:
    server = await bench.serve()
    await server.deny("handshake")
    async with bench.bot(server) as bot:
        await bot.until_trouble()
        if bench.server_kind == "cometd":  # it advises "none"
            await bot.until_ended()
        else:
            await bot.until_session(1)
