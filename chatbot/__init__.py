"""Chat bots that work as agents in Genesys contact centres.

What a plugin needs stands here; the actions for ``chat.perform`` and ``chat.can`` stand in
``chatbot.model.actions``.
"""

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
