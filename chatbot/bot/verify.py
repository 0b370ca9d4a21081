"""Finds out whether an operation took effect whose request nobody answered.

Positive evidence is final at once. Negative evidence counts only after the settle time, for the
request may still be on its way through a balancer (reliability 2.2).
"""

from __future__ import annotations

from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.receipts import is_echo_of, normal, said, words
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
        try:
            if await _is_shown(parts, chat, receipt, base):
                return True
        except WireError:
            pass  # not looking is no evidence
        else:
            if looked_at >= settled_at:
                return False
        now = parts.clock.monotonic()
        until = max(settled_at - now, 0.0)
        wait = backoff.failed(now)
        await parts.clock.sleep(min(wait, until) if until else wait)


async def _is_shown(parts: Parts, chat: LiveChat, receipt: Receipt, base: int) -> bool:
    if receipt.state == "confirmed":
        return True
    action = receipt.action
    if action.effect is not None and action.effect.line is not None:
        lines = await parts.platform.lines(chat.id, base + 1)
        return _is_among(chat, action, [line for line in lines if (line.index or 0) > base])
    return await _is_in_state(parts, chat, action)


def _is_among(chat: LiveChat, action: Action, lines: list[TranscriptEvent]) -> bool:
    """Whether a line that no earlier operation explains is this one's: by position, else by its words."""
    own = [line for line in lines if is_echo_of(line, action) and chat.identity.is_me(line.sender)]
    explained = chat.receipts.earlier(action)
    if len(own) > explained:
        return True
    alike = [line for line in lines if is_echo_of(line, action) and line.sender.is_agent]
    return chat.identity.me is None and any(normal(words(line)) == normal(said(action)) for line in alike)


async def _is_in_state(parts: Parts, chat: LiveChat, action: Action) -> bool:
    resource = await parts.platform.chat(chat.id)
    if resource is None or resource.state is None:
        return action.ends and resource is None
    chat.update(ChatUpdated(chat_id=chat.id, received_at=parts.clock.now(), chat=resource))
    states = action.effect.states if action.effect is not None else frozenset()
    return resource.state in states or (action.ends and resource.state.is_final)
