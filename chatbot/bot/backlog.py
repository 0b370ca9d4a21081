"""How long what came in a chat has been waiting for its hooks: what an operator calls a stuck chat."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Backlog"]

_MOST_LINES = 256


class Backlog:
    """Since when the things in one mailbox wait, in monotonic seconds.

    A hook that waits for the customer has left the mailbox, and does not count; one that pauses holds it up,
    but on purpose: that time does not count either.
    """

    def __init__(self) -> None:
        self._lines: deque[tuple[int, float]] = deque()
        self._changed_at: float | None = None
        self._begun_at: float | None = None
        self._pauses = 0
        self._went_on_at = 0.0

    def came(self, position: int, now: float) -> None:
        """A line was heard or read that is beyond all others."""
        if len(self._lines) == _MOST_LINES:
            self._lines.pop()
        self._lines.append((position, now))

    def changed(self, now: float) -> None:
        """Something else was heard."""
        if self._changed_at is None:
            self._changed_at = now

    def begins(self, now: float) -> None:
        """A worker takes the next thing in hand."""
        self._begun_at = now

    def rests(self, *, is_waiting: bool) -> None:
        """There is nothing to do now.

        Args:
            is_waiting: For want of something, with lines left.
        """
        self._begun_at = self._changed_at = None
        if not is_waiting:
            self._lines.clear()

    @contextmanager
    def paused(self, monotonic: Callable[[], float]) -> Iterator[None]:
        """A hook makes a pause."""
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            self._went_on_at = monotonic()

    def age(self, cursor: int, now: float) -> float:
        """How long the oldest thing has been waiting.

        Args:
            cursor: Lines up to here are done with.
            now: The time.
        """
        while self._lines and self._lines[0][0] <= cursor:
            self._lines.popleft()
        times = [self._begun_at, self._changed_at, *(at for _, at in [*self._lines][:1])]
        waiting = [at for at in times if at is not None]
        if self._pauses or not waiting:
            return 0.0
        return now - max(min(waiting), self._went_on_at)
