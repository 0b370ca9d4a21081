"""Everything that can happen to a chat, as frozen typed events. How they are read: ``model/parse.py``."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from chatbot.model.actions import Action
from chatbot.model.frozen import FrozenDict, Json, JsonObject
from chatbot.model.resources import ChatResource, Participant
from chatbot.model.words import EndedBy, EndReason, Visibility

__all__ = [
    "CapabilitiesChanged",
    "ChatEnded",
    "ChatHandedBack",
    "ChatIdle",
    "ChatOffered",
    "ChatResumed",
    "ChatStarted",
    "ChatTakenOver",
    "ChatUpdated",
    "CustomNoticeReceived",
    "Event",
    "NicknameUpdated",
    "NoticeReceived",
    "OperationFailed",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantRejoined",
    "ParticipantsChanged",
    "SessionReport",
    "TextReceived",
    "TranscriptEvent",
    "TranscriptSaved",
    "TypingStarted",
    "TypingStopped",
    "UnknownMessage",
    "UrlPushed",
    "UserDataChanged",
]


class Event(BaseModel):
    """Something that happened.

    Attributes:
        bot: The name of the bot that learnt of it.
        chat_id: The chat it happened to; None where the server did not say.
        received_at: When this process learnt of it.
    """

    model_config = ConfigDict(
        frozen=True,
        populate_by_name=True,
        coerce_numbers_to_str=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    hook: ClassVar[str] = ""
    bot: str = ""
    chat_id: str | None = None
    received_at: datetime


class TranscriptEvent(Event):
    """One line of the transcript.

    Attributes:
        index: Orders the lines of a chat; rising, perhaps with gaps; None if the server gave none.
        sender: Who said it.
        timestamp: When it was said, by the server's clock.
        visibility: Who can see it; All if the server does not say.
    """

    index: int | None = None
    sender: Participant = Field(default=Participant(), validation_alias="from", serialization_alias="from")
    timestamp: datetime | None = None
    visibility: Visibility = Visibility.ALL

    @property
    def position(self) -> int:
        """The index, or 0, which is before all lines."""
        return self.index or 0


class TextReceived(TranscriptEvent):
    """Somebody said something.

    Attributes:
        text: The words.
        message_type: The sender's own word for the kind of text, if there is one.
    """

    hook = "on_text"
    text: str = Field(repr=False)
    message_type: str | None = Field(
        default=None, validation_alias="messageType", serialization_alias="messageType"
    )


class TypingStarted(TranscriptEvent):
    """Somebody is typing.

    Attributes:
        text: What has been typed so far, if the server shows it; otherwise empty.
    """

    hook = "on_typing_started"
    text: str = Field(default="", repr=False)


class TypingStopped(TranscriptEvent):
    """Somebody stopped typing."""

    hook = "on_typing_stopped"


class ParticipantJoined(TranscriptEvent):
    """The sender joined the chat."""

    hook = "on_participant_joined"


class ParticipantLeft(TranscriptEvent):
    """The sender left the chat."""

    hook = "on_participant_left"


class ParticipantRejoined(TranscriptEvent):
    """The sender joined the chat again, perhaps under another participant id."""

    hook = "on_participant_rejoined"


class UrlPushed(TranscriptEvent):
    """Somebody pushed an address. It is data: never fetch it unchecked.

    Attributes:
        url: The address.
    """

    hook = "on_push_url"
    url: str = Field(repr=False)


class NoticeReceived(TranscriptEvent):
    """A notice of the server, perhaps a control word.

    Attributes:
        text: The notice.
    """

    hook = "on_notice"
    text: str = Field(default="", repr=False)


class CustomNoticeReceived(TranscriptEvent):
    """A notice of a widget or an agent desktop.

    Attributes:
        notice_text: The notice, as its sender wrote it.
    """

    hook = "on_custom_notice"
    notice_text: str = Field(
        default="", validation_alias="noticeText", serialization_alias="noticeText", repr=False
    )


class NicknameUpdated(TranscriptEvent):
    """The sender has another nickname now.

    Attributes:
        notice_text: The new nickname.
    """

    hook = "on_nickname_updated"
    notice_text: str = Field(
        default="", validation_alias="noticeText", serialization_alias="noticeText", repr=False
    )


class TranscriptSaved(TranscriptEvent):
    """The server stored the transcript. Has no place in the order (its index is always -1)."""

    hook = "on_transcript_saved"


class UnknownMessage(TranscriptEvent):
    """Something that no other event describes.

    Attributes:
        type: Its type on the wire; empty if it has none.
        raw: The JSON value as it came.
    """

    hook = "on_unknown_message"
    type: str = ""
    raw: Json = Field(None, repr=False)


class ChatOffered(Event):
    """A chat is ringing for this bot."""

    hook = "on_chat_offered"


class ChatStarted(Event):
    """The bot is in the chat, and knows who else is."""

    hook = "on_chat_started"


class ChatResumed(Event):
    """The bot goes on with a chat in which it was before it was interrupted."""

    hook = "on_chat_resumed"


class ParticipantsChanged(Event):
    """The list of participants is another one; ``chat.participants`` is the new one."""

    hook = "on_participants_changed"


class UserDataChanged(Event):
    """The user data is another one; ``chat.user_data`` is the new one.

    Attributes:
        added: The new pairs.
        changed: The pairs whose value is new, with the new value.
        removed: The keys that are gone.
    """

    hook = "on_user_data_changed"
    added: JsonObject = Field(default_factory=FrozenDict, repr=False)
    changed: JsonObject = Field(default_factory=FrozenDict, repr=False)
    removed: tuple[str, ...] = ()


class CapabilitiesChanged(Event):
    """The chat allows other operations than before.

    Attributes:
        granted: The operations that are newly allowed.
        withdrawn: The operations that are no longer allowed.
    """

    hook = "on_capabilities_changed"
    granted: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()


class ChatEnded(Event):
    """The chat is no longer this bot's. The last event of a chat.

    Attributes:
        reason: The last state (``Completed``, ``Revoked``, ``JoinFailed``), or ``gone`` if the
            server no longer lists the chat.
    """

    hook = "on_chat_ended"
    reason: str = ""


class ChatTakenOver(Event):
    """A human agent has joined the chat.

    Attributes:
        agent: Who.
    """

    hook = "on_takeover"
    agent: Participant


class ChatHandedBack(Event):
    """The last human agent has left the chat, and the bot goes on."""

    hook = "on_handback"


class SessionReport(Event):
    """What has become of one chat, in figures: told once, after its end. No text of a customer is in it.

    As JSON (``model_dump_json``, and the file of ``[service] session_reports``) it has no ``received_at``.

    Attributes:
        version: Of this record.
        session_id: The same whenever this record is told again; another session has another.
        mode: ``shadow``: nothing was sent.
        category: The key ``category`` of the bot.
        function: The key ``function`` of the bot.
        started_at: When the bot was in the chat; when it was offered, if it never was.
        ended_at: When the end was seen; where the bot had stopped before, when it stopped.
        duration: From the one to the other, in seconds.
        messages_sent: Texts for the customer that the server has taken.
        messages_received: Texts of customers that the bot heard, and those that waited when it came.
        ended_by: Who ended the bot's part; ``system`` is the server or a stop, ``unknown`` that nobody knows.
        end_reason: Why, in one of a few words.
        end_detail: More of it: the reason of a handover, else the last state of the chat.
        result: What a plugin has said by ``chat.report``.
        ended_abnormally: It was handed over by the fallback, hooks ended in a crash each time, or the end was
            not seen.
        refused_to_start: The bot rejected the offer, or could not accept it.
        takeovers: How often a human agent came in.
        attributes: What plugins have said by ``chat.report``.
    """

    hook = "on_session_report"
    received_at: datetime = Field(exclude=True)
    version: Literal[1] = 1
    session_id: str
    mode: Literal["live", "shadow"] = "live"
    category: str | None = None
    function: str | None = None
    started_at: datetime
    ended_at: datetime
    duration: float
    messages_sent: int = 0
    messages_received: int = 0
    ended_by: EndedBy
    end_reason: EndReason
    end_detail: str = ""
    result: str | None = None
    ended_abnormally: bool = False
    refused_to_start: bool = False
    takeovers: int = 0
    attributes: JsonObject = Field(default_factory=FrozenDict, repr=False)


class OperationFailed(Event):
    """An operation that the server had accepted failed later.

    Attributes:
        reference_id: Ties it to the answer of the request, where that carried one.
        message: The server's reason.
        action: The action, if it is known.
    """

    hook = "on_operation_failed"
    reference_id: str | None = None
    message: str = ""
    action: SerializeAsAny[Action] | None = None


class ChatIdle(Event):
    """The customer has said nothing for a while.

    Attributes:
        seconds: How long by now: a multiple of ``idle_after``.
    """

    hook = "on_idle"
    seconds: float


class ChatUpdated(Event):
    """A view of a chat came. No hook gets it: the bot compares it with its last view (``model/changes.py``).

    Attributes:
        chat: The chat as this notification or answer shows it.
        notification: ``StatusChange``, ``ParticipantsUpdated``, ``PropertiesUpdated`` or ``Error``;
            empty where it was read by REST.
        reference_id: The request that caused it, if the server says so.
    """

    chat: ChatResource
    notification: str = ""
    reference_id: str | None = None
