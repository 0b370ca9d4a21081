"""A real bot over a real socket, before a platform that can break, on a clock that jumps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

from pydantic import SecretStr

from chatbot import TextReceived, hookimpl
from chatbot.bot.journal import NoJournal
from chatbot.bot.runner import BotRunner, World
from chatbot.hooks.loader import LoadedPlugin
from chatbot.model.config import BotSettings, SecretSource
from tests.faults.raw import Platform, RawChat, serving
from tests.flow.stage import Recorder
from tests.wire.raw_server import answer

PASSWORD = "canary-password-7731"
_QUIET_ROUNDS = 40
STORM_S = 40.0
MOST_IN_10_S = 50


class Echo:
    """Answers every text of a customer with that text."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"You said {event.text}"


class JumpClock:
    """Time stands still while the server is asked something, and else jumps to the next sleeper's end.

    So a storm of a minute takes as long as its requests, and who does not wait between two requests
    sends them at the same time.
    """

    def __init__(self, platform: Platform) -> None:
        self.wall = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
        self._platform = platform
        self._time = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._somebody = asyncio.Event()

    def monotonic(self) -> float:
        return self._time

    def now(self) -> datetime:
        return self.wall + timedelta(seconds=self._time)

    async def sleep(self, seconds: float) -> None:
        sleeper = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._time + seconds, next(self._numbers), sleeper))
        self._somebody.set()
        await sleeper

    @property
    def has_sleepers(self) -> bool:
        return bool(self._sleepers)

    async def run(self) -> None:
        while True:
            while not self._sleepers:
                self._somebody.clear()
                await self._somebody.wait()
            await self.until_quiet()
            due, _, sleeper = heappop(self._sleepers)
            if not sleeper.done():
                self._time = max(self._time, due)
                sleeper.set_result(None)
                self._platform.changed.set()

    async def until_quiet(self) -> None:
        """Until nothing has happened for some rounds of the event loop; a jump too early does no harm."""
        rounds, seen = 0, -1
        while rounds < _QUIET_ROUNDS:
            await asyncio.sleep(0.001 if self._platform.busy else 0)
            is_quiet = not self._platform.busy and self._platform.activity == seen
            rounds, seen = (rounds + 1, seen) if is_quiet else (0, self._platform.activity)


@dataclass
class Work:
    """A bot at work. `running`: is not done as long as the process is well."""

    platform: Platform
    clock: JumpClock
    bot: BotRunner
    seen: Recorder
    running: asyncio.Task[None]

    async def until(self, condition: Callable[[], object]) -> None:
        await self.platform.until(condition)

    async def is_ready(self) -> None:
        await self.until(lambda: not self.bot.health.problems())

    async def settles(self, seconds: float = 60.0) -> None:
        """Wait until the bot has nothing to do and waits for nothing, or for so long."""
        until = self.clock.monotonic() + seconds
        await self.clock.until_quiet()
        while self.clock.has_sleepers and self.clock.monotonic() < until:
            await self.clock.until_quiet()

    async def chat(self, nickname: str = "Ana") -> RawChat:
        """A new chat in which the bot has answered once."""
        chat = self.platform.offer(nickname)
        self.platform.says(chat, "hello")
        await self.until(lambda: chat.said() == ["You said hello"])
        return chat

    async def chats(self, count: int) -> list[RawChat]:
        """So many new chats in each of which the bot has answered once."""
        chats = [self.platform.offer() for _ in range(count)]
        for chat in chats:
            self.platform.says(chat, "hello")
        await self.until(lambda: all(chat.said() == ["You said hello"] for chat in chats))
        return chats

    async def goes_on(self, *chats: RawChat) -> None:
        """These chats and a new one are answered, and the bot is well."""
        for chat in chats:
            self.platform.says(chat, "still there?")
        for chat in [await self.chat("Bruno"), *chats]:
            await self.until(
                lambda chat=chat: chat.said() == [f"You said {text}" for text in chat.said("Customer")]
            )
        await self.is_ready()
        assert not self.running.done()

    def busiest(self, seconds: float = 10.0, since: int = 0) -> int:
        """The most requests of any window of so many seconds, from this request on."""
        times = [asked.at for asked in self.platform.asked[since:]]
        return max(sum(start <= time < start + seconds for time in times) for start in times)


def settings(url: str, **overrides: Any) -> BotSettings:
    password = SecretSource(plain=SecretStr(PASSWORD))
    values: dict[str, Any] = {"username": "robo", "nickname": "Robo", "request_timeout": 2.0, **overrides}
    return BotSettings(server=url, password=password, **values)


def a_bot(
    clock: JumpClock, url: str, plugins: list[object], name: str = "robo", **overrides: Any
) -> tuple[BotRunner, Recorder]:
    seen = Recorder()
    loaded = [LoadedPlugin(f"p{n}", plugin, None, "test") for n, plugin in enumerate([seen, *plugins])]
    world = World(clock=clock, rng=random.Random(7), run_in_thread=asyncio.to_thread)
    return BotRunner(name, settings(url, **overrides), loaded, world, NoJournal()), seen


@asynccontextmanager
async def starting(
    platform: Platform, *plugins: object, tls: Any = None, **overrides: Any
) -> AsyncIterator[Work]:
    """A bot that has just been started, with an echo besides these plugins."""
    async with serving(platform, tls) as url, asyncio.TaskGroup() as tasks:
        clock = JumpClock(platform)
        platform.now = clock.monotonic
        ticking = tasks.create_task(clock.run())
        bot, seen = a_bot(clock, url, [*plugins, Echo()], **overrides)
        running = tasks.create_task(bot.run(drain_timeout=1.0))
        try:
            yield Work(platform, clock, bot, seen, running)
        finally:
            platform.heal()
            bot.stop()
            async with asyncio.timeout(8.0):
                await running
            ticking.cancel()


@asynccontextmanager
async def at_work(platform: Platform, *plugins: object, **overrides: Any) -> AsyncIterator[Work]:
    """The same, once it is ready."""
    async with starting(platform, *plugins, **overrides) as work:
        await work.is_ready()
        yield work


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    return answer(body, *headers, status=f"{code} -")


async def storm(work: Work, seconds: float = STORM_S) -> None:
    """Wait until it has lasted long enough: the bot is up and not ready."""
    until = work.clock.monotonic() + seconds
    await work.until(lambda: work.clock.monotonic() > until)
    assert not work.running.done()
    assert work.bot.health.problems() != []
