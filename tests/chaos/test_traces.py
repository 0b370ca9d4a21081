"""What bots leave behind: each thing that can be wrong with it is told."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.checker import History, Line
from tests.chaos.traces import Note, notes, wrong_hooks, wrong_journal, wrong_log

WELL = [Note("begins", 1.0, 7, "c1", 2), Note("ends", 1.5, 7, "c1", 2), Note("begins", 2.0, 7, "c1", 4)]
HISTORY = History("c1", (Line(1, "Text", "Customer", "a"), Line(2, "Text", "Agent", "b")))


def test_notes_are_read_but_for_a_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    assert notes(path) == []
    path.write_text("begins 1.0 7 c1 2\nends 1.5 7 c1 2\nbegins 2.0 7 c1 4\nbegins 3.")
    assert notes(path) == WELL


def test_hooks_in_order_are_well_and_so_are_those_that_another_process_runs_again() -> None:
    assert list(wrong_hooks([*WELL, Note("begins", 3.0, 8, "c1", 4)], [(2.5, 2.9)])) == []


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (Note("begins", 3.0, 8, "c1", 2), "hooks: chat c1, line 2 comes after line 4"),
        (Note("begins", 3.0, 7, "c1", 6), "hooks: chat c1, line 6 begins before line 4 has ended"),
        (Note("begins", 9.6, 7, "c2", 1), "hooks: chat c2, line 1 begins after SIGTERM"),
    ],
)
def test_hooks_that_begin_when_they_ought_not_to_are_told(note: Note, told: str) -> None:
    assert list(wrong_hooks([*WELL, note], [(9.0, 10.0)])) == [told]


def test_a_hook_that_runs_again_in_the_same_process_is_told() -> None:
    again = [*WELL, Note("ends", 2.5, 7, "c1", 4), Note("begins", 3.0, 7, "c1", 4)]
    assert list(wrong_hooks(again, [])) == ["hooks: chat c1, line 4 comes after line 4"]


def journal(path: Path, cursor: int, state: str) -> Path:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE chat (bot, chat, phase, cursor)")
        db.execute("CREATE TABLE operation (bot, chat, operation, state)")
        db.execute("INSERT INTO chat VALUES ('bot0', 'c1', 'started', ?)", (cursor,))
        db.execute("INSERT INTO operation VALUES ('bot0', 'c1', 'SendMessage', ?)", (state,))
    return path


def test_a_journal_that_knows_all_is_well(tmp_path: Path) -> None:
    assert list(wrong_journal(journal(tmp_path / "journal", 2, "confirmed"), [HISTORY])) == []


def test_an_operation_without_an_end_and_a_line_that_nobody_knows_are_told(tmp_path: Path) -> None:
    assert list(wrong_journal(journal(tmp_path / "journal", 1, "unknown"), [HISTORY])) == [
        "journal: chat c1, SendMessage is left as unknown",
        "journal: chat c1 is known to line 1 of 2",
    ]


def test_a_chat_that_is_over_may_not_be_known_to_be(tmp_path: Path) -> None:
    over = replace(HISTORY, is_over=True)
    assert list(wrong_journal(journal(tmp_path / "journal", 1, "unknown"), [over])) == []


@pytest.mark.parametrize(
    ("agents", "told"),
    [
        ({"bot0": "Revoked", "bot1": "Chatting"}, 0),
        ({"bot0": "Chatting", "bot1": "Revoked"}, 2),
        ({"bot1": "Chatting"}, 2),
    ],
)
def test_a_chat_that_has_gone_to_another_bot_may_not_be_known_to_have(
    tmp_path: Path, agents: dict[str, str], told: int
) -> None:
    history = replace(HISTORY, agents=agents)
    assert len(list(wrong_journal(journal(tmp_path / "journal", 1, "intent"), [history]))) == told


def test_a_log_that_tells_what_a_customer_said_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("ready\n")
    assert list(wrong_log(log)) == []
    log.write_text("ready\nhooks hear 'canary 1?'\n")
    assert list(wrong_log(log)) == ["log: hooks hear 'canary 1?'"]
