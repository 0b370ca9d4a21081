"""Time and chance as arguments: whoever needs them takes these ports, the service floor supplies them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeVar

__all__ = ["Clock", "Rng", "RunInThread"]

Result = TypeVar("Result")


class Clock(Protocol):
    """Where time comes from."""

    def monotonic(self) -> float:
        """Seconds from some fixed point; never goes back. For time-outs and intervals."""
        ...

    def now(self) -> datetime:
        """The aware wall-clock time. Only for records, never for decisions."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        ...


class Rng(Protocol):
    """Where chance comes from (``random.Random`` has this method)."""

    def uniform(self, a: float, b: float, /) -> float:
        """A number from a to b, evenly distributed."""
        ...


class RunInThread(Protocol):
    """Run a blocking function in a worker thread (``asyncio.to_thread`` has this shape)."""

    def __call__(self, function: Callable[[], Result], /) -> Awaitable[Result]:
        """The function's result, awaited."""
        ...
