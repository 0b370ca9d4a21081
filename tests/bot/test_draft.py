"""What is known of a report while its chat goes on."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chatbot.bot.causes import Cause
from chatbot.bot.draft import MOST_BYTES, Draft

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def begun() -> Draft:
    draft = Draft()
    draft.begin("robo", "c1", NOON)
    return draft


def test_of_nothing_nothing_is_kept() -> None:
    assert Draft().text() == ""
    assert Draft.restored("") == Draft()


def test_all_is_restored_as_it_was() -> None:
    draft = begun()
    draft.enter(NOON)
    draft.hear(7)
    draft.leave(9, abandoned=True)
    draft.take_over(human=True)
    draft.stop(LATER, ends_session=True)
    draft.report("solved", {"topic": "invoice"})
    draft.end(LATER, Cause("bot", "left"))
    assert Draft.restored(draft.text()) == draft


def test_a_session_keeps_its_name_and_each_has_its_own() -> None:
    draft = begun()
    name = draft.session
    draft.begin("robo", "c1", LATER)
    assert (draft.session, draft.began_at) == (name, NOON.timestamp())
    others = [Draft() for _ in range(3)]
    others[0].begin("robo", "c2", NOON)
    others[1].begin("mobo", "c1", NOON)
    others[2].begin("robo", "c1", LATER)
    assert len({name, *(other.session for other in others)}) == 4


def test_a_text_is_counted_once_until_the_transcript_is_rewound() -> None:
    draft = begun()
    for index in (3, 5, 5, 3):
        draft.hear(index)
    assert draft.heard == 2
    draft.rewind(4)
    draft.hear(5)
    assert draft.heard == 3


def test_who_left_first_is_remembered_and_who_came_back_has_not_left() -> None:
    draft = begun()
    draft.leave(9, abandoned=True)
    draft.leave(11, abandoned=True)
    assert draft.left_at == 9
    draft.rewind(8)
    assert draft.left_at == 0
    draft.leave(9, abandoned=True)
    draft.leave(10, abandoned=False)
    assert draft.left_at == 0


def test_a_chat_that_goes_on_after_a_stop_has_not_ended_by_it() -> None:
    draft = begun()
    draft.enter(NOON)
    draft.stop(LATER, ends_session=True)
    assert (draft.stopped, draft.stopped_at) == ("logout", LATER.timestamp())
    draft.enter(LATER)
    assert (draft.stopped, draft.stopped_at, draft.entered_at) == ("", 0.0, NOON.timestamp())


def test_the_end_is_when_it_was_first_seen_or_the_stop_before() -> None:
    draft = begun()
    draft.end(NOON, Cause("bot", "left"))
    draft.end(LATER, Cause("unknown", "gone"))
    assert (draft.ended_at, draft.cause["reason"]) == (NOON.timestamp(), "left")
    stopped = begun()
    stopped.stop(NOON, ends_session=False)
    stopped.end(LATER, Cause("unknown", "gone"))
    assert stopped.time(stopped.ended_at) == NOON


def test_what_is_offered_anew_after_an_end_begins_anew() -> None:
    draft = begun()
    draft.renew()
    assert draft == begun()
    draft.end(LATER, Cause("bot", "left"))
    draft.renew()
    assert draft == Draft()


def test_attributes_are_added_and_a_result_stays_until_there_is_another() -> None:
    draft = begun()
    steps = [1]
    draft.report("begun", {"steps": steps, "a": 1})
    steps.append(2)
    draft.report(None, {"a": 2})
    assert (draft.result, draft.attributes) == ("begun", {"steps": [1], "a": 2})
    draft.report("done", {})
    assert draft.result == "done"


def test_half_of_a_pair_of_surrogates_does_not_spoil_the_record() -> None:
    draft = begun()
    draft.report("\ud83d!", {"\ud83d": ["\ud83d", "\U0001f600"]})
    assert (draft.result, draft.attributes) == ("?!", {"?": ["?", "\U0001f600"]})


def test_what_is_nested_too_deep_is_no_json() -> None:
    deep: list[object] = []
    for _ in range(400):
        deep = [deep]
    with pytest.raises(ValueError, match="the attribute 'deep' of a report is no JSON"):
        begun().report(None, {"deep": deep})


@pytest.mark.parametrize(
    ("result", "attributes", "error", "words"),
    [
        (7, {}, TypeError, "result is a text, not int"),
        ("x" * 257, {}, ValueError, "result has 257 characters; expected 256 at most"),
        (
            None,
            {"when": NOON},
            ValueError,
            "the attribute 'when' of a report is no JSON: Object of type datet",
        ),
        (None, {"odd": math.nan}, ValueError, "the attribute 'odd' of a report is no JSON"),
        (
            None,
            {"big": "x" * MOST_BYTES},
            ValueError,
            f"take {MOST_BYTES + 10} bytes; expected {MOST_BYTES} at",
        ),
    ],
)
def test_what_does_not_fit_changes_nothing(
    result: Any, attributes: dict[str, Any], error: type[Exception], words: str
) -> None:
    draft = begun()
    with pytest.raises(error, match=words):
        draft.report(result, attributes)
    assert draft == begun()


def test_after_the_end_was_told_nothing_more_can_be_said() -> None:
    draft = begun()
    draft.is_told = True
    with pytest.raises(RuntimeError, match="set it in on_chat_ended, or before"):
        draft.report("late", {})
