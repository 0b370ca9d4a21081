"""Keeps what has happened lately, for the console, ``chatbot why`` and reports: bounded, in memory only.

The records hold what customers said. They are for people who may see that, and never for a log.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime

from chatbot.hooks.trace import Deed, Hearing, HookCall, Record
from chatbot.model.clock import Clock

__all__ = ["MOST_ENTRIES", "Entry", "Place", "Recorder", "is_error"]

MOST_ENTRIES = 20_000
"""So many records are kept of all chats together; the oldest go first."""

_MOST_OF_ONE_CHAT = 2_000
_MOST_ERRORS = 200
_WRONG = frozenset({"failed", "overran"})

Place = tuple[str, str]
"""A bot and its chat."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that has happened.

    Args:
        at: When.
        record: What.
    """

    at: datetime
    record: Record


class Recorder:
    """Remembers the last records of each chat (Observer).

    Args:
        clock: Tells when.
        most: How many records are kept of all chats together.
    """

    def __init__(self, clock: Clock, most: int = MOST_ENTRIES) -> None:
        self._clock = clock
        self._most = most
        self._order: deque[Place] = deque()
        self._chats: dict[Place, deque[Entry]] = {}
        self._cut: set[Place] = set()
        self._gone: Counter[Place] = Counter()
        self._errors: deque[Entry] = deque(maxlen=_MOST_ERRORS)
        self.count = 0

    def observe(self, record: Record) -> None:
        """See Observer."""
        entry = Entry(self._clock.now(), record)
        self.count += 1
        if is_error(record):
            self._errors.append(entry)
        if place := _place_of(record):
            self._keep(place, entry)

    def entries(self, bot: str, chat_id: str) -> tuple[Entry, ...]:
        """What is known of a chat, oldest first."""
        return tuple(self._chats.get((bot, chat_id), ()))

    def is_cut(self, bot: str, chat_id: str) -> bool:
        """Whether older records of this chat were dropped."""
        return (bot, chat_id) in self._cut

    def chats(self) -> list[Place]:
        """The chats of which something is known, those that had news last at the end."""
        return list(self._chats)

    @property
    def errors(self) -> tuple[Entry, ...]:
        """Hooks that raised or overran, and actions that came to nothing, oldest first."""
        return tuple(self._errors)

    def _keep(self, place: Place, entry: Entry) -> None:
        entries = self._chats.pop(place, None)
        if entries is None:
            entries = deque()
        self._chats[place] = entries
        entries.append(entry)
        self._order.append(place)
        if len(entries) > _MOST_OF_ONE_CHAT:
            entries.popleft()
            self._gone[place] += 1
            self._cut.add(place)
        while len(self._order) > self._most:
            self._forget(self._order.popleft())

    def _forget(self, place: Place) -> None:
        """The oldest record of this chat, unless it has gone already."""
        if self._gone[place]:
            self._gone[place] -= 1
            return
        del self._gone[place]
        entries = self._chats[place]
        entries.popleft()
        self._cut.add(place)
        if not entries:
            del self._chats[place]
            self._cut.discard(place)


def is_error(record: Record) -> bool:
    """Whether somebody should look at it."""
    match record:
        case HookCall(outcome=outcome):
            return outcome in _WRONG
        case Deed(error=error):
            return error is not None
        case _:
            return False


def _place_of(record: Record) -> Place | None:
    chat_id = record.event.chat_id if isinstance(record, Hearing) else record.chat_id
    return (record.bot, chat_id) if chat_id and record.bot else None
