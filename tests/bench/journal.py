"""What durability costs: units a second, and the wait that it adds to each.

    python -m tests.bench.journal [SECONDS]

Side by side in one run, on a real file in the folder for temporary files, with 1, 10, 100 and 1,000 units
in flight: group commit in one thread (what the service uses), one commit for each unit in a thread (what
most asynchronous drivers do), no journal, and what the disk itself takes to sync 4 KiB, which bounds all
that is durable. The rounds are interleaved, the median of them is printed.
A unit is a checkpoint or an operation, in turn, as between a line of a customer and the answer.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

from chatbot.bot.journal import Checkpoint, Key, NoJournal, OperationRecord, Record
from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_writer import GroupCommit
from chatbot.service.system import SystemClock, WriterThread

IN_FLIGHT = (1, 10, 100, 1_000)
ROUNDS = 3
PAGE = bytes(4096)
BODY = '{"operationName": "SendMessage", "text": "We are open from eight to six. How may I help you?"}'
PRINTS = tuple(f"{number:016x}" for number in range(20))

Put = Callable[[Record], Awaitable[None]]
Way = Callable[[Path], AbstractAsyncContextManager[Put]]


@asynccontextmanager
async def group_commit(folder: Path) -> AsyncIterator[Put]:
    """One writer for all."""
    journal = GroupCommit(
        partial(SqliteStore.open, folder / "group", time.time), WriterThread("journal"), SystemClock()
    )
    await journal.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.run())
        yield journal.of("bench").put
        await journal.close()


@asynccontextmanager
async def naive(folder: Path) -> AsyncIterator[Put]:
    """One commit for each unit, one after another, in threads of the pool."""
    store = SqliteStore.open(folder / "naive", time.time)
    one_at_a_time = asyncio.Lock()

    async def put(record: Record) -> None:
        async with one_at_a_time:
            await asyncio.to_thread(store.apply, [("bench", (record,))])

    yield put
    store.close()


@asynccontextmanager
async def no_journal(_: Path) -> AsyncIterator[Put]:
    """Nothing is kept."""
    yield NoJournal().put


@asynccontextmanager
async def fdatasync(folder: Path) -> AsyncIterator[Put]:
    """No journal, only a page of the file that is written again and synced for each unit."""
    file = os.open(folder / "bare", os.O_RDWR | os.O_CREAT, 0o600)

    async def put(_: Record) -> None:
        os.pwrite(file, PAGE, 0)
        os.fdatasync(file)

    yield put
    os.close(file)


WAYS: tuple[Way, ...] = (group_commit, naive, no_journal, fdatasync)


def unit(chat: int, number: int) -> Record:
    """The number-th unit of this chat."""
    chat_id, line = f"0000AB{chat:06}", number // 2
    if number % 2 == 0:
        return Checkpoint(
            chat_id, "started", cursor=line, trigger=f"{line}:{PRINTS[0]}", prints=PRINTS, own_ids=("1", "2")
        )
    key = Key(chat_id, f"{line}:{PRINTS[0]}", "faq", "on_text", 0)
    return OperationRecord(key, "SendMessage", BODY, PRINTS[1], "intent", base=line)


async def talk(put: Put, chat: int, deadline: float, waits: list[float]) -> None:
    """One chat: each unit waits for the one before."""
    number, before = 0, 0.0
    while before < deadline:
        record = unit(chat, number)
        before = time.perf_counter()
        await put(record)
        waits.append(time.perf_counter() - before)
        number += 1
        if number % 50 == 0:
            await asyncio.sleep(0)  # without a journal nobody else would have a turn


async def measure(way: Way, in_flight: int, seconds: float) -> tuple[float, float, float]:
    """Units a second, and the median and the 99th percentile of the wait in seconds."""
    waits: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with way(Path(folder)) as put:
            started = time.perf_counter()
            async with asyncio.TaskGroup() as tasks:
                for chat in range(in_flight):
                    tasks.create_task(talk(put, chat, started + seconds, waits))
            spent = time.perf_counter() - started
    cuts = statistics.quantiles(waits, n=100)
    return len(waits) / spent, cuts[49], cuts[98]


def medians(results: Sequence[tuple[float, float, float]]) -> tuple[float, ...]:
    """Column by column."""
    return tuple(statistics.median(column) for column in zip(*results, strict=True))


def main() -> None:
    """Print a table."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    print(f"{ROUNDS} rounds of {seconds:g} s; waits in ms; times: units a second compared with naive")
    print(f"{'in flight':>10} {'way':>13} {'units/s':>10} {'median':>8} {'p99':>8} {'times':>7}")
    for in_flight in IN_FLIGHT:
        rounds = [[asyncio.run(measure(way, in_flight, seconds)) for way in WAYS] for _ in range(ROUNDS)]
        found = [medians(column) for column in zip(*rounds, strict=True)]
        for way, (rate, median, p99) in zip(WAYS, found, strict=True):
            times = rate / found[1][0]
            name = getattr(way, "__name__", "")
            waits = f"{median * 1e3:>8.3f} {p99 * 1e3:>8.3f}"
            print(f"{in_flight:>10} {name:>13} {rate:>10,.0f} {waits} {times:>7.1f}")


if __name__ == "__main__":
    main()
