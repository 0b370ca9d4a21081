import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from weakref import ref

from chatbot.bot.due import Due
from chatbot.bot.live import LiveChat
from chatbot.bot.timers import Timers
from tests.bot.stage import Stage, VirtualClock, on_stage


class Sleeper:
    """A chat, as far as timers know it."""

    def __init__(self) -> None:
        self.due = Due()
        self.stalled = True


def sleeper() -> Any:
    return cast("LiveChat", Sleeper())


@asynccontextmanager
async def running(timers: Timers) -> AsyncIterator[None]:
    task = asyncio.create_task(timers.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_chats_are_woken_in_the_order_of_their_times() -> None:
    clock, woken = VirtualClock(), list[Any]()
    timers = Timers(clock, woken.append)
    early, late = sleeper(), sleeper()
    timers.set(late, clock.time + 0.2)
    timers.set(early, clock.time + 0.1)
    clock.time += 0.15
    async with running(timers):
        assert (woken, early.stalled, late.stalled) == ([early], False, True)
    clock.time += 1
    async with running(timers):
        assert woken == [early, late]


async def test_a_chat_is_woken_once_at_the_earliest_of_its_times() -> None:
    clock, woken = VirtualClock(), list[Any]()
    timers, chat = Timers(clock, woken.append), sleeper()
    for seconds in (5.0, 1.0, 9.0):
        timers.set(chat, clock.time + seconds)
    clock.time += 20
    async with running(timers):
        assert woken == [chat]


async def test_a_time_that_is_set_while_nothing_was_due_is_not_missed() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        live, loop = stage.live(), stage.bot._timers
        seen = watch(stage)
        loop.set(live, stage.clock.time + 2)
        await stage.later(3)
        assert seen


def watch(stage: Stage) -> list[float]:
    seen: list[float] = []
    wake = stage.bot._timers._wake

    def note(chat: LiveChat) -> None:
        seen.append(stage.clock.time)
        wake(chat)

    stage.bot._timers._wake = note
    return seen


async def test_a_chat_that_is_gone_is_not_kept_for_its_time() -> None:
    clock, woken = VirtualClock(), list[Any]()
    timers, chat = Timers(clock, woken.append), sleeper()
    timers.set(chat, clock.time + 1)
    gone = ref(chat)
    del chat
    gc.collect()
    clock.time += 2
    async with running(timers):
        assert (gone(), woken) == (None, [])
