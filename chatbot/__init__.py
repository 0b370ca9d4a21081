"""Chat bots that work as agents in Genesys contact centres.

What a plugin needs stands here; the actions for ``chat.perform`` and ``chat.can`` stand in
``chatbot.model.actions``. A name is imported when it is first asked for: pytest and ``chatbot --help``
load this file, and need none.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "Accepted",
    "ActionError",
    "Bot",
    "CapabilitiesChanged",
    "Chat",
    "ChatEnded",
    "ChatGone",
    "ChatHandedBack",
    "ChatIdle",
    "ChatOffered",
    "ChatResumed",
    "ChatStarted",
    "ChatState",
    "ChatTakenOver",
    "ChatbotError",
    "CustomNoticeReceived",
    "CustomerLeft",
    "Event",
    "HandoffRefused",
    "NicknameUpdated",
    "NotAllowed",
    "NoticeReceived",
    "OperationFailed",
    "Participant",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantRejoined",
    "ParticipantsChanged",
    "Queued",
    "RateLimited",
    "Receipt",
    "Refused",
    "SessionReport",
    "TextReceived",
    "TimedOut",
    "TranscriptSaved",
    "TypingStarted",
    "TypingStopped",
    "Unconfirmed",
    "UnknownMessage",
    "UrlPushed",
    "UserDataChanged",
    "Visibility",
    "WireError",
    "hookimpl",
]

if TYPE_CHECKING:
    from chatbot.hooks.bot import Bot
    from chatbot.hooks.chat import Chat
    from chatbot.hooks.receipt import Receipt
    from chatbot.hooks.spec import hookimpl
    from chatbot.model.errors import (
        ActionError,
        ChatbotError,
        ChatGone,
        NotAllowed,
        RateLimited,
        Refused,
        Unconfirmed,
        WireError,
    )
    from chatbot.model.events import (
        CapabilitiesChanged,
        ChatEnded,
        ChatHandedBack,
        ChatIdle,
        ChatOffered,
        ChatResumed,
        ChatStarted,
        ChatTakenOver,
        CustomNoticeReceived,
        Event,
        NicknameUpdated,
        NoticeReceived,
        OperationFailed,
        ParticipantJoined,
        ParticipantLeft,
        ParticipantRejoined,
        ParticipantsChanged,
        SessionReport,
        TextReceived,
        TranscriptSaved,
        TypingStarted,
        TypingStopped,
        UnknownMessage,
        UrlPushed,
        UserDataChanged,
    )
    from chatbot.model.handoff import Accepted, CustomerLeft, Queued, TimedOut
    from chatbot.model.handoff import Refused as HandoffRefused
    from chatbot.model.resources import Participant
    from chatbot.model.words import ChatState, Visibility
else:
    _PLACES = {
        "hooks.bot": ("Bot",),
        "hooks.chat": ("Chat",),
        "hooks.receipt": ("Receipt",),
        "hooks.spec": ("hookimpl",),
        "model.errors": (
            *("ActionError", "ChatbotError", "WireError"),
            *("ChatGone", "NotAllowed", "RateLimited", "Refused", "Unconfirmed"),
        ),
        "model.handoff": ("Accepted", "CustomerLeft", "HandoffRefused", "Queued", "TimedOut"),
        "model.resources": ("Participant",),
        "model.words": ("ChatState", "Visibility"),
    }
    _MODULES = dict.fromkeys(__all__, "model.events") | {
        name: module for module, names in _PLACES.items() for name in names
    }
    _OTHER_NAMES = {"HandoffRefused": "Refused"}

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), _OTHER_NAMES.get(name, name))
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """The public names."""
        return sorted(__all__)
