"""Group commit: everything that is put while a commit is under way is the next commit.

While the journal cannot be written, nobody is told that it was: who waits for a ``put`` waits on, so
nothing is sent without a durable intent. It heals by itself when the file can be written again.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

from chatbot.bot.histogram import Histogram
from chatbot.bot.journal import Journal, Record, Saved
from chatbot.bot.journal_sqlite import JournalError, Unit, UnitRefused
from chatbot.model.clock import Clock, RunInThread
from chatbot.model.errors import ConfigError

__all__ = ["GroupCommit", "Lock", "Store"]

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Job = Callable[["Store"], Result]

_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0
_LOOK_EVERY_S = 5.0
_FLUSH_S = 2.0
_SLOW_S = 10.0
_SLOW = f"journal: the disk has not answered for {_SLOW_S:g} seconds"
_TROUBLES = (JournalError, ConfigError, sqlite3.Error, OSError)


class Store(Protocol):
    """A database that is called by one thread at a time; see ``journal_sqlite.SqliteStore``."""

    def apply(self, units: Sequence[Unit]) -> None:
        """Write all units in this order, or nothing."""
        ...

    def load(self, bot: str) -> Saved:
        """What earlier runs of this bot have left; its next run has begun."""
        ...

    def prune(self, before: float, bots: Collection[str]) -> bool:
        """Delete some of what was last touched before this time (epoch seconds); whether there may be more.

        Of these bots, no chat that has not ended.
        """
        ...

    def look(self) -> None:
        """See that it could be written, without writing."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class Lock(Protocol):
    """Keeps other processes away; see ``journal_lock.PlaceLock``."""

    def hold(self) -> None:
        """Take it, if this process does not have it."""
        ...

    def release(self) -> None:
        """Give it back."""
        ...


class _Closed(JournalError):
    """Nothing is written any more."""


