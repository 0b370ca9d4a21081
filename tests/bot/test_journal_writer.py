"""Group commit: what is durable and when, in which order, and what happens while a disk fails."""

import asyncio
import sqlite3
from dataclasses import replace
from typing import TypeVar

import pytest

from chatbot.bot import journal_writer
from chatbot.bot.journal import Checkpoint
from chatbot.bot.journal_sqlite import JournalError, UnitRefused
from chatbot.bot.journal_writer import GroupCommit
from chatbot.model.errors import ConfigError
from tests.bot.scribe import (
    Desk,
    HandClock,
    future,
    operation,
    running,
    turns,
    until,
)

Result = TypeVar("Result")
BOUND_S = 8.0
SECRET = "my card is 4111 and mauve"


def checkpoint(number: int) -> Checkpoint:
    return Checkpoint("c1", "started", cursor=number)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def journal(desk: Desk, clock: HandClock) -> GroupCommit:
    return GroupCommit(desk.open, desk.thread, clock)


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
        assert (f"CB510 {NO_ROOM}", False) in seen
        assert journal.trouble == ""
    assert clock.waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]
    # each failure closes the file, and the next try opens it
    assert (desk.opened, desk.closed) == (10, 2)
    told = [(record.levelname, record.message.splitlines()[0]) for record in caplog.records]
    assert told == [("CRITICAL", f"CB510 {NO_ROOM}"), ("WARNING", "the journal can be written again")]
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
    assert (journal.trouble, opening.done()) == (f"CB510 {NO_ROOM}", False)
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
    desk.failures = [JournalError(NO_ROOM)]
    async with running(journal):
        journal.of("maid").put(checkpoint(1))
        await until(lambda: journal.trouble != "")
        assert (await journal.of("maid").load()).run == len(desk.groups)
        assert desk.groups[0] == [("maid", (checkpoint(1),))]


async def test_it_prunes_step_by_step_by_the_clock_and_tells_whose_chats_may_go_on(
    desk: Desk, journal: GroupCommit
) -> None:
    journal.of("maid")
    journal.of("butler")
    await journal.prune(1_000)
    assert desk.pruned == [(999_000.0, {"maid", "butler"})] * 3
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
        await journal.close()
        assert not done.done()
        assert caplog.messages == [
            "the journal could not be written at the end: what happened last is not in it"
        ]
        desk.gate.set()
    assert desk.groups == []


async def test_with_no_writer_at_work_closing_writes(desk: Desk, journal: GroupCommit) -> None:
    await journal.open()
    journal.put("maid", (checkpoint(1),))
    await journal.close()
    assert desk.groups == [[("maid", (checkpoint(1),))]]


async def test_what_is_not_durable_yet_is_queued_and_commits_are_timed(desk: Desk, clock: HandClock) -> None:
    journal = GroupCommit(desk.open, asyncio.to_thread, clock)
    await journal.open()
    put = [journal.put("b", [checkpoint(number)]) for number in range(3)]
    assert (journal.queued, journal.commits.up_to[-1]) == (3, 0)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.run())
        await asyncio.gather(*put)
        await journal.close()
    assert journal.queued == 0
    assert journal.commits.up_to[-1] >= 1
