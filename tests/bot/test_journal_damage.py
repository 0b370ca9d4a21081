"""A journal that is damaged while it is in use: nobody is told that anything was written to it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from chatbot.bot import journal_file
from chatbot.bot.journal import Checkpoint, SavedChat
from chatbot.bot.journal_file import JournalError
from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_trace import Trace, log_of
from chatbot.bot.journal_writer import GroupCommit
from tests.bot.scribe import (
    CHECKPOINT,
    HandClock,
    Place,
    as_nobody,
    operation,
    place_of_others,
    running,
    turns,
    until,
)

Result = TypeVar("Result")
MOVE_IT = "to begin anew, move it away"
DAMAGED = f"it is damaged; {MOVE_IT}"
OLDER = f"what was written last is not in it; {MOVE_IT}"
OTHER = f"another file was put in its place; {MOVE_IT}"
CHANGED = "another program has changed it"
LATER = replace(CHECKPOINT, cursor=8)
LAST = replace(CHECKPOINT, cursor=9)


async def inline(function: Callable[[], Result], /) -> Result:
    return function()


class Rig:
    """A journal of an earlier run, in use: most of it stands in the file, the last commits in the log."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)
        self.place.put(*[operation(number, chat_id="old", body="x" * 900) for number in range(50)])
        self.place.put(*[Checkpoint(f"c{number}", "started") for number in range(2, 50)])
        self.place.close()
        opening = partial(SqliteStore.open, self.place.path, lambda: self.place.time, trace=Trace())
        self.journal = GroupCommit(opening, inline, HandClock())
        self.faults: list[str] = []

    @property
    def fault(self) -> str:
        return self.journal.trouble.removeprefix(f"CB510 journal {self.place.path}: ")

    async def write(self, checkpoint: Checkpoint) -> None:
        await self.journal.of("maid").put(checkpoint)

    def cursor(self) -> int:
        found = self.place.load().chats["c1"].checkpoint.cursor
        self.place.close()
        return found


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@asynccontextmanager
async def at_work(rig: Rig, *, watched: bool = False) -> AsyncIterator[None]:
    await rig.journal.open()
    async with running(rig.journal), asyncio.TaskGroup() as tasks:
        await rig.write(CHECKPOINT)
        await rig.write(LATER)
        watching = tasks.create_task(rig.journal.watch()) if watched else None
        yield
        if watching is not None:
            watching.cancel()


def write_over(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xa5" * path.stat().st_size)
    touch(path)


def touch(path: Path) -> None:
    """Clocks of file systems tick too slowly for a test."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1))


def empty(path: Path) -> None:
    os.truncate(path, 0)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def put_another(path: Path) -> None:
    shutil.copy(path, path.with_name("other"))
    path.with_name("other").rename(path)


def of_log(harm: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda path: harm(log_of(path))


HARMS = [
    pytest.param(write_over, MOVE_IT, id="file written over"),
    pytest.param(empty, MOVE_IT, id="file emptied"),
    pytest.param(halve, MOVE_IT, id="file cut"),
    pytest.param(put_another, OTHER, id="file replaced"),
    pytest.param(of_log(write_over), MOVE_IT, id="log written over"),
    pytest.param(of_log(empty), OLDER, id="log emptied"),
    pytest.param(of_log(halve), OLDER, id="log cut"),
]


async def is_silent_until_moved(rig: Rig, told: str) -> None:
    """It writes nothing to the file that is there, and everything to the next one."""
    done = asyncio.ensure_future(rig.write(LAST))
    await until(lambda: rig.fault.endswith(told))
    await turns()
    assert not done.done()
    assert rig.fault.endswith(told)
    rig.place.path.rename(rig.place.path.with_name("aside"))
    await done
    assert rig.fault == ""


@pytest.mark.parametrize(("harm", "told"), HARMS)
async def test_nothing_is_written_to_a_damaged_journal_until_it_is_moved_away(
    rig: Rig, harm: Callable[[Path], None], told: str
) -> None:
    async with at_work(rig):
        harm(rig.place.path)
        await is_silent_until_moved(rig, told)
    assert rig.place.load().chats == {"c1": SavedChat(LAST)}
    rig.place.close()


@pytest.mark.parametrize(("harm", "told"), HARMS)
async def test_damage_is_told_while_nobody_writes(rig: Rig, harm: Callable[[Path], None], told: str) -> None:
    async with at_work(rig, watched=True):
        harm(rig.place.path)
        await until(lambda: rig.fault.endswith(told))
        await is_silent_until_moved(rig, told)


@pytest.mark.parametrize("harm", [touch, of_log(touch), of_log(Path.unlink)], ids=["file", "log", "no log"])
async def test_what_costs_nothing_is_told_and_heals(
    rig: Rig, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = rig.place.path
    async with at_work(rig, watched=True):
        harm(path)
        await until(lambda: len(caplog.messages) == 2)
    assert [(record.levelname, record.message.splitlines()[0]) for record in caplog.records] == [
        ("CRITICAL", f"CB510 journal {path}: {CHANGED}"),
        ("WARNING", "the journal can be written again"),
    ]
    assert rig.cursor() == LATER.cursor


async def test_a_copy_of_an_earlier_time_is_not_written_to(rig: Rig) -> None:
    copy = rig.place.path.with_name("copy")
    shutil.copy(rig.place.path, copy)
    async with at_work(rig):
        log_of(rig.place.path).unlink()
        copy.rename(rig.place.path)
        await is_silent_until_moved(rig, OTHER)


# what can be seen without writing


async def test_a_disk_that_is_full_is_told_while_nobody_writes_and_nobody_writes_to_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_work(rig, watched=True):
        with monkeypatch.context() as patch:
            patch.setattr(journal_file, "_ROOM_BYTES", 2**80)
            await until(lambda: rig.fault == "the disk is full")
            done = asyncio.ensure_future(rig.write(LAST))
            await turns()
            assert (rig.fault, done.done()) == ("the disk is full", False)
        await done
    assert [record.levelname for record in caplog.records] == ["CRITICAL", "WARNING"]
    assert rig.cursor() == LAST.cursor


def test_a_file_that_became_read_only_is_told_and_not_written() -> None:
    with place_of_others() as place:
        place.path.parent.chmod(0o755)
        store = place.open()
        store.look()
        place.path.chmod(0o444)
        for write in (store.look, partial(store.apply, [("maid", (CHECKPOINT,))])):
            with as_nobody(), pytest.raises(JournalError, match=r": it may not be read and written$"):
                write()
        place.close()


def test_to_look_writes_nothing(rig: Rig) -> None:
    store = rig.place.open()
    before = [path.stat() for path in (rig.place.path, log_of(rig.place.path))]
    store.look()
    assert [path.stat() for path in (rig.place.path, log_of(rig.place.path))] == before
    rig.place.close()


# at the start


def test_an_empty_file_beside_a_log_is_damaged_and_no_new_one(rig: Rig) -> None:
    path = rig.place.path
    log_of(path).write_bytes(b"what was written last")
    os.truncate(path, 0)
    with pytest.raises(JournalError, match=f": {DAMAGED}$"):
        rig.place.open()
    assert log_of(path).read_bytes() == b"what was written last"
    path.rename(path.with_name("aside"))
    rig.place.put(LAST)
    assert rig.place.load().chats == {"c1": SavedChat(LAST)}
    rig.place.close()
