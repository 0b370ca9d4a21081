"""Hands events to the plugins, and keeps in the journal for what hooks are running."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from chatbot.bot.fallback import Fallback
from chatbot.bot.journal import Memory
from chatbot.bot.live import LiveChat
from chatbot.bot.memory import KeptMemory
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.place import event_of, inside, where
from chatbot.bot.prints import Print
from chatbot.bot.progress import MOST_ATTEMPTS
from chatbot.bot.turn import LeftAside, Turn, nothing
from chatbot.hooks.bot import Bot
from chatbot.hooks.manager import CallResult, Occasion, ReviewFailed
from chatbot.hooks.run import HookRun, current_run, was_asked_for
from chatbot.hooks.trace import Hearing, HookCall, Observer, no_plugin_has
from chatbot.model.actions import Action
from chatbot.model.codes import Code
from chatbot.model.errors import ActionError, NotAllowed
from chatbot.model.events import Event, SessionReport
from chatbot.model.tracing import NO_SPAN, NO_TRACER, Span

__all__ = ["Dispatch", "Stopped", "contained"]

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The bot is on its way out: hooks that were to begin are left to the next process."""


class Dispatch:
    """Calls the hooks of one bot.

    Args:
        parts: The bot's parts.
        bot: Handed to hooks.
        pipeline: Tells the time of receipt.
        memory: What plugins keep for all chats.
        fallback: Hands customers over.

    Attributes:
        stopping: No new hook is to begin.
    """

    def __init__(
        self, parts: Parts, bot: Bot, pipeline: Pipeline, memory: KeptMemory, fallback: Fallback
    ) -> None:
        self.stopping = False
        self._suspects = asyncio.Lock()
        self._parts = parts
        self._bot = bot
        self._pipeline = pipeline
        self._memory = memory
        self._fallback = fallback

    def is_wanted(self, chat: LiveChat, event: Event) -> bool:
        """Whether any plugin listens to it."""
        hooks = self._parts.plugins.hooks
        return bool(hooks("on_event") or hooks(event.hook)) or chat.waits.may_want(event)

    async def suspect(self, chat: LiveChat) -> None:
        """The last try of what crashed before: one chat at a time, so that none pays for another."""
        if chat.progress.is_suspect and not chat.is_suspect:
            await self._suspects.acquire()
            chat.is_suspect = True

    def acquit(self, chat: LiveChat) -> None:
        """It did not crash; the next suspect may try."""
        if chat.is_suspect:
            chat.is_suspect = False
            self._suspects.release()

    async def begin(self, chat: LiveChat, trigger: str) -> bool:
        """Have it durable that hooks begin for this; False if they crashed too often.

        Raises:
            Stopped: The bot was stopped while the journal took its time.
        """
        is_good = await chat.progress.begin(trigger)
        if self.stopping:
            raise Stopped
        return is_good

    async def run(
        self,
        chat: LiveChat,
        event: Event,
        trigger: str,
        then: Callable[[], None] = nothing,
        if_left: Callable[[], None] = nothing,
    ) -> CallResult:
        """Hand on what is repeated after a crash, but not for ever.

        Args:
            chat: The chat.
            event: What to hand on.
            trigger: The event, as the journal names it.
            then: Called once, when the event is done with: hooks have ended, or one of them waits.
            if_left: Called before that, if a hook has left its turn.

        Raises:
            Stopped: As ``begin`` says.
            LeftAside: Another worker goes on with the chat.
        """
        turn = Turn(chat, partial(self._finish, chat, then), if_left)
        with inside(trigger=trigger):
            result = await self._run(chat, event, trigger, turn)
        turn.end()
        return result

    async def _run(self, chat: LiveChat, event: Event, trigger: str, turn: Turn) -> CallResult:
        if trigger == chat.progress.trigger:
            await self.suspect(chat)
        if not await self.begin(chat, trigger):
            await self.bury(chat)
            return CallResult()
        try:
            return await self._tell(chat, event, trigger, turn)
        except asyncio.CancelledError:
            chat.progress.withdraw()
            raise

    def _finish(self, chat: LiveChat, then: Callable[[], None]) -> None:
        chat.progress.end()
        self.acquit(chat)
        then()

    async def tell(
        self,
        chat: LiveChat,
        event: Event,
        trigger: str,
        *,
        then: Callable[[], None] = nothing,
        if_left: Callable[[], None] = nothing,
    ) -> CallResult:
        """Hand one event to the plugins: to those that watch all, then to who waits for it or to its hook.

        Args:
            chat: The chat.
            event: What to hand on.
            trigger: The event, as the journal names it.
            then: As ``run`` says.
            if_left: As ``run`` says.

        Raises:
            LeftAside: Another worker goes on with the chat.
        """
        turn = Turn(chat, then, if_left)
        with inside(trigger=trigger):
            result = await self._tell(chat, event, trigger, turn)
        turn.end()
        return result

    async def _tell(self, chat: LiveChat, event: Event, trigger: str, turn: Turn) -> CallResult:
        with self._traced(event, trigger) as span:
            return await self._ask(chat, event, trigger, turn, span)

    def _traced(self, event: Event, trigger: str = "") -> AbstractContextManager[Span]:
        """The trace of one event, from its receipt on."""
        if self._parts.tracer is NO_TRACER:
            return NO_SPAN
        about = {
            "chatbot.bot": self._parts.name,
            "chatbot.chat": event.chat_id or "",
            "chatbot.event": event_of(trigger),
            "chatbot.event.type": type(event).__name__,
        }
        return self._parts.tracer.span("chatbot.event", about, began=event.received_at)

    async def _ask(self, chat: LiveChat, event: Event, trigger: str, turn: Turn, span: Span) -> CallResult:
        self._parts.counters.events[type(event).__name__] += 1
        self.hear(event, lambda: trigger)
        occasion = Occasion(
            self._bot, chat.handle, event, trigger, chat.runs, instances=chat.instances, turn=turn
        )
        is_public = not isinstance(event, SessionReport)
        watched = await self.call("on_event", occasion) if is_public else CallResult()
        if not turn.is_left and (taken := await chat.waits.offer(event, trigger)) is not None:
            if taken.run is not None:
                span.link(taken.run.span)
            self._resumed(chat, event, trigger, taken.run)
            return CallResult(handled=not taken.came_to_nothing, performed=watched.performed)
        result = watched
        if not turn.is_left:
            result = await self.call(event.hook, occasion)
            result.performed[:0] = watched.performed
            result.skipped[:0] = watched.skipped
        if turn.is_left:
            raise LeftAside
        return result

    def _resumed(self, chat: LiveChat, event: Event, trigger: str, run: HookRun | None) -> None:
        if self._parts.observer is not None and run is not None:
            who, why = (run.plugin, run.hook), "had waited for this event, and went on"
            bot = self._parts.name
            self._parts.observer.observe(
                HookCall(*who, event, "resumed", why, bot=bot, chat_id=chat.id, trigger=trigger)
            )

    def hear(self, event: Event, trigger: Callable[[], str] = str, passed_over: str = "") -> None:
        """Tell who watches that this has come.

        Args:
            event: What has come.
            trigger: Names the event as the journal does.
            passed_over: Why no plugin is asked.
        """
        if self._parts.observer is not None:
            no_hook = "" if self._parts.plugins.hooks(event.hook) else no_plugin_has(event)
            self._parts.observer.observe(Hearing(self._parts.name, event, trigger(), passed_over or no_hook))

    async def report(self, chat: LiveChat, report: SessionReport, then: Callable[[], None]) -> None:
        """Hand on the report of a chat; without a plugin that wants it there is nothing to write down.

        Args:
            chat: The chat.
            report: The report.
            then: As ``run`` says.

        Raises:
            Stopped: As ``begin`` says.
            LeftAside: Another worker goes on with the chat.
        """
        if self._parts.plugins.hooks(report.hook):
            await self.run(chat, report, "report", then)
        else:
            then()

    async def tell_outside(self, event: Event) -> None:
        """Hand on what belongs to no chat."""
        self._parts.counters.events[type(event).__name__] += 1
        self.hear(event)
        with self._traced(event):
            for hook in ("on_event", event.hook):
                await self.call(hook, Occasion(self._bot, event=event))

    async def bury(self, chat: LiveChat) -> None:
        """A dead letter: hooks for this ended in a crash each time. The customer gets somebody else."""
        trigger = chat.progress.trigger
        log.error("hooks for this ended in a crash %d times: they are not run again", MOST_ATTEMPTS)
        self._parts.counters.dead_letters += 1
        chat.report("dead letter", trigger)
        chat.draft.is_dead = True
        self._fallback.begin(chat, "dead letter", trigger)
        line = Print.parse(trigger)
        if line is not None:
            chat.progress.prints.add(line)
            chat.order.skip_to(line.index)
        chat.progress.end()
        await chat.progress.save()

    async def review(self, chat: LiveChat, action: Action, runs: set[HookRun]) -> Action:
        """What plugins make of an action that is about to be sent.

        Args:
            chat: The chat.
            action: What is to be sent.
            runs: Holds whoever is asked just then.

        Raises:
            NotAllowed: A plugin could not look at it: it must not be sent.
        """
        timeout_s = self._parts.settings.hook_timeout
        occasion = Occasion(self._bot, chat.handle, runs=runs, instances=chat.instances)
        try:
            return await self._parts.plugins.review(action, occasion, timeout_s=timeout_s)
        except ReviewFailed as error:
            raise self.unseen(chat, action, error.plugin) from error

    def unseen(self, chat: LiveChat, action: Action, plugin: str) -> NotAllowed:
        """What is raised for an action that a plugin could not look at; counted as its failure."""
        self._parts.counters.hook_failures[plugin] += 1
        needed, have = next(iter(action.needs), ""), chat.handle.capabilities
        reason = str(ReviewFailed(plugin))
        return NotAllowed(action.operation, needed=needed, have=have, reason=reason, code=Code.NOT_REVIEWED)

    async def perform(self, chat: LiveChat, action: Action) -> bool:
        """Do what the bot does by itself; False if it came to nothing."""
        try:
            await chat.handle.perform(action)
        except ActionError as error:
            log.warning("%s", error)
            return False
        return True

    def about(self, chat: LiveChat) -> dict[str, Any]:
        """What all events say."""
        return {"bot": self._bot.name, "chat_id": chat.id, "received_at": self._pipeline.now()}

    def flush(self) -> None:
        """Write what plugins keep for all chats, if it has changed."""
        if (memory := self._memory.news()) is not None:
            self._parts.journal.put(Memory("", memory))

    async def live(self, hook: str) -> None:
        """Call a life-cycle hook."""
        await self.call(hook, Occasion(self._bot))

    async def call(self, hook: str, occasion: Occasion) -> CallResult:
        """Call one hook of all plugins, and count what failed."""
        timeout_s = self._parts.settings.hook_timeout
        result = await self._parts.plugins.call(hook, occasion, timeout_s=timeout_s)
        self._parts.counters.hook_failures.update(result.failed)
        return result


