"""Group commit: what is durable and when, in which order, and what happens while a disk fails."""

import asyncio
import resource
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar

import pytest

from chatbot.bot import journal_writer
from chatbot.bot.journal import Checkpoint, Saved, SavedChat
from chatbot.bot.journal_sqlite import JournalError, SqliteStore, Unit, UnitRefused
from chatbot.bot.journal_writer import GroupCommit, Store
from chatbot.model.errors import ConfigError
from tests.bot.scribe import CHATS, CHECKPOINT, Place, operation, scribe

Result = TypeVar("Result")
BOUND_S = 8.0
SECRET = "my card is 4111 and mauve"


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
        self.opened = self.closed = self.started = 0
        self.pruned: list[float] = []
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

    def prune(self, ended_before: float) -> bool:
        self.pruned.append(ended_before)
        return len(self.pruned) < 3

    def close(self) -> None:
        self.closed += 1

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def checkpoint(number: int) -> Checkpoint:
    return Checkpoint("c1", "started", cursor=number)


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


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def journal(desk: Desk, clock: HandClock) -> GroupCommit:
    return GroupCommit(desk.open, desk.thread, clock)


def future(put: Awaitable[None]) -> asyncio.Future[None]:
    assert isinstance(put, asyncio.Future)
    return put


# groups


async def test_what_is_put_during_a_commit_is_the_next_commit_in_the_order_of_the_puts(
    desk: Desk, journal: GroupCommit
) -> None:
    await journal.open()
    maid, butler = journal.of("maid"), journal.of("butler")
    async with running(journal):
        desk.gate.clear()
        first = future(maid.put(checkpoint(1)))
        await turns()
        later = [future(maid.put(checkpoint(2), checkpoint(3))), future(butler.put(checkpoint(4)))]
        later.append(future(maid.put(checkpoint(5))))
        await turns()
        assert [done.done() for done in (first, *later)] == [False] * 4
        desk.gate.set()
        await asyncio.gather(first, *later)
    assert desk.groups[:2] == [
        [("maid", (checkpoint(1),))],
        [
            ("maid", (checkpoint(2), checkpoint(3))),
            ("butler", (checkpoint(4),)),
            ("maid", (checkpoint(5),)),
        ],
    ]


async def test_a_put_that_nobody_waits_for_is_written_too(desk: Desk, journal: GroupCommit) -> None:
    async with running(journal):
        journal.of("maid").put(checkpoint(1))
    assert desk.groups[0][0] == ("maid", (checkpoint(1),))


async def test_who_stops_waiting_stops_neither_its_unit_nor_the_others(
    desk: Desk, journal: GroupCommit
) -> None:
    async def put(number: int) -> None:
        await journal.of("maid").put(checkpoint(number))

    async with running(journal), asyncio.TaskGroup() as tasks:
        desk.gate.clear()
        leaving, staying = tasks.create_task(put(1)), tasks.create_task(put(2))
        await turns()
        leaving.cancel()
        await turns()
        desk.gate.set()
        await staying
    assert [record for _, records in desk.groups[0] for record in records] == [checkpoint(1), checkpoint(2)]


async def test_a_unit_that_cannot_be_stored_costs_no_other(desk: Desk, journal: GroupCommit) -> None:
    desk.refused = "bad"
    async with running(journal):
        puts = [journal.put(bot, (checkpoint(1),)) for bot in ("maid", "bad", "butler")]
        results = await asyncio.gather(*puts, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), UnitRefused, type(None)]
    assert [bot for group in desk.groups for bot, _ in group] == ["maid", "butler", ""]


# trouble

NO_ROOM = "journal j: the disk is full"


async def test_while_the_disk_is_full_nobody_is_told_that_it_was_written_until_it_was(
    desk: Desk, clock: HandClock, journal: GroupCommit, caplog: pytest.LogCaptureFixture
) -> None:
    await journal.open()
    async with running(journal):
        desk.failures = [JournalError(NO_ROOM) for _ in range(9)]
        seen = []
        done = future(journal.of("maid").put(replace(operation(), body=SECRET)))
        while not done.done():
            seen.append((journal.trouble, bool(desk.groups)))
            await asyncio.sleep(0)
        assert (NO_ROOM, False) in seen
        assert journal.trouble == ""
    assert clock.waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]
    # each failure closes the file, and the next try opens it
    assert (desk.opened, desk.closed) == (10, 2)
    told = [(record.levelname, record.message.splitlines()[0]) for record in caplog.records]
    assert told == [("CRITICAL", NO_ROOM), ("WARNING", "the journal can be written again")]
    assert SECRET not in caplog.text


async def test_what_was_put_during_trouble_follows_in_order(desk: Desk, journal: GroupCommit) -> None:
    await journal.open()
    async with running(journal):
        desk.failures = [OSError(28, "No space left on device")] * 3
        puts = [journal.put("maid", (checkpoint(1),))]
        await until(lambda: journal.trouble != "")
        assert journal.trouble == "[Errno 28] No space left on device"
        puts += [journal.put("maid", (checkpoint(number),)) for number in (2, 3)]
        await asyncio.gather(*puts)
    assert [[units[1][0] for units in group if units[1]] for group in desk.groups][:2] == [
        [checkpoint(1)],
        [checkpoint(2), checkpoint(3)],
    ]


