"""Finds out whether an operation took effect whose request nobody answered.

Positive evidence is final at once. Negative evidence counts only after the settle time, for the
request may still be on its way through a balancer (reliability 2.2).
"""

from __future__ import annotations

from chatbot.bot.live import LiveChat
from chatbot.bot.operation import Operation
from chatbot.bot.parts import Parts
from chatbot.bot.platform import has_answered
from chatbot.bot.view import read_view
from chatbot.model.actions import Action, Effect
from chatbot.model.errors import WireError
from chatbot.model.events import ChatUpdated
from chatbot.model.words import ChatState
from chatbot.wire.retry import Backoff, Limits

__all__ = ["took_effect"]

_LOOKS = Limits(first_backoff_s=0.5, max_backoff_s=2.0)


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
        if is_settled and (chat.is_over or (error is not None and has_answered(error))):
            return None
        await _wait(parts, backoff, settled_at)


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
    if operation.state == "confirmed":
        return True
    effect = operation.action.effect or Effect()
    if effect.line is None:
        return await _is_in_state(parts, chat, operation.action)
    # the whole: a server whose start counts places, not indexes, would hide the line
    transcript = await parts.platform.lines(chat.id)
    chat.outbox.shown(transcript)
    for line in transcript:
        chat.order.see(line)
        chat.outbox.hear(line, chat.identity)
    return not operation.is_open


async def _is_in_state(parts: Parts, chat: LiveChat, action: Action) -> bool:
    resource = await read_view(parts.platform, chat)
    wanted = (action.effect or Effect()).states
    if resource is None:
        chat.gone = chat.gone or action.ends
        return action.ends or ChatState.COMPLETED in wanted
    chat.update(ChatUpdated(chat_id=chat.id, received_at=parts.clock.now(), chat=resource))
    return resource.state in wanted or (action.ends and chat.is_over)
