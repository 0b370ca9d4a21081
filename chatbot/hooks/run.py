"""The hook that is running now: who caused an action, how much time it has left, what it did."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from chatbot.hooks.breaker import Breaker, Verdict
from chatbot.model.actions import Action
from chatbot.model.errors import ChatbotError
from chatbot.model.events import Event

__all__ = ["HookRun", "current_run", "listed", "was_asked_for"]


@dataclass(slots=True, eq=False, weakref_slot=True)
class HookRun:
    """One call of one hook of one plugin.

    Args:
        plugin: The plugin's name.
        hook: The hook's name.
        event: What it was called for; None for life-cycle hooks.
        trigger: The same, as the journal names it; empty for life-cycle hooks.
        performed: The actions it has performed, in order.
        cut_by: Why it was stopped from outside; empty if it was not.
        calls_in: It asks, or has asked, an agent into the chat.
        refused: How many of its actions came to nothing.
        breaker: Whom it counts for.
        verdict: What it has shown of its plugin.
    """

    plugin: str
    hook: str
    event: Event | None
    trigger: str = ""
    performed: list[Action] = field(default_factory=list)
    cut_by: str = ""
    calls_in: bool = False
    refused: int = 0
    breaker: Breaker | None = None
    verdict: Verdict = "good"
    _deadline: asyncio.Timeout | None = None
    _left_s: float = 0.0
    _waiting: int = 0
    _ordinals: Counter[str] = field(default_factory=Counter)
    _branches: int = 0
    _task: asyncio.Task[object] | None = None

    @property
    def answered(self) -> bool:
        """Whether it did something that the customer sees."""
        return any(action.customer_sees for action in self.performed)

    @property
    def is_review(self) -> bool:
        """Whether it, or what it has spawned, is asked about an action of somebody else."""
        return self.hook.partition("+")[0] == "on_action"

    def next_ordinal(self, operation: str) -> int:
        """The how manieth of its kind this operation is, from 0: the same when the hook is run again."""
        self._ordinals[operation] += 1
        return self._ordinals[operation] - 1

    def branch(self) -> HookRun:
        """A coroutine beside the hook: what it does is counted apart, and does not stop the hook's clock."""
        self._branches += 1
        hook = f"{self.hook}+{self._branches}"
        return HookRun(self.plugin, hook, self.event, self.trigger, breaker=self.breaker)

    def runs_in(self, task: asyncio.Task[object]) -> None:
        """A coroutine beside the hook has a task of its own, and no time limit."""
        self._task = task

    @contextmanager
    def limited(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Let this deadline stop while the hook waits inside an action."""
        self._deadline = deadline
        try:
            yield
        finally:
            self._deadline = None
            if self.cut_by:
                self.verdict = "undecided"
            elif deadline.expired():
                self.verdict = "timeout"

    def failed(self, exc: BaseException) -> None:
        """It ended with this: what the server or the chat did is not the plugin's fault."""
        if self.verdict == "good":
            self.verdict = "undecided" if _is_of_the_chat(exc) else "error"

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Time spent here is not the hook's: it waits for the server or the customer."""
        self._waiting += 1
        if self._waiting == 1:
            self._stop_the_clock()
        try:
            yield
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._start_the_clock()

    def cut(self, reason: str) -> None:
        """Stop the hook where it is: it is cancelled, as at the end of its time, and nobody's fault.

        Args:
            reason: Why, in a few words.
        """
        self.cut_by = self.cut_by or reason
        if self._task is not None:
            self._task.cancel(reason)
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time())

    def _stop_the_clock(self) -> None:
        if self._deadline is not None and not self.cut_by and not self._deadline.expired():
            when = self._deadline.when()
            self._left_s = 0.0 if when is None else when - asyncio.get_running_loop().time()
            self._deadline.reschedule(None)

    def _start_the_clock(self) -> None:
        if self._deadline is not None and not self.cut_by and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._left_s)


current_run: ContextVar[HookRun | None] = ContextVar("current_run", default=None)
"""Set while a hook runs, also in tasks that it started."""


def _is_of_the_chat(exc: BaseException) -> bool:
    if isinstance(exc, BaseExceptionGroup):
        return exc.split(ChatbotError)[1] is None
    return isinstance(exc, ChatbotError)


@contextmanager
def listed(run: HookRun, runs: set[HookRun] | None) -> Iterator[None]:
    """Have it among those that run."""
    if runs is None:
        yield
        return
    runs.add(run)
    try:
        yield
    finally:
        runs.discard(run)


def was_asked_for(exc: BaseException) -> bool:
    """Whether this end was asked of the running task from outside, rather than made up by what it ran.

    For the function that catches it. SIGINT has a handler of its own, so a KeyboardInterrupt is not.
    """
    if isinstance(exc, GeneratorExit):
        # a coroutine that is closed gets one of its own; what comes from below has come a longer way
        return exc.__traceback__ is not None and exc.__traceback__.tb_next is None
    task = asyncio.current_task()
    return isinstance(exc, asyncio.CancelledError) and task is not None and task.cancelling() > 0
