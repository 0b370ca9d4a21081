import asyncio

import pytest

from chatbot.bot.journal import Checkpoint, NoJournal, Saved, load_unless
from tests.bot.scribe import turns


async def test_without_a_journal_nothing_is_waited_for_and_nothing_is_left() -> None:
    journal = NoJournal()
    await journal.put(Checkpoint("c1", "started", cursor=3))
    assert await journal.load() == Saved()


class Slow(NoJournal):
    """Cannot be read until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.given_up = False

    async def load(self) -> Saved:
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.given_up = True
            raise
        return Saved(run=7)


async def test_who_is_asked_to_stop_does_not_wait_for_a_journal_that_cannot_be_read() -> None:
    stop, journal = asyncio.Event(), Slow()
    waiting = asyncio.ensure_future(load_unless(stop, journal))
    await turns()
    assert not waiting.done()
    stop.set()
    assert await waiting is None
    assert journal.given_up


async def test_who_is_not_asked_to_stop_waits() -> None:
    stop, journal = asyncio.Event(), Slow()
    waiting = asyncio.ensure_future(load_unless(stop, journal))
    await turns()
    journal.go.set()
    assert await waiting == Saved(run=7)


async def test_who_waits_for_a_journal_and_is_cancelled_leaves_nothing_behind() -> None:
    before, journal = asyncio.all_tasks(), Slow()
    waiting = asyncio.ensure_future(load_unless(asyncio.Event(), journal))
    await turns()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert journal.given_up
    assert asyncio.all_tasks() == before
