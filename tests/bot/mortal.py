"""Plugins that may be killed at their work, and what happens to their chats meanwhile."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from chatbot import Chat, ChatEnded, TextReceived, hookimpl
from tests.bot.desk import Desk
from tests.bot.drawer import Drawer
from tests.bot.stage import Stage


class Answers:
    """Answers each text; at one of them it hangs, before or after its answer."""

    def __init__(self, word: str = "re", *, hangs_before: str = "", hangs_after: str = "") -> None:
        self.heard: list[str] = []
        self.states: list[str] = []
        self.hangs = asyncio.Event()
        self.go = asyncio.Event()
        self._word = word
        self._before = hangs_before
        self._after = hangs_after

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        self.heard.append(event.text)
        await self._perhaps_hang(event.text, self._before)
        receipt = await chat.send_text(f"{self._word} {event.text}")
        self.states.append(receipt.state)
        await self._perhaps_hang(event.text, self._after)

    async def _perhaps_hang(self, text: str, at: str) -> None:
        if text == at:
            self.hangs.set()
            await self.go.wait()


class Hangs:
    """Hangs in the hooks that it is told to, and keeps which were called."""

    def __init__(self, *hooks: str) -> None:
        self.called: list[str] = []
        self.hangs = asyncio.Event()
        self._hooks = hooks

    async def _called(self, hook: str) -> None:
        self.called.append(hook)
        if hook in self._hooks:
            self.hangs.set()
            await asyncio.Event().wait()

    @hookimpl
    async def on_chat_offered(self) -> None:
        await self._called("offered")

    @hookimpl
    async def on_chat_started(self) -> None:
        await self._called("started")

    @hookimpl
    async def on_chat_resumed(self) -> None:
        await self._called("resumed")

    @hookimpl
    async def on_chat_ended(self, event: ChatEnded) -> None:
        await self._called(f"ended: {event.reason}")


async def killed(stage: Stage, drawer: Drawer, plugin: Answers | Hangs) -> None:
    """The process dies when the plugin hangs."""
    await stage.until(plugin.hangs.is_set)
    await stage.crash(drawer)


@contextmanager
def nobody_listening(desk: Desk) -> Iterator[None]:
    """What happens now is told to nobody: no process runs."""
    desk.mute = True
    yield
    desk.mute = False
