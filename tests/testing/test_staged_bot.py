"""A bot under test: watched, stopped, crashed, started again."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from chatbot import Chat, ChatResumed, TextReceived, hookimpl
from chatbot.model.errors import PluginError
from chatbot.testing import Kit, TalkError
from chatbot.testing.conditions import Conditions
from chatbot.testing.project import Project


class Echo:
    """Says what it hears."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"you said {event.text}"


class Slow:
    """Takes its time, in the loop and in a thread."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        await asyncio.sleep(5)
        await chat.send_text(f"at last: {event.text}")


class Returns:
    @hookimpl
    async def on_chat_resumed(self, chat: Chat, event: ChatResumed) -> str:
        return "I am back."


class InThread:
    @hookimpl
    def on_text(self, event: TextReceived) -> str:
        time.sleep(0.01)
        return threading.current_thread().name


async def test_hooks_that_wait_and_hooks_in_threads_take_virtual_time_or_none(chatbot: Kit) -> None:
    await chatbot.start(Slow, name="slow")
    await chatbot.start(InThread, name="thread")
    ana, ben = await chatbot.customer("Ana"), await chatbot.customer("Ben", queue="thread")
    await ana.says("hi")
    await ana.hears_nothing(within=4.9)
    await ana.hears("at last: hi", within=0.2)
    await ben.says("hi")
    assert await ben.hears(within=0.1) != threading.main_thread().name


@pytest.mark.parametrize("crash", [False, True])
async def test_a_bot_that_is_restarted_takes_its_chats_up(chatbot: Kit, *, crash: bool) -> None:
    bot = await chatbot.start(Echo, Returns)
    ana = await chatbot.customer()
    await ana.says("one")
    await ana.hears("you said one")
    await bot.restart(crash=crash)
    await ana.hears("I am back")
    await ana.says("two")
    await ana.hears("you said two")
    assert ana.texts.count("you said one") == 1


async def test_a_hook_that_was_running_when_the_bot_crashed_runs_again(chatbot: Kit) -> None:
    bot = await chatbot.start(Slow)
    ana = await chatbot.customer()
    await ana.says("hi")
    assert bot.running == ["slow.on_text"]
    await bot.crash()
    assert not bot.is_running
    await ana.hears_nothing(within=60)
    await bot.start()
    await ana.hears("at last")
    assert ana.texts == ["hi", "at last: hi"]


@pytest.mark.chatbot_faults("401", on="any", times="always")
async def test_a_bot_that_does_not_become_ready_says_why(chatbot: Kit) -> None:
    with pytest.raises(TalkError, match="does not become ready within 300 s"):
        await chatbot.start(Echo)


class Misspelt:
    @hookimpl
    async def on_txet(self) -> None: ...


async def test_a_plugin_that_cannot_be_loaded_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="on_txet"):
        async with Kit(Project(tmp_path), Conditions()) as kit:
            await kit.start(Misspelt)


async def test_who_was_not_asked_is_told_with_the_reason(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo, Slow)
    await (await chatbot.customer()).says("hi")
    assert [(call.plugin, call.outcome, call.why) for call in bot.calls if call.hook == "on_text"] == [
        ("echo", "said", "returned 'you said hi'"),
        ("slow", "skipped", "echo came first"),
    ]
