"""The stage of one test: the simulator, virtual time, and the bots, in the event loop of the test."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from os import W_OK, access
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_writer import GroupCommit
from chatbot.bot.presence import Colleagues
from chatbot.simulator.app import Simulator
from chatbot.simulator.options import Options
from chatbot.simulator.tokens import CountingTokens
from chatbot.testing.virtual_time import VirtualClock, VirtualTime

__all__ = ["BEGINNING", "Stage"]

Found = TypeVar("Found")
Result = TypeVar("Result")

BEGINNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When every test begins: a Monday morning."""

_LAST_S = 30.0
# A file in memory, where there are any: the journal of a test need not survive a power cut.
_MEMORY = "/dev/shm"  # noqa: S108 (the folder in it has a random name, and is only ours)


class Stage:
    """What all parts of a test stand on. Opened in the event loop that runs the test.

    Args:
        options: How the platform behaves.

    Attributes:
        time: Virtual time.
        clock: The clock of bots.
        rng: Chance, the same in every run.
        simulator: The platform.
        colleagues: The bots of this test: they are no humans.
        journal: Of all bots.
    """

    def __init__(self, options: Options) -> None:
        self._loop = asyncio.get_running_loop()
        self.time = VirtualTime(self._loop, BEGINNING)
        self.clock = VirtualClock(self.time)
        self.rng = random.Random(0)  # noqa: S311 (jitter needs no secrecy)
        self.simulator = Simulator(options, lambda: self.time.now().timestamp(), CountingTokens())
        self.colleagues = Colleagues()
        self._folder = TemporaryDirectory(prefix="chatbot-", dir=_MEMORY if access(_MEMORY, W_OK) else None)
        opening = partial(SqliteStore.open, Path(self._folder.name) / "journal", self._epoch)
        self.journal = GroupCommit(opening, _at_once, self.clock)
        self._closing = asyncio.Event()
        self._open = asyncio.Event()

    async def open(self) -> None:
        """Begin."""
        self.time.install()
        # the test, and fixtures before it, come and go; what runs beside them has this one owner
        self._root = asyncio.get_running_loop().create_task(self._live(), name="chatbot: stage")
        await self._open.wait()

    async def _live(self) -> None:
        await self.journal.open()
        async with asyncio.TaskGroup() as self._tasks:
            writing = self._tasks.create_task(self.journal.run(), name="journal")
            self._open.set()
            await self._closing.wait()
            await self.journal.close()
            writing.cancel()

    def run(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run it beside the test; what it raises ends the test."""
        return self._tasks.create_task(coroutine, name=name)

    async def close(self) -> None:
        """End, when all bots have stopped.

        Raises:
            BaseExceptionGroup: What ran beside the test has failed.
        """
        self._closing.set()
        try:
            async with asyncio.timeout(_LAST_S):
                await self._root
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Give the loop its own time again, whatever still runs."""
        self._root.cancel()
        self.time.restore()
        self._folder.cleanup()

    @property
    def is_of_this_loop(self) -> bool:
        """Whether whoever asks runs in the same event loop."""
        return asyncio.get_running_loop() is self._loop

    async def settle(self) -> None:
        """Return when nothing happens any more before time goes on."""
        self.time.announce(0)
        await self.time.quiet()
        self._see_that_all_is_well()

    async def until(self, look: Callable[[], Found | None], within: float) -> Found | None:
        """What ``look`` finds, asked whenever nothing else happens; None if nothing in so many seconds."""
        # on the grid of the loop's own floats: else the end is found a little early, and missed
        end = self.time.monotonic() + within
        self.time.announce(within)
        alarm = self._loop.call_at(end, _nothing)  # so that time does not jump over the end
        try:
            await self.settle()
            while (found := look()) is None and self.time.monotonic() < end:
                await self.time.quiet(later=True)
                self._see_that_all_is_well()
        finally:
            alarm.cancel()
        return found

    def _see_that_all_is_well(self) -> None:
        if self._root.done():
            self._root.result()

    def _epoch(self) -> float:
        return self.time.now().timestamp()


async def _at_once(function: Callable[[], Result], /) -> Result:
    """The journal of a test is written in the loop: no thread changes the order of things."""
    return function()


def _nothing() -> None:
    pass
