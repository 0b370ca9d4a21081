import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.bot.receipts import Receipts, is_echo_of, says_the_same
from chatbot.model.actions import (
    Accept,
    Action,
    AddComment,
    CancelConsult,
    Leave,
    SendCustomNotice,
    SendMessage,
    SendNicknameUpdatedNotice,
    SendStartTypingNotification,
    SendToAgents,
    SendUrl,
    Transfer,
)
from chatbot.model.events import (
    CustomNoticeReceived,
    NicknameUpdated,
    ParticipantJoined,
    TranscriptEvent,
    TypingStarted,
    UrlPushed,
)
from chatbot.model.words import ChatState, Visibility
from tests.bot.make import NOW, ROBO, text, view

AGENTS = Visibility.AGENTS
ECHOES: dict[str, tuple[TranscriptEvent, Action, bool]] = {
    "text": (text(1), SendMessage(text="hi"), True),
    "text for agents": (text(1, visibility=AGENTS), SendToAgents(text="hi"), True),
    "text for agents, said to all": (text(1), SendToAgents(text="hi"), False),
    "text for all, heard by agents": (text(1, visibility=AGENTS), SendMessage(text="hi"), False),
    "url": (UrlPushed(received_at=NOW, url="http://x"), SendUrl(url="http://x"), True),
    "notice": (CustomNoticeReceived(received_at=NOW), SendCustomNotice(notice_text="n"), True),
    "nickname": (NicknameUpdated(received_at=NOW), SendNicknameUpdatedNotice(notice_text="n"), True),
    "typing": (TypingStarted(received_at=NOW), SendStartTypingNotification(), True),
    "another kind": (text(1), SendUrl(url="http://x"), False),
    "a joining": (ParticipantJoined(received_at=NOW), SendMessage(text="hi"), False),
    "no documented effect": (text(1), Transfer(queue_name="q", text="hi"), False),
    "an effect without a line": (text(1), Leave(text="hi"), False),
}


@pytest.mark.parametrize(("line", "action", "is_echo"), ECHOES.values(), ids=ECHOES)
def test_a_line_is_an_echo_of_its_kind(line: TranscriptEvent, action: Action, *, is_echo: bool) -> None:
    assert is_echo_of(line, action) is is_echo


def test_words_are_compared_without_their_spaces() -> None:
    assert says_the_same(text(1, " a  b\n"), SendMessage(text="a b"))
    assert not says_the_same(text(1, "a b c"), SendMessage(text="a b"))
    assert says_the_same(SendMessage(text="a  b"), SendMessage(text="a b"))


def test_an_echo_confirms_the_operation_that_said_so() -> None:
    receipts = Receipts()
    first, second = receipts.open(SendMessage(text="a")), receipts.open(SendMessage(text="b"))
    assert receipts.echo(text(1, "b", ROBO)) is second
    assert (first.state, second.state) == ("accepted", "confirmed")


def test_a_text_that_the_server_rewrote_confirms_the_oldest_of_its_kind() -> None:
    receipts = Receipts()
    first, _ = receipts.open(SendMessage(text="a")), receipts.open(SendMessage(text="b"))
    assert receipts.echo(text(1, "***", ROBO)) is first


def test_equal_texts_are_confirmed_one_by_one() -> None:
    receipts = Receipts()
    both = [receipts.open(SendMessage(text="ok")) for _ in "12"]
    assert [receipts.echo(text(index, "ok", ROBO)) for index in (1, 2, 3)] == [*both, None]


def test_a_line_is_expected_only_by_its_words() -> None:
    receipts = Receipts()
    receipts.open(SendMessage(text="a"))
    assert receipts.expects(text(1, "a"))
    assert not receipts.expects(text(1, "b"))


def test_earlier_operations_are_those_of_the_same_kind_and_for_the_same_ears() -> None:
    receipts = Receipts()
    actions = [SendMessage(text="a"), SendToAgents(text="b"), SendUrl(url="http://x"), SendMessage(text="c")]
    for action in actions:
        receipts.open(action)
    assert receipts.earlier(actions[3]) == [actions[0]]
    assert receipts.earlier(actions[1]) == []


def test_a_state_confirms_what_leads_to_it() -> None:
    receipts = Receipts()
    accept, leave = receipts.open(Accept()), receipts.open(Leave())
    receipts.updated(view(state=ChatState.CHATTING))
    assert (accept.state, leave.state) == ("confirmed", "accepted")


KINDS = {
    "same reference": ("7", "7", "confirmed"),
    "another reference": ("8", "7", "accepted"),
    "the notification tells none": (None, "7", "confirmed"),
    "the answer told none": ("7", None, "confirmed"),
}


@pytest.mark.parametrize(("theirs", "ours", "state"), KINDS.values(), ids=KINDS)
def test_a_notification_confirms_by_kind_and_reference(
    theirs: str | None, ours: str | None, state: str
) -> None:
    receipts = Receipts()
    plain = receipts.open(CancelConsult())
    comment = receipts.open(AddComment(comment="x"))
    receipts.accepted(comment, ours)
    receipts.updated(view("PropertiesUpdated", theirs))
    assert (comment.state, plain.state) == (state, "accepted")


def test_an_error_confirms_nothing() -> None:
    receipts = Receipts()
    receipt = receipts.open(Leave())
    receipts.updated(view("Error", state=ChatState.LEFT_CHAT))
    assert receipt.state == "accepted"


def test_without_a_documented_effect_nothing_is_waited_for() -> None:
    receipts = Receipts()
    receipt = receipts.open(CancelConsult())
    receipts.accepted(receipt, "5")
    assert receipts.knows("5")
    assert receipts._open == []


def test_a_failure_is_told_to_the_operation_it_belongs_to() -> None:
    receipts = Receipts()
    receipt = receipts.open(SendMessage(text="a"))
    receipts.accepted(receipt, "5")
    assert receipts.failed("6", "x") is None
    assert receipts.failed(None, "x") is None
    assert receipts.failed("5", "no") == SendMessage(text="a")
    assert receipt.state == "failed"
    assert not receipts.knows(None)


@given(st.integers(0, 400))
def test_it_remembers_only_so_much(count: int) -> None:
    receipts = Receipts()
    for number in range(count):
        receipts.accepted(receipts.open(SendMessage(text="a")), str(number))
    assert len(receipts._open) == min(count, 100)
    assert len(receipts._by_reference) == min(count, 200)
    assert receipts.knows(str(count - 1)) == (count > 0)
