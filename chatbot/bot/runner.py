"""The life of one bot: log in, subscribe, be Ready, keep in step with the server, leave well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from chatbot.bot.aside import Aside
from chatbot.bot.care import Care
from chatbot.bot.connection import Connection, connect, traced
from chatbot.bot.dispatch import Dispatch, contained
from chatbot.bot.fallback import Fallback
from chatbot.bot.guards import Guards
from chatbot.bot.health import Counters, Health
from chatbot.bot.hearing import Remedy
from chatbot.bot.identity import Identity
from chatbot.bot.instep import InStep
from chatbot.bot.intervention import Intervention
from chatbot.bot.journal import NO_JOURNAL, Journal, Saved, load_unless
from chatbot.bot.leaving import Leaving
from chatbot.bot.listening import Listening
from chatbot.bot.live import LiveChat
from chatbot.bot.measures import HookMeasures
from chatbot.bot.memory import KeptMemory
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.place import Place, where
from chatbot.bot.presence import Colleagues
from chatbot.bot.prints import Times
from chatbot.bot.review import review
from chatbot.bot.sender import Sender
from chatbot.bot.staff import Staff
from chatbot.bot.stuck import stuck
from chatbot.bot.timers import Timers
from chatbot.bot.wishes import Wishes
from chatbot.bot.worker import Worker
from chatbot.bot.world import World
from chatbot.hooks.bot import Bot
from chatbot.hooks.breaker import breakers
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.manager import PluginManager
from chatbot.hooks.ports import ReadLines
from chatbot.hooks.run import HookRun, current_run
from chatbot.hooks.trace import Watchers
from chatbot.model.actions import Action
from chatbot.model.config import BotSettings
from chatbot.model.resources import ChatResource
from chatbot.wire.session import Refusals

__all__ = ["BotRunner", "World"]

log = logging.getLogger(__name__)


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
        counters, measures: What it has counted, and how its hooks have done.
        breakers: Tell which plugins are asked, by name.
        sources: Where each plugin was found, by name.
        live: The chats it has now, by id.
        wishes: What an operator wants of it.
        intervention: Meets such wishes; there while the bot runs.
        sender: Performs operations; there once the bot runs.
        times: What is known of the times that the server tells; there once the bot runs.
    """

    sender: Sender
    times: Times
    _in_step: InStep

    def __init__(
        self,
        name: str,
        settings: BotSettings,
        plugins: list[LoadedPlugin],
        world: World,
        journal: Journal = NO_JOURNAL,
    ) -> None:
        self.name = name
        self.settings = settings.effective
        self._is_shadow = settings.mode == "shadow"
        self.health = Health()
        self.counters = Counters()
        self.measures = HookMeasures()
        # what was only shown must not count as done for a run that sends
        self.journal = NO_JOURNAL if self._is_shadow else journal
        self._world = world
        self.sources = {plugin.name: plugin.source for plugin in plugins}
        self.breakers = breakers(name, self.sources, settings.breaker, world.clock.monotonic)
        watchers = Watchers(self.measures, *filter(None, [world.observer]))
        run, tracer = world.run_in_thread, world.tracer
        self._plugins = PluginManager(
            plugins, run_in_thread=run, breakers=self.breakers, observer=watchers, tracer=tracer
        )
        self.wishes, self._refusals = Wishes(), Refusals()
        self.intervention: Intervention | None = None
        self._stop = asyncio.Event()
        self._is_open = False
        self.live: Mapping[str, LiveChat] = {}

    @property
    def chats(self) -> int:
        """How many chats it has now."""
        return len(self.live)

    @property
    def running(self) -> list[HookRun]:
        """The hooks that run now."""
        return [run for chat in self.live.values() for run in chat.runs]

    def drain(self, *, wanted: bool) -> None:
        """Take no more chats, and keep those that it has; or take chats again."""
        self.wishes.draining = wanted
        if self._is_open:
            self._in_step.lost()

    def problems(self) -> list[str]:
        """Why it is not ready at this moment; empty if it is."""
        now = self._world.clock.monotonic()
        return self.health.problems(now) + stuck(self.live.values(), now, self.settings.stuck_after)

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
        where.set(Place(self.name))
        if self._is_shadow:
            log.info("in shadow: what plugins do is shown, and not sent")
        connection = self._connect()
        try:
            if (saved := await load_unless(self._stop, self.journal)) is None:
                return
            self._assemble(connection, saved)
            async with asyncio.TaskGroup() as self._tasks:
                self._staff = Staff(self.name, self._tasks, self._failed)
                loops = [
                    self._staff.start(self._listening.run(self._know_myself), "read"),
                    self._staff.start(self._in_step.run(), "keep in step"),
                    self._staff.start(self._timers.run(), "timers"),
                ]
                try:
                    await self._stop.wait()
                    await self._leave(drain_timeout, loops)
                except asyncio.CancelledError:
                    self._dispatch.stopping = True
                    await self._staff.break_off()
                    raise
        finally:
            self.live, self.intervention = {}, None
            await connection.http.aclose()

    def _connect(self) -> Connection:
        world, settings = self._world, self.settings
        open_http = traced(world.open_http, world.tracer)
        connection = connect(self.name, settings, clock=world.clock, rng=world.rng, open_http=open_http)
        session = connection.platform.session
        session.refusals = self._refusals
        session.turn_s = lambda: world.entrance.turn(settings.server, world.clock.monotonic())
        return connection

    def _assemble(self, connection: Connection, saved: Saved) -> None:
        self._is_open = self._has_entered = False
        self._session = connection.platform.session
        self._run, self._saved, self.times = saved.run, dict(saved.chats), Times()
        self._parts = self._parts_at(connection)
        self._woken: set[str] = set()
        self._busy: dict[str, asyncio.Task[Any]] = {}
        self._aside = Aside(self._world.clock, self)
        self._deliveries: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._pipeline = Pipeline(self.name, clock=self._world.clock, owner=self)
        self.live = self._pipeline.chats
        fallback = Fallback(self._parts, self.wake)
        self.intervention = Intervention(self._parts, self._pipeline, fallback, self.wake)
        guards = Guards(self._parts, fallback)
        self.sender = Sender(self._parts, self._pipeline, self, guards)
        memory = KeptMemory(saved.memory)
        nickname, handles = self.settings.nickname, self._pipeline.handles
        self._bot = Bot(self.name, nickname=nickname, chats=handles, sender=self.sender, memory=memory)
        self._dispatch = Dispatch(self._parts, self._bot, self._pipeline, memory, fallback)
        self._timers = Timers(self._world.clock, self.wake)
        care = Care(self._parts, self._dispatch, fallback, guards, self._timers)
        self._worker = Worker(self._parts, self._pipeline, self.sender, self._dispatch, care)
        self._in_step = InStep(
            self._parts, self._pipeline, wake=self.wake, on_entered=self._open, on_deaf=self._rebuild
        )
        self._listening = Listening(
            self._parts, self._pipeline, connection, in_step=self._in_step, fallback=fallback
        )
        self._leaving = Leaving(self._parts, self._pipeline, self._dispatch, self)

    def _parts_at(self, connection: Connection) -> Parts:
        return Parts(
            name=self.name,
            settings=self.settings,
            plugins=self._plugins,
            platform=connection.platform,
            clock=self._world.clock,
            rng=self._world.rng,
            counters=self.counters,
            health=self.health,
            journal=self.journal,
            observer=self._world.observer,
            tells_all=self._world.tells_all,
            tracer=self._world.tracer,
            shadow=self._world.shadow if self._is_shadow else None,
            wishes=self.wishes,
            reports=self._world.reports,
        )

    def _rebuild(self, remedy: Remedy) -> None:
        self._listening.rebuild(remedy)

    def _know_myself(self) -> None:
        """Tell the other bots, so that they do not take this one for a human; in shadow it is one."""
        if not self._is_shadow:
            self.colleagues.know(self._session.user_id)

    async def _open(self) -> None:
        """The agent is Ready; the first time, hooks begin to run."""
        self._has_entered = True
        if self._is_open:
            return
        log.info("ready")
        await self._dispatch.live("on_bot_started")
        self._is_open = True
        for chat in (None, *self._pipeline.chats.values()):
            self.wake(chat)
        for chat_id in [*self._saved]:  # the comparison that follows finds out about these
            self._pipeline.take_over(chat_id)

    # chats at work (pipeline.Owner, live.Surroundings, sender.Tasks)

    @property
    def policy(self) -> BotSettings:
        """See Surroundings."""
        return self.settings

    @property
    def colleagues(self) -> Colleagues:
        """See Surroundings."""
        return self._world.colleagues

    @property
    def aside(self) -> Aside:
        """See Surroundings and Crew."""
        return self._aside

    @property
    def is_stopping(self) -> bool:
        """See aside.Crew."""
        return self._dispatch.stopping

    @property
    def read(self) -> ReadLines:
        """See Surroundings."""
        return self._parts.platform.lines

    def new_chat(self, resource: ChatResource) -> LiveChat:
        """See Owner."""
        identity = Identity(self._session.user_id, self.settings.nickname)
        if not self._is_shadow:
            self.colleagues.meet(identity)
        saved = self._saved.pop(resource.id, None)
        return LiveChat(resource, identity=identity, around=self, run=self._run, saved=saved)

    def resync(self) -> None:
        """See Owner."""
        self._in_step.lost()

    def told(self, chat_ids: set[str | None]) -> None:
        """See Owner."""
        self.health.hearing.told(chat_ids)

    def heard(self, chat: LiveChat) -> None:
        """See Owner."""
        self._in_step.put_off(chat)

    def wake(self, chat: LiveChat | None) -> None:
        """See Owner. A chat has a task only while it has something to do."""
        key = chat.id if chat is not None else ""
        self._woken.add(key)
        if self._is_open and key not in self._busy and not self._dispatch.stopping:
            self._idle.clear()
            self._busy[key] = self._staff.start(self._work(key), f"chat {key}")

    async def _work(self, key: str) -> None:
        where.set(Place(self.name, key))
        # a hook of another chat may have woken this one
        current_run.set(None)
        self._world.tracer.detach()
        task = asyncio.current_task()
        try:
            while key in self._woken and self._busy.get(key) is task:
                self._woken.discard(key)
                if not key:
                    await self._worker.drain_unattributed()
                elif chat := self._pipeline.chats.get(key):
                    await self._worker.drain(chat)
        finally:
            if self._busy.get(key) is task:
                del self._busy[key]
            self._aside.workers.discard(task)
            self._check_idle()

    def release(self, chat_id: str) -> asyncio.Task[Any]:
        """See aside.Crew."""
        worker = self._busy.pop(chat_id)
        self.wake(self._pipeline.chats.get(chat_id))
        return worker

    def deliver(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """See Tasks."""
        task = self._staff.start(coroutine, "deliver")
        self._idle.clear()
        self._deliveries.add(task)
        task.add_done_callback(self._delivered)
        return task

    async def review(self, chat: LiveChat, action: Action) -> Action:
        """See Tasks."""
        return await review(self._dispatch, self._aside, chat, action)

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._deliveries.discard(task)
        self._check_idle()

    def _check_idle(self) -> None:
        if not self._busy and not self._deliveries and not self._aside.workers:
            self._idle.set()

    def spawn(self, chat: LiveChat, coroutine: Coroutine[Any, Any, object]) -> None:
        """See Surroundings."""
        if chat.ended:
            coroutine.close()
            log.warning("the chat has ended: what a plugin spawned in it does not run")
            return
        run = current_run.get()
        branch = run and run.branch()
        inside = contained(coroutine, branch, chat.id, self._world.observer)
        task = self._staff.start(inside, f"spawned in {chat.id}")
        if branch is not None:
            branch.runs_in(task)
            chat.beside.add(branch)
        chat.tasks.add(task)
        task.add_done_callback(chat.tasks.discard)

    def _failed(self, task: str) -> None:
        self.health.polling, self.health.trouble = False, f"{task} failed"

    # the end (it is the Crew of leaving)

    async def _leave(self, drain_timeout: float, loops: list[asyncio.Task[Any]]) -> None:
        """Take no more chats, and begin no hook."""
        self.health.stopping = self._dispatch.stopping = self._session.is_leaving = True
        await self._leaving.drain(drain_timeout)
        self._staff.is_over = True
        spawned = (task for chat in self._pipeline.chats.values() for task in chat.tasks)
        await self._leaving.end([*loops, *self._busy.values(), *self._deliveries, *spawned])
        await self._leaving.farewell(self._listening.source)

    @property
    def busy(self) -> Mapping[str, asyncio.Task[Any]]:
        """See Crew."""
        return self._busy

    @property
    def has_entered(self) -> bool:
        """See Crew."""
        return self._has_entered

    def start(self, coroutine: Coroutine[Any, Any, None], purpose: str) -> asyncio.Task[None]:
        """See Crew."""
        return self._staff.start(coroutine, purpose)

    async def until_idle(self) -> None:
        """See Crew."""
        self._check_idle()
        await self._idle.wait()
