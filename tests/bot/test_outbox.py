from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.bot.health import Counters
from chatbot.bot.identity import Identity
from chatbot.bot.journal import Key, OperationRecord, OperationState
from chatbot.bot.operation import Operation, tagged
from chatbot.bot.outbox import Outbox
from chatbot.bot.prints import Print
from chatbot.model.actions import (
    Accept,
    Action,
    AddComment,
    Complete,
    Leave,
    SendMessage,
    SendStartTypingNotification,
    SetInFocus,
    Transfer,
)
from chatbot.model.errors import Refused
from chatbot.model.resources import ChatResource, Participant
from chatbot.model.words import ChatState
from tests.bot.drawer import Drawer
from tests.bot.make import CUSTOMER, HELENA, NOW, ROBO, text, view


def key(ordinal: int = 0) -> Key:
    return Key("c1", "7:print", "faq", "on_text", ordinal)


class Box:
    """An outbox, what it has written, and the bot that sends from it."""

    def __init__(self, user_id: str | None = "U-me") -> None:
        self.drawer, self.counters = Drawer(), Counters()
        self.outbox = Outbox(self.drawer, self.counters)
        self.identity = Identity(user_id, None)
        self._sent = 0

    def sent(self, action: Action, *, base: int = 0) -> Operation:
        operation = self.outbox.begin(key(self._sent), action, base)
        self._sent += 1
        operation.sent = True
        return operation

    def hear(self, index: int, words: str, who: Participant = ROBO) -> None:
        self.outbox.hear(text(index, words, who), self.identity)


def place(operation: Operation | OperationRecord) -> int | None:
    """The index of the line that has confirmed it."""
    line = Print.parse(operation.line)
    return line.index if line is not None else None


def saved(
    ordinal: int, state: OperationState, *, base: int = 0, line: str = "", reason: str = ""
) -> OperationRecord:
    body = '{"text":"hi"}' if state in {"intent", "unknown", "accepted"} else ""
    return OperationRecord(key(ordinal), "SendMessage", body, "digest", state, base, line, reason)


async def test_an_echo_confirms_the_operation_that_said_so() -> None:
    box = Box()
    first, second = box.sent(SendMessage(text="a")), box.sent(SendMessage(text="b"))
    box.hear(1, "b")
    assert [(one.state, place(one)) for one in (first, second)] == [("intent", None), ("confirmed", 1)]
    assert (second.receipt.state, box.outbox.open) == ("confirmed", [first])
    assert (box.counters.echoes, box.counters.fuzzy_matches) == ({("Text", "All", "Normal"): 1}, 0)
    assert box.drawer.units == [(second.record(),)]


async def test_a_text_that_the_server_rewrote_confirms_the_oldest_of_its_kind() -> None:
    box = Box()
    first, second = box.sent(SendMessage(text="a")), box.sent(SendMessage(text="b"))
    box.hear(1, "***")
    assert (first.state, second.state, box.counters.fuzzy_matches) == ("confirmed", "intent", 1)


async def test_a_tag_finds_its_operation_whatever_the_words() -> None:
    box = Box()
    said = [tagged(SendMessage(text="ok"), key(ordinal)) for ordinal in (0, 1)]
    first, second = [box.sent(action) for action in said]
    line = text(1, "****", ROBO, message_type=said[1].model_dump()["message_type"])
    box.outbox.hear(line, box.identity)
    assert (first.state, second.state, box.counters.fuzzy_matches) == ("intent", "confirmed", 0)


@given(st.integers(1, 5), st.integers(0, 3), st.lists(st.integers(0, 4), max_size=4))
async def test_equal_texts_are_confirmed_one_by_one(count: int, more: int, repeats: list[int]) -> None:
    box = Box()
    sent = [box.sent(SendMessage(text="ok")) for _ in range(count)]
    for index in range(1, count + more + 1):
        box.hear(index, "ok")
        for again in repeats:
            box.hear(min(index, again + 1), "ok")
    assert [place(one) for one in sent] == list(range(1, count + 1))
    assert (box.outbox.open, box.counters.fuzzy_matches) == ([], 0)


