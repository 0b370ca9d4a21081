"""Finds out whether an operation took effect whose request nobody answered.

Positive evidence is final at once. Negative evidence counts only after the settle time, for the
request may still be on its way through a balancer (reliability 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.platform import has_answered
from chatbot.bot.receipts import is_echo_of, says_the_same
from chatbot.hooks.receipt import Receipt
from chatbot.model.actions import Action, Effect
from chatbot.model.errors import WireError
from chatbot.model.events import ChatUpdated, TranscriptEvent
from chatbot.model.words import ChatState, LineType
from chatbot.wire.retry import Backoff, Limits

__all__ = ["can_verify", "took_effect"]

Said = TypeVar("Said", TranscriptEvent, Action)

_LOOKS = Limits(first_backoff_s=0.5, max_backoff_s=2.0)
_TYPING = frozenset({LineType.TYPING_STARTED, LineType.TYPING_STOPPED})


def can_verify(action: Action) -> bool:
    """Whether the server shows what this operation does: a line that stays, or the chat's state."""
    effect = action.effect or Effect()
    if effect.line is not None:
        return effect.line not in _TYPING
    return action.ends or bool(effect.states)


async def took_effect(parts: Parts, chat: LiveChat, receipt: Receipt, base: int) -> bool | None:
    """Look until the effect is seen, or until the settle time is over and it is not there.

    None if nobody can tell: the server refuses to show it, or the chat has ended meanwhile.

    Args:
        parts: The bot's parts.
        chat: The chat.
        receipt: The operation's; confirmed as soon as a notification shows its effect.
        base: The highest index that was known before the request.
    """
    backoff = Backoff(_LOOKS, parts.rng)
    settled_at = parts.clock.monotonic() + parts.settings.settle_time
    while True:
        is_settled = parts.clock.monotonic() >= settled_at
        try:
            shown = await _is_shown(parts, chat, receipt, base)
        except WireError as error:
            if is_settled and (chat.is_over or has_answered(error)):
                return None
        else:
            if shown or is_settled:
                return shown
        await _wait(parts, backoff, settled_at)


async def _wait(parts: Parts, backoff: Backoff, settled_at: float) -> None:
    now = parts.clock.monotonic()
    wait = backoff.failed(now)
    await parts.clock.sleep(min(wait, settled_at - now) if now < settled_at else wait)


async def _is_shown(parts: Parts, chat: LiveChat, receipt: Receipt, base: int) -> bool:
    if receipt.state == "confirmed":
        return True
    effect = receipt.action.effect or Effect()
    if effect.line is None:
        return await _is_in_state(parts, chat, receipt.action)
    # the whole: a server whose start counts places, not indexes, would hide the line
    lines = await parts.platform.lines(chat.id)
    return _is_among(chat, receipt.action, [line for line in lines if line.position > base])


def _is_among(chat: LiveChat, action: Action, lines: list[TranscriptEvent]) -> bool:
    """Whether a line that no other operation explains is this one's: by its words, else by position.

    An echo may have come by notification since the request went out: that line has its operation.
    """
    own = [line for line in chat.unexplained(lines) if is_echo_of(line, action)]
    earlier = chat.receipts.earlier(action)
    found = _alike(own, action)[len(_alike(earlier, action)) :]
    if not found and chat.identity.me is not None:
        found = own[len(earlier) :]
    chat.explain(*found[:1])
    return bool(found)


def _alike(things: Sequence[Said], action: Action) -> list[Said]:
    return [thing for thing in things if says_the_same(thing, action)]


async def _is_in_state(parts: Parts, chat: LiveChat, action: Action) -> bool:
    resource = await parts.platform.chat(chat.id)
    wanted = (action.effect or Effect()).states
    if resource is None:
        return action.ends or ChatState.COMPLETED in wanted
    chat.update(ChatUpdated(chat_id=chat.id, received_at=parts.clock.now(), chat=resource))
    return resource.state in wanted or (action.ends and chat.is_over)
