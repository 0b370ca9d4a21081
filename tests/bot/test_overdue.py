"""Hooks that do not end although their time is over."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chatbot import Chat, ChatEnded, NotAllowed, TextReceived, hookimpl
from chatbot.hooks.run import DISOWNED
from tests.bot.bells import Bells, Tells, say
from tests.bot.desk import reply
from tests.bot.stage import Stage, on_stage


class Clings:
    """Heeds no cancellation, until it is let go."""

    def __init__(self, *hooks: str, asks: bool = False) -> None:
        self.log: list[str] = []
        self.heard: list[str] = []
        self.let_go = asyncio.Event()
        self._hooks = hooks
        self._asks = asks

    async def _cling(self, hook: str, chat: Chat) -> None:
        if hook not in self._hooks:
            return
        self._hooks = ()
        if self._asks:
            await chat.ask("number?", timeout=60)
        self.log.append("clings")
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                self.log.append("heeds nothing")
        for act in (self._say, self._wait):
            try:
                await act(chat)
            except NotAllowed as error:
                self.log.append(error.reason)

    async def _say(self, chat: Chat) -> None:
        await chat.send_text("late")

    async def _wait(self, chat: Chat) -> None:
        await chat.wait_for(TextReceived, timeout=60)

    @hookimpl
    async def on_chat_offered(self, chat: Chat) -> None:
        await self._cling("on_chat_offered", chat)

    @hookimpl
    async def on_chat_started(self, chat: Chat) -> None:
        await self._cling("on_chat_started", chat)

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
        self.heard.append(event.text)
        await self._cling("on_text", chat)
        return f"re {event.text}"

    @hookimpl
    async def on_chat_ended(self, chat: Chat, event: ChatEnded) -> None:
        await self._cling("on_chat_ended", chat)


@asynccontextmanager
async def with_clinging(plugin: Clings, **settings: Any) -> AsyncIterator[Stage]:
    """It ends with the test at the latest."""
    async with on_stage(plugin, **settings) as stage:
        try:
            yield stage
        finally:
            plugin.let_go.set()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


LINE = "plugin p1: on_text does not end although its time is over: the chat goes on without it"


async def test_a_chat_goes_on_without_a_hook_that_does_not_end(caplog: pytest.LogCaptureFixture) -> None:
    async with with_clinging(clings := Clings("on_text"), hook_timeout=10.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        stage.desk.says("two")
        await stage.later(12)
        assert (clings.log, clings.heard, errors(caplog)) == (["clings", "heeds nothing"], ["one"], [])
        await stage.later(14)
        assert (clings.heard, errors(caplog)) == (["one", "two"], [LINE])
        assert stage.desk.texts() == ["re two"]
        # the one hook is named once, however long it stays
        await stage.later(30)
        assert errors(caplog) == [LINE]
        clings.let_go.set()
        await stage.quiet()
        assert clings.log[2:] == [DISOWNED, DISOWNED]
        assert stage.desk.texts() == ["re two"]
        assert (stage.bot._aside.tasks, stage.live().runs) == ([], set())


async def test_a_hook_that_goes_on_after_a_wait_and_does_not_end_keeps_its_chat_no_longer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with with_clinging(clings := Clings("on_text", asks=True), hook_timeout=10.0) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        stage.desk.says("12")
        stage.desk.says("two")
        await stage.later(9)
        assert clings.heard == ["ask"]
        await stage.later(16)
        assert (clings.heard, errors(caplog)) == (["ask", "two"], [LINE])
        clings.let_go.set()
        await stage.quiet()
        assert stage.desk.texts() == ["number?", "re two"]


async def test_a_hook_that_is_stopped_while_it_waits_and_does_not_end_keeps_no_end_of_its_chat(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def clings(chat: Chat, event: TextReceived) -> None:
        try:
            await chat.ask("number?", timeout=60)
        finally:
            while not let_go.is_set():
                try:
                    await let_go.wait()
                except asyncio.CancelledError:
                    continue

    let_go = asyncio.Event()
    async with on_stage(tells := Tells(ask=clings)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        stage.desk.end()
        await stage.later(4)
        before = [*tells.log]
        await stage.later(10)
        let_go.set()
        after = (tells.log, errors(caplog), stage.bot.chats)
        assert (before, after) == ([], (["ended"], [LINE], 0))


async def offered(stage: Stage) -> None:
    stage.desk.offer()


async def started(stage: Stage) -> None:
    stage.desk.offer()


async def ended(stage: Stage) -> None:
    await stage.chatting()
    stage.desk.end()


@pytest.mark.parametrize(
    ("hook", "begin", "names"),
    [
        ("on_chat_offered", offered, ["ChatOffered", "ChatStarted"]),
        ("on_chat_started", started, ["ChatOffered", "ChatStarted"]),
        ("on_chat_ended", ended, ["ChatOffered", "ChatStarted", "ChatEnded"]),
    ],
)
async def test_whatever_hook_does_not_end_the_chat_takes_its_way(
    hook: str, begin: Callable[[Stage], Awaitable[None]], names: list[str]
) -> None:
    async with with_clinging(clings := Clings(hook), hook_timeout=5.0) as stage:
        await begin(stage)
        await stage.until(lambda: clings.log)
        await stage.later(20)
        seen = [name for name in stage.names() if not name.endswith("Changed") and "Joined" not in name]
        assert seen == names
        assert stage.bot.chats == (0 if hook == "on_chat_ended" else 1)
        if stage.bot.chats:
            await say(stage, "one")
            assert clings.heard == ["one"]
        clings.let_go.set()
        await stage.quiet()


async def test_a_bot_that_stops_does_not_wait_for_a_hook_that_it_has_left_alone() -> None:
    async with with_clinging(clings := Clings("on_text"), hook_timeout=5.0, drain=600.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.later(25)
        stage.bot.stop()
        await stage.later(6)
        assert stage.desk.requests[-1] == "EndContactCenterSession"
        clings.let_go.set()
        await stage.until(stage.running.done)


async def test_a_hook_is_left_alone_also_while_the_server_is_in_trouble(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with with_clinging(clings := Clings("on_text"), hook_timeout=5.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.until(lambda: clings.log)
        stage.desk.always("channels", reply(503))
        stage.desk.always("chats", reply(503))
        stage.bot.resync()
        await stage.later(20)
        assert errors(caplog)[:1] == [LINE]
        clings.let_go.set()
        await stage.quiet()
