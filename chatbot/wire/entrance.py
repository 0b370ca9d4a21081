"""Spaces the logins of one process: a server that comes back is not met by all bots at once."""

from __future__ import annotations

import math

__all__ = ["Entrance"]

_AT_ONCE = 10
_EVERY_S = 0.05


class Entrance:
    """So many logins at once, and then one after the other, at each server.

    Five hundred bots are in after 25 seconds. Who has asked has its turn, whether it takes it or not.

    Args:
        at_once: How many need not wait.
        every_s: Seconds between two of the others.
    """

    def __init__(self, at_once: int = _AT_ONCE, every_s: float = _EVERY_S) -> None:
        self._ahead_s = at_once * every_s
        self._every_s = every_s
        self._next: dict[str, float] = {}

    def turn(self, server: str, now: float) -> float:
        """In how many seconds the next login may go out.

        Args:
            server: Where.
            now: The time, in monotonic seconds.
        """
        at = max(self._next.get(server, -math.inf), now - self._ahead_s + self._every_s)
        self._next[server] = at + self._every_s
        return max(0.0, at - now)
