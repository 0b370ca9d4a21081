"""One bot at a scripted desk, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from chatbot import Bot, Chat, Event, hookimpl
from chatbot.bot import runner
from chatbot.bot.connection import Connection
from chatbot.bot.journal import NO_JOURNAL, Journal
from chatbot.bot.live import LiveChat
from chatbot.bot.platform import Platform
from chatbot.bot.ports import KeepReport
from chatbot.bot.presence import Colleagues
from chatbot.bot.runner import BotRunner, World
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.trace import Observer
from chatbot.model.agent_actions import StartContactCenterSession
from chatbot.model.config import BotSettings, SecretSource
from chatbot.wire.cometd import CometdSource
from chatbot.wire.governor import GovernedHttp
from chatbot.wire.rest import Rest
from chatbot.wire.session import AgentSession
from tests.bot.desk import Desk, Gate
from tests.bot.drawer import Drawer

_MOST_TURNS = 20_000
E = TypeVar("E", bound=Event)


class VirtualClock:
    """Time passes only where somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.time = 1000.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


class EvenRng:
    """No chance: the higher bound, or what ``share`` says."""

    def __init__(self) -> None:
        self.share = 1.0
        self.asked: set[tuple[float, float]] = set()

    def uniform(self, a: float, b: float, /) -> float:
        self.asked.add((a, b))
        return a + (b - a) * self.share


class Watcher:
    """A plugin that keeps what it sees."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.life: list[str] = []
        self.bot: Bot | None = None

    @hookimpl
    async def on_event(self, event: Event) -> None:
        self.events.append(event)

    @hookimpl
    async def on_bot_started(self, bot: Bot) -> None:
        self.bot = bot
        self.life.append("started")

    @hookimpl
    async def on_bot_stopping(self) -> None:
        self.life.append("stopping")


@dataclass
class Stage:
    desk: Desk
    clock: VirtualClock
    rng: EvenRng
    bot: BotRunner
    seen: Watcher
    running: asyncio.Task[None]
    shift: float = 0.0

    async def until(self, condition: Callable[[], object]) -> None:
        """Let others run until this holds."""
        for _ in range(_MOST_TURNS):
            if condition():
                return
            await asyncio.sleep(0)
        pytest.fail(f"it never happened; asked: {self.desk.requests[-20:]}, seen: {self.names()[-20:]}")

    async def quiet(self) -> None:
        """Let others run until nobody has anything to do."""

        def is_quiet() -> bool:
            return self.desk.is_holding and not self.bot._busy and not self.desk._news

        for _ in range(3):
            await self.until(is_quiet)
            await self.turns(30)
        await self.until(is_quiet)

    async def quiet_but_busy(self) -> None:
        """Let others run until all that was published is taken, while a hook still runs."""
        await self.until(lambda: self.desk.is_holding and self.bot._busy and not self.desk._news)
        await self.turns(200)

    async def turns(self, count: int = 100) -> None:
        """Let others run a little, where nothing is to happen."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def later(self, seconds: int) -> None:
        """Let this time pass, also for those who wait with a deadline."""
        for _ in range(seconds):
            self.clock.time += 1.0
            self.shift += 1.0
            await self.turns(20)

    def hold_turn(self) -> Gate:
        """The turn of the next operation comes when the gate is opened."""
        gate = Gate()

        async def turn() -> None:
            gate.reached.set()
            await gate.open.wait()

        self.bot._parts.platform.turn = turn
        return gate

    async def chatting(self, chat: str = "c1", *people: dict[str, Any], **fields: Any) -> Chat:
        """The handle of a chat that the bot has just begun."""
        self.desk.offer(chat, *people, **fields)
        await self.until(lambda: chat in self.bot._pipeline.chats and self.live(chat).started_at)
        await self.quiet()
        return self.live(chat).handle

    async def reconciled(self) -> None:
        """The bot compares itself with the server once."""
        before = self.desk.requests.count("chats")
        self.bot.resync()
        await self.until(lambda: self.desk.requests.count("chats") > before)
        await self.quiet()

    def live(self, chat: str = "c1") -> LiveChat:
        return self.bot._pipeline.chats[chat]

    def names(self, chat: str | None = None) -> list[str]:
        return [type(e).__name__ for e in self.seen.events if chat is None or e.chat_id == chat]

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.seen.events if isinstance(event, kind)]

    def asked(self, *keys: str) -> int:
        return sum(self.desk.requests.count(key) for key in keys)

    async def crash(self, drawer: Drawer) -> None:
        """The process dies: from here on it writes nothing, and what was published for it is lost."""
        drawer.die()
        self.running.cancel()
        await asyncio.wait([self.running])
        self.desk.lose_client()

    async def stop(self) -> None:
        self.bot.stop()
        await self.until(self.running.done)
        await self.running


