import asyncio

import pytest

from chatbot import ChatEnded, ChatStarted, hookimpl
from chatbot.bot.journal import OperationRecord
from chatbot.hooks.chat import Chat
from chatbot.hooks.run import HookRun, current_run
from tests.bot.drawer import Drawer
from tests.bot.stage import on_stage


async def test_what_is_spawned_ends_with_the_chat() -> None:
    ended: list[str] = []

    async def beside() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    async with on_stage() as stage:
        chat = await stage.chatting()
        chat.spawn(beside())
        await stage.quiet()
        stage.desk.end()
        await stage.quiet()
        assert ended == ["ended"]


async def test_what_is_spawned_and_fails_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise RuntimeError("a plugin's mistake")

    async with on_stage() as stage:
        chat = await stage.chatting()
        chat.spawn(broken())
        await stage.quiet()
        assert stage.live().tasks == set()
        assert "had spawned failed" in caplog.text


async def test_nothing_is_spawned_in_a_chat_that_has_ended_so_a_stop_waits_for_nobody() -> None:
    class Late:
        @hookimpl
        async def on_chat_ended(self, chat: Chat) -> None:
            chat.spawn(asyncio.Event().wait())

    async with on_stage(Late()) as stage:
        chat = await stage.chatting()
        stage.desk.end()
        await stage.quiet()
        chat.spawn(asyncio.Event().wait())
        await stage.until(lambda: len(stage.bot._tasks._tasks) == 3)


async def test_what_is_spawned_may_act_while_its_hook_still_runs() -> None:
    class Beside:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            async def speak() -> None:
                receipt = await chat.send_text("beside")
                await receipt.confirmed(60)
                said.set()

            said = asyncio.Event()
            chat.spawn(speak())
            await said.wait()

    async with on_stage(Beside()) as stage:
        await stage.chatting()
        stage.desk.says("hi")
        await stage.quiet()
        assert stage.desk.texts() == ["beside"]


async def test_a_hook_may_wait_for_the_effect_of_its_own_action() -> None:
    class Patient:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            states.append((await (await chat.send_text("yes")).confirmed(60)).state)

    states: list[str] = []
    async with on_stage(Patient()) as stage:
        await stage.chatting()
        stage.desk.says("hi")
        await stage.quiet()
        assert states == ["confirmed"]


async def test_a_hook_that_wakes_another_chat_is_not_charged_with_what_that_chat_does() -> None:
    class Meddler:
        @hookimpl
        async def on_text(self) -> None:
            other = stage.live("c2")
            other.abandoned = True
            stage.bot.wake(other)
            await stage.turns()

    async def note() -> None:
        runs.append(current_run.get())

    runs: list[HookRun | None] = []
    async with on_stage(Meddler()) as stage:
        await stage.chatting("c1")
        await stage.chatting("c2")
        stage.desk.answer("Complete", note)
        stage.desk.says("hi", "c1")
        await stage.quiet()
        assert runs == [None]


async def test_many_whole_chats_leave_nothing_behind() -> None:
    async with on_stage() as stage:
        for number in range(60):
            chat = await stage.chatting(f"c{number}")
            await chat.send_text("hello")
            stage.desk.end(f"c{number}")
        await stage.quiet()
        await stage.until(lambda: len(stage.bot._tasks._tasks) == 3)
        assert len(stage.all(ChatStarted)) == len(stage.all(ChatEnded)) == 60
        assert (stage.bot._pipeline.chats, stage.bot._pipeline.handles) == ({}, {})
        assert (stage.bot._woken, stage.bot._busy, stage.bot._worker._beginning.taken) == (set(), {}, set())


class SpeaksBeside:
    """Speaks, and has something spoken beside the hook; may then wait for ever."""

    def __init__(self, *, waits: bool = False) -> None:
        self._waits = waits

    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        for number in (1, 2):
            chat.spawn(self._speak(chat, f"beside {number}"))
        if self._waits:
            await asyncio.Event().wait()
        await chat.send_text("hook")

    async def _speak(self, chat: Chat, text: str) -> None:
        await chat.send_text(text)


async def test_what_is_spawned_is_named_apart_from_its_hook_in_the_journal() -> None:
    drawer = Drawer()
    async with on_stage(SpeaksBeside(), journal=drawer) as stage:
        await stage.chatting()
        stage.desk.says("hi")
        await stage.quiet()
        said = {record.key for record in drawer.all(OperationRecord) if record.operation == "SendMessage"}
        assert sorted((key.plugin, key.hook, key.ordinal) for key in said) == [
            ("p1", "on_text+1:SendMessage", 0),
            ("p1", "on_text+2:SendMessage", 0),
            ("p1", "on_text:SendMessage", 0),
        ]
        assert len({key.trigger for key in said}) == 1
        assert sorted(stage.desk.texts()) == ["beside 1", "beside 2", "hook"]


async def test_what_is_spawned_and_sends_does_not_give_its_hook_more_time() -> None:
    async with on_stage(SpeaksBeside(waits=True), hook_timeout=5.0) as stage:
        await stage.chatting()
        gate = stage.desk.holding("SendMessage")
        stage.desk.says("hi")
        await stage.until(gate.reached.is_set)
        assert stage.bot.counters.hook_failures["p1"] == 0
        await stage.later(6)
        assert stage.bot.counters.hook_failures["p1"] == 1
        gate.open.set()
        await stage.quiet()
        assert stage.desk.texts() == ["beside 1", "beside 2"]
