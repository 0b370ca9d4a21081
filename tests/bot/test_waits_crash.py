"""A crash while a hook waits: what it was called for is done with, and what it waited for is not."""

import asyncio

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.journal import OperationRecord
from tests.bot.bells import Bells, Tells, asks
from tests.bot.desk import Desk
from tests.bot.drawer import Drawer
from tests.bot.mortal import nobody_listening
from tests.bot.stage import on_stage


async def test_a_hook_that_waited_when_the_process_died_is_not_run_again() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Tells(ask=asks), desk=desk, journal=drawer) as stage:
        Bells(stage)
        await stage.chatting()
        desk.says("ask")
        await stage.quiet()
        # the question was said, and what it was for is done with
        assert (drawer.checkpoint().trigger, drawer.checkpoint().cursor) == ("", 3)
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.says("12")
    async with on_stage(after := Tells(ask=asks), desk=desk, journal=drawer):
        assert (after.log, after.heard) == (["resumed"], ["12"])
    assert desk.texts() == ["number?", "re 12"]


async def test_the_answer_that_was_in_the_hands_of_a_hook_reaches_hooks_after_the_crash() -> None:
    async def asks_and_hangs(chat: Chat, event: TextReceived) -> None:
        await chat.ask("number?", timeout=60)
        hangs.set()
        await asyncio.Event().wait()

    hangs = asyncio.Event()
    desk, drawer = Desk(), Drawer()
    async with on_stage(Tells(ask=asks_and_hangs), desk=desk, journal=drawer) as stage:
        Bells(stage)
        await stage.chatting()
        desk.says("ask")
        await stage.quiet()
        desk.says("12")
        await stage.until(hangs.is_set)
        # as for any hook: that it begins is durable before it does
        assert drawer.checkpoint().trigger.startswith("4:TextReceived:")
        assert drawer.checkpoint().attempts == 1
        await stage.crash(drawer)
    async with on_stage(after := Tells(), desk=desk, journal=drawer):
        assert (after.log, after.heard) == (["resumed"], ["12"])
    assert desk.texts() == ["number?", "re 12"]


async def test_what_was_said_to_the_answer_before_the_crash_is_not_said_again() -> None:
    async def asks_and_dies(chat: Chat, event: TextReceived) -> None:
        answer = await chat.ask("number?", timeout=60)
        await chat.send_text(f"thanks {answer}")
        hangs.set()
        await asyncio.Event().wait()

    hangs = asyncio.Event()
    desk, drawer = Desk(), Drawer()
    async with on_stage(Tells(ask=asks_and_dies), desk=desk, journal=drawer) as stage:
        Bells(stage)
        await stage.chatting()
        desk.says("ask")
        await stage.quiet()
        desk.says("12")
        await stage.until(hangs.is_set)
        await stage.crash(drawer)
    async with on_stage(after := Tells(), desk=desk, journal=drawer) as stage:
        # the same hook answers the same line: the first to write a key wins
        assert (after.heard, stage.bot.counters.replay_mismatches) == (["12"], 1)
    assert desk.texts() == ["number?", "thanks 12"]
    triggers = {record.key.trigger.partition(":")[0] for record in drawer.all(OperationRecord)}
    assert {"2", "4"} <= triggers


async def test_a_bot_that_is_stopped_while_a_hook_waits_leaves_the_rest_to_the_next_process() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Tells(ask=asks), desk=desk, journal=drawer, on_stop="keep") as stage:
        Bells(stage)
        await stage.chatting()
        desk.says("ask")
        await stage.quiet()
        await stage.stop()
    with nobody_listening(desk):
        desk.says("12")
    async with on_stage(after := Tells(ask=asks), desk=desk, journal=drawer):
        assert (after.log, after.heard) == (["resumed"], ["12"])


async def test_hooks_for_the_start_of_a_chat_may_wait_and_are_not_run_again() -> None:
    class Asks:
        def __init__(self) -> None:
            self.called: list[str] = []

        @hookimpl
        async def on_chat_started(self, chat: Chat) -> str:
            self.called.append("started")
            return f"hello {await chat.ask('name?', timeout=60)}"

        @hookimpl
        async def on_chat_resumed(self, chat: Chat) -> str:
            self.called.append("resumed")
            return f"hello again {await chat.ask('name, please?', timeout=60)}"

    desk, drawer = Desk(), Drawer()
    async with on_stage(before := Asks(), desk=desk, journal=drawer) as stage:
        Bells(stage)
        await stage.chatting()
        assert drawer.checkpoint().phase == "started"
        await stage.crash(drawer)
    async with on_stage(after := Asks(), desk=desk, journal=drawer, ready=False) as stage:
        await stage.until(lambda: hasattr(stage.bot, "_aside"))
        Bells(stage)
        await stage.until(lambda: stage.bot._is_open)
        await stage.quiet()
        desk.says("Ana")
        await stage.quiet()
    assert (before.called, after.called) == (["started"], ["resumed"])
    assert desk.texts() == ["name?", "name, please?", "hello again Ana"]
