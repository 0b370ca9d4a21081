"""Finds out whether an operation took effect whose request nobody answered.

Positive evidence is final at once. Negative evidence counts only after the settle time, for the
request may still be on its way through a balancer (reliability 2.2).
"""

from __future__ import annotations

from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.receipts import is_echo_of, says_the_same
from chatbot.hooks.receipt import Receipt
from chatbot.model.actions import Action
from chatbot.model.errors import WireError
from chatbot.model.events import ChatUpdated, TranscriptEvent
from chatbot.model.words import LineType
from chatbot.wire.retry import Backoff, Limits

__all__ = ["can_verify", "took_effect"]

_LOOKS = Limits(first_backoff_s=0.5, max_backoff_s=2.0)
_TYPING = frozenset({LineType.TYPING_STARTED, LineType.TYPING_STOPPED})


def can_verify(action: Action) -> bool:
    """Whether the server shows what this operation does: a line that stays, or the chat's state."""
    effect = action.effect
    if effect is not None and effect.line is not None:
        return effect.line not in _TYPING
    return action.ends or (effect is not None and bool(effect.states))


async def took_effect(parts: Parts, chat: LiveChat, receipt: Receipt, base: int) -> bool:
    """Look until the effect is seen, or until the settle time is over and it is not there.

    Args:
        parts: The bot's parts.
        chat: The chat.
        receipt: The operation's; confirmed as soon as a notification shows its effect.
        base: The highest index that was known before the request.
    """
    backoff = Backoff(_LOOKS, parts.rng)
    settled_at = parts.clock.monotonic() + parts.settings.settle_time
    while True:
        looked_at = parts.clock.monotonic()
        shown = await _look(parts, chat, receipt, base)
        if shown or (shown is False and looked_at >= settled_at):
            return shown
        now = parts.clock.monotonic()
        wait = backoff.failed(now)
        await parts.clock.sleep(min(wait, settled_at - now) if now < settled_at else wait)


async def _look(parts: Parts, chat: LiveChat, receipt: Receipt, base: int) -> bool | None:
    """Whether the effect is there; None if nobody could look, which is no evidence."""
    try:
        return await _is_shown(parts, chat, receipt, base)
    except WireError:
        return None


async def _is_shown(parts: Parts, chat: LiveChat, receipt: Receipt, base: int) -> bool:
    if receipt.state == "confirmed":
        return True
    effect = receipt.action.effect
    if effect is None or effect.line is None:
        return await _is_in_state(parts, chat, receipt.action)
    lines = await parts.platform.lines(chat.id, base + 1)
    return _is_among(chat, receipt.action, [line for line in lines if line.position > base])


def _is_among(chat: LiveChat, action: Action, lines: list[TranscriptEvent]) -> bool:
    """Whether a line that no earlier operation explains is this one's: by position, else by its words."""
    alike = [line for line in lines if is_echo_of(line, action)]
    if chat.identity.me is None:
        return any(says_the_same(line, action) for line in alike)
    return sum(chat.identity.is_me(line.sender) for line in alike) > chat.receipts.earlier(action)


async def _is_in_state(parts: Parts, chat: LiveChat, action: Action) -> bool:
    resource = await parts.platform.chat(chat.id)
    if resource is None:
        return action.ends
    chat.update(ChatUpdated(chat_id=chat.id, received_at=parts.clock.now(), chat=resource))
    wanted = action.effect.states if action.effect is not None else frozenset()
    return resource.state in wanted or (action.ends and chat.is_over)
