"""The transcript of one chat: who said what, and who may see it.

Reference section 8. An index is a number that only grows, not a list position: there may be gaps.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict, Unpack


class Visibility(StrEnum):
    """Who sees a line or a participant (5.5, 8.3)."""

    ALL = "All"
    AGENTS = "Agents"
    SUPERVISORS = "Supervisors"

    @property
    def level(self) -> int:
        """The rank in Chat Server's order: everybody, then agents, then supervisors (5.5)."""
        return list(Visibility).index(self)


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in a chat (5.5).

    Args:
        id: 16 hex characters, one for each stay in the chat.
        nickname: The name that others see.
        type: `Customer` or `Agent`.
        visibility: To whom this participant shows.
        username: The login of an agent; empty for the customer.
    """

    id: str
    nickname: str
    type: str
    visibility: Visibility = Visibility.ALL
    username: str = ""


class Content(TypedDict, total=False):
    """What a line may carry besides its envelope (8.1)."""

    text: str | None
    url: str | None
    notice_text: str | None
    message_type: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a transcript (8.1).

    Args:
        index: Its number, from 1.
        type: A message type such as `Text`.
        sender: The participant as he was then.
        visibility: Who may see it.
        at: Epoch seconds.
        content: The fields of its type.
    """

    index: int
    type: str
    sender: Participant
    visibility: Visibility
    at: float
    content: Content


class Transcript:
    """The lines of one chat, in order.

    Args:
        step: Distance between indexes.
    """

    def __init__(self, step: int = 1) -> None:
        self.lines: list[Line] = []
        self._step = step
        self._next = 1

    def skip(self, count: int = 1) -> None:
        """Leave `count` numbers unused (8.2: gaps occur)."""
        self._next += count

    def append(
        self, kind: str, sender: Participant, at: float, visibility: Visibility, **content: Unpack[Content]
    ) -> Line:
        """Write a line under the next index."""
        line = Line(self._next, kind, sender, visibility, at, content)
        self.lines.append(line)
        self._next += self._step
        return line

    def seen_at(self, level: int) -> list[Line]:
        """Return the lines that a viewer of this level may see."""
        return [line for line in self.lines if line.visibility.level <= level]

    def window(self, level: int, start: int, count: int | None) -> list[Line]:
        """Return at most `count` visible lines whose index is at least `start` (5.1)."""
        lines = [line for line in self.seen_at(level) if line.index >= start]
        return lines if count is None else lines[:count]
