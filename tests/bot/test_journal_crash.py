"""Group commit on a real file: disks that are full, files that go, processes that are killed."""

import asyncio
import resource
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, TypeVar

import pytest

from chatbot.bot.journal import Checkpoint, SavedChat
from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_writer import GroupCommit, Store
from tests.bot.scribe import (
    CHATS,
    CHECKPOINT,
    HandClock,
    Place,
    future,
    operation,
    running,
    scribe,
    turns,
    until,
)

pytestmark = pytest.mark.long

Result = TypeVar("Result")
BOUND_S = 8.0


async def inline(function: Callable[[], Result], /) -> Result:
    return function()


def on_file(place: Place, in_thread: Callable[..., Awaitable[Result]], most_pages: list[int]) -> GroupCommit:
    def opened() -> Store:
        store = SqliteStore.open(place.path, lambda: place.time)
        store._db.execute(f"PRAGMA max_page_count = {most_pages[-1]}").fetchall()
        return store

    return GroupCommit(opened, in_thread, HandClock())


@pytest.mark.parametrize("in_thread", [inline, asyncio.to_thread])
async def test_it_writes_again_when_the_disk_has_room_again(
    tmp_path: Path, in_thread: Callable[..., Awaitable[Result]]
) -> None:
    most_pages = [20]
    place = Place(tmp_path)
    journal = on_file(place, in_thread, most_pages)
    big = [operation(number, body="x" * 20_000) for number in range(1, 6)]
    async with running(journal):
        await journal.of("maid").put(CHECKPOINT)
        done = [future(journal.of("maid").put(record)) for record in big]
        await until(lambda: journal.trouble != "")
        assert journal.trouble == f"CB510 journal {place.path}: the disk is full"
        assert not any(put.done() for put in done)
        most_pages.append(1_000)
        await asyncio.gather(*done)
        assert journal.trouble == ""
    assert place.load().chats == {"c1": SavedChat(CHECKPOINT, big)}
    place.close()


async def test_a_damaged_file_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.path.write_bytes(b"no journal at all" * 1_000)
    journal = on_file(place, inline, [1_000])
    opening = asyncio.ensure_future(journal.open())
    await turns()
    assert journal.trouble.endswith("it is damaged, or no journal; to begin anew, move it away")
    place.path.rename(tmp_path / "aside")
    await asyncio.wait_for(opening, BOUND_S)
    assert journal.trouble == ""
    await journal.close()


async def test_a_file_that_goes_while_it_is_in_use_is_told_and_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(tmp_path)
    journal = on_file(place, inline, [1_000])
    async with running(journal):
        await journal.of("maid").put(CHECKPOINT)
        place.path.rename(tmp_path / "aside")
        await journal.of("maid").put(replace(CHECKPOINT, cursor=8))
    assert [record.message.splitlines()[0] for record in caplog.records] == [
        f"CB510 journal {place.path}: the file has gone",
        "the journal can be written again",
    ]
    assert place.load().chats == {"c1": SavedChat(replace(CHECKPOINT, cursor=8))}
    place.close()


def holds_all(place: Place, told: dict[int, int]) -> bool:
    """Whether the journal holds what was told to be durable: in order, without gaps, units whole."""
    chats = place.load().chats
    place.close()
    for chat, number in told.items():
        found = chats.get(f"c{chat}", SavedChat(Checkpoint(f"c{chat}", "started")))
        last = found.checkpoint.cursor
        assert last >= number
        # a unit is its checkpoint and its operation: neither is there without the other
        assert found.checkpoint == Checkpoint(f"c{chat}", "started", cursor=last)
        assert found.operations == [operation(n, chat_id=f"c{chat}") for n in range(1, last + 1)]
    return all(told.values())


def out(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def begin(process: subprocess.Popen[str]) -> list[str]:
    """Let it write; the first line."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    return [out(process).readline()]


def note(said: list[str], told: dict[int, int]) -> None:
    for line in said:
        chat, number = map(int, line.split())
        assert number > told[chat]
        told[chat] = number


def test_a_process_that_is_killed_loses_nothing_that_it_was_told_is_durable(tmp_path: Path) -> None:
    place, told = Place(tmp_path), dict.fromkeys(range(CHATS), 0)
    with ExitStack() as stack:
        # they start side by side, and write one after another
        writers = [stack.enter_context(scribe("write", place.path)) for _ in range(5)]
        for writer, lines in zip(writers, (1, 40, 150, 77, 200), strict=True):
            said = [*begin(writer), *(out(writer).readline() for _ in range(lines - 1))]
            writer.kill()
            note([*said, *out(writer)], told)
            writer.wait()
            holds_all(place, told)
    assert holds_all(place, told)


def test_a_file_that_may_not_grow_stops_the_writer_until_it_may_and_costs_nothing(tmp_path: Path) -> None:
    place, told = Place(tmp_path), dict.fromkeys(range(CHATS), 0)
    with scribe("write", place.path) as process:
        assert process.stderr is not None
        said = begin(process)
        size = tmp_path.joinpath("chatbot.sqlite3-wal").stat().st_size
        unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        trouble = process.stderr.readline()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        assert trouble == f"CB510 journal {place.path}: the disk cannot be read or written\n"
        assert process.stderr.readline().startswith("No bot speaks until it can be written")
        assert process.stderr.readline() == "the journal can be written again\n"
        said.append(out(process).readline())
        process.kill()
        note([*said, *out(process)], told)
    assert holds_all(place, told)
