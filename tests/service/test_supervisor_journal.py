"""The journal of a service: no bot begins without it, and its trouble is everybody's."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatbot.bot import journal_writer
from chatbot.bot.journal import Forget, Saved
from chatbot.bot.journal_sqlite import JournalError, SqliteStore, Unit
from chatbot.bot.journal_writer import GroupCommit, Store
from chatbot.model.errors import ConfigError
from chatbot.service.supervisor import Service, build, check_journal
from tests.bot.scribe import as_nobody, place_of_others, scribe
from tests.service.house import (
    BOT,
    BOUND_S,
    NO_ROOM,
    FaultyBot,
    QuickClock,
    StoppedClock,
    at_work,
    bot_at,
    no_room,
    settings,
    until,
    world,
)


class Shelf:
    """A journal's database, and what was done with it."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.failures: list[Exception] = []
        self.full = 0

    def open(self) -> "Shelf":
        if self.failures:
            raise self.failures.pop(0)
        self.seen.append("open")
        return self

    def apply(self, units: Sequence[Unit]) -> None:
        if self.full:
            self.full -= 1
            raise JournalError(NO_ROOM)
        self.seen += [f"apply {bot}" for bot, _ in units if bot]

    def load(self, bot: str) -> Saved:
        raise AssertionError(bot)

    def prune(self, before: float, bots: Collection[str]) -> bool:
        del bots
        self.seen.append(f"prune {datetime.now(UTC).timestamp() - before:.0f}")
        return False

    def look(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    def close(self) -> None:
        self.seen.append("close")


def kept_on(shelf: Shelf, bot: FaultyBot, clock: QuickClock) -> Service:
    journal = GroupCommit(shelf.open, asyncio.to_thread, clock)
    return Service([bot], world=world(clock), drain_timeout=1, journal=journal, retention_s=60)


async def test_no_bot_begins_before_the_journal_is_open_and_it_is_closed_after_all_have_ended() -> None:
    shelf = Shelf()
    shelf.failures = [JournalError(NO_ROOM)]
    bot = FaultyBot("maid", lambda: shelf.seen.append("bot"))
    service = kept_on(shelf, bot, QuickClock())
    async with at_work(service):
        await until(lambda: "bot" in shelf.seen and "prune 60" in shelf.seen)
        assert service.journal_trouble == ""
    assert (shelf.seen[0], shelf.seen[-1], shelf.seen.count("close")) == ("open", "close", 1)


async def test_what_a_bot_has_put_is_written_before_the_service_ends_if_the_disk_heals() -> None:
    shelf, clock = Shelf(), QuickClock()
    shelf.full = 5
    journal = GroupCommit(shelf.open, asyncio.to_thread, clock)
    bot = FaultyBot("maid", lambda: journal.of("maid").put(Forget("c1")))
    service = Service([bot], world=world(clock), drain_timeout=1, journal=journal)
    async with at_work(service):
        await until(lambda: service.journal_trouble != "")
    assert shelf.seen[-2:] == ["apply maid", "close"]


async def test_a_service_whose_journal_cannot_be_opened_begins_no_bot_and_can_be_stopped() -> None:
    bot, tries = FaultyBot("maid"), []

    def opens() -> Store:
        tries.append(1)
        return no_room()

    journal = GroupCommit(opens, asyncio.to_thread, StoppedClock())
    service = Service([bot], world=world(), drain_timeout=1, journal=journal)
    async with at_work(service):
        await until(lambda: service.journal_trouble != "")
        assert service.problems()["maid"][0] == f"CB510 {NO_ROOM}"
    # nor does it try again once it is to stop
    assert (bot.runs, len(tries)) == (0, 1)


async def test_a_journal_that_only_the_user_can_mend_ends_the_service() -> None:
    shelf, bot = Shelf(), FaultyBot("maid")
    shelf.failures = [ConfigError("another process uses it")]
    with pytest.raises(ConfigError, match=r"^another process uses it$"):
        await asyncio.wait_for(kept_on(shelf, bot, QuickClock()).run(), BOUND_S)
    assert bot.runs == 0


async def test_what_ended_is_pruned_every_hour() -> None:
    class Hours(QuickClock):
        def __init__(self) -> None:
            self.waits: list[float] = []

        async def sleep(self, seconds: float) -> None:
            self.waits.append(seconds)
            is_enough = seconds < 3600 or self.waits.count(3600.0) == 3
            await (asyncio.Event().wait() if is_enough else asyncio.sleep(0))

    shelf, clock = Shelf(), Hours()
    async with at_work(kept_on(shelf, FaultyBot("maid"), clock)):
        await until(lambda: clock.waits.count(3600.0) == 3)
    assert shelf.seen.count("prune 60") == 3


async def test_trouble_of_the_journal_is_seen_while_no_bot_writes() -> None:
    shelf = Shelf()
    service = kept_on(shelf, FaultyBot("maid"), QuickClock())
    async with at_work(service):
        await until(lambda: "prune 60" in shelf.seen)
        shelf.failures = [JournalError(NO_ROOM)] * 2
        await until(lambda: service.journal_trouble == f"CB510 {NO_ROOM}")
        await until(lambda: service.journal_trouble == "")


async def test_a_service_whose_journal_is_in_trouble_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_writer, "_FLUSH_S", 0.01)
    shelf = Shelf()
    service = kept_on(shelf, FaultyBot("maid"), QuickClock())
    async with at_work(service):
        await until(lambda: "prune 60" in shelf.seen)
        shelf.failures, shelf.full = [JournalError(NO_ROOM)] * 99, 99
        await until(lambda: service.journal_trouble == f"CB510 {NO_ROOM}")


