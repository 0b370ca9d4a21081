import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.bot.journal import Key, OperationRecord
from chatbot.bot.operation import Operation, tagged
from chatbot.model.actions import (
    Accept,
    Action,
    AddComment,
    Complete,
    Leave,
    Reject,
    SendCustomNotice,
    SendCustomNoticeToAgents,
    SendMessage,
    SendNicknameUpdatedNotice,
    SendStartTypingNotification,
    SendStopTypingNotification,
    SendToAgents,
    SendUrl,
    SetInFocus,
    Transfer,
    UpdateUserData,
)
from chatbot.model.errors import Refused
from chatbot.model.events import (
    CustomNoticeReceived,
    NicknameUpdated,
    ParticipantJoined,
    TranscriptEvent,
    TypingStarted,
    TypingStopped,
    UrlPushed,
)
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState, Visibility
from tests.bot.make import NOW, text, view

AGENTS = Visibility.AGENTS
KEY = Key("c1", "7:print", "faq", "on_text", 0)


def sent(action: Action, *, base: int = 0, key: Key = KEY) -> Operation:
    operation = Operation(key, action, base=base)
    operation.sent = True
    return operation


def record(operation: str = "SendMessage", body: str = '{"text":"hi"}') -> OperationRecord:
    return OperationRecord(KEY, operation, body, "digest", "unknown", base=4)


LINES: dict[str, tuple[TranscriptEvent, Action, bool]] = {
    "text": (text(1), SendMessage(text="hi"), True),
    "text for agents": (text(1, visibility=AGENTS), SendToAgents(text="hi"), True),
    "text for agents, said to all": (text(1), SendToAgents(text="hi"), False),
    "text for all, heard by agents": (text(1, visibility=AGENTS), SendMessage(text="hi"), False),
    "url": (UrlPushed(received_at=NOW, index=1, url="http://x"), SendUrl(url="http://x"), True),
    "notice": (CustomNoticeReceived(received_at=NOW, index=1), SendCustomNotice(notice_text="n"), True),
    "notice for agents": (
        CustomNoticeReceived(received_at=NOW, index=1, visibility=AGENTS),
        SendCustomNoticeToAgents(notice_text="n"),
        True,
    ),
    "nickname": (NicknameUpdated(received_at=NOW, index=1), SendNicknameUpdatedNotice(notice_text="n"), True),
    "typing": (TypingStarted(received_at=NOW, index=1), SendStartTypingNotification(), True),
    "no more typing": (TypingStopped(received_at=NOW, index=1), SendStopTypingNotification(), True),
    "another kind": (text(1), SendUrl(url="http://x"), False),
    "a joining": (ParticipantJoined(received_at=NOW, index=1), SendMessage(text="hi"), False),
    "no documented effect": (text(1), Transfer(queue_name="q", text="hi"), False),
    "an effect without a line": (text(1), Leave(text="hi"), False),
}


@pytest.mark.parametrize(("line", "action", "may"), LINES.values(), ids=LINES)
def test_a_line_may_be_the_effect_of_an_operation_of_its_kind(
    line: TranscriptEvent, action: Action, *, may: bool
) -> None:
    assert sent(action).may_have_said(line) is may


def test_a_line_comes_after_the_request() -> None:
    operation = Operation(KEY, SendMessage(text="hi"))
    assert not operation.may_have_said(text(1))
    operation.sent = True
    assert operation.may_have_said(text(1))


def test_words_are_compared_without_their_spaces() -> None:
    operation = sent(SendMessage(text="a b"))
    assert operation.says(text(1, " a  b\n"))
    assert not operation.says(text(1, "a b c"))
    assert sent(SendUrl(url="http://x")).says(UrlPushed(received_at=NOW, index=1, url="http://x"))
    notice = CustomNoticeReceived(received_at=NOW, index=1, notice_text="n")
    assert sent(SendCustomNotice(notice_text="n")).says(notice)