def settings(**overrides: Any) -> BotSettings:
    password = SecretSource(plain=SecretStr("s3cret"))
    given = {"nickname": "Robo", **overrides}
    return BotSettings(server="http://127.0.0.1:1", username="robo", password=password, **given)


def connected(desk: Desk, clock: VirtualClock, rng: EvenRng, chosen: BotSettings) -> Connection:
    """What ``connect`` makes, only that the bytes go to the desk."""
    http = GovernedHttp(desk, clock)
    rest = Rest(http, bot="robo", clock=clock, timeout_s=chosen.request_timeout)
    session = AgentSession(rest, clock=clock, start=StartContactCenterSession())
    http.log_in = session.renew

    def new_source() -> CometdSource:
        return CometdSource(
            http,
            path=chosen.notifications_path,
            channels=("/v2/me/chats",),
            clock=clock,
            rng=rng,
            renew=session.renew,
        )

    return Connection(http, Platform(rest, session, http.turn), new_source)


def as_loaded(name: str, plugin: object) -> LoadedPlugin:
    """An object is a plugin; what is loaded already gets its name only."""
    if isinstance(plugin, LoadedPlugin):
        return replace(plugin, name=name)
    return LoadedPlugin(name, plugin, None, "test")


@asynccontextmanager
async def on_stage(
    *plugins: object,
    desk: Desk | None = None,
    journal: Journal = NO_JOURNAL,
    ready: bool = True,
    watched: bool = True,
    drain: float = 5.0,
    **overrides: Any,
) -> AsyncIterator[Stage]:
    """A bot at its desk, ready unless told otherwise; stopped at the end of the block."""
    observer: Observer | None = overrides.pop("observer", None)
    reports: KeepReport | None = overrides.pop("reports", None)
    colleagues: Colleagues = overrides.pop("colleagues", None) or Colleagues()
    clock, rng, seen = VirtualClock(), EvenRng(), Watcher()
    desk = desk or Desk(clock.monotonic)
    desk._clock = clock.monotonic
    chosen = settings(**overrides)
    loaded = [as_loaded(f"p{n}", plugin) for n, plugin in enumerate((seen, *plugins) if watched else plugins)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "connect", lambda *_, **__: connected(desk, clock, rng, chosen))
        world = World(
            clock,
            rng,
            asyncio.to_thread,
            colleagues=colleagues,
            observer=observer,
            tells_all=observer is not None,
            reports=reports,
        )
        bot = BotRunner("robo", chosen, loaded, world, journal)
        running = asyncio.create_task(bot.run(drain))
        loop = asyncio.get_running_loop()
        true_time = loop.time
        stage = Stage(desk, clock, rng, bot, seen, running)
        try:
            patch.setattr(loop, "time", lambda: true_time() + stage.shift)
            if ready:
                await stage.until(lambda: bot._is_open)
                await stage.quiet()
            yield stage
            if not running.done():
                await stage.stop()
        finally:
            if not running.done():
                running.cancel()
                await asyncio.wait([running])