@given(st.permutations(range(4)))
async def test_different_texts_are_confirmed_in_whatever_order_they_come(order: list[int]) -> None:
    box = Box()
    sent = [box.sent(SendMessage(text=str(number))) for number in range(4)]
    for index, number in enumerate(order, 1):
        box.hear(index, str(number))
    assert [place(one) for one in sent] == [order.index(number) + 1 for number in range(4)]


async def test_a_line_that_was_there_before_the_request_is_its_effect_only_by_its_words() -> None:
    box = Box()
    operation = box.sent(SendMessage(text="ok"), base=4)
    box.hear(3, "****")
    assert operation.is_open
    box.hear(4, "ok")  # after a failover an index may be given twice
    assert place(operation) == 4


async def test_a_line_told_again_after_another_had_its_index_confirms_nothing_more() -> None:
    box = Box()

    def hear(words: str, second: int) -> None:
        line = text(7, words, ROBO, timestamp=NOW + timedelta(seconds=second))
        box.outbox.hear(line, box.identity)

    first = box.sent(SendMessage(text="ok"))
    hear("ok", 5)
    hear("lost by a failover", 3)
    second = box.sent(SendMessage(text="ok"))
    hear("ok", 5)
    assert (first.state, second.is_open) == ("confirmed", True)
    hear("ok", 9)
    assert second.state == "confirmed"


async def test_of_two_that_said_the_same_the_one_whose_turn_it_is_is_confirmed() -> None:
    box = Box()
    late, early = box.sent(SendMessage(text="ok"), base=9), box.sent(SendMessage(text="ok"), base=4)
    box.hear(5, "ok")
    assert (late.is_open, place(early)) == (True, 5)


async def test_a_line_is_decided_on_once() -> None:
    box = Box()
    box.hear(5, "ok")
    operation = box.sent(SendMessage(text="ok"))
    box.hear(5, "ok")
    assert operation.is_open


async def test_of_rewritten_texts_the_most_alike_is_confirmed() -> None:
    box = Box()
    hours = box.sent(SendMessage(text="we open at 8 today"))
    number = box.sent(SendMessage(text="your number is 1234 now"))
    box.hear(1, "your number is **** now")
    assert (hours.state, number.state, box.outbox.is_doubtful) == ("intent", "confirmed", True)


SYSTEM = Participant(nickname="system", type="External", participant_id="P-system")


async def test_only_a_text_of_the_system_is_confirmed_by_the_system() -> None:
    box = Box()
    plain = box.sent(SendMessage(text="hold on"))
    again = box.sent(SendMessage(text="hold on", treat_as="System"), base=7)
    system = box.sent(SendMessage(text="hold on", treat_as="System"))
    for index, words, who in [(1, "hold **", SYSTEM), (2, "hold on", CUSTOMER), (3, "hold on", SYSTEM)]:
        box.hear(index, words, who)
    box.hear(3, "hold on", SYSTEM)
    assert [place(one) for one in (plain, again, system)] == [None, None, 3]
    box.outbox.abandon(again, "nobody knows")
    box.hear(8, "hold on", SYSTEM)
    assert (place(again), box.counters.echoes, box.identity.me) == (8, {}, None)


async def test_the_lines_of_others_confirm_nothing() -> None:
    box = Box()
    operation = box.sent(SendMessage(text="ok"))
    box.hear(1, "ok", CUSTOMER)
    box.hear(2, "ok", HELENA)
    assert operation.is_open
    box.outbox.hear(text(None, "ok", ROBO), box.identity)
    assert operation.is_open


async def test_a_line_may_be_the_first_sign_of_who_the_bot_is() -> None:
    box = Box(user_id=None)
    twin = Participant(nickname="X", type="Agent", participant_id="P-1")
    operation = box.sent(SendMessage(text="Good day"))
    box.hear(1, "another's words", twin)
    assert (operation.is_open, box.identity.me) == (True, None)
    box.hear(2, "Good day", twin)
    assert (operation.state, box.identity.me) == ("confirmed", twin)


