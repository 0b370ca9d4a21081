"""A bot and a simulator on real loopback sockets, for tests that go the whole way."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import SecretStr

from chatbot import Bot, Chat, Event, hookimpl
from chatbot.bot.journal import NoJournal
from chatbot.bot.runner import BotRunner, World
from chatbot.hooks.loader import LoadedPlugin
from chatbot.model.config import BotSettings, SecretSource
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.options import Options
from chatbot.simulator.server import serve

PATIENCE_S = 8.0
E = TypeVar("E", bound=Event)


class FastClock:
    """Real time, only that waits of the bot pass twenty times as fast."""

    factor = 20.0

    def monotonic(self) -> float:
        return time.monotonic() * self.factor

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.factor)


class Recorder:
    """A plugin that watches all events, and lets a test wait for one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.started = asyncio.Event()
        self.stopping = asyncio.Event()
        self._news = asyncio.Condition()

    @hookimpl
    async def on_event(self, event: Event) -> None:
        async with self._news:
            self.events.append(event)
            self._news.notify_all()

    @hookimpl
    async def on_bot_started(self, bot: Bot) -> None:
        self.bot = bot
        self.started.set()

    @hookimpl
    async def on_bot_stopping(self) -> None:
        self.stopping.set()

    async def event(self, kind: type[E], where: Callable[[E], bool] = lambda _: True) -> E:
        """The first event of this kind for which `where` holds, past ones included."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            while True:
                for event in self.events:
                    if isinstance(event, kind) and where(event):
                        return event
                await self._news.wait()

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


@dataclass
class Stage:
    """What is on stage.

    `customer` makes a customer who comes to this bot's queue.
    """

    simulator: Simulator
    url: str
    bot: BotRunner
    seen: Recorder
    running: asyncio.Task[None]
    customer_defaults: dict[str, Any] = field(default_factory=dict)

    def customer(self, nickname: str = "Ana", **settings: Any) -> Customer:
        return Customer(self.url, nickname=nickname, endpoint="robo", poll_s=0.01, **settings)

    @property
    def chat(self) -> Chat:
        """The bot's only chat."""
        (chat,) = self.seen.bot.chats.values()
        return chat

    def operations(self) -> list[str]:
        """What the bot has asked of the server, in order."""
        return [r.operation for r in self.simulator.requests if r.agent == "robo" and r.operation]

    async def stop(self) -> None:
        self.bot.stop()
        async with asyncio.timeout(PATIENCE_S):
            await self.running


def settings(url: str, **overrides: Any) -> BotSettings:
    password = SecretSource(plain=SecretStr("s3cret"))
    return BotSettings(server=url, username="robo", password=password, nickname="Robo", **overrides)


def fast_world() -> World:
    return World(clock=FastClock(), rng=random.Random(7), run_in_thread=asyncio.to_thread)


@asynccontextmanager
async def on_stage(
    *plugins: object, options: Options | None = None, simulator: Simulator | None = None, **overrides: Any
) -> AsyncIterator[Stage]:
    """A ready bot with these plugins; stopped and checked at the end of the block."""
    simulator = simulator or a_simulator(options)
    seen = Recorder()
    loaded = [LoadedPlugin(f"p{n}", plugin, None, "test") for n, plugin in enumerate((seen, *plugins))]
    async with serve(simulator.asgi) as url, asyncio.TaskGroup() as tasks:
        bot = BotRunner("robo", settings(url, **overrides), loaded, fast_world(), NoJournal())
        running = tasks.create_task(bot.run(drain_timeout=2.0))
        async with asyncio.timeout(PATIENCE_S):
            await seen.started.wait()
        stage = Stage(simulator, url, bot, seen, running)
        yield stage
        await stage.stop()


def a_simulator(options: Options | None = None) -> Simulator:
    simulator = Simulator(options)
    simulator.world.add_agent("robo", password="s3cret", nickname="Robo")
    simulator.world.add_agent(
        "helena", nickname="Helena", human=True, queues=("Support",), auto_answer="Hi, Helena here."
    )
    return simulator
