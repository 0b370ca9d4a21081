"""What nobody has touched for a long time goes from the journal; what may go on stays."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatbot.bot.journal import Checkpoint, Incident, Memory, Record, Saved, SavedChat
from tests.bot.scribe import CHECKPOINT, Place, operation

TABLES = ("bot", "chat", "operation", "memory", "incident")
OURS = {"maid"}
ENDED = replace(CHECKPOINT, phase="ended")
AT_START, EARLY, LATE = 1_000.0, 2_000.0, 3_000.0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


def rows(place: Place) -> tuple[int, ...]:
    return tuple(place.rows(table) for table in TABLES)


def about(chat_id: str, checkpoint: Checkpoint = CHECKPOINT) -> tuple[Record, ...]:
    """A chat with all that there can be of it."""
    kept = Memory(chat_id, '{"a": 1}')
    return (
        replace(checkpoint, chat_id=chat_id),
        operation(chat_id=chat_id),
        kept,
        Incident(chat_id, "gap", ""),
    )


def prune(place: Place, before: float = EARLY) -> None:
    store = place.open()
    while store.prune(before, OURS):
        pass


def test_what_ended_long_ago_is_deleted_with_everything_of_it(place: Place) -> None:
    place.load()
    place.put(*about("old", ENDED), CHECKPOINT, operation(), Memory("", '{"b": 1}'))
    place.time = EARLY
    place.put(*about("recent", ENDED))
    prune(place)
    assert rows(place) == (1, 2, 2, 2, 1)
    assert place.load() == Saved(2000, {"c1": SavedChat(CHECKPOINT, [operation()])}, {"b": 1})


def test_a_chat_that_may_go_on_stays_however_quiet_it_is(place: Place) -> None:
    place.load()
    place.put(*about("c1"), replace(CHECKPOINT, chat_id="rings", phase="offered"), Memory("", '{"b": 1}'))
    place.time = LATE * 1_000
    prune(place, LATE * 999)
    found = place.load()
    assert set(found.chats) == {"c1", "rings"}
    assert found.chats["c1"] == SavedChat(CHECKPOINT, [operation()], {"a": 1})
    assert found.memory == {"b": 1}


def test_what_a_bot_has_left_that_is_not_there_any_more_goes_in_time(place: Place) -> None:
    for bot in ("butler", "cook"):
        place.load(bot)
        place.put(*about("old"), operation(chat_id="loose"), Memory("", '{"b": 1}'), bot=bot)
    place.time = EARLY
    place.put(*about("recent"), bot="cook")
    prune(place)
    assert rows(place) == (1, 1, 1, 2, 1)
    found = SavedChat(replace(CHECKPOINT, chat_id="recent"), [operation(chat_id="recent")], {"a": 1})
    assert place.load("cook") == Saved(2000, {"recent": found}, {"b": 1})
    prune(place, LATE)
    assert rows(place) == (0, 0, 0, 0, 0)


def test_a_bot_that_ran_not_long_ago_keeps_what_its_plugins_keep(place: Place) -> None:
    place.time = EARLY
    place.load("cook")
    place.put(Memory("", '{"b": 1}'), bot="cook")
    prune(place)
    assert place.load("cook").memory == {"b": 1}


def test_an_operation_without_a_chat_goes_in_time(place: Place) -> None:
    place.load()
    place.put(operation(1, chat_id=""), operation(1, chat_id="gone"), CHECKPOINT, operation(1))
    place.time = EARLY
    place.put(operation(2, chat_id=""), operation(2, chat_id="gone"))
    prune(place)
    assert rows(place) == (1, 1, 3, 0, 0)
    assert place.load().chats["c1"].operations == [operation(1)]


def test_a_chat_that_has_begun_in_this_process_may_not_have_its_row_yet(place: Place) -> None:
    store = place.open()
    place.time = EARLY
    store.apply([("maid", (operation(1, chat_id="new"), operation(1, chat_id="")))])
    assert store.prune(LATE, OURS) is False
    store.apply([("maid", (replace(CHECKPOINT, chat_id="new"),))])
    assert store.load("maid").chats["new"].operations == [operation(1, chat_id="new")]
    assert place.rows("operation") == 1


def test_a_few_chats_are_deleted_at_once_and_the_disk_gets_its_pages_back(place: Place) -> None:
    chats = [f"c{number}" for number in range(250)]
    records = [Checkpoint(chat_id, "ended") for chat_id in chats]
    bodies = [operation(chat_id=chat_id, body="x" * 4_000) for chat_id in chats]
    place.put(*records, *bodies)
    place.close()
    before = place.path.stat().st_size
    store = place.open()
    assert [store.prune(EARLY, OURS), store.prune(EARLY, OURS)] == [True, False]
    place.close()
    assert before > 1_000_000
    assert place.path.stat().st_size < 70_000


def test_operations_are_looked_through_step_by_step_and_each_time_from_the_beginning(place: Place) -> None:
    store = place.open()
    loose = [operation(chat_id=f"gone{number}") for number in range(450)]
    kept = [Checkpoint(f"c{number}", "started") for number in range(30)]
    store.apply([("cook", (*loose, *kept)), ("maid", [operation(chat_id=it.chat_id) for it in kept])])
    for _ in range(2):
        steps = [store.prune(AT_START, {"cook", "maid"}) for _ in range(3)]
        assert steps == [True, True, False]
    place.time = EARLY
    assert [store.prune(EARLY, {"maid"}) for _ in range(3)] == [True, True, False]
    assert rows(place) == (0, 0, 30, 0, 0)
