"""Registers the plugins of one bot, checks their hooks, and calls them.

pluggy keeps specifications, registration, validation and order. The calls are driven here, since
pluggy has no async: called with coroutines it would build them all at once and lose the rest at
the first error (pluggy issue 320).
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pluggy

from chatbot.hooks import spec
from chatbot.hooks.bot import Bot
from chatbot.hooks.breaker import Breaker
from chatbot.hooks.chat import Chat
from chatbot.hooks.checks import HOOKS, arguments_of, check
from chatbot.hooks.instances import of_instance
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.run import HookRun, Turn, current_run, listed, was_asked_for
from chatbot.hooks.trace import HookCall, Observer, Outcome, note_end, outcome_of, place_of
from chatbot.model.actions import Action
from chatbot.model.clock import RunInThread
from chatbot.model.codes import Code
from chatbot.model.errors import PluginError
from chatbot.model.events import Event
from chatbot.model.findings import Finding
from chatbot.model.tracing import NO_SPAN, NO_TRACER, Span, Tracer

__all__ = ["BoundHook", "CallResult", "Occasion", "PluginManager", "ReviewFailed"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BoundHook:
    """One hook of one plugin, ready to be called.

    Args:
        plugin: The plugin's name.
        hook: The hook's name.
        function: What the plugin wrote.
        arguments: The names it takes.
        settings: The plugin's settings.
        is_async: Whether it is a coroutine function.
        place: File and line of it.
        build: Makes the object of one chat, if each chat has its own.
    """

    plugin: str
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    settings: object
    is_async: bool
    place: str = ""
    build: Callable[[], object] | None = None

    def of_chat(self, instances: dict[str, object]) -> Callable[..., Any]:
        """The function for one chat, whose objects these are; built when it is first asked for."""
        if self.build is None:
            return self.function
        if self.plugin not in instances:
            instances[self.plugin] = self.build()
        return of_instance(self.function, instances[self.plugin])


@dataclass(frozen=True, slots=True)
class Occasion:
    """What hooks are called for.

    Args:
        bot: Handed to the hook.
        chat: Handed to the hook, and where a ``str`` is said.
        event: Handed to the hook.
        trigger: The event, as the journal names it.
        runs: Where the hooks that run are to be found, by who may stop them.
        instances: The objects of plugins that have one for each chat, by plugin; None where no chat is.
        turn: The turn of the hooks in the mailbox of the chat.
    """

    bot: Bot
    chat: Chat | None = None
    event: Event | None = None
    trigger: str = ""
    runs: set[HookRun] | None = None
    instances: dict[str, object] | None = None
    turn: Turn | None = None

    @property
    def is_left(self) -> bool:
        """Whether a hook has left its turn: no other is to be asked."""
        return self.turn is not None and self.turn.is_left


@dataclass(slots=True)
class CallResult:
    """What all plugins together did about one event.

    Args:
        handled: A plugin returned ``True`` or a ``str``, did something that the customer sees, or waited
            for an event.
        performed: The actions that were performed meanwhile.
        failed: The plugins whose hook raised or overran.
        skipped: The plugins that were not asked, for their breaker is open.
    """

    handled: bool = False
    performed: list[Action] = field(default_factory=list[Action])
    failed: list[str] = field(default_factory=list[str])
    skipped: list[str] = field(default_factory=list[str])


class ReviewFailed(Exception):
    """A plugin that was to look at an action could not.

    Args:
        plugin: The plugin's name.
    """

    def __init__(self, plugin: str) -> None:
        super().__init__(f"plugin {plugin} could not look at it")
        self.plugin = plugin


class PluginManager:
    """The plugins of one bot.

    Args:
        plugins: In call order: the first listed is asked first.
        run_in_thread: Runs hooks that are not ``async def``.
        breakers: Tell whether a plugin is asked, by its name; without one it always is.
        observer: Told what became of each call.
        tracer: Makes a span of each call.

    Raises:
        PluginError: A hook or an argument has a name that does not exist.
    """

    def __init__(
        self,
        plugins: list[LoadedPlugin],
        *,
        run_in_thread: RunInThread,
        breakers: Mapping[str, Breaker] | None = None,
        observer: Observer | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._run_in_thread = run_in_thread
        self._tracer = tracer
        self._observer = observer
        self._breakers = breakers or {}
        self._manager = pluggy.PluginManager(spec.PROJECT)
        self._manager.add_hookspecs(spec)
        # pluggy asks the last registered first
        for plugin in reversed(plugins):
            check(plugin)
            self._register(plugin)
        by_name = {plugin.name: plugin for plugin in plugins}
        self._hooks = {name: self._bound(name, by_name) for name in HOOKS}

    def _register(self, plugin: LoadedPlugin) -> None:
        try:
            self._manager.register(plugin.hooks, name=plugin.name)
        except ValueError as exc:
            message = f"plugin {plugin.name!r} is listed twice"
            raise PluginError(Finding(Code.LISTED_TWICE, message, fix="list it once")) from exc

    def hooks(self, name: str) -> tuple[BoundHook, ...]:
        """The implementations of a hook, in call order."""
        return self._hooks[name]

    async def call(self, name: str, occasion: Occasion, *, timeout_s: float) -> CallResult:
        """Ask the plugins in turn, until one has handled it. Never raises for a plugin's fault.

        Args:
            name: The hook.
            occasion: What it is called for.
            timeout_s: Seconds for each plugin; waiting inside an action does not count.
        """
        result = CallResult()
        hooks = self._hooks_for(name, occasion)
        for asked, hook in enumerate(hooks, 1):
            if await self._is_enough(hook, occasion, result, timeout_s):
                for left_out in hooks[asked:]:
                    self._tell(left_out, occasion, "skipped", f"{hook.plugin} came first")
                break
        return result

    def _tell(
        self, hook: BoundHook, occasion: Occasion, outcome: Outcome, why: str, run: HookRun | None = None
    ) -> None:
        if self._observer is None:
            return
        run = run or HookRun(hook.plugin, hook.hook, occasion.event)
        self._observer.observe(
            HookCall(
                hook.plugin,
                hook.hook,
                occasion.event,
                outcome,
                why,
                place=hook.place,
                error=run.error,
                bot=occasion.bot.name,
                chat_id=occasion.chat.id if occasion.chat is not None else None,
                trigger=occasion.trigger,
                seconds=run.seconds,
                waited_s=run.waited_s,
            )
        )

    async def _is_enough(
        self, hook: BoundHook, occasion: Occasion, result: CallResult, timeout_s: float
    ) -> bool:
        """Ask one plugin; whether no other is to be asked."""
        breaker = self._breakers.get(hook.plugin)
        term = breaker.begin(hook.hook) if breaker is not None else 0
        if term is None:
            self._left_out(hook, occasion, result)
            return False
        run = HookRun(
            hook.plugin, hook.hook, occasion.event, occasion.trigger, turn=occasion.turn, breaker=breaker
        )
        with listed(run, occasion.runs), self._traced(run) as run.span:
            answer = await self._contained(hook, run, result, occasion, timeout_s)
            note_end(run, is_left=occasion.is_left)
        if breaker is not None:
            breaker.end(hook.hook, term, run.verdict)
        if self._observer is not None:
            self._tell(hook, occasion, *outcome_of(run, is_left=occasion.is_left), run)
        result.performed += run.performed
        result.handled = result.handled or answer or run.answered or occasion.is_left
        return answer or bool(run.cut_by) or occasion.is_left

    def _left_out(self, hook: BoundHook, occasion: Occasion, result: CallResult) -> None:
        result.skipped.append(hook.plugin)
        self._tell(hook, occasion, "skipped", self._breakers[hook.plugin].reason)

    def _traced(self, run: HookRun) -> AbstractContextManager[Span]:
        if self._tracer is NO_TRACER:
            return NO_SPAN
        about = {"chatbot.plugin": run.plugin, "chatbot.hook": run.hook}
        return self._tracer.span("chatbot.hook", about)

    def _hooks_for(self, name: str, occasion: Occasion) -> Sequence[BoundHook]:
        """Who is to be asked: where no chat is, nobody who has an object for each."""
        hooks = self._hooks[name]
        if occasion.instances is None:
            return [hook for hook in hooks if hook.build is None]
        return hooks

    async def review(self, action: Action, occasion: Occasion, *, timeout_s: float) -> Action:
        """Show an action that is about to be sent to the plugins in turn; each may put another in its place.

        Args:
            action: What is to be done.
            occasion: Where.
            timeout_s: Seconds for each plugin.

        Raises:
            ReviewFailed: A plugin raised, overran or returned something else: it must not be sent.
        """
        for hook in self._hooks["on_action"]:
            action = await self._reviewed(hook, action, occasion, timeout_s)
        return action

    async def _reviewed(
        self, hook: BoundHook, action: Action, occasion: Occasion, timeout_s: float
    ) -> Action:
        run = HookRun(hook.plugin, hook.hook, None)
        with self._traced(run) as run.span:
            return await self._looked_at(hook, run, action, occasion, timeout_s)

    async def _looked_at(
        self, hook: BoundHook, run: HookRun, action: Action, occasion: Occasion, timeout_s: float
    ) -> Action:
        values = {"bot": occasion.bot, "chat": occasion.chat, "action": action}
        token = current_run.set(run)
        try:
            async with asyncio.timeout(timeout_s) as deadline:
                with listed(run, occasion.runs), run.limited(deadline):
                    answer = await self._answer(hook, values, occasion.instances)
            return _replacement(answer, action)
        except BaseException as exc:
            if was_asked_for(exc):
                raise
            log.exception("plugin %s: on_action failed: %s is not sent", hook.plugin, action.operation)
            run.error = exc
            run.span.fail(exc)
            self._tell(hook, occasion, "failed", f"raised {type(exc).__name__}: {exc}", run)
            raise ReviewFailed(hook.plugin) from exc
        finally:
            current_run.reset(token)

    async def _contained(
        self, hook: BoundHook, run: HookRun, result: CallResult, occasion: Occasion, timeout_s: float
    ) -> bool:
        """One call behind the border: what foreign code raises ends here, with its name attached."""
        token = current_run.set(run)
        try:
            return await self._limited(hook, run, occasion, timeout_s)
        except BaseException as exc:
            if was_asked_for(exc):
                raise
            run.failed(exc)
            if run.cut_by:
                log.info("plugin %s: %s was stopped: %s", hook.plugin, hook.hook, run.cut_by)
                return False
            if run.is_no_fault(exc):
                log.info("plugin %s: %s ended: %s", hook.plugin, hook.hook, exc)
                return False
            result.failed.append(hook.plugin)
            log.exception("plugin %s: %s failed", hook.plugin, hook.hook)
            return False
        finally:
            current_run.reset(token)

    async def _limited(self, hook: BoundHook, run: HookRun, occasion: Occasion, timeout_s: float) -> bool:
        values = {"bot": occasion.bot, "chat": occasion.chat, "event": occasion.event}
        async with asyncio.timeout(timeout_s) as deadline:
            with run.limited(deadline):
                run.answer = await self._answer(hook, values, occasion.instances)
                return await self._take(hook, run.answer, occasion.chat)

    async def _answer(
        self, hook: BoundHook, values: Mapping[str, Any], instances: dict[str, object] | None
    ) -> Any:
        arguments = {name: values.get(name, hook.settings) for name in hook.arguments}
        function = hook.function if instances is None else hook.of_chat(instances)
        if hook.is_async:
            return await function(**arguments)
        answer = await self._run_in_thread(partial(_returned, function, arguments))
        # an async function behind a decorator
        return await answer if inspect.iscoroutine(answer) else answer

    async def _take(self, hook: BoundHook, answer: object, chat: Chat | None) -> bool:
        """What a hook returned: whether it is handled; a text is said."""
        if isinstance(answer, str) and chat is not None and hook.hook not in _NOBODY_LISTENS:
            if answer:
                await chat.send_text(answer)
            return True
        if answer is not None and not isinstance(answer, bool):
            log.warning(
                "plugin %s: %s returned %s; expected None, True or a text",
                hook.plugin,
                hook.hook,
                type(answer).__name__,
            )
        return answer is True and hook.hook not in _ALL_ARE_ASKED

    def _bound(self, name: str, plugins: Mapping[str, LoadedPlugin]) -> tuple[BoundHook, ...]:
        caller = getattr(self._manager.hook, name)
        return tuple(
            BoundHook(
                plugin=impl.plugin_name,
                hook=name,
                function=impl.function,
                arguments=tuple(arguments_of(impl.function)),
                settings=plugins[impl.plugin_name].settings,
                is_async=inspect.iscoroutinefunction(impl.function),
                place=place_of(impl.function),
                build=plugins[impl.plugin_name].build,
            )
            for impl in reversed(caller.get_hookimpls())
        )


_ALL_ARE_ASKED = frozenset({"on_event", "on_bot_started", "on_bot_stopping", "on_session_report"})
_NOBODY_LISTENS = _ALL_ARE_ASKED | {"on_chat_offered", "on_chat_ended"}


def _returned(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """What a hook in a thread returns.

    A future cannot carry StopIteration, it would never be done; nor GeneratorExit, which would close
    whoever waits for it.
    """
    try:
        return function(**arguments)
    except (StopIteration, GeneratorExit) as exc:
        raise RuntimeError(f"the hook raised {type(exc).__name__}") from exc


def _replacement(answer: object, action: Action) -> Action:
    """What is to be done, by what a plugin has returned."""
    if answer is None:
        return action
    # a subclass may say more, or be another operation
    if type(answer) is not type(action):
        raise TypeError(f"expected None or {type(action).__name__}, not {type(answer).__name__}")
    return answer