async def test_the_late_line_of_an_abandoned_operation_does_not_confirm_another() -> None:
    box = Box()
    lost = box.sent(SendMessage(text="lost"))
    box.outbox.abandon(lost, "Unconfirmed: nobody knows")
    other = box.sent(SendMessage(text="other"))
    box.hear(5, "lost")
    assert (lost.state, place(lost), other.state) == ("confirmed", 5, "intent")


async def test_what_was_never_sent_has_no_late_line() -> None:
    box = Box()
    operation = box.outbox.begin(key(), SendMessage(text="ok"), 0)
    box.outbox.abandon(operation, "the chat ended")
    box.hear(1, "ok")
    assert (operation.state, place(operation)) == ("abandoned", None)


async def test_a_state_confirms_what_leads_to_it() -> None:
    box = Box()
    accept, leave = box.sent(Accept()), box.sent(Leave())
    box.outbox.updated(view(state=ChatState.CHATTING))
    assert (accept.state, leave.state) == ("confirmed", "intent")
    box.outbox.updated(view("Error", state=ChatState.LEFT_CHAT))
    assert leave.is_open


async def test_one_notification_is_the_effect_of_one_operation() -> None:
    box = Box()
    comments = [box.sent(AddComment(comment="x")) for _ in "12"]
    box.outbox.updated(view("PropertiesUpdated"))
    assert [one.state for one in comments] == ["confirmed", "intent"]


async def test_without_a_documented_effect_nothing_is_waited_for() -> None:
    box = Box()
    operation = box.sent(SetInFocus())
    box.outbox.accepted(operation, "5", 1.0)
    assert (box.outbox.knows("5"), box.outbox.open, operation.state) == (True, [], "confirmed")


async def test_an_answer_that_comes_after_the_effect_changes_nothing() -> None:
    box = Box()
    operation = box.sent(SendMessage(text="a"))
    box.hear(1, "a")
    box.outbox.accepted(operation, "5", 1.0)
    box.outbox.unknown(operation)
    assert (operation.state, box.drawer.states()) == ("confirmed", ["confirmed"])


async def test_how_an_operation_goes_on_is_written_step_by_step() -> None:
    box = Box()
    operation = box.sent(SendMessage(text="a"), base=3)
    await box.outbox.intend(operation)
    box.outbox.unknown(operation)
    box.outbox.unknown(operation)
    box.outbox.accepted(operation, None, 1.0)
    box.outbox.fail(operation, Refused("no", action="SendMessage"))
    assert box.drawer.states() == ["intent", "unknown", "accepted", "failed"]
    assert box.drawer.all(OperationRecord)[-1].reason == "Refused: no"


async def test_what_nobody_misses_is_not_written() -> None:
    box = Box()
    operation = box.sent(SendStartTypingNotification())
    await box.outbox.intend(operation)
    box.outbox.accepted(operation, None, 1.0)
    box.outbox.abandon(operation, "over")
    assert box.drawer.units == []


async def test_a_failure_is_told_to_the_operation_it_belongs_to() -> None:
    box = Box()
    operation = box.sent(SendMessage(text="a"))
    box.outbox.accepted(operation, "5", 1.0)
    assert (box.outbox.failed("6", "x"), box.outbox.failed(None, "x")) == (None, None)
    assert box.outbox.failed("5", "no") == SendMessage(text="a")
    assert (operation.receipt.state, operation.state, operation.reason) == ("failed", "failed", "Refused: no")
    assert not box.outbox.knows(None)


async def test_what_an_earlier_run_has_left_is_taken_over() -> None:
    box = Box()
    records = [
        saved(0, "confirmed", line=Print.of(text(4, "hi", ROBO)).code),
        saved(1, "unknown", base=4),
        saved(2, "failed", reason="x: y"),
    ]
    box.outbox.restore(records)
    assert [one.key for one in box.outbox.open] == [key(1)]
    assert [box.outbox.earlier(key(ordinal)) for ordinal in range(4)] == [*records, None]
    box.hear(4, "hi")  # known before the crash
    assert box.outbox.open[0].is_open
    box.hear(5, "hi")
    later = box.outbox.earlier(key(1))
    assert later is not None
    assert (later.state, place(later), later.body) == ("confirmed", 5, "")


