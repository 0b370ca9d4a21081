"""Which bot, chat and event the work at hand is for: each log line says so by itself."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["Place", "event_of", "inside", "where"]


@dataclass(frozen=True, slots=True)
class Place:
    """What work is for.

    Args:
        bot: The bot's name; empty if it is for all bots.
        chat: The id of the chat; empty outside of chats.
        trigger: The event, as the journal names it; empty outside of events.
    """

    bot: str = ""
    chat: str = ""
    trigger: str = ""


_NOWHERE = Place()
where: ContextVar[Place] = ContextVar("where", default=_NOWHERE)
"""What the work at hand is for. Tasks and threads that it starts begin with the same."""


class _Inside:
    """A block of work; no generator, for it is entered for each event."""

    __slots__ = ("_place", "_token")

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        self._token = where.set(self._place)

    def __exit__(self, *_: object) -> None:
        where.reset(self._token)


def inside(*, chat: str | None = None, trigger: str = "") -> AbstractContextManager[None]:
    """Work for this event, or this chat of the same bot.

    Args:
        chat: Another chat; None for the one that work is for already.
        trigger: The event, as the journal names it.
    """
    here = where.get()
    return _Inside(Place(here.bot, here.chat if chat is None else chat, trigger))


def event_of(trigger: str) -> str:
    """An event as an operator calls it: a line by its index, else the trigger as it is."""
    head, _, rest = trigger.partition(":")
    return head if rest and head.lstrip("-").isdigit() else trigger
