"""The journal's tables: what goes in comes out, and what is to be forgotten goes."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.bot.journal import Checkpoint, Forget, Incident, Memory, Saved, SavedChat
from chatbot.bot.journal_sqlite import JournalError, UnitRefused
from tests.bot.scribe import CHECKPOINT, Place, operation

SECRET = "my card is 4111 and mauve"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


# what goes in comes out


def test_everything_comes_back_as_it_was_put(place: Place) -> None:
    done = replace(operation(1), state="confirmed", body="", line="9:TextReceived:0:1:2:0", reason="a: b")
    place.put(CHECKPOINT, done, operation(2), Memory("c1", '{"name": "Ana"}'), Memory("", '{"all": [1]}'))
    assert place.load() == Saved(
        1000, {"c1": SavedChat(CHECKPOINT, [done, operation(2)], {"name": "Ana"})}, {"all": [1]}
    )


def test_a_new_journal_holds_nothing(place: Place) -> None:
    assert place.load() == Saved(run=1000)


def test_each_run_has_a_greater_number(place: Place) -> None:
    assert [place.load().run, place.load().run, place.load("butler").run] == [1000, 1001, 1000]


def test_no_run_of_a_file_that_was_moved_away_has_the_same_number(place: Place) -> None:
    assert [place.load().run, place.load().run] == [1000, 1001]
    place.time += 60
    place.path.unlink()
    assert place.load().run == 1060


def test_the_last_state_counts_and_operations_stay_in_the_order_of_their_intents(place: Place) -> None:
    place.put(CHECKPOINT, operation(1), operation(2))
    later = replace(operation(1), state="accepted")
    ahead = replace(CHECKPOINT, cursor=8)
    place.put(CHECKPOINT, operation(3), later, ahead)
    found = place.load().chats["c1"]
    assert found.checkpoint == ahead
    assert found.operations == [later, operation(2), operation(3)]


def test_bots_do_not_see_what_others_keep(place: Place) -> None:
    place.put(CHECKPOINT, operation(), Memory("", '{"a": 1}'))
    assert place.load("butler") == Saved(run=1000)


def test_what_the_server_took_is_known_after_a_crash(place: Place) -> None:
    taken = replace(operation(), state="accepted", said=True)
    place.put(CHECKPOINT, operation(), taken, operation(2))
    assert place.load().chats["c1"].operations == [taken, operation(2)]


def test_a_chat_that_ended_is_kept_and_not_loaded(place: Place) -> None:
    place.put(CHECKPOINT, operation())
    place.put(replace(CHECKPOINT, phase="ended"), operation())
    assert place.load().chats == {}
    assert (place.rows("chat"), place.rows("operation")) == (1, 1)


def test_a_chat_that_begins_anew_has_no_earlier_life(place: Place) -> None:
    other = replace(CHECKPOINT, chat_id="c2")
    place.put(CHECKPOINT, operation(1), Memory("c1", '{"a": 1}'), other, operation(1, chat_id="c2"))
    anew = Checkpoint("c1", "offered")
    # what stands before Forget in a unit belongs to the earlier life, what follows to the new one
    place.put(operation(2), operation(2, chat_id="c2"), Forget("c1"), anew, operation(3))
    assert place.load().chats == {
        "c1": SavedChat(anew, [operation(3)]),
        "c2": SavedChat(other, [operation(1, chat_id="c2"), operation(2, chat_id="c2")]),
    }


def test_an_incident_is_kept_with_its_time(place: Place) -> None:
    place.put(Incident("c1", "gap", "line 4"))
    place.close()
    with sqlite3.connect(place.path) as db:
        assert db.execute("SELECT at, bot, chat, kind, detail FROM incident").fetchall() == [
            (1_000.0, "maid", "c1", "gap", "line 4")
        ]
    db.close()


def test_a_text_whose_fate_is_known_stands_nowhere_in_the_file(place: Place) -> None:
    place.put(CHECKPOINT, operation(body=SECRET * 500))
    place.close()
    assert SECRET.encode() in place.path.read_bytes()
    place.put(replace(operation(), state="confirmed"), replace(operation(), state="confirmed", body=""))
    place.close()
    assert SECRET.encode() not in place.path.read_bytes()
    assert [path.name for path in place.path.parent.iterdir()] == ["chatbot.sqlite3"]


def test_half_a_surrogate_pair_is_replaced(place: Place) -> None:
    place.put(CHECKPOINT, Incident("c1", "gap", "x"), replace(operation(), reason="\ud83d!"))
    assert place.load().chats["c1"].operations == [replace(operation(), reason="?!")]
    assert place.rows("incident") == 1


@pytest.mark.parametrize("cursor", [2**63, None, object()])
def test_what_no_database_can_hold_is_refused_with_all_of_its_group(place: Place, cursor: object) -> None:
    bad = Checkpoint("c2", "started")
    object.__setattr__(bad, "cursor", cursor)
    store = place.open()
    with pytest.raises(UnitRefused, match="cannot hold this: "):
        store.apply([("maid", (CHECKPOINT,)), ("maid", (bad,))])
    assert store.load("maid").chats == {}


# trouble


def test_a_damaged_value_is_told_in_words(place: Place) -> None:
    place.put(CHECKPOINT, Memory("c1", '{"a": '))
    with pytest.raises(
        JournalError, match=f"^CB510 journal {place.path}: it is damaged; to begin anew, move it away$"
    ):
        place.load()


def test_a_full_disk_is_told_in_words_and_costs_nothing_that_was_written(place: Place) -> None:
    store = place.open()
    store.apply([("maid", (CHECKPOINT,))])
    store._db.execute("PRAGMA max_page_count = 20").fetchall()
    big = operation(body="x" * 100_000)
    with pytest.raises(JournalError, match=r": the disk is full$"):
        store.apply([("maid", (replace(CHECKPOINT, cursor=8),)), ("maid", (big,))])
    store._db.execute("PRAGMA max_page_count = 1000").fetchall()
    assert store.load("maid").chats == {"c1": SavedChat(CHECKPOINT)}
    store.apply([("maid", (big,))])
    assert store.load("maid").chats == {"c1": SavedChat(CHECKPOINT, [big])}