def test_a_tag_says_more_than_words() -> None:
    one, other = (
        sent(tagged(SendMessage(text="ok"), Key("c1", "7:print", "faq", "on_text", ordinal)))
        for ordinal in (0, 1)
    )
    line = text(1, "****", message_type=other.action.model_dump()["message_type"])
    assert (one.says(line), other.says(line)) == (False, True)
    assert sent(SendMessage(text="ok")).says(text(1, "ok", message_type="theirs"))


def test_only_what_a_plugin_has_not_marked_itself_is_tagged() -> None:
    plain = tagged(SendMessage(text="ok"), KEY)
    assert plain.model_dump()["message_type"].startswith("b:")
    assert plain == tagged(SendMessage(text="ok"), KEY)
    assert tagged(SendToAgents(text="ok"), KEY).model_dump()["message_type"].startswith("b:")
    marked = SendMessage(text="ok", message_type="menu")
    assert tagged(marked, KEY) is marked
    url = SendUrl(url="http://x")
    assert tagged(url, KEY) is url


@given(st.lists(st.builds(Key, *[st.text(max_size=3)] * 4, st.integers(0, 3)), unique=True, max_size=5))
def test_each_key_has_a_tag_of_its_own(keys: list[Key]) -> None:
    names = {"/".join((k.chat_id, k.trigger, k.plugin, k.hook, str(k.ordinal))) for k in keys}
    assert len({tagged(SendMessage(text="x"), key).model_dump()["message_type"] for key in keys}) == len(
        names
    )


def test_a_record_keeps_the_words_until_the_fate_is_known() -> None:
    operation = sent(SendMessage(text="hällo", message_type="m"), base=4)
    kept = operation.record()
    assert json.loads(kept.body) == {"text": "hällo", "message_type": "m"}
    assert (kept.key, kept.operation, kept.state, kept.base) == (KEY, "SendMessage", "intent", 4)
    operation.state, operation.line, operation.reason = "failed", "9:print", "Refused: no"
    assert operation.record() == OperationRecord(
        KEY, "SendMessage", "", kept.digest, "failed", base=4, line="9:print", reason="Refused: no"
    )


def test_a_record_tells_whether_an_action_is_the_same() -> None:
    kept = sent(SendMessage(text="a")).record()
    assert sent(SendMessage(text="a")).is_same_as(kept)
    assert not sent(SendMessage(text="b")).is_same_as(kept)
    assert not sent(SendToAgents(text="a")).is_same_as(kept)


ACTIONS: list[Action] = [
    SendMessage(text="hi", message_type="m", treat_as="System"),
    SendUrl(url="http://x"),
    Accept(nickname="Robo"),
    Transfer(queue_name="q", text="bye"),
    UpdateUserData(user_data={"a": "1"}),
    UpdateUserData(user_data={"broken": "\ud83d"}),
    Leave(),
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.operation)
def test_an_operation_is_restored_as_it_was(action: Action) -> None:
    before = sent(action, base=4)
    before.state, before.is_taken = "accepted", True
    after = Operation.restored(before.record())
    assert after is not None
    assert (after.action, after.record(), after.sent) == (action, before.record(), True)
    assert (after.is_open, after.accepted_at, after.receipt.state) == (True, 0.0, "accepted")


class Hello(SendMessage):
    """A plugin's own kind of text."""

    text: str = "hello"


class Loud(SendMessage):
    """A kind of text that looks different on the wire."""

    volume: int = 11


class Whisper(SendMessage):
    """Another operation, of the same shape."""

    operation = "Whisper"


def test_a_plugins_own_kind_is_restored_as_the_kind_it_is_made_of() -> None:
    before = sent(Hello(message_type="m"), base=4)
    after = Operation.restored(before.record())
    assert after is not None
    assert after.action == SendMessage(text="hello", message_type="m")
    assert after.record() == before.record()
    assert sent(Hello(message_type="m")).is_same_as(before.record())
    assert not sent(Hello()).is_same_as(before.record())