class GroupCommit:
    """The journal of all bots of a process: one task, one commit at a time.

    Args:
        open_store: Opens the database, again after each failure.
        in_thread: Runs what blocks; one call at a time is enough.
        clock: For waits between tries, and the age of what is pruned.
        lock: Held from the first opening to the end, also while the database is closed in trouble.

    Attributes:
        trouble: Why nothing can be written, for an operator; empty while all is well.
        commits: How long what was put together took to be durable.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        in_thread: RunInThread,
        clock: Clock,
        lock: Lock | None = None,
    ) -> None:
        self.trouble = ""
        self.commits = Histogram()
        self._committing = 0
        self._open_store = open_store
        self._in_thread = in_thread
        self._clock = clock
        self._lock = lock
        self._store: Store | None = None
        # a job whose waiter was cancelled runs on; the next may come in another thread
        self._held = threading.Lock()
        self._bots: set[str] = set()
        self._units: list[Unit] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._news = asyncio.Event()
        self._running = False
        self._closed = False

    def of(self, bot: str) -> Journal:
        """The journal of this bot."""
        self._bots.add(bot)
        return _OfBot(self, bot)

    @property
    def queued(self) -> int:
        """How many units were put, and are not durable yet."""
        return len(self._units) + self._committing

    async def open(self) -> None:
        """Open the database. Waits, in ``trouble``, until it can be used.

        Raises:
            ConfigError: Only the user can mend it.
        """
        await self._insist(_nothing, final=ConfigError)

    async def run(self) -> None:
        """Commit what is put, until ``close``."""
        self._running = True
        try:
            while not self._closed:
                await self._news.wait()
                self._news.clear()
                await self._commit_news()
        except _Closed:
            pass
        finally:
            self._running = False

    def put(self, bot: str, records: Sequence[Record]) -> asyncio.Future[None]:
        """Take a unit of this bot; the future is done when it is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._units.append((bot, records))
        self._waiting.append(done)
        self._news.set()
        return done

    async def load(self, bot: str) -> Saved:
        """What earlier runs of this bot have left; everything put so far is in it."""
        await self.put(bot, ())
        return await self._insist(partial(_load, bot))

    async def prune(self, retention_s: float) -> None:
        """Delete what was not touched for so long, in steps between which others may write.

        Of bots whose journal this is, no chat that has not ended.
        """
        before = self._clock.now().timestamp() - retention_s
        while await self._insist(partial(_prune, before, frozenset(self._bots))):
            pass

    async def watch(self) -> None:
        """See every few seconds that it could be written, also while nobody writes; for ever."""
        while True:
            await self._clock.sleep(_LOOK_EVERY_S)
            if self._store is not None:
                await self._insist(_look)

    async def close(self) -> None:
        """Write what was put, if that takes no longer than two seconds, and close the database.

        ``run`` ends by it. A second call is harmless.
        """
        if self._closed:
            return
        try:
            async with asyncio.timeout(_FLUSH_S):
                await (self.put("", ()) if self._running else self._commit_news())
        except TimeoutError:
            log.critical("the journal could not be written at the end: what happened last is not in it")
        finally:
            self._closed = True
            self._news.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_S):
                await self._in_thread(self._close_store)

    async def _commit_news(self) -> None:
        units, self._units = self._units, []
        waiting, self._waiting = self._waiting, []
        if not units:
            return
        began, self._committing = self._clock.monotonic(), len(units)
        try:
            await self._commit(units, waiting)
        finally:
            self._committing = 0
            self.commits.add(self._clock.monotonic() - began)

    async def _commit(self, units: Sequence[Unit], waiting: Sequence[asyncio.Future[None]]) -> None:
        try:
            await self._insist(partial(_apply, units))
        except UnitRefused as error:
            if len(units) > 1:
                # the mistake in one unit must not cost the others
                for unit, done in zip(units, waiting, strict=True):
                    await self._commit([unit], [done])
            elif not waiting[0].done():
                waiting[0].set_exception(error)
            return
        for done in waiting:
            if not done.done():
                done.set_result(None)

    async def _insist(self, job: Job[Result], *, final: type[ConfigError] | tuple[()] = ()) -> Result:
        """Do it as often as it takes; what is ``final`` is raised."""
        wait_s = _FIRST_WAIT_S
        while not self._closed:
            # a disk that hangs raises nothing
            slow = asyncio.get_running_loop().call_later(_SLOW_S, self._ill, _SLOW)
            try:
                result = await self._in_thread(partial(self._with_store, job))
            except _Closed:
                break
            except final:
                raise
            except _TROUBLES as error:
                self._ill(_told(error))
            else:
                self._well()
                return result
            finally:
                slow.cancel()
            await self._clock.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        raise _Closed("the journal is closed")

    def _ill(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.critical("%s\nNo bot speaks until it can be written; it is tried again and again.", trouble)
        self.trouble = trouble

    def _well(self) -> None:
        if self.trouble:
            log.warning("the journal can be written again")
        self.trouble = ""

    # in the thread

    def _with_store(self, job: Job[Result]) -> Result:
        with self._held:
            if self._closed:
                raise _Closed
            try:
                if self._lock is not None:
                    self._lock.hold()
                if self._store is None:
                    self._store = self._open_store()
                return job(self._store)
            except _TROUBLES:
                self._drop_store()
                raise

    def _close_store(self) -> None:
        with self._held:
            self._drop_store()
            if self._lock is not None:
                self._lock.release()

    def _drop_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            with suppress(*_TROUBLES):
                store.close()


class _OfBot:
    """Journal of one bot."""

    def __init__(self, writer: GroupCommit, bot: str) -> None:
        self._writer = writer
        self._bot = bot

    def put(self, *records: Record) -> Awaitable[None]:
        """See Journal."""
        return self._writer.put(self._bot, records)

    async def load(self) -> Saved:
        """See Journal."""
        return await self._writer.load(self._bot)


def _told(error: Exception) -> str:
    """In words without data: those of a database driver may quote what it was given."""
    return type(error).__name__ if isinstance(error, sqlite3.Error) else str(error)


def _nothing(_: Store) -> None:
    """Only see that it is open."""


def _apply(units: Sequence[Unit], store: Store) -> None:
    store.apply(units)


def _load(bot: str, store: Store) -> Saved:
    return store.load(bot)


def _look(store: Store) -> None:
    store.look()


def _prune(before: float, bots: Collection[str], store: Store) -> bool:
    return store.prune(before, bots)