@pytest.mark.parametrize(("operation", "body"), [("Unheard", "{}"), ("SendMessage", "{}")])
async def test_what_cannot_be_read_any_more_ends_and_is_not_said_again(operation: str, body: str) -> None:
    box = Box()
    box.outbox.restore([OperationRecord(key(), operation, body, "digest", "intent")])
    assert (box.outbox.open, box.drawer.fates()) == ([], [(operation, "abandoned")])
    earlier = box.outbox.earlier(key())
    assert earlier is not None
    assert earlier.state == "abandoned"


@pytest.mark.parametrize(
    ("action", "state", "fate"),
    [
        (Leave(), ChatState.COMPLETED, "confirmed"),
        (Transfer(queue_name="q"), ChatState.COMPLETED, "confirmed"),
        (Transfer(queue_name="q"), ChatState.CHATTING, "confirmed"),
        (Complete(), None, "confirmed"),
        (Accept(), None, "abandoned"),
        (SendMessage(text="a"), ChatState.COMPLETED, "abandoned"),
        (AddComment(comment="x"), ChatState.REVOKED, "abandoned"),
    ],
)
async def test_at_the_end_of_a_chat_everything_gets_its_end(
    action: Action, state: ChatState | None, fate: str
) -> None:
    box = Box()
    operation, busy = box.sent(action), box.sent(SendMessage(text="on its way"))
    busy.is_on_its_way = True
    box.outbox.close(ChatResource(id="c1", state=state))
    assert (operation.state, busy.state) == (fate, "intent")


async def test_only_lines_that_stay_are_looked_for_at_the_end() -> None:
    box = Box()
    box.sent(Leave())
    box.sent(SendStartTypingNotification())
    assert not box.outbox.has_unseen_lines
    text_sent = box.sent(SendMessage(text="a"))
    assert box.outbox.has_unseen_lines
    text_sent.is_on_its_way = True
    assert not box.outbox.has_unseen_lines


async def test_a_transcript_that_ends_earlier_gives_its_indexes_to_new_lines() -> None:
    box = Box()
    box.outbox.restore(
        [
            saved(0, "confirmed", line=Print.of(text(4, "hi", ROBO)).code),
            saved(1, "confirmed", line=Print.of(text(8, "old", ROBO)).code),
        ]
    )
    operation = box.sent(SendMessage(text="hi"), base=9)
    box.outbox.shown([text(3), text(4, "hi", ROBO)])
    box.hear(4, "hi")
    assert operation.is_open
    box.hear(8, "hi")
    assert place(operation) == 8


async def test_where_a_transcript_is_in_doubt_a_line_is_the_same_only_by_its_words() -> None:
    box = Box()
    at = {"timestamp": NOW}
    for doubted in (False, True):
        operation = box.sent(SendMessage(text="new words"))
        box.outbox.hear(text(5, "old words", ROBO, **at), box.identity)
        operation.line = ""
        if doubted:
            box.outbox.shown([text(4)])
        box.outbox.hear(text(5, "new words", ROBO, **at), box.identity)
        assert place(operation) == (5 if doubted else None)


@given(st.integers(0, 250))
async def test_it_remembers_only_so_much(count: int) -> None:
    box = Box()
    for number in range(count):
        box.outbox.accepted(box.sent(SendMessage(text="a")), str(number), 1.0)
    assert len(box.outbox.open) == min(count, 100)
    assert len(box.outbox._by_reference) == min(count, 200)
    assert box.outbox.knows(str(count - 1)) == (count > 0)
    assert box.drawer.states().count("abandoned") == max(0, count - 100)


async def test_what_was_said_in_an_earlier_visit_is_no_sign_of_what_is_said_in_this_one() -> None:
    box = Box(user_id=None)
    old, new = (ROBO.model_copy(update={"participant_id": name, "path": ""}) for name in ("P-old", "P-new"))
    box.outbox.look_back([text(2, "hi"), text(3, "How can I help?", old)], box.identity)
    operation = box.sent(SendMessage(text="How can I help?"), base=5)
    box.hear(3, "How can I help?", old)
    assert operation.is_open
    box.hear(6, "How can I help?", new)
    assert place(operation) == 6