@pytest.mark.parametrize("action", [Loud(text="hi"), Whisper(text="hi")])
def test_what_says_more_than_the_kind_it_is_made_of_is_not_taken_for_that(action: Action) -> None:
    kept = sent(action).record()
    assert (Operation.restored(kept), sent(action).is_same_as(kept)) == (None, True)


@pytest.mark.parametrize(
    ("operation", "body"), [("Unheard", "{}"), ("SendMessage", "{}"), ("SendMessage", "{")]
)
def test_what_cannot_be_read_any_more_is_not_restored(operation: str, body: str) -> None:
    assert Operation.restored(record(operation, body)) is None


def test_only_what_stays_in_the_transcript_leaves_a_line() -> None:
    found = [sent(action).leaves_a_line for action in (*ACTIONS, SendStartTypingNotification(), SetInFocus())]
    assert found == [True, True, *[False] * 7]


KINDS = {
    "same reference": ("7", "7", True),
    "another reference": ("8", "7", False),
    "the notification tells none": (None, "7", True),
    "the answer told none": ("7", None, True),
}


@pytest.mark.parametrize(("theirs", "ours", "is_shown"), KINDS.values(), ids=KINDS)
def test_a_notification_shows_an_effect_by_kind_and_reference(
    theirs: str | None, ours: str | None, *, is_shown: bool
) -> None:
    operation = sent(AddComment(comment="x"))
    operation.receipt.reference_id = ours
    assert operation.is_shown_by(view("PropertiesUpdated", theirs)) is is_shown
    assert not operation.is_shown_by(view("ParticipantsUpdated", theirs))


def test_a_state_shows_what_leads_to_it() -> None:
    assert sent(Accept()).is_shown_by(view(state=ChatState.CHATTING))
    assert not sent(Leave()).is_shown_by(view(state=ChatState.CHATTING))
    assert not sent(SetInFocus()).is_shown_by(view(state=ChatState.CHATTING))
    assert not sent(Leave()).is_shown_by(view("Error", state=ChatState.LEFT_CHAT))


def test_lines_are_told_apart_by_type_audience_and_how_they_are_treated() -> None:
    actions = [
        SendMessage(text="x"),
        SendMessage(text="x", treat_as="Normal"),
        SendMessage(text="x", treat_as="System"),
        SendToAgents(text="x"),
        SendUrl(url="http://x"),
        SendCustomNoticeToAgents(notice_text="x"),
    ]
    assert [sent(action).kind_of_line for action in actions] == [
        ("Text", "All", "Normal"),
        ("Text", "All", "Normal"),
        ("Text", "All", "System"),
        ("Text", "Agents", "Normal"),
        ("PushUrl", "All", "Normal"),
        ("CustomNotice", "Agents", "Normal"),
    ]


DONE: dict[str, tuple[Action, ChatResource | None, bool]] = {
    "gone, by what ends it": (Transfer(queue_name="q"), None, True),
    "gone, by a rejection": (Reject(), None, True),
    "gone, by anything else": (Accept(), None, False),
    "over": (Complete(), ChatResource(id="c1", state=ChatState.REVOKED), True),
    "left": (Leave(), ChatResource(id="c1", state=ChatState.LEFT_CHAT), True),
    "left, to be transferred": (
        Transfer(queue_name="q"),
        ChatResource(id="c1", state=ChatState.LEFT_CHAT),
        True,
    ),
    "left, to be completed": (Complete(), ChatResource(id="c1", state=ChatState.LEFT_CHAT), False),
    "taken": (Accept(), ChatResource(id="c1", state=ChatState.CHATTING), True),
    "nothing is said of a state": (Leave(), ChatResource(id="c1"), False),
}


@pytest.mark.parametrize(("action", "view", "is_done"), DONE.values(), ids=DONE)
def test_a_view_of_the_chat_tells_what_is_done(
    action: Action, view: ChatResource | None, *, is_done: bool
) -> None:
    assert sent(action).is_done_in(view) is is_done


def test_what_came_to_nothing_is_told_by_its_error() -> None:
    operation = sent(Leave())
    assert operation.error is None
    operation.error = Refused("no", action="Leave")
    assert operation.is_open
