"""Services for tests: quick bots on real sockets, and bots that fail when they are told to."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

from pydantic import SecretStr

from chatbot.bot.journal import Journal, NoJournal
from chatbot.bot.journal_sqlite import JournalError
from chatbot.bot.journal_writer import Store
from chatbot.bot.runner import BotRunner, World
from chatbot.hooks.loader import LoadedPlugin
from chatbot.model.config import BotSettings, SecretSource, Settings
from chatbot.model.config_file import load
from chatbot.service.supervisor import Service

BOUND_S = 8.0


class QuickClock:
    """Real time, with waits that pass fifty times as fast."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


class HandClock(QuickClock):
    """Moves only by waits, which are noted and take no time, and by hand."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class StoppedClock(QuickClock):
    """No wait ever ends."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class Longest:
    """The upper end, always."""

    def uniform(self, _: float, b: float, /) -> float:
        return b


def world(clock: QuickClock | None = None) -> World:
    quick = World(clock=QuickClock(), rng=random.Random(7), run_in_thread=asyncio.to_thread)
    return World(clock=clock, rng=Longest(), run_in_thread=asyncio.to_thread) if clock else quick


def bot_at(
    server: str,
    name: str = "maid",
    *plugins: object,
    journal: Journal | None = None,
    clock: QuickClock | None = None,
    **settings: Any,
) -> BotRunner:
    settings = {"password": SecretSource(plain=SecretStr("x")), **settings}
    loaded = [LoadedPlugin(f"p{number}", plugin, None, "") for number, plugin in enumerate(plugins)]
    found = BotSettings(server=server, username=name, **settings)
    return BotRunner(name, found, loaded, world(clock), journal or NoJournal())


class FaultyBot(BotRunner):
    """A bot with a fault of ours: its runs end as they are told to, and the one after the last goes well."""

    def __init__(self, name: str, *ends: Callable[[], object]) -> None:
        settings = BotSettings(
            server="http://127.0.0.1:1", username=name, password=SecretSource(plain=SecretStr("x"))
        )
        super().__init__(name, settings, [], world(), NoJournal())
        self.runs = 0
        self._ends = ends

    async def run(self, drain_timeout: float) -> None:
        self.runs += 1
        self.health.logged_in = self.health.subscribed = self.health.entered = self.health.polling = True
        if self.runs <= len(self._ends):
            self._ends[self.runs - 1]()
        await self._stop.wait()


NO_ROOM = "journal j: the disk is full"


def no_room() -> Store:
    """Opens no journal."""
    raise JournalError(NO_ROOM)


def fails() -> None:
    raise RuntimeError("a fault of ours")


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not is_so():  # noqa: ASYNC110 (what is watched tells nobody)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def at_work(service: Service) -> AsyncIterator[Service]:
    """The service runs inside the block, and must stop in time at its end."""
    running = asyncio.create_task(service.run(), name="service")
    try:
        yield service
    finally:
        service.stop()
        await asyncio.wait_for(running, BOUND_S)


# files

HOOK = "from chatbot import hookimpl\n@hookimpl\nasync def on_text(): ...\n"


def settings(folder: Path, bots: str) -> Settings:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "one.py").write_text(
        "from pydantic import BaseModel\nclass Settings(BaseModel):\n    text: str\n" + HOOK
    )
    (folder / "plugins" / "two.py").write_text(HOOK)
    (folder / "plugins" / "bad.py").write_text(HOOK.replace("on_text", "on_txet"))
    path = folder / "bots.toml"
    path.write_text('plugin_dirs = ["plugins"]\n[service]\ndrain_timeout = 7\n' + dedent(bots))
    return load(path)


BOT = """
    [bots.{name}]
    server = "http://127.0.0.1:1"
    username = "{name}"
    password = {{ env = "GONE" }}
    plugins = [{plugins}]
"""
