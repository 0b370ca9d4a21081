"""The life of one bot: log in, subscribe, be Ready, keep in step with the server, leave well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from chatbot.bot.connection import Connection, OpenHttp, connect, open_http
from chatbot.bot.health import Counters, Health
from chatbot.bot.identity import Identity
from chatbot.bot.journal import Journal
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts, where
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.ports import NotificationSource
from chatbot.bot.sender import Sender
from chatbot.bot.worker import Worker
from chatbot.hooks.bot import Bot
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.manager import PluginManager
from chatbot.hooks.run import current_run
from chatbot.model.clock import Clock, Rng, RunInThread
from chatbot.model.config import BotSettings
from chatbot.model.errors import ProtocolViolation, SessionLost, WireError
from chatbot.model.notifications import Batch, SessionStarted, Signal, Trouble
from chatbot.model.resources import ChatResource
from chatbot.wire.retry import DEFAULT_LIMITS, Backoff

__all__ = ["BotRunner", "World"]

log = logging.getLogger(__name__)

# A lost last notification is noticed no later than this (reliability, L2).
_QUIET_S = (20.0, 30.0)


@dataclass(frozen=True, slots=True)
class World:
    """What changes with the world, for all bots of a process.

    Args:
        clock: Time.
        rng: Chance.
        run_in_thread: Worker threads.
        open_http: The transport of each bot.
    """

    clock: Clock
    rng: Rng
    run_in_thread: RunInThread
    open_http: OpenHttp = open_http


class BotRunner:
    """One bot.

    Args:
        name: Its name in bots.toml.
        settings: Its settings.
        plugins: Its plugins, in call order.
        world: Time, chance and threads.
        journal: What survives a crash.

    Attributes:
        health: Whether it is ready, and why not.
        counters: What it has counted.
    """

    def __init__(
        self, name: str, settings: BotSettings, plugins: list[LoadedPlugin], world: World, journal: Journal
    ) -> None:
        self.name = name
        self.settings = settings
        self.health = Health()
        self.counters = Counters()
        self._world = world
        self._journal = journal
        self._plugins = PluginManager(plugins, run_in_thread=world.run_in_thread)
        self._stop = asyncio.Event()
        self._is_open = False

    @property
    def chats(self) -> int:
        """How many chats it has now."""
        return len(self._pipeline.chats) if self._is_open else 0

    def stop(self) -> None:
        """Ask it to leave well; ``run`` then returns."""
        self._stop.set()

    async def run(self, drain_timeout: float) -> None:
        """Work until ``stop``, then let running hooks finish and log out.

        Args:
            drain_timeout: Seconds for running hooks at the end.

        Raises:
            ConfigError: The password, the certificates or the CometD client are not there.
        """
        where.set(self.name)
        clock, rng = self._world.clock, self._world.rng
        connection = connect(self.name, self.settings, clock=clock, rng=rng, open_http=self._world.open_http)
        try:
            self._assemble(connection)
            async with asyncio.TaskGroup() as self._tasks:
                loops = [self._task(self._read(), "read"), self._task(self._keep_in_step(), "keep in step")]
                await self._stop.wait()
                await self._drain(drain_timeout)
                for task in (*loops, *self._busy.values(), *self._spawned()):
                    task.cancel()
            await self._farewell()
        finally:
            await connection.http.aclose()

    def _assemble(self, connection: Connection) -> None:
        self._out_of_step = asyncio.Event()
        self._is_open = self._has_entered = False
        self._connection = connection
        self._source: NotificationSource | None = None
        self._session = connection.platform.session
        self._parts = Parts(
            name=self.name,
            settings=self.settings,
            plugins=self._plugins,
            platform=connection.platform,
            clock=self._world.clock,
            rng=self._world.rng,
            counters=self.counters,
        )
        self._pipeline = Pipeline(self.name, clock=self._world.clock, owner=self)
        self._sender = Sender(self._parts, self._pipeline)
        self._bot = Bot(
            self.name, nickname=self.settings.nickname, chats=self._pipeline.handles, sender=self._sender
        )
        self._worker = Worker(self._parts, self._bot, self._pipeline)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._woken: set[str] = set()
        self._idle = asyncio.Event()

    # reading

    async def _read(self) -> None:
        """Hand on notifications for ever. Runs no hook and reads nothing by REST."""
        backoff = Backoff(DEFAULT_LIMITS, self._world.rng)
        while True:
            await self._log_in(backoff)
            self._source = self._connection.new_source()
            try:
                async with aclosing(self._source.signals()) as signals:
                    async for signal in signals:
                        self._take(signal)
            except SessionLost as error:
                # the server wants no more of this session: a new one, from the login on
                self._trouble(error)
                await self._wait(backoff)

    async def _log_in(self, backoff: Backoff) -> None:
        while True:
            try:
                await self._session.log_in()
            except WireError as error:
                self.health.logged_in = False
                self._trouble(error)
                await self._wait(backoff)
            else:
                self.health.logged_in = True
                backoff.succeeded(self._world.clock.monotonic())
                return

    def _take(self, signal: Signal) -> None:
        match signal:
            case Batch(notifications=notifications):
                self.counters.polls += 1
                if not self.health.polling:
                    # an answer may be lost with all it told; without acknowledgements nobody resends it
                    self._out_of_step.set()
                self.health.polling = True
                if self.health.entered:
                    # else the last word is why the agent is not Ready
                    self.health.trouble = ""
                for notification in notifications:
                    self._pipeline.feed(notification)
            case SessionStarted():
                self.counters.sessions += 1
                self.health.logged_in = self.health.subscribed = True
                self._out_of_step.set()
            case Trouble(error):
                self.counters.troubles += 1
                self._trouble(error)

    def _trouble(self, error: WireError) -> None:
        log.warning("%s", error)
        self.health.polling = False
        self.health.trouble = str(error)
        if isinstance(error, SessionLost):
            self.health.subscribed = False

    # keeping in step

    async def _keep_in_step(self) -> None:
        """After each new session, and now and then, compare with what the server says."""
        backoff = Backoff(DEFAULT_LIMITS, self._world.rng)
        await self._out_of_step.wait()
        while True:
            self._out_of_step.clear()
            try:
                await self._reconcile()
            except WireError as error:
                log.warning("not in step with the server: %s", error)
                self.health.trouble = str(error)
                self._out_of_step.set()
                await self._wait(backoff)
            else:
                backoff.succeeded(self._world.clock.monotonic())
                await self._until_out_of_step()

    async def _until_out_of_step(self) -> None:
        try:
            async with asyncio.timeout(self._world.rng.uniform(*_QUIET_S)):
                await self._out_of_step.wait()
        except TimeoutError:
            pass

    async def _reconcile(self) -> None:
        """Be Ready, then read all chats: subscribe comes before, so nothing can fall between."""
        await self._be_ready()
        try:
            await self._compare()
        finally:
            # the transcripts are read on whether or not the chats could be listed
            for chat in self._pipeline.chats.values():
                chat.must_ask = chat.started_at is not None
                chat.accept_again, chat.accept_failed = chat.accept_failed, False
                chat.stalled = False
                self.wake(chat)

    async def _compare(self) -> None:
        known = set(self._pipeline.chats)
        listed = await self._parts.platform.chats()
        for resource in listed:
            # what ended while the list was on its way does not begin again
            if resource.id not in known or resource.id in self._pipeline.chats:
                self._pipeline.update(resource)
        for chat_id in known.difference(resource.id for resource in listed):
            await self._look_for(chat_id)

    async def _be_ready(self) -> None:
        """The first time, and where the server has forgotten the agent, enter; then stay."""
        try:
            if self.health.entered:
                await self._session.stay()
            else:
                await self._session.enter()
        except SessionLost:
            await self._session.renew()
            raise
        except ProtocolViolation:
            self.health.entered = False
            raise
        self.health.entered = self._has_entered = True
        if not self._is_open:
            log.info("ready")
            await self._tell("on_bot_started")
            self._is_open = True
            for chat in (None, *self._pipeline.chats.values()):
                self.wake(chat)

    async def _look_for(self, chat_id: str) -> None:
        """A chat that is not listed: gone, or just not in the list."""
        try:
            resource = await self._parts.platform.chat(chat_id)
        except ProtocolViolation as error:
            # one chat that cannot be read must not keep the others out of step
            log.warning("chat %s cannot be read: %s", chat_id, error)
            return
        chat = self._pipeline.chats.get(chat_id)
        if chat is not None and resource is not None:
            self._pipeline.update(resource)
        elif chat is not None:
            self._pipeline.lose(chat)

    # chats at work (pipeline.Owner)

    def new_chat(self, resource: ChatResource) -> LiveChat:
        """See Owner."""
        return LiveChat(
            resource,
            identity=Identity(self._session.user_id, self.settings.nickname),
            sender=self._sender,
            read=self._parts.platform.lines,
            spawn=self._spawn,
        )

    def resync(self) -> None:
        """See Owner."""
        self._out_of_step.set()

    def wake(self, chat: LiveChat | None) -> None:
        """See Owner. A chat has a task only while it has something to do."""
        key = chat.id if chat is not None else ""
        self._woken.add(key)
        if self._is_open and key not in self._busy and not self._worker.stopping:
            self._idle.clear()
            self._busy[key] = self._task(self._work(key), f"chat {key}")

    async def _work(self, key: str) -> None:
        where.set(f"{self.name}/{key}" if key else self.name)
        current_run.set(None)  # a hook of another chat may have woken this one
        try:
            while key in self._woken:
                self._woken.discard(key)
                if not key:
                    await self._worker.drain_unattributed()
                elif chat := self._pipeline.chats.get(key):
                    await self._worker.drain(chat)
        finally:
            del self._busy[key]
            if not self._busy:
                self._idle.set()

    def _spawn(self, chat: LiveChat, coroutine: Coroutine[Any, Any, object]) -> None:
        if chat.ended:
            coroutine.close()
            log.warning("chat %s has ended: what a plugin spawned in it does not run", chat.id)
            return
        task = self._task(_contained(coroutine), f"spawned in {chat.id}")
        chat.tasks.add(task)
        task.add_done_callback(chat.tasks.discard)

    def _spawned(self) -> list[asyncio.Task[object]]:
        return [task for chat in self._pipeline.chats.values() for task in chat.tasks]

    def _task(self, coroutine: Coroutine[Any, Any, Any], purpose: str) -> asyncio.Task[Any]:
        return self._tasks.create_task(coroutine, name=f"{self.name}: {purpose}")

    # leaving

    async def _drain(self, drain_timeout: float) -> None:
        """Take no more chats, and let hooks that run finish; none begins."""
        self.health.stopping = True
        self._worker.stopping = True
        if self._has_entered:
            if self.settings.on_stop == "logout":
                await self._quietly(self._session.not_ready())
            await self._tell("on_bot_stopping")
        try:
            async with asyncio.timeout(drain_timeout):
                if self._busy:
                    await self._idle.wait()
        except TimeoutError:
            log.warning("%d chats were still busy after %g s", len(self._busy), drain_timeout)

    async def _farewell(self) -> None:
        """Disconnect, then end the session: it also ends the HTTP session, so it is the last."""
        if self._source is not None:
            await self._source.aclose()
        if self._has_entered and self.settings.on_stop == "logout":
            await self._quietly(self._session.end())
        log.info("stopped")

    async def _tell(self, hook: str) -> None:
        result = await self._plugins.call(hook, bot=self._bot, timeout_s=self.settings.hook_timeout)
        self.counters.hook_failures.update(result.failed)

    async def _quietly(self, request: Coroutine[Any, Any, None]) -> None:
        try:
            await request
        except WireError as error:
            log.warning("%s", error)

    async def _wait(self, backoff: Backoff) -> None:
        await self._world.clock.sleep(backoff.failed(self._world.clock.monotonic()))


async def _contained(coroutine: Coroutine[Any, Any, object]) -> None:
    """Foreign code beside the hooks: what it raises ends with it."""
    try:
        await coroutine
    except (Exception, SystemExit):
        log.exception("a coroutine that a plugin had spawned failed")
