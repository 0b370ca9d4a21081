"""Alarms that ring when a test says so, and plugins that wait."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.runner import BotRunner
from tests.bot.stage import Stage


class OfABot(Protocol):
    """A stage."""

    bot: BotRunner


class Bells:
    """The clock of those who wait: it stands still until it is rung.

    ``asked`` holds the seconds of every alarm that was set.
    """

    def __init__(self, stage: OfABot) -> None:
        self.asked: list[float] = []
        self._waiting: list[tuple[float, asyncio.Event]] = []
        stage.bot._aside._clock = self

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        bell = asyncio.Event()
        self._waiting.append((seconds, bell))
        await bell.wait()

    def ring(self, seconds: float | None = None) -> None:
        """The alarms for so many seconds, or all of them, ring."""
        for set_for, bell in self._waiting:
            if seconds in {None, set_for}:
                bell.set()


Story = Callable[[Chat, TextReceived], Awaitable[object]]


class Tells:
    """Runs a story for the texts that begin one, and answers others."""

    def __init__(self, **stories: Story) -> None:
        self.heard: list[str] = []
        self.log: list[str] = []
        self.running = 0
        self.go = asyncio.Event()
        self._stories = stories

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> object:
        self.heard.append(event.text)
        story = self._stories.get(event.text)
        if story is None:
            return f"re {event.text}"
        return await story(chat, event)

    @hookimpl
    async def on_chat_resumed(self) -> None:
        self.log.append("resumed")

    @hookimpl
    async def on_chat_ended(self) -> None:
        self.log.append("ended")


async def asks(chat: Chat, event: TextReceived) -> str:
    """A story: the customer is asked for a number."""
    return f"thanks {await chat.ask('number?', timeout=60)}"


async def say(stage: Stage, *texts: str) -> None:
    for text in texts:
        stage.desk.says(text)
    await stage.quiet()


def nothing_is_left(stage: Stage) -> bool:
    aside = stage.bot._aside
    return not aside.tasks and not stage.bot._busy and not stage.live().runs
