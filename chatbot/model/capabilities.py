"""Whether a chat allows an operation now, as far as its list of capabilities can tell."""

from __future__ import annotations

from chatbot.model import actions
from chatbot.model.actions import (
    Action,
    AddComment,
    AttachUserData,
    DeleteUserData,
    SendMessage,
    SendStartTypingNotification,
    SendStopTypingNotification,
    SendUrl,
    SetDisposition,
    UpdateUserData,
)
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState

__all__ = ["allows", "refusal"]

_TALK = (SendMessage, SendStartTypingNotification, SendStopTypingNotification, SendUrl)
_AFTER_LEAVING = (AttachUserData, UpdateUserData, DeleteUserData, SetDisposition, AddComment)
# The chat resource page prints a running chat whose list has no word for talking at all, and it
# alone prints this one: a list with it does not speak of talking (reference 5.4).
_OLD_DIALECT = "LeaveAndComplete"
_BY_NAME: dict[str, type[Action]] = {
    name: kind
    for kind in (getattr(actions, word) for word in actions.__all__)
    if isinstance(kind, type) and issubclass(kind, Action)
    for name in (kind.operation, *kind.spellings, *kind.needs)
}


def allows(chat: ChatResource, action: type[Action] | str) -> bool:
    """Whether the chat allows this operation now; it may be named by any of its spellings."""
    if isinstance(action, str):
        if action not in _BY_NAME:
            return action in (chat.capabilities or ())
        action = _BY_NAME[action]
    return refusal(chat, action) is None


def refusal(chat: ChatResource, action: type[Action]) -> str | None:
    """Why the chat does not allow it; None if it does.

    Operations without a capability are never refused here, nor is anything while no list has been
    seen. In LeftChat the list forgets operations that still work (reference 1.4, design 4.5).
    """
    if chat.state is not None and chat.state.is_final:
        return f"the chat is {chat.state}"
    if not action.needs or (chat.state is ChatState.LEFT_CHAT and issubclass(action, _AFTER_LEAVING)):
        return None
    if chat.capabilities is None or _lists(set(chat.capabilities), action):
        return None
    return f"the chat does not list {action.needs[0]}"


def _lists(have: set[str], action: type[Action]) -> bool:
    if not have.isdisjoint(action.needs):
        return True
    return issubclass(action, _TALK) and _says_nothing_of_talking(have)


def _says_nothing_of_talking(have: set[str]) -> bool:
    return _OLD_DIALECT in have and have.isdisjoint(action.operation for action in _TALK)
