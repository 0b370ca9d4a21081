"""An event loop in virtual time: time jumps, ready callbacks run in seeded order, processes can be killed.

A simulated process is a context variable: whatever its code schedules inherits it. ``kill`` drops all
that is scheduled for it, now and later, without running any ``finally``, as ``kill -9`` does.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import random
import sys
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Never

__all__ = ["PROCESS", "Deadlock", "Process", "SimLoop", "Spinning", "for_ever", "virtual_loop"]

_MOST_CLOSES = 20
_MOST_STEPS = 100_000


class Deadlock(Exception):
    """Nothing is ready and no timer runs, yet somebody waits."""


class Spinning(Exception):
    """So many steps are no run of ours: something goes round and round."""


class Process:
    """One simulated process.

    Its life is counted in points: each step of its code, and what the world adds (commits, requests).

    Args:
        number: 1 for the first life of the bot.
        kill_at: The point at which it is killed; 0: none.
    """

    def __init__(self, number: int, kill_at: int = 0) -> None:
        self.number = number
        self.kill_at = kill_at
        self.points = 0
        self.is_dead = False
        self.on_death: Callable[[], None] = lambda: None

    def point(self) -> bool:
        """Count one point; True if the process is dead now."""
        self.points += 1
        if self.points == self.kill_at:
            self.kill()
        return self.is_dead

    def kill(self) -> None:
        """End it at once."""
        if not self.is_dead:
            self.is_dead = True
            self.on_death()


PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class _Task(asyncio.Task[Any]):
    """Ordered by birth in sets, not by address, so that a seed always runs alike."""

    _births = 0

    def __init__(self, coro: Any, **options: Any) -> None:
        self._birth = options["loop"].next_birth()
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return int(self._birth)

    __eq__ = object.__eq__


class SimLoop(asyncio.BaseEventLoop):
    """The loop.

    Args:
        rng: Chooses which ready callback is next.
        shuffle: Whether it does; else first come, first served, as in production.
    """

    def __init__(self, rng: random.Random, *, shuffle: bool = True) -> None:
        super().__init__()
        self.steps = 0
        self.outside = contextvars.Context()
        self.errors: list[str] = []
        self._now = 0.0
        self._rng = rng
        self._shuffles = shuffle
        self._born = 0
        self._tasks: list[tuple[asyncio.Task[Any], contextvars.Context]] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self.set_exception_handler(self._failed)

    def time(self) -> float:
        return self._now

    def next_birth(self) -> int:
        self._born += 1
        return self._born

    def create_task(
        self, coro: Any, *, name: object = None, context: contextvars.Context | None = None
    ) -> asyncio.Task[Any]:
        # kept until the run is over: if the collector met a killed task, its finally blocks would run
        context = context if context is not None else contextvars.copy_context()
        task = _Task(coro, loop=self, name=name, context=context)
        self._tasks.append((task, context))
        return task

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        # tuples are compared much faster than handles, and equal times go by age
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, self.next_birth(), timer))
        return timer

    def later(self, delay_s: float, call: Callable[..., object], *arguments: Any) -> asyncio.TimerHandle:
        """Call it in so many seconds, outside of all processes."""
        return self.call_later(delay_s, call, *arguments, context=self.outside)

    def start(self, process: Process, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine as this process."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(coroutine, context=context)

    def bury(self) -> None:
        """After the run: end what was killed or left, quietly."""
        self.set_exception_handler(lambda _loop, _context: None)
        self._ready.clear()
        self._timers.clear()
        with _unraisable_is_fine():
            for task, context in reversed(self._tasks):
                if not task.done():
                    task._log_destroy_pending = False
                    _close(task.get_coro(), context)
            self._tasks.clear()
            self._ready.clear()
            self.close()

    def _run_once(self) -> None:
        ready = self._ready
        self._move_due_timers()
        place = int(self._rng.random() * len(ready)) if self._shuffles and len(ready) > 1 else 0
        handle = ready[place]
        del ready[place]
        process = handle._context.get(PROCESS)
        if handle._cancelled or (process is not None and (process.is_dead or process.point())):
            return
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise Spinning
        handle._run()

    def _move_due_timers(self) -> None:
        timers, ready = self._timers, self._ready
        if not ready:
            while timers and _is_void(timers[0][2]):
                heapq.heappop(timers)
            if not timers:
                raise Deadlock
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            ready.append(heapq.heappop(timers)[2])

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.errors.append(f"{context.get('message')}: {type(error).__name__}: {error}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is thrown away when its time comes."""

    def _write_to_self(self) -> None:
        """Nobody else's thread waits for this loop."""

    def _process_events(self, event_list: object) -> None:
        """There is no selector."""


async def for_ever() -> Never:
    """Where the code of a killed process stays."""
    while True:
        await asyncio.get_running_loop().create_future()


@contextmanager
def virtual_loop(rng: random.Random, *, shuffle: bool = True) -> Iterator[SimLoop]:
    """A loop for one run; nothing of it is left afterwards."""
    loop = SimLoop(rng, shuffle=shuffle)
    try:
        yield loop
    finally:
        loop.bury()


def _is_void(handle: asyncio.TimerHandle) -> bool:
    process = handle._context.get(PROCESS)
    return handle._cancelled or (process is not None and process.is_dead)


def _close(coroutine: Any, context: contextvars.Context) -> None:
    """Throw its frames away; a finally block that waits is thrown away too."""
    for _ in range(_MOST_CLOSES):
        with suppress(BaseException):  # the code of a dead process has nothing to say
            context.run(coroutine.close)
            return


@contextmanager
def _unraisable_is_fine() -> Iterator[None]:
    before = sys.unraisablehook
    sys.unraisablehook = lambda _args: None
    try:
        with warnings.catch_warnings(), suppress(RuntimeError):
            warnings.simplefilter("ignore")  # coroutines that never ran
            yield
    finally:
        sys.unraisablehook = before
