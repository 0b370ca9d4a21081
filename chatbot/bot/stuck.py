"""Finds the chats whose mailbox does not move."""

from __future__ import annotations

from collections.abc import Iterable

from chatbot.bot.live import LiveChat

__all__ = ["stuck"]

_MOST_TOLD = 3


def stuck(chats: Iterable[LiveChat], now: float, limit_s: float) -> list[str]:
    """What to tell of the chats in which something waits for its hooks for longer; the worst first."""
    ages = [(chat.waits.backlog.age(chat.order.cursor, now), chat) for chat in chats]
    late = sorted(((age, chat) for age, chat in ages if age > limit_s), key=lambda one: -one[0])
    told = [_told(chat, age, limit_s) for age, chat in late[:_MOST_TOLD]]
    return told + [f"{len(late) - _MOST_TOLD} more chats are stuck"] * (len(late) > _MOST_TOLD)


def _told(chat: LiveChat, age_s: float, limit_s: float) -> str:
    hooks = sorted(f"{run.hook} of plugin {run.plugin}" for run in chat.runs if not run.is_aside)
    text = f"chat {chat.id} is stuck: something waits for its hooks for {age_s:.0f} s (limit: {limit_s:g} s)"
    return f"{text}; {', '.join(hooks)} is running" if hooks else text
