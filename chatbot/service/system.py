"""The real world: the system's clock, chance and worker threads. Nobody below this floor imports it."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import copy_context
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
    """Run it in a thread of its own that the end of the process does not wait for.

    The event loop's pool is joined at the end: one hook that hangs would keep the service from stopping.
    """
    outcome: Future[Result] = Future()
    outcome.set_running_or_notify_cancel()  # who waits may go, but the function runs on
    context = copy_context()

    def work() -> None:
        try:
            outcome.set_result(context.run(function))
        except BaseException as error:  # noqa: BLE001 (handed on to whoever waits for it)
            outcome.set_exception(error)

    threading.Thread(target=work, name="hook", daemon=True).start()
    return asyncio.wrap_future(outcome)
