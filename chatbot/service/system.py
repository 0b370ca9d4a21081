"""The real world: the system's clock, chance and worker threads. Nobody below this floor imports it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from chatbot.bot.runner import World

__all__ = ["SystemClock", "system_world"]

Result = TypeVar("Result")


class SystemClock:
    """Clock on the system's time."""

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)


def system_world() -> World:
    """Time, chance and threads of this machine."""
    # jitter needs no secrecy
    return World(clock=SystemClock(), rng=random.Random(), run_in_thread=_in_thread)  # noqa: S311


def _in_thread(function: Callable[[], Result], /) -> Awaitable[Result]:
    return asyncio.to_thread(function)