async def contained(
    coroutine: Coroutine[Any, Any, object], run: HookRun | None, chat_id: str, observer: Observer | None
) -> None:
    """Foreign code beside the hooks: what it raises ends with it.

    Args:
        coroutine: What a plugin has spawned.
        run: For whom it acts.
        chat_id: Where.
        observer: Told if it failed.
    """
    current_run.set(run)
    where.set(replace(where.get(), chat=chat_id, trigger=run.trigger if run is not None else ""))
    try:
        await coroutine
    except BaseException as exc:
        if was_asked_for(exc):
            raise
        if run is not None and run.is_no_fault(exc):
            log.info("plugin %s: what it had spawned ended: %s", run.plugin, exc)
            return
        plugin, hook = (run.plugin, run.hook.partition("+")[0]) if run is not None else ("-", "it")
        if observer is not None:
            why = f"what it had spawned raised {type(exc).__name__}: {exc}"
            observer.observe(
                _failure(run, HookCall(plugin, hook, None, "failed", why, error=exc, chat_id=chat_id))
            )
        log.exception("plugin %s: what %s had spawned failed", plugin, hook)


def _failure(run: HookRun | None, call: HookCall) -> HookCall:
    """The same with what it was spawned for, if that is known."""
    if run is None or run.event is None:
        return call
    return replace(call, event=run.event, bot=run.event.bot, trigger=run.trigger)
