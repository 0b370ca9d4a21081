from typing import Any

import pytest
from pydantic import ValidationError

import chatbot
from chatbot import (
    ChatIdle,
    CustomNoticeReceived,
    Event,
    NicknameUpdated,
    NoticeReceived,
    OperationFailed,
    Participant,
    TextReceived,
    TypingStarted,
    UnknownMessage,
    UrlPushed,
    UserDataChanged,
    Visibility,
)
from chatbot.hooks.checks import HOOKS
from chatbot.model import events
from chatbot.model.actions import Consult
from chatbot.model.events import ChatUpdated, TranscriptEvent
from tests.model.payloads import ABOUT

KINDS: list[type[Event]] = [getattr(events, name) for name in events.__all__]
CANARY = "4111 1111 1111 1111"


def test_every_event_has_the_hook_that_gets_it() -> None:
    hooks = {kind.hook for kind in KINDS if kind.hook}
    assert hooks == set(HOOKS) - {"on_event", "on_action", "on_bot_started", "on_bot_stopping"}
    assert {kind for kind in KINDS if not kind.hook} == {Event, TranscriptEvent, ChatUpdated}


def test_every_event_of_a_hook_can_be_imported_by_a_plugin() -> None:
    assert all(getattr(chatbot, kind.__name__) is kind for kind in KINDS if kind.hook)
    assert {kind.__name__ for kind in KINDS if kind.hook} < set(chatbot.__all__)


def test_every_event_says_in_a_sentence_what_happened() -> None:
    assert all(kind.__doc__ and kind.__doc__.splitlines()[0].endswith((".", "empty.")) for kind in KINDS)


def test_a_line_has_defaults_where_the_server_says_nothing() -> None:
    line = TextReceived(text="hi", **ABOUT)
    assert (line.index, line.sender, line.timestamp, line.visibility, line.message_type, line.chat_id) == (
        None,
        Participant(),
        None,
        Visibility.ALL,
        None,
        None,
    )


def test_a_line_without_an_index_stands_before_all_lines() -> None:
    assert [TextReceived(text="hi", index=index, **ABOUT).position for index in (7, None)] == [7, 0]


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TextReceived(text="hi", **ABOUT).text = "ho"  # type: ignore[misc]


@pytest.mark.parametrize(
    "event",
    [
        TextReceived(text=CANARY, **ABOUT),
        TypingStarted(text=CANARY, **ABOUT),
        UrlPushed(url=CANARY, **ABOUT),
        NoticeReceived(text=CANARY, **ABOUT),
        CustomNoticeReceived(notice_text=CANARY, **ABOUT),
        NicknameUpdated(notice_text=CANARY, **ABOUT),
        UnknownMessage(raw={"text": CANARY}, **ABOUT),
        UserDataChanged(added={"a": CANARY}, changed={"b": CANARY}, **ABOUT),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_a_customer_said_is_not_printed_with_the_event(event: Event) -> None:
    assert CANARY not in repr(event)
    assert CANARY not in str(event)
    assert CANARY in event.model_dump_json()


def test_a_refused_value_is_not_shown() -> None:
    with pytest.raises(ValidationError) as caught:
        ChatIdle.model_validate({**ABOUT, "seconds": CANARY})
    assert CANARY not in str(caught.value)


def test_a_failed_operation_keeps_the_parameters_of_its_action() -> None:
    failure = OperationFailed(reference_id="35", action=Consult(target_uri="/users/1"), **ABOUT)
    dumped: dict[str, Any] = failure.model_dump(by_alias=True)
    assert dumped["action"] == {"targetUri": "/users/1"}
    assert type(failure.action) is Consult


@pytest.mark.parametrize("by_alias", [True, False])
def test_what_was_written_down_can_be_read_again_under_either_name(*, by_alias: bool) -> None:
    event = TextReceived(
        text="Hi", index=3, message_type="plain", sender=Participant(nickname="Ana"), **ABOUT
    )
    written = event.model_dump_json(by_alias=by_alias)
    assert TextReceived.model_validate_json(written) == event
    assert ('"from"' in written, '"messageType"' in written) == (by_alias, by_alias)
