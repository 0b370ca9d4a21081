"""Chats whose mailbox does not move make the bot not ready; hooks that wait for the customer do not."""

import asyncio

from chatbot import Chat, TextReceived, hookimpl
from tests.bot.bells import Bells
from tests.bot.desk import LOST
from tests.bot.stage import Stage, on_stage


class Stuck:
    def __init__(self) -> None:
        self.go = asyncio.Event()

    @hookimpl
    async def on_text(self) -> None:
        await self.go.wait()


class Asks:
    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        await chat.ask("Which one?", timeout=3600)


class Pauses:
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await chat._view.pause(3600, since=None)


def stuck(stage: Stage) -> list[str]:
    return [problem for problem in stage.bot.problems() if "stuck" in problem]


async def text(stage: Stage) -> None:
    await stage.chatting()
    stage.desk.says("hello")
    await stage.turns(200)


async def test_a_hook_that_does_not_come_back_makes_the_bot_not_ready_after_a_minute() -> None:
    plugin = Stuck()
    async with on_stage(plugin, hook_timeout=3600) as stage:
        await text(stage)
        began = stage.clock.time
        stage.clock.time = began + 60
        assert stuck(stage) == []
        stage.clock.time = began + 61
        what = "something waits for its hooks for 61 s (limit: 60 s); on_text of plugin p1 is running"
        assert stuck(stage) == [f"chat c1 is stuck: {what}"]
        plugin.go.set()
        await stage.quiet()
        assert stage.bot.problems() == []


async def test_the_limit_is_a_setting() -> None:
    plugin = Stuck()
    async with on_stage(plugin, hook_timeout=3600, stuck_after=5.0) as stage:
        await text(stage)
        stage.clock.time += 6
        assert len(stuck(stage)) == 1
        plugin.go.set()


async def test_three_chats_are_named_and_the_others_counted() -> None:
    plugin = Stuck()
    async with on_stage(plugin, hook_timeout=3600) as stage:
        for number in range(5):
            await stage.chatting(f"c{number}")
        for number in range(5):
            stage.desk.says("hello", f"c{number}")
        await stage.turns(200)
        stage.clock.time += 100
        told = stuck(stage)
        assert [line.partition(" is stuck")[0] for line in told[:3]] == ["chat c0", "chat c1", "chat c2"]
        assert told[3:] == ["2 more chats are stuck"]
        plugin.go.set()


async def test_a_hook_that_waits_for_the_customer_is_not_stuck() -> None:
    async with on_stage(Asks(), hook_timeout=3600) as stage:
        await text(stage)
        stage.clock.time += 1000
        assert stuck(stage) == []


async def test_a_hook_that_makes_a_pause_is_not_stuck() -> None:
    async with on_stage(Pauses(), hook_timeout=3600) as stage:
        bells = Bells(stage)
        await text(stage)
        assert bells.asked == [3600]
        stage.clock.time += 1000
        assert stuck(stage) == []
        bells.ring()


class Slow:
    """Takes one text after the other when it is told to."""

    def __init__(self) -> None:
        self.next = asyncio.Semaphore(0)

    @hookimpl
    async def on_text(self) -> None:
        await self.next.acquire()


async def test_a_line_waits_since_it_came_however_well_those_before_it_go() -> None:
    plugin = Slow()
    async with on_stage(plugin, hook_timeout=3600) as stage:
        await text(stage)
        stage.desk.says("and then")
        await stage.turns(200)
        stage.clock.time += 40
        plugin.next.release()
        await stage.turns(200)
        stage.clock.time += 40
        assert ["for 80 s" in problem for problem in stuck(stage)] == [True]
        plugin.next.release()


class StuckWhenIdle:
    def __init__(self) -> None:
        self.go, self.runs = asyncio.Event(), False

    @hookimpl
    async def on_idle(self) -> None:
        self.runs = True
        await self.go.wait()


async def test_a_hook_that_nothing_was_said_for_counts_too() -> None:
    plugin = StuckWhenIdle()
    async with on_stage(plugin, hook_timeout=3600, idle_after=5.0) as stage:
        await text(stage)
        for _ in range(20):
            await stage.later(1)
        assert plugin.runs
        stage.clock.time += 100
        assert len(stuck(stage)) == 1
        plugin.go.set()


async def test_a_line_that_waits_behind_lines_that_cannot_be_read_is_stuck() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.always("messages", LOST)
        stage.desk.mute = True
        stage.desk.says("lost")
        stage.desk.mute = False
        stage.desk.says("heard")
        await stage.until(lambda: stuck(stage))
        stage.desk._always.clear()
