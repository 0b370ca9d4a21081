"""Finds out whether an operation took effect whose request nobody answered.

Positive evidence is final at once. Negative evidence counts only after the settle time, for the
request may still be on its way through a balancer (reliability 2.2).
"""

from __future__ import annotations

import logging

from chatbot.bot.identity import Identity
from chatbot.bot.live import LiveChat
from chatbot.bot.operation import Operation
from chatbot.bot.parts import Parts
from chatbot.bot.platform import has_answered
from chatbot.bot.view import read_view
from chatbot.model.actions import Effect, Leave, Transfer
from chatbot.model.errors import ProtocolViolation, WireError
from chatbot.model.events import (
    ChatUpdated,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRejoined,
    TranscriptEvent,
)
from chatbot.model.resources import ChatResource
from chatbot.wire.retry import Backoff, Limits

__all__ = ["is_listed", "took_effect"]

log = logging.getLogger(__name__)

# The bot is not in the chat after them, whatever becomes of the chat.
_DEPARTURES = (Leave, Transfer)
_PATIENCE_S = 60.0
_LOOKS = Limits(first_backoff_s=0.5, max_backoff_s=2.0)


def is_listed(chat: LiveChat) -> bool:
    """Whether the bot stands in the list of participants, as far as the chat is known."""
    return any(chat.identity.is_me(person) for person in chat.resource.participants or ())


async def took_effect(parts: Parts, chat: LiveChat, operation: Operation) -> bool | None:
    """Look until the effect is seen, or until the settle time is over and it is not there.

    None if nobody can tell: the server refuses to show it, or the chat has ended meanwhile.

    Args:
        parts: The bot's parts.
        chat: The chat.
        operation: Confirmed as soon as anything shows its effect.
    """
    backoff = Backoff(_LOOKS, parts.rng)
    settled_at = parts.clock.monotonic() + parts.settings.settle_time
    while True:
        is_settled = parts.clock.monotonic() >= settled_at
        shown, error = await _look(parts, chat, operation)
        if shown or (is_settled and error is None):
            return shown
        if is_settled and (chat.is_over or (error is not None and _is_final(parts, error, settled_at))):
            return None
        await _wait(parts, backoff, settled_at)


def _is_final(parts: Parts, error: WireError, settled_at: float) -> bool:
    """Whether this counts as an answer: a refusal does; what cannot be read does when it lasts."""
    lasts = isinstance(error, ProtocolViolation) and error.status is None
    return has_answered(error) or (lasts and parts.clock.monotonic() >= settled_at + _PATIENCE_S)


async def _look(parts: Parts, chat: LiveChat, operation: Operation) -> tuple[bool, WireError | None]:
    """Whether the effect is there now, or why nobody can tell."""
    try:
        return await _is_shown(parts, chat, operation), None
    except WireError as error:
        return False, error


async def _wait(parts: Parts, backoff: Backoff, settled_at: float) -> None:
    now = parts.clock.monotonic()
    wait = backoff.failed(now)
    await parts.clock.sleep(min(wait, settled_at - now) if now < settled_at else wait)


async def _is_shown(parts: Parts, chat: LiveChat, operation: Operation) -> bool:
    if operation.state == "confirmed" or (chat.is_over and operation.is_done_in(None)):
        return True
    effect = operation.action.effect or Effect()
    if effect.line is None:
        return await _is_in_state(parts, chat, operation) or await _has_gone(parts, chat, operation)
    await _read(parts, chat)
    return not operation.is_open


async def _read(parts: Parts, chat: LiveChat) -> list[TranscriptEvent]:
    # the whole: a server whose start counts places, not indexes, would hide the line
    transcript = await parts.platform.lines(chat.id)
    chat.outbox.shown(transcript)
    for line in transcript:
        chat.order.see(line)
        chat.outbox.hear(line, chat.identity)
    return transcript


async def _is_in_state(parts: Parts, chat: LiveChat, operation: Operation) -> bool:
    resource = await read_view(parts.platform, chat)
    if resource is None:
        chat.gone = chat.gone or operation.action.ends
        return operation.is_done_in(None)
    is_missing = operation.was_listed and _is_without_bot(resource, chat.identity)
    chat.update(ChatUpdated(chat_id=chat.id, received_at=parts.clock.now(), chat=resource))
    if operation.is_done_in(None if chat.is_over else resource):
        return True
    return is_missing and isinstance(operation.action, _DEPARTURES)


def _is_without_bot(resource: ChatResource, identity: Identity) -> bool:
    """Whether there is a list of participants, and nobody in it can be the bot."""
    people = resource.participants or ()
    return bool(people) and not any(identity.may_be(person) for person in people)


async def _has_gone(parts: Parts, chat: LiveChat, operation: Operation) -> bool:
    """Whether the transcript shows the bot going; where it cannot be read, the state has the last word."""
    if not isinstance(operation.action, _DEPARTURES):
        return False
    try:
        transcript = await _read(parts, chat)
    except WireError as error:
        log.debug("a departure cannot be looked up in the transcript: %s", error)
        return False
    moves = [line for line in transcript if line.position > operation.base and _is_move(line, chat.identity)]
    return bool(moves) and isinstance(max(moves, key=lambda line: line.position), ParticipantLeft)


def _is_move(line: TranscriptEvent, identity: Identity) -> bool:
    """Whether the bot goes here; or comes, perhaps under another participant id."""
    if isinstance(line, ParticipantLeft):
        return identity.is_me(line.sender)
    return isinstance(line, ParticipantJoined | ParticipantRejoined) and identity.may_be(line.sender)
