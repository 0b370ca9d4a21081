"""Virtual time for a running event loop: where the loop would wait for a timer, its clock jumps instead.

An hour takes milliseconds, and what happens at one time happens in the same order in every run. Worker
threads are still waited for in real time, and so, for a while, are sockets, pipes and processes of others.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from time import thread_time
from typing import TypeVar

from chatbot.testing.outside import Outside

__all__ = ["ALLOWANCE_S", "StandStill", "VirtualClock", "VirtualTime"]

Result = TypeVar("Result")
Events = list[tuple[selectors.SelectorKey, int]]

# How often the loop may turn without a rest before time goes on regardless, by how much at each turn, and
# when it is in vain to go on: a hook that never rests would else outlive every deadline.
_RESTLESS_TURNS = 20_000
_RESTLESS_STEP_S = 0.01
_MOST_TURNS = 100_000
# After months, less would be rounded away, and a timer never due.
_RESOLUTION_S = 1e-6
# The same in every run: what is rounded away depends on it.
_BEGIN_S = 1024.0
ALLOWANCE_S = 4 * 3600.0
"""How far time may go on by itself, beyond what was announced."""


class StandStill(Exception):
    """Nothing can happen any more, or time went on for hours unannounced: whoever waits, waits in vain."""


class VirtualTime:
    """The time of one event loop, from ``install`` to ``restore``.

    Args:
        loop: A selector event loop of asyncio.
        start: The date that it begins with.

    Raises:
        TypeError: It is another kind of loop.

    Attributes:
        gives_up: Told why it is in vain to wait; whether somebody does something about it. Else the loop
            ends with ``StandStill``.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime) -> None:
        selector = getattr(loop, "_selector", None)
        if not isinstance(loop, asyncio.BaseEventLoop) or selector is None:
            raise TypeError(f"virtual time needs an event loop of asyncio, not {type(loop).__name__}")
        self._loop = loop
        self._selector = selector
        self._select: Callable[[float | None], Events] = selector.select
        self._now = _BEGIN_S
        self._start = start
        self._allowed_until = self._now + ALLOWANCE_S
        self.gives_up: Callable[[str], bool] = _nobody
        self._threads = self._turns = 0
        self._outside = Outside(self._selector, vars(loop)["_ssock"].fileno())
        self._longest_s, self._woke_at = 0.0, thread_time()
        self._watchers: list[asyncio.Future[None]] = []
        self._later: list[asyncio.Future[None]] = []

    @property
    def longest_step_s(self) -> float:
        """Seconds of work of this thread, in real time, between two looks at what is to be done next."""
        return self._longest_s

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return self._now - _BEGIN_S

    def monotonic(self) -> float:
        """The time of the loop."""
        return self._now

    def now(self) -> datetime:
        """The date and time."""
        return self._start + timedelta(seconds=self.passed)

    def set(self, now: datetime) -> None:
        """Let the date be another from here on; timers do not notice."""
        self._start = now - timedelta(seconds=self.passed)

    def install(self) -> None:
        """Begin."""
        loop = vars(self._loop)
        self._put_off_timers(self._now - self._loop.time())
        self._resolution = loop["_clock_resolution"]
        run_in_executor = partial(_counted, self, self._loop.run_in_executor)
        loop.update(time=self.monotonic, run_in_executor=run_in_executor, _clock_resolution=_RESOLUTION_S)
        vars(self._selector)["select"] = self._wait

    def restore(self) -> None:
        """End: the loop has its own time again."""
        loop = vars(self._loop)
        del loop["time"], loop["run_in_executor"], vars(self._selector)["select"]
        loop["_clock_resolution"] = self._resolution
        self._put_off_timers(self._loop.time() - self._now)

    def _put_off_timers(self, seconds: float) -> None:
        """By as much as time seems to have gone on, or back."""
        for timer in vars(self._loop)["_scheduled"]:
            timer._when += seconds  # noqa: SLF001 (they have no other owner)

    def announce(self, seconds: float) -> None:
        """Somebody means to wait so long from now on."""
        self._allowed_until = max(self._allowed_until, self._now + seconds + ALLOWANCE_S)

    async def quiet(self, *, later: bool = False) -> None:
        """Return when nothing happens any more before time goes on.

        Args:
            later: When time has gone on once, and then nothing happens any more.
        """
        waiting = self._loop.create_future()
        (self._later if later else self._watchers).append(waiting)
        await waiting

    def work_begins(self) -> None:
        """A thread works: time stands still."""
        self._threads += 1

    def work_ends(self, _: object = None) -> None:
        """A thread has done its work."""
        self._threads -= 1

    def _wait(self, timeout: float | None) -> Events:
        """What the selector does: called when the loop has nothing to do for so long."""
        self._longest_s = max(self._longest_s, thread_time() - self._woke_at)
        try:
            return self._next(timeout)
        finally:
            self._woke_at = thread_time()

    def _next(self, timeout: float | None) -> Events:
        events = self._select(0)
        if events or (timeout is not None and timeout <= 0):
            self._outside.heard(events)
            self._catch_up()
            self._turn()
            return events
        self._turns = 0
        if self._threads:
            return self._select(None)
        if events := self._outside.wait(self._select):
            return events
        if self._wake(self._watchers):
            return []
        self._jump(timeout)
        self._watchers += self._later
        self._later.clear()
        return []

    def _turn(self) -> None:
        """The loop has not come to rest."""
        self._turns += 1
        if self._turns > _RESTLESS_TURNS:
            self._now += _RESTLESS_STEP_S
        if self._turns > _MOST_TURNS:
            self._turns = 0
            self._stand_still("something goes on without a rest, and never comes to an end")

    def _catch_up(self) -> None:
        """A timer is due a little early: who then asks for the time must not be told that it is not yet."""
        timers = vars(self._loop)["_scheduled"]
        if timers and timers[0].when() <= self._now + _RESOLUTION_S:
            self._now = max(self._now, timers[0].when())

    def _wake(self, watchers: list[asyncio.Future[None]]) -> bool:
        waiting = [watcher for watcher in watchers if not watcher.done()]
        watchers.clear()
        for watcher in waiting:
            watcher.set_result(None)
        return bool(waiting)

    def _jump(self, timeout: float | None) -> None:
        if timeout is None:
            self._stand_still("nothing runs any more, and no timer: whoever waits, waits in vain")
            return
        self._now += timeout
        if self._now > self._allowed_until:
            self._stand_still(
                f"nothing has come for {ALLOWANCE_S / 3600:g} hours: whoever waits, waits in vain"
            )
            self.announce(0)

    def _stand_still(self, why: str) -> None:
        if not self.gives_up(why):
            raise StandStill(why)


def _nobody(_: str) -> bool:
    return False


def _counted(
    time: VirtualTime,
    run_in_executor: Callable[..., asyncio.Future[Result]],
    executor: object,
    function: Callable[..., Result],
    *arguments: object,
) -> asyncio.Future[Result]:
    time.work_begins()
    future = run_in_executor(executor, function, *arguments)
    future.add_done_callback(time.work_ends)
    return future


class VirtualClock:
    """The clock of bots in virtual time (see ``model/clock.py``).

    Args:
        time: The time.
    """

    def __init__(self, time: VirtualTime) -> None:
        self._time = time

    def monotonic(self) -> float:
        """See Clock."""
        # on the grid of the loop's own floats: what is left of a wait must not be lost by rounding
        return self._time.monotonic()

    def now(self) -> datetime:
        """See Clock."""
        return self._time.now()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)
