"""Who may wait, and for what."""

import asyncio
import logging
from typing import Any

import pytest

from chatbot import Chat, ChatEnded, ChatGone, Event, TextReceived, hookimpl
from tests.bot.bells import Bells, Tells, asks, nothing_is_left, say
from tests.bot.stage import on_stage


class WaitsIn:
    """Waits in one hook, and keeps what it was told."""

    def __init__(self, hook: str) -> None:
        self.told: list[str] = []
        self._hook = hook

    async def _wait(self, hook: str, chat: Chat | None) -> None:
        if hook == self._hook and chat is not None:
            try:
                await chat.wait_for(TextReceived, timeout=1)
            except (RuntimeError, TimeoutError) as error:
                self.told.append(f"{type(error).__name__}: {error}")

    @hookimpl
    async def on_event(self, chat: Chat) -> None:
        await self._wait("on_event", chat)

    @hookimpl
    async def on_chat_offered(self, chat: Chat) -> None:
        await self._wait("on_chat_offered", chat)

    @hookimpl
    async def on_chat_ended(self, chat: Chat) -> None:
        await self._wait("on_chat_ended", chat)

    @hookimpl
    async def on_session_report(self, chat: Chat) -> None:
        await self._wait("on_session_report", chat)

    @hookimpl
    async def on_bot_stopping(self, bot: Any) -> None:
        await self._wait("on_bot_stopping", next(iter(bot.chats.values()), None))

    @hookimpl
    async def on_text(self, bot: Any, chat: Chat) -> None:
        await self._wait("elsewhere", bot.chats["c2" if chat.id == "c1" else "c1"])


REASONS = {
    "on_event": "it only watches",
    "on_chat_offered": "the bot is not in the chat yet",
    "on_chat_ended": "the chat has ended",
    "on_session_report": "the chat has ended",
    "on_bot_stopping": "it runs for no chat",
    "elsewhere": "it runs for another chat than c2",
}


@pytest.mark.parametrize("hook", REASONS)
async def test_a_hook_that_cannot_wait_is_told_why(hook: str) -> None:
    async with on_stage(waits := WaitsIn(hook)) as stage:
        await stage.chatting("c1")
        await stage.chatting("c2")
        await say(stage, "hi")
        stage.desk.end("c1")
        await stage.quiet()
        await stage.stop()
    name = "on_text" if hook == "elsewhere" else hook
    assert {told.partition("; ")[0].partition(": it")[0] for told in waits.told}
    for told in waits.told:
        assert told.startswith(f"RuntimeError: plugin p1: {name} cannot wait for events: {REASONS[hook]}")


async def test_who_cannot_wait_for_the_answer_asks_nothing() -> None:
    class Watches:
        @hookimpl
        async def on_event(self, chat: Chat, event: Event) -> None:
            if isinstance(event, TextReceived):
                with pytest.raises(RuntimeError, match="on_event cannot wait"):
                    await chat.ask("number?", timeout=60)

    async with on_stage(Watches()) as stage:
        await stage.chatting()
        await say(stage, "hi")
        assert (stage.desk.texts(), stage.bot.counters.hook_failures) == ([], {})


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        (str, {}, TypeError),
        (ChatEnded, {}, ValueError),
        (TextReceived, {"timeout": 0}, ValueError),
        (TextReceived, {"timeout": float("inf")}, ValueError),
        (TextReceived, {"timeout": float("nan")}, ValueError),
        (TextReceived, {"where": asks}, TypeError),
    ],
)
async def test_what_cannot_be_waited_for_is_refused_at_once(
    kind: Any, options: dict[str, Any], error: type[Exception]
) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        with pytest.raises(error):
            await chat.wait_for(kind, **{"timeout": 1.0, **options})


async def test_what_is_spawned_waits_beside_the_mailbox() -> None:
    async def spawns(chat: Chat, event: TextReceived) -> None:
        async def beside() -> None:
            try:
                while True:
                    log.append((await chat.wait_for(TextReceived, timeout=60)).text)
                    await asyncio.Event().wait()
            finally:
                log.append("cancelled")

        chat.spawn(beside())

    log: list[str] = []
    async with on_stage(tells := Tells(spawn=spawns)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "spawn")
        await say(stage, "1", "2")
        assert (log, tells.heard) == (["1"], ["spawn", "2"])
        stage.desk.end()
        await stage.quiet()
        assert log == ["1", "cancelled"]


async def test_a_spawned_wait_that_lasts_too_long_is_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def spawns(chat: Chat, event: TextReceived) -> None:
        chat.spawn(chat.wait_for(TextReceived, timeout=60))

    caplog.set_level(logging.INFO)
    async with on_stage(Tells(spawn=spawns)) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await say(stage, "spawn")
        bells.ring()
        await stage.quiet()
        assert "what it had spawned ended: no TextReceived came within 60 s" in caplog.text
        assert "Traceback" not in caplog.text
        assert nothing_is_left(stage)


async def test_who_waits_in_another_chat_is_told_of_its_end() -> None:
    async def spawns(chat: Chat, event: TextReceived) -> None:
        async def beside() -> None:
            other = stage.live("c2").handle
            for _ in range(2):
                with pytest.raises(ChatGone, match="chat c2 has ended"):
                    await other.wait_for(TextReceived, timeout=60)
            log.append("told twice")

        chat.spawn(beside())

    log: list[str] = []
    async with on_stage(Tells(spawn=spawns)) as stage:
        Bells(stage)
        await stage.chatting("c1")
        await stage.chatting("c2")
        await say(stage, "spawn")
        stage.desk.end("c2")
        await stage.quiet()
        assert log == ["told twice"]


async def test_what_a_hook_has_left_behind_waits_beside_the_mailbox() -> None:
    async def leaves(chat: Chat, event: TextReceived) -> None:
        async def beside() -> None:
            log.append((await chat.wait_for(TextReceived, timeout=60)).text)
            await asyncio.Event().wait()

        tasks.append(asyncio.ensure_future(beside()))

    log, tasks = list[str](), list[asyncio.Future[None]]()
    async with on_stage(tells := Tells(leave=leaves)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "leave")
        await say(stage, "1", "2")
        assert (log, tells.heard) == (["1"], ["leave", "2"])
        tasks[0].cancel()


async def test_many_waits_leave_nothing_behind() -> None:
    async with on_stage(Tells(ask=asks)) as stage:
        Bells(stage)
        await stage.chatting()
        for number in range(30):
            await say(stage, "ask", f"{number}")
        assert len(stage.desk.texts()) == 60
        assert nothing_is_left(stage)
        assert len(stage.bot._tasks._tasks) == 3
