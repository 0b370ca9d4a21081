"""When to try again, and how often at most. Pure: time and chance come in as arguments."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from chatbot.model.clock import Rng

__all__ = ["DEFAULT_LIMITS", "Backoff", "FailureBudget", "Limits"]

_FAILING = 5
_WELL = 1
_MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """The time limits of one connection, in seconds.

    Args:
        request_timeout_s: For one request that the server is not meant to hold.
        poll_slack_s: How long a held poll may be overdue (design 4.6).
        first_backoff_s: The longest wait after the first failure.
        max_backoff_s: The longest wait after any failure (design 4.6).
        stable_s: How long all must be well before the back-off starts over.
        farewell_timeout_s: For telling the server that we leave.
    """

    request_timeout_s: float = 10.0
    poll_slack_s: float = 10.0
    first_backoff_s: float = 1.0
    max_backoff_s: float = 10.0
    stable_s: float = 30.0
    farewell_timeout_s: float = 2.0


DEFAULT_LIMITS = Limits()


class Backoff:
    """Waits that double, with jitter, and start over only after a stable success.

    Args:
        limits: First and longest wait, and what counts as stable.
        rng: Spreads the bots of one service, so that they do not return in step.
    """

    def __init__(self, limits: Limits, rng: Rng) -> None:
        self._limits = limits
        self._rng = rng
        self._failures = 0
        self._well_since: float | None = None

    @property
    def failures(self) -> int:
        """How often it failed since it last was well for long."""
        return self._failures

    def succeeded(self, now: float) -> None:
        """Note a success at this monotonic time."""
        if self._well_since is None:
            self._well_since = now

    def failed(self, now: float) -> float:
        """Note a failure at this monotonic time; the seconds to wait before the next try."""
        if self._well_since is not None and now - self._well_since >= self._limits.stable_s:
            self._failures = 0
        self._well_since = None
        doublings = min(self._failures, _MOST_DOUBLINGS)
        longest = min(self._limits.max_backoff_s, self._limits.first_backoff_s * 2.0**doublings)
        self._failures += 1
        return longest * self._rng.uniform(0.5, 1.0)


@dataclass(slots=True, eq=False)
class Sent:
    """One request.

    Args:
        at: When it was sent.
        is_good: Whether it came to something; None as long as nobody knows.
    """

    at: float
    is_good: bool | None = None


class FailureBudget:
    """At most so many requests in any window while requests keep failing (design 4.6).

    Each loop has its own back-off; this is the last line, for all loops of a bot together.
    A bot is failing from when five of its last twenty requests came to nothing until at most one of them
    did. What came to something before counts for nothing: a busy bot that has a moment of trouble is not
    made to wait.

    Args:
        requests: How many in a window.
        window_s: The length of a window in seconds.
        reserve: How many more there may be that cannot wait, in all.
    """

    def __init__(self, requests: int = 45, window_s: float = 10.0, reserve: int = 5) -> None:
        self._window_s = window_s
        self._reserve = reserve
        self._requests = requests
        self._is_failing = False
        self._sent: deque[Sent] = deque(maxlen=20 * requests)
        self._came_to_nothing: deque[bool] = deque(maxlen=20)

    def wait(self, now: float) -> float:
        """Seconds until the next request may go out."""
        if not self._is_failing or len(self._sent) < self._requests:
            return 0.0
        return max(0.0, self._sent[-self._requests].at + self._window_s - now)

    def draws_on_reserve(self) -> bool:
        """Take one from the reserve; False if nothing is left."""
        self._reserve -= 1
        return self._reserve >= 0

    def sent(self, now: float) -> Sent:
        """Note a request."""
        self._sent.append(request := Sent(now))
        return request

    def ended(self, request: Sent, *, ok: bool) -> None:
        """Note what became of a request."""
        request.is_good = ok
        self._came_to_nothing.append(not ok)
        failures = sum(self._came_to_nothing)
        if self._is_failing:
            self._is_failing = failures > _WELL
        elif failures >= _FAILING:
            self._is_failing = True
            counted = [one for one in self._sent if not one.is_good]
            self._sent = deque(counted, maxlen=self._sent.maxlen)
