"""The real world: the system's clock, chance and worker threads. Nobody below this floor imports it."""

from __future__ import annotations

import asyncio
import random
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from sys import _current_frames as frames_of_threads
from types import FrameType
from typing import TypeVar

from chatbot.bot.runner import World
from chatbot.service.watchdog import Watchdog

__all__ = ["SystemClock", "WriterThread", "system_watchdog", "system_world"]

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
    call = partial(copy_context().run, function)
    threading.Thread(target=_settle, args=(outcome, call), name="hook", daemon=True).start()
    return asyncio.wrap_future(outcome)


def _settle(outcome: Future[Result], function: Callable[[], Result]) -> None:
    try:
        outcome.set_result(function())
    except BaseException as error:  # noqa: BLE001 (handed on to whoever waits for it)
        outcome.set_exception(error)


def system_watchdog() -> Watchdog:
    """Watches the event loop of this thread with one of its own."""
    return Watchdog(monotonic=time.monotonic, frame_of=_frame_of, repeat=_repeat)


def _frame_of(thread: int) -> FrameType | None:
    return frames_of_threads().get(thread)


def _repeat(function: Callable[[], None], every_s: float, /) -> Callable[[], None]:
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(every_s):
            function()

    def end() -> None:
        is_over.set()
        thread.join()

    thread = threading.Thread(target=work, name="watchdog", daemon=True)
    thread.start()
    return end


class WriterThread:
    """One thread for what must happen one after another (RunInThread). The end of the process does not wait.

    The thread begins with the first call, and ends with the last reference to this object.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._has_begun = False

    def __call__(self, function: Callable[[], Result], /) -> Awaitable[Result]:
        """See RunInThread."""
        if not self._has_begun:
            self._has_begun = True
            threading.Thread(target=_work, args=(self._jobs,), name=self._name, daemon=True).start()
            weakref.finalize(self, self._jobs.put, None)
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Result] = loop.create_future()
        self._jobs.put(partial(_answer, loop, waiting, function))
        return waiting


def _work(jobs: SimpleQueue[Callable[[], None] | None]) -> None:
    while job := jobs.get():
        job()
        del job  # else it keeps what it refers to until the next one comes


def _answer(
    loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[Result], function: Callable[[], Result]
) -> None:
    """One message to the loop: ``wrap_future`` takes 40 microseconds more, a tenth of a commit."""
    outcome: Future[Result] = Future()
    _settle(outcome, function)
    with suppress(RuntimeError):  # nobody waits in a loop that is closed
        loop.call_soon_threadsafe(_hand_over, outcome, waiting)


def _hand_over(outcome: Future[Result], waiting: asyncio.Future[Result]) -> None:
    if waiting.done():  # who waited has gone
        return
    error = outcome.exception()
    if error is None:
        waiting.set_result(outcome.result())
    else:
        waiting.set_exception(error)