async def test_a_bot_that_waits_for_its_journal_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_writer, "_FLUSH_S", 0.01)
    shelf, clock = Shelf(), QuickClock()
    shelf.full = 999
    journal = GroupCommit(shelf.open, asyncio.to_thread, clock)
    bot = bot_at("http://127.0.0.1:1", journal=journal.of("maid"))
    service = Service([bot], world=world(clock), drain_timeout=1, journal=journal)
    async with at_work(service):
        await until(lambda: service.journal_trouble == f"CB510 {NO_ROOM}")
    assert "open" in shelf.seen
    assert "apply maid" not in shelf.seen


async def test_a_service_that_is_cancelled_gives_its_journal_back(tmp_path: Path) -> None:
    found = settings(tmp_path, BOT.format(name="maid", plugins=""))
    running = asyncio.create_task(build(found, world()).run())
    await until((tmp_path / "chatbot.sqlite3-wal").exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    SqliteStore.open(tmp_path / "chatbot.sqlite3", lambda: 0.0).close()


async def test_a_second_process_is_refused_although_the_journal_of_the_first_is_damaged(
    tmp_path: Path,
) -> None:
    found = settings(tmp_path, BOT.format(name="maid", plugins=""))
    path = tmp_path / "chatbot.sqlite3"
    path.write_bytes(b"no journal at all" * 1_000)
    service = build(found, world())
    async with at_work(service):
        await until(lambda: service.journal_trouble != "")
        with scribe("lock", path) as other:
            assert other.stdout is not None
            told = await asyncio.to_thread(other.stdout.readline)
    assert told == f"CB502  journal = '{path}' cannot be used: another process uses it\n"


def test_a_journal_that_may_not_be_written_is_found() -> None:
    with place_of_others() as place:
        folder = place.path.parent
        folder.chmod(0o755)
        found = settings(folder, BOT.format(name="maid", plugins=""))
        assert check_journal(found, "bots.toml") == []
        told = f"[service] journal = '{place.path}' cannot be used: {{}} may not be written"
        fix = "let the user of this service write there, or name another file"
        for mode in (0o555, 0o666):
            folder.chmod(mode)
            with as_nobody():
                assert [(it.message, it.fix) for it in check_journal(found, "bots.toml")] == [
                    (told.format(folder), fix)
                ]
        folder.chmod(0o777)
        place.path.touch(0o444)
        with as_nobody():
            assert [(it.message, it.fix) for it in check_journal(found, "bots.toml")] == [
                (told.format(place.path), fix)
            ]


def test_a_journal_that_may_not_be_written_where_its_link_leads_is_found() -> None:
    with place_of_others() as place, place_of_others() as link:
        link.path.parent.chmod(0o777)
        link.path.symlink_to(place.path)
        found = settings(link.path.parent, BOT.format(name="maid", plugins=""))
        with as_nobody():
            [told] = check_journal(found, "bots.toml")
    assert f"cannot be used: {place.path.parent} may not be written" in told.message