async def test_a_disk_that_hangs_is_trouble_until_it_answers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, journal: GroupCommit, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journal_writer, "_SLOW_S", 0.0)
    desk.gate.clear()
    async with running(journal):
        done = journal.put("maid", (checkpoint(1),))
        await until(lambda: journal.trouble != "")
        assert journal.trouble == "journal: the disk has not answered for 10 seconds"
        desk.gate.set()
        await done
        assert journal.trouble == ""
    assert [record.levelname for record in caplog.records] == ["CRITICAL", "WARNING"]


async def test_a_foreign_error_is_told_without_what_it_quotes(
    desk: Desk, journal: GroupCommit, caplog: pytest.LogCaptureFixture
) -> None:
    desk.failures = [sqlite3.OperationalError(SECRET)]
    await journal.open()
    assert "OperationalError" in caplog.text
    assert SECRET not in caplog.text


async def test_only_what_the_user_must_mend_keeps_it_from_opening(desk: Desk, journal: GroupCommit) -> None:
    desk.failures = [JournalError(NO_ROOM), ConfigError("another process uses it")]
    with pytest.raises(ConfigError, match="another process"):
        await journal.open()


async def test_opening_can_be_given_up(desk: Desk) -> None:
    class Patient(HandClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    journal = GroupCommit(desk.open, desk.thread, Patient())
    desk.failures = [JournalError(NO_ROOM)]
    opening = asyncio.ensure_future(journal.open())
    await turns()
    assert (journal.trouble, opening.done()) == (NO_ROOM, False)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening


async def test_once_open_it_is_trouble_and_no_end_if_another_process_takes_the_file(
    desk: Desk, clock: HandClock, journal: GroupCommit
) -> None:
    await journal.open()
    async with running(journal):
        desk.failures = [JournalError(NO_ROOM), ConfigError("another process uses it")]
        await journal.of("maid").put(checkpoint(1))
    assert clock.waits == [0.1, 0.2]


# the rest of the port


async def test_a_bot_that_loads_has_all_that_it_has_put(desk: Desk, journal: GroupCommit) -> None:
    async with running(journal):
        desk.gate.clear()
        journal.of("maid").put(checkpoint(1))
        loading = asyncio.ensure_future(journal.of("maid").load())
        await turns()
        desk.gate.set()
        assert (await loading).run == len(desk.groups) >= 1


async def test_it_prunes_step_by_step_by_the_clock(desk: Desk, journal: GroupCommit) -> None:
    await journal.prune(1_000)
    assert desk.pruned == [999_000.0] * 3
    assert desk.started == 3


async def test_closing_writes_what_was_put_and_closes_once(desk: Desk, journal: GroupCommit) -> None:
    async with running(journal):
        done = journal.put("maid", (checkpoint(1),))
        await journal.close()
        assert done.done()
        await journal.close()
    assert (desk.groups, desk.closed) == ([[("maid", (checkpoint(1),))]], 1)


async def test_after_the_end_nothing_is_said_to_be_written(desk: Desk, journal: GroupCommit) -> None:
    async with running(journal):
        pass
    done = future(journal.of("maid").put(checkpoint(1)))
    await turns()
    assert not done.done()
    with pytest.raises(JournalError, match="the journal is closed"):
        await journal.open()


async def test_closing_in_trouble_takes_a_bounded_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, journal: GroupCommit, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journal_writer, "_FLUSH_S", 0.01)
    async with running(journal):
        desk.gate.clear()
        done = journal.put("maid", (checkpoint(1),))
        await turns()
        await journal.close()
        assert not done.done()
        assert caplog.messages == [
            "the journal could not be written at the end: what happened last is not in it"
        ]
        desk.gate.set()
    assert desk.groups == []


# with the real file


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
        assert journal.trouble == f"journal {place.path}: the disk is full"
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
        f"journal {place.path}: the file has gone",
        "the journal can be written again",
    ]
    assert place.load().chats == {"c1": SavedChat(replace(CHECKPOINT, cursor=8))}
    place.close()


async def test_with_no_writer_at_work_closing_writes(desk: Desk, journal: GroupCommit) -> None:
    await journal.open()
    journal.put("maid", (checkpoint(1),))
    await journal.close()
    assert desk.groups == [[("maid", (checkpoint(1),))]]


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
        assert trouble == f"journal {place.path}: the disk cannot be read or written\n"
        assert process.stderr.readline().startswith("No bot speaks until it can be written")
        assert process.stderr.readline() == "the journal can be written again\n"
        said.append(out(process).readline())
        process.kill()
        note([*said, *out(process)], told)
    assert holds_all(place, told)
