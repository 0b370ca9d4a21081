"""From notifications and REST answers to events.

``parse`` takes any JSON value. What nobody knows comes out as an ``UnknownMessage``, and an odd
part of a message costs that part only. What a notification is, is told by what it holds rather
than by its ``messageType``, which may be missing (reference 7.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chatbot.model.answers import reference
from chatbot.model.events import (
    ChatUpdated,
    CustomNoticeReceived,
    Event,
    NicknameUpdated,
    NoticeReceived,
    OperationFailed,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRejoined,
    TextReceived,
    TranscriptEvent,
    TranscriptSaved,
    TypingStarted,
    TypingStopped,
    UnknownMessage,
    UrlPushed,
)
from chatbot.model.fields import chat_id_from, is_safe_id, line_index, line_time, tolerant
from chatbot.model.resources import ChatResource
from chatbot.model.words import LineType

__all__ = ["parse", "parse_chat", "parse_line", "parse_lines"]

_LINES: dict[str, type[TranscriptEvent]] = {
    LineType.TEXT: TextReceived,
    LineType.PARTICIPANT_JOINED: ParticipantJoined,
    LineType.PARTICIPANT_LEFT: ParticipantLeft,
    LineType.PARTICIPANT_REJOINED: ParticipantRejoined,
    LineType.TYPING_STARTED: TypingStarted,
    LineType.TYPING_STOPPED: TypingStopped,
    LineType.PUSH_URL: UrlPushed,
    LineType.NOTICE: NoticeReceived,
    LineType.CUSTOM_NOTICE: CustomNoticeReceived,
    LineType.NICKNAME_UPDATED: NicknameUpdated,
    LineType.TRANSCRIPT_SAVE_DONE: TranscriptSaved,
}
# Reading a line takes some microseconds, and all chats wait meanwhile. What a longer transcript holds
# is asked for (wire/rest.py), what a longer notification tells is read back.
_MOST_LINES = 5_000


def parse(data: object, *, bot: str, received_at: datetime) -> list[Event]:
    """The events that a notification on the chat topic stands for, in order.

    Args:
        data: The ``data`` of the notification.
        bot: The bot that got it.
        received_at: When.
    """
    if not isinstance(data, Mapping):
        return [UnknownMessage(bot=bot, received_at=received_at, raw=data)]
    chat = parse_chat(data.get("chat"))
    kind = _word(data.get("notificationType"))
    ref = reference(data.get("referenceId"))
    events: list[Event] = []
    if chat is not None:
        about = {"bot": bot, "chat_id": chat.id, "received_at": received_at}
        events.append(ChatUpdated(chat=chat, notification=kind, reference_id=ref, **about))
    if kind == "Error" or (chat is None and "errorMessage" in data):
        message = str(data.get("errorMessage") or "")[:500]
        where = chat.id if chat else chat_id_from(data)
        events.append(
            OperationFailed(
                bot=bot, chat_id=where, received_at=received_at, reference_id=ref, message=message
            )
        )
    events += parse_lines(data, bot=bot, chat_id=chat_id_from(data), received_at=received_at)
    if events or _is_empty_log(data):
        return events
    return [UnknownMessage(bot=bot, received_at=received_at, type=_word(data.get("messageType")), raw=data)]


def parse_chat(value: object) -> ChatResource | None:
    """A chat resource; None if it has no id that may be used."""
    chat = tolerant(ChatResource, value) if isinstance(value, Mapping) else None
    return chat if chat is not None and is_safe_id(chat.id) else None


def parse_line(line: object, *, bot: str, chat_id: str | None, received_at: datetime) -> TranscriptEvent:
    """One transcript line as an event; anything unreadable as an ``UnknownMessage``."""
    about: dict[str, object] = {"bot": bot, "chat_id": chat_id, "received_at": received_at}
    if not isinstance(line, Mapping):
        return UnknownMessage.model_validate({**about, "raw": line})
    word = _word(line.get("type"))
    about |= {"index": line_index(line.get("index")), "timestamp": line_time(line)}
    known = _LINES.get(word)
    event = tolerant(known, {**line, **about}) if known else None
    return event or _unknown(line, word, about)


def _is_empty_log(data: Mapping[str, object]) -> bool:
    return data.get("messages") == [] and chat_id_from(data) is not None


def _word(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _unknown(line: Mapping[str, object], word: str, about: dict[str, object]) -> UnknownMessage:
    fields = {"from": line.get("from"), "visibility": line.get("visibility")}
    whole = {**about, "type": word, "raw": line}
    return tolerant(UnknownMessage, {**fields, **whole}) or UnknownMessage.model_validate(whole)


def parse_lines(
    data: Mapping[str, object], *, bot: str, chat_id: str | None, received_at: datetime
) -> list[TranscriptEvent]:
    """The lines of a log update, or of an answer to ``GET .../messages``, in the order they came."""
    lines = data.get("messages")
    if not isinstance(lines, list):
        return []
    return [parse_line(x, bot=bot, chat_id=chat_id, received_at=received_at) for x in lines[:_MOST_LINES]]
