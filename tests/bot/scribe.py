"""Journals for tests: their files and writers, and processes of their own that hold or write them.

python -m tests.bot.scribe hold FILE
python -m tests.bot.scribe lock FILE
python -m tests.bot.scribe write FILE
"""

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from chatbot.bot.journal import Checkpoint, Key, OperationRecord, Record, Saved
from chatbot.bot.journal_file import MIGRATIONS
from chatbot.bot.journal_lock import PlaceLock
from chatbot.bot.journal_sqlite import SqliteStore, Unit, UnitRefused
from chatbot.bot.journal_writer import GroupCommit
from chatbot.model.errors import ConfigError
from chatbot.service.system import SystemClock, WriterThread

Result = TypeVar("Result")

CHATS = 8
BOUND_S = 20.0
NOBODY = 65534


CHECKPOINT = Checkpoint(
    "c1",
    "started",
    cursor=7,
    trigger="8:print",
    attempts=2,
    history_to=3,
    unanswered=(2, 3),
    prints=("a", 'b"\n'),
    own_ids=("p1", "p2"),
    report='{"heard":3}',
)


def operation(number: int = 1, *, chat_id: str = "c1", body: str = "{}") -> OperationRecord:
    key = Key(chat_id, f"{number}:print", "faq", "on_text", 0)
    return OperationRecord(key, "SendMessage", body, "digest", "intent", base=4)


class Place:
    """A journal's file, and the time that it is stamped with."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "chatbot.sqlite3"
        self.time = 1_000.0
        self._open: list[SqliteStore] = []

    def open(self, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> SqliteStore:
        self.close()
        store = SqliteStore.open(self.path, lambda: self.time, migrations)
        self._open.append(store)
        return store

    def close(self) -> None:
        while self._open:
            self._open.pop().close()

    def put(self, *records: Record, bot: str = "maid") -> None:
        self.open().apply([(bot, records)])

    def load(self, bot: str = "maid") -> Saved:
        return self.open().load(bot)

    def rows(self, table: str) -> int:
        self.close()
        db = sqlite3.connect(self.path)
        [count] = db.execute(f"SELECT count(*) FROM {table}").fetchone()
        db.close()
        return int(count)


@contextmanager
def as_nobody() -> Iterator[None]:
    """File modes do not bind the superuser."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def place_of_others() -> Iterator[Place]:
    """In a folder that everybody may enter and nobody may write to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield Place(folder)
        folder.chmod(0o755)


def unit(chat: int, number: int) -> tuple[Record, ...]:
    """Two records that belong together."""
    return Checkpoint(f"c{chat}", "started", cursor=number), operation(number, chat_id=f"c{chat}")


class HandClock:
    """Waits take no time, and are noted."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(1_000_000, UTC)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


class Desk:
    """A database that notes what is done, and fails as it is told to; and the thread that it works in."""

    def __init__(self) -> None:
        self.groups: list[list[Unit]] = []
        self.failures: list[Exception] = []
        self.opened = self.closed = self.started = self.looks = 0
        self.pruned: list[tuple[float, Collection[str]]] = []
        self.refused = ""
        self.gate = asyncio.Event()
        self.gate.set()

    async def thread(self, function: Callable[[], Result], /) -> Result:
        self.started += 1
        await self.gate.wait()
        return function()

    def open(self) -> "Desk":
        self.opened += 1
        self._fail()
        return self

    def apply(self, units: Sequence[Unit]) -> None:
        self._fail()
        if self.refused in {bot for bot, _ in units} - {""}:
            raise UnitRefused("a mistake")
        self.groups.append(list(units))

    def load(self, bot: str) -> Saved:
        self._fail()
        return Saved(run=len(self.groups))

    def prune(self, before: float, bots: Collection[str]) -> bool:
        self.pruned.append((before, bots))
        return len(self.pruned) < 3

    def look(self) -> None:
        self.looks += 1
        self._fail()

    def close(self) -> None:
        self.closed += 1

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


@asynccontextmanager
async def running(journal: GroupCommit) -> AsyncIterator[None]:
    """The writer runs inside the block, and must end in time."""
    async with asyncio.timeout(BOUND_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.run())
        yield
        await journal.close()


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 (what is watched tells nobody)
        await asyncio.sleep(0)


def future(put: Awaitable[None]) -> asyncio.Future[None]:
    assert isinstance(put, asyncio.Future)
    return put


def hold(path: Path) -> None:
    """Hold the file until the input ends; or say why not."""
    try:
        store = SqliteStore.open(path, time.time)
    except ConfigError as error:
        say(str(error))
        return
    say("held")
    sys.stdin.read()
    store.close()


def lock(path: Path) -> None:
    """Hold only the lock until the input ends, as if the journal were in trouble; or say why not."""
    try:
        PlaceLock(path).hold()
    except ConfigError as error:
        say(str(error).splitlines()[0])
        return
    say("held")
    sys.stdin.read()


async def write(path: Path) -> None:
    """Write until killed, several chats at a time; say what is durable."""
    journal = GroupCommit(partial(SqliteStore.open, path, time.time), WriterThread("journal"), SystemClock())
    await journal.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.run())
        saved = await journal.load("maid")
        for chat in range(CHATS):
            known = saved.chats.get(f"c{chat}")
            begin = known.checkpoint.cursor + 1 if known else 1
            tasks.create_task(_write(journal, chat, begin))


async def _write(journal: GroupCommit, chat: int, number: int) -> None:
    while True:
        await journal.of("maid").put(*unit(chat, number))
        say(f"{chat} {number}")
        number += 1


def say(text: str) -> None:
    """A line to whoever started this process, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def scribe(work: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that does this work; killed at the end, and when it takes too long."""
    command = (sys.executable, "-m", "tests.bot.scribe", work, str(path))
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        too_late = threading.Timer(BOUND_S, process.kill)
        too_late.start()
        try:
            yield process
        finally:
            too_late.cancel()
            process.kill()


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(Path(sys.argv[2]))
    elif sys.argv[1] == "lock":
        lock(Path(sys.argv[2]))
    else:
        sys.stdin.readline()
        asyncio.run(write(Path(sys.argv[2])))
