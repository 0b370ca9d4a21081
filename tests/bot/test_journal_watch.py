"""Group commit while nobody writes, and while another process wants the journal."""

import asyncio

import pytest

from chatbot.bot.journal import Checkpoint
from chatbot.bot.journal_sqlite import JournalError
from chatbot.bot.journal_writer import GroupCommit
from chatbot.model.errors import ConfigError
from tests.bot.scribe import Desk, HandClock, running, turns, until

NO_ROOM = "journal j: the disk is full"


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def journal(desk: Desk, clock: HandClock) -> GroupCommit:
    return GroupCommit(desk.open, desk.thread, clock)


# the watch


async def test_it_is_looked_at_every_five_seconds_only_while_it_is_open(
    desk: Desk, clock: HandClock, journal: GroupCommit
) -> None:
    watching = asyncio.ensure_future(journal.watch())
    await turns()
    assert (desk.looks, set(clock.waits)) == (0, {5.0})
    await journal.open()
    await until(lambda: desk.looks == 3)
    await journal.close()
    watching.cancel()
    assert desk.groups == []


async def test_trouble_is_seen_while_nobody_writes_and_heals_while_nobody_writes(
    desk: Desk, journal: GroupCommit, caplog: pytest.LogCaptureFixture
) -> None:
    await journal.open()
    watching = asyncio.ensure_future(journal.watch())
    desk.failures = [JournalError(NO_ROOM) for _ in range(3)]
    await until(lambda: journal.trouble == f"CB510 {NO_ROOM}")
    await until(lambda: journal.trouble == "")
    watching.cancel()
    await journal.close()
    assert [record.levelname for record in caplog.records] == ["CRITICAL", "WARNING"]
    assert desk.opened == 4


# the lock


class Guard:
    """A lock, and what is done with it."""

    def __init__(self, desk: Desk) -> None:
        self.refusals: list[Exception] = []
        self.seen: list[tuple[str, int, int]] = []
        self._desk = desk

    def hold(self) -> None:
        self._note("hold")
        if self.refusals:
            raise self.refusals.pop(0)

    def release(self) -> None:
        self._note("release")

    def _note(self, what: str) -> None:
        self.seen.append((what, self._desk.opened, self._desk.closed))


async def test_the_lock_is_taken_before_the_file_is_opened_and_given_back_after_it_was_closed(
    desk: Desk, clock: HandClock
) -> None:
    guard = Guard(desk)
    journal = GroupCommit(desk.open, desk.thread, clock, guard)
    await journal.open()
    async with running(journal):
        desk.failures = [JournalError(NO_ROOM), JournalError(NO_ROOM)]
        await journal.of("maid").put(Checkpoint("c1", "started"))
    assert guard.seen[0] == ("hold", 0, 0)
    # in trouble the file is given up, and the lock is not
    assert [(what, closed) for what, _, closed in guard.seen if what == "release"] == [("release", 2)]
    assert guard.seen[-1][0] == "release"


async def test_who_does_not_get_the_lock_does_not_touch_the_file(desk: Desk, clock: HandClock) -> None:
    guard = Guard(desk)
    guard.refusals = [JournalError("journal j: Permission denied"), ConfigError("another process uses it")]
    journal = GroupCommit(desk.open, desk.thread, clock, guard)
    with pytest.raises(ConfigError, match="another process"):
        await journal.open()
    assert (desk.opened, clock.waits) == (0, [0.1])


async def test_who_has_lost_the_lock_gives_the_file_up_and_writes_nothing(
    desk: Desk, clock: HandClock
) -> None:
    guard = Guard(desk)
    journal = GroupCommit(desk.open, desk.thread, clock, guard)
    await journal.open()
    async with running(journal):
        guard.refusals = [ConfigError("another process uses it")] * 3
        done = journal.put("maid", (Checkpoint("c1", "started"),))
        await until(lambda: journal.trouble != "")
        assert (journal.trouble, desk.closed, desk.groups) == ("another process uses it", 1, [])
        await done
    assert desk.opened == 2
