import inspect
from typing import Any, get_type_hints

import pytest

from chatbot import Bot, Chat, Event
from chatbot.hooks import spec
from chatbot.hooks.checks import HOOKS
from chatbot.model import events
from chatbot.model.actions import Action

EVENT_HOOKS = [
    "on_text",
    "on_typing_started",
    "on_typing_stopped",
    "on_participant_joined",
    "on_participant_left",
    "on_participant_rejoined",
    "on_push_url",
    "on_notice",
    "on_custom_notice",
    "on_nickname_updated",
    "on_transcript_saved",
    "on_unknown_message",
    "on_chat_offered",
    "on_chat_started",
    "on_chat_resumed",
    "on_participants_changed",
    "on_user_data_changed",
    "on_capabilities_changed",
    "on_chat_ended",
    "on_session_report",
    "on_operation_failed",
    "on_idle",
    "on_takeover",
    "on_handback",
    "on_event",
]
ACTION = {"on_action": ("bot", "chat", "action", "settings")}
LIFE = ["on_bot_started", "on_bot_stopping"]
SILENT = [*LIFE, "on_session_report"]
WITHOUT_A_CHAT = {"on_unknown_message", "on_operation_failed", "on_event"}


def test_the_hooks_are_those_of_the_contract_with_their_arguments() -> None:
    expected = dict.fromkeys(EVENT_HOOKS, ("bot", "chat", "event", "settings"))
    assert expected | ACTION | dict.fromkeys(LIFE, ("bot", "settings")) == HOOKS


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_says_when_it_runs(name: str) -> None:
    text = inspect.getdoc(getattr(spec, name)) or ""
    assert text.splitlines()[0].count(" ") >= 2
    assert text.endswith(".")
    assert hasattr(getattr(spec, name), "chatbot_spec")


@pytest.mark.parametrize("name", SILENT)
def test_a_hook_whose_return_value_means_nothing_says_so(name: str) -> None:
    assert "Returns nothing" in (getattr(spec, name).__doc__ or "")


@pytest.mark.parametrize("name", EVENT_HOOKS)
def test_a_hook_gets_its_own_event(name: str) -> None:
    hints = get_type_hints(getattr(spec, name))
    by_hook = {kind.hook: kind for kind in vars(events).values() if getattr(kind, "hook", "")}
    assert hints["event"] is by_hook.get(name, Event)
    assert hints["chat"] == (Chat | None if name in WITHOUT_A_CHAT else Chat)
    assert (hints["bot"], hints["settings"]) == (Bot, Any)


def test_a_hook_may_answer_with_nothing_true_or_a_text() -> None:
    reply = bool | str | None
    quiet = {"on_chat_offered": bool | None, "on_chat_ended": bool | None, "on_event": type(None)}
    quiet["on_session_report"] = type(None)
    expected = {name: quiet.get(name, reply) for name in EVENT_HOOKS} | dict.fromkeys(LIFE, type(None))
    expected["on_action"] = Action | None
    assert {name: get_type_hints(getattr(spec, name))["return"] for name in HOOKS} == expected
