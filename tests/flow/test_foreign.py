"""The bot works with a server that its own simulator has no hand in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from chatbot import TextReceived, hookimpl
from chatbot.bot.journal import NoJournal
from chatbot.bot.runner import BotRunner
from chatbot.hooks.loader import LoadedPlugin
from tests.flow.foreign import Foreign, Reply, serve_foreign
from tests.flow.stage import PATIENCE_S, Recorder, fast_world, settings


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"You said {event.text}"


@asynccontextmanager
async def at_work(platform: Foreign) -> AsyncIterator[None]:
    seen = Recorder()
    plugins = [LoadedPlugin(f"p{n}", plugin, None, "test") for n, plugin in enumerate((seen, Echo()))]
    async with serve_foreign(platform) as url, asyncio.TaskGroup() as tasks:
        bot = BotRunner("robo", settings(url), plugins, fast_world(), NoJournal())
        tasks.create_task(bot.run(drain_timeout=2.0))
        async with asyncio.timeout(PATIENCE_S):
            await seen.started.wait()
        yield
        bot.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


def answers(*texts: str) -> list[str]:
    return [f"You said {text}" for text in texts]


def fails_once(text: str, reply: Reply) -> Callable[[str, dict[str, Any]], Reply | None]:
    faults = [reply]

    def fault(operation: str, body: dict[str, Any]) -> Reply | None:
        return faults.pop() if body.get("text") == text and faults else None

    return fault


@pytest.mark.parametrize("reply", [(503, {}), (200, {"statusCode": 4})], ids=["503", "code 4"])
async def test_the_echo_of_the_text_before_is_not_taken_for_one_that_failed(reply: Reply) -> None:
    platform = Foreign(fault=fails_once("You said two", reply), echo_delay_s=0.02)
    async with at_work(platform):
        chat = platform.offer()
        await until(lambda: chat.state == "Chatting")
        for text in ("one", "two", "three"):
            platform.says(chat, text)
        await until(lambda: "You said three" in chat.said("Robo"))
        assert chat.said("Robo") == answers("one", "two", "three")


async def test_chats_that_are_only_listed_by_address_are_kept() -> None:
    platform = Foreign(chats_by_uri=True)
    async with at_work(platform):
        chat = platform.offer(("Customer", "FirstL", "early"))
        await until(lambda: chat.said("Robo") == answers("early"))
        for _ in range(2):
            lists = platform.chat_lists
            # a line that names no chat makes the bot read all of them
            platform.tell({"messageType": "MessageLogUpdated", "messages": chat.lines[:1]})
            await until(partial(platform.has_listed_chats, lists + 1))
        platform.says(chat, "late")
        await until(lambda: chat.said("Robo") == answers("early", "late"))


@pytest.mark.parametrize("tells_history", [True, False])
async def test_what_a_human_has_answered_on_an_earlier_page_is_not_answered_again(
    *, tells_history: bool
) -> None:
    platform = Foreign(page=10, tells_history=tells_history)
    async with at_work(platform):
        earlier = [("Customer", "FirstL", f"old {n}") for n in range(25)]
        chat = platform.offer(*earlier, ("Agent", "Helena", "Done."), ("Customer", "FirstL", "open"))
        await until(lambda: "You said open" in chat.said("Robo"))
        platform.says(chat, "new")
        await until(lambda: "You said new" in chat.said("Robo"))
        assert chat.said("Robo") == answers("open", "new")


async def test_a_text_that_was_told_and_is_not_shown_is_answered() -> None:
    platform = Foreign(page=2, newest=True)
    async with at_work(platform):
        chat = platform.offer(("Customer", "FirstL", "first"), ("Customer", "FirstL", "second"))
        await until(lambda: "You said second" in chat.said("Robo"))
        assert chat.said("Robo") == answers("first", "second")
