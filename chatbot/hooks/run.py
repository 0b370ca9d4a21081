"""The hook that is running now: who caused an action, how much time it has left, what it did."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from chatbot.hooks.breaker import Breaker, Verdict
from chatbot.model.actions import Action
from chatbot.model.errors import ChatbotError
from chatbot.model.events import Event
from chatbot.model.tracing import NO_SPAN, Span

__all__ = ["DISOWNED", "HookRun", "Turn", "current_run", "listed", "was_asked_for"]


DISOWNED = "the time of the hook was over, and the chat has gone on without it"
"""Why a hook may not act that did not end when it was told to."""


class Turn(Protocol):
    """The turn of a hook in the mailbox of its chat."""

    @property
    def chat_id(self) -> str:
        """The chat."""
        ...

    @property
    def is_left(self) -> bool:
        """Whether the mailbox has gone on without the hook."""
        ...

    def leave(self) -> None:
        """Let the mailbox go on: what the hook was called for is done with."""
        ...

    def disown(self) -> None:
        """Leave, and let nobody wait for the hook any more."""
        ...

    async def ask_back(self) -> None:
        """Until the mailbox lends its turn to the hook."""
        ...


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
        turn: Its turn in the mailbox of its chat; None where it has none.
        is_beside: It is no hook: a hook has spawned it, or has ended and left it behind.
        is_disowned: Its time was over and it did not end: the chat goes on without it.
        waits: For how many events it waits now.
        no_answer: What it was told when the last wait came to nothing.
        silenced: What it was told last when it was not let talk to the customer.
        answer: What it returned.
        error: What it ended with, if it did not return.
        waited_s: How long it has waited for the server or the customer.
        seconds: How long it has taken, with that; known at its end.
        span: It, in its trace.
    """

    plugin: str
    hook: str
    event: Event | None
    trigger: str = ""
    performed: list[Action] = field(default_factory=list[Action])
    cut_by: str = ""
    calls_in: bool = False
    refused: int = 0
    breaker: Breaker | None = None
    verdict: Verdict = "good"
    turn: Turn | None = None
    is_beside: bool = False
    is_disowned: bool = False
    waits: int = 0
    no_answer: TimeoutError | None = None
    silenced: Exception | None = None
    answer: object = None
    error: BaseException | None = None
    waited_s: float = 0.0
    seconds: float = 0.0
    span: Span = NO_SPAN
    _deadline: asyncio.Timeout | None = None
    _limit_s: float | None = None
    _left_s: float = 0.0
    _loan: asyncio.Future[None] | None = None
    _borrower: asyncio.Task[Any] | None = None
    _waiting: int = 0
    _waits_since: float = 0.0
    _went_on_at: int = 0
    _ordinals: Counter[str] = field(default_factory=Counter[str])
    _branches: int = 0
    _task: asyncio.Task[object] | None = None

    @property
    def answered(self) -> bool:
        """Whether it did something that the customer sees."""
        return any(action.customer_sees for action in self.performed)

    @property
    def came_to_nothing(self) -> bool:
        """Whether it failed, or does not end, with nothing that the customer sees since it last went on."""
        has_ended_badly = self.is_disowned or self.verdict != "good"
        return has_ended_badly and not any(it.customer_sees for it in self.performed[self._went_on_at :])

    @property
    def is_review(self) -> bool:
        """Whether it, or what it has spawned, is asked about an action of somebody else."""
        return self.hook.partition("+")[0] == "on_action"

    def is_no_fault(self, exc: BaseException) -> bool:
        """Whether it ended for what it was told: nothing is wrong with its plugin."""
        return exc is self.no_answer or exc is self.silenced

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for the server or the customer now."""
        return self._waiting > 0

    def next_ordinal(self, operation: str) -> int:
        """The how manieth of its kind this operation is, from 0: the same when the hook is run again."""
        self._ordinals[operation] += 1
        return self._ordinals[operation] - 1

    def branch(self) -> HookRun:
        """A coroutine beside the hook: what it does is counted apart, and does not stop the hook's clock."""
        self._branches += 1
        hook = f"{self.hook}+{self._branches}"
        return HookRun(self.plugin, hook, self.event, self.trigger, breaker=self.breaker, is_beside=True)

    def runs_in(self, task: asyncio.Task[object]) -> None:
        """A coroutine beside the hook has a task of its own, and no time limit."""
        self._task = task

    @contextmanager
    def limited(self, deadline: asyncio.Timeout) -> Generator[None]:
        """Let this deadline stop while the hook waits inside an action."""
        self._deadline = deadline
        when, began = deadline.when(), asyncio.get_running_loop().time()
        self._limit_s = None if when is None else when - began
        try:
            yield
        finally:
            self._deadline = None
            self.seconds = asyncio.get_running_loop().time() - began
            if self.cut_by:
                self.verdict = "undecided"
            elif deadline.expired():
                self.verdict = "timeout"

    def failed(self, exc: BaseException) -> None:
        """It ended with this: what the server, the chat or the customer did is not the plugin's fault."""
        self.error = exc
        if self.verdict == "good":
            self.verdict = "undecided" if self._is_of_the_chat(exc) else "error"

    def _is_of_the_chat(self, exc: BaseException) -> bool:
        if isinstance(exc, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", exc)  # its type has no parameter here
            return all(self._is_of_the_chat(one) for one in group.exceptions)
        return isinstance(exc, ChatbotError) or self.is_no_fault(exc)

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Time spent here is not the hook's: it waits for the server or the customer."""
        self._waiting += 1
        if self._waiting == 1:
            self._waits_since = asyncio.get_running_loop().time()
            self._stop_the_clock()
        try:
            yield
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self.waited_s += asyncio.get_running_loop().time() - self._waits_since
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

    # its turn in the mailbox

    @property
    def is_over_time(self) -> bool:
        """Whether it was told to end, and has not yet."""
        return self._deadline is not None and (bool(self.cut_by) or self._deadline.expired())

    @property
    def is_aside(self) -> bool:
        """Whether the mailbox of its chat has gone on without it, and has not lent it its turn."""
        return self.turn is not None and self.turn.is_left and self._loan is None

    @property
    def has_to_ask_back(self) -> bool:
        """Whether it may act only when the mailbox lends it its turn. Who is stopped just tidies up."""
        return self.is_aside and not self.cut_by

    def step_aside(self) -> None:
        """It is about to wait: the mailbox goes on."""
        if self._loan is not None:
            task = self._borrower
            if task is not None and (task.done() or task is asyncio.current_task()):
                self.give_back()
        elif self.turn is not None:
            self.turn.leave()

    def lend(self, task: asyncio.Task[Any] | None = None) -> asyncio.Future[None]:
        """The mailbox lends it its turn, for this task of it: until it waits again or has ended.

        Args:
            task: The part of the hook that goes on; None: all of it, to its end.

        Returns:
            Done when the turn is given back.
        """
        self._loan, self._borrower = asyncio.get_running_loop().create_future(), task
        if task is not None:
            task.add_done_callback(self._borrower_ended)
        return self._loan

    def _borrower_ended(self, task: asyncio.Task[Any]) -> None:
        """What goes on in the hook now is not known; if it waits elsewhere still, it is for that."""
        if task is self._borrower and self.waits:
            self.give_back()

    def give_back(self) -> None:
        """The mailbox goes on."""
        loan, task, self._loan, self._borrower = self._loan, self._borrower, None, None
        if task is not None:
            task.remove_done_callback(self._borrower_ended)
        if loan is not None and not loan.done():
            loan.set_result(None)

    def go_on(self, event: Event, trigger: str) -> None:
        """What it waited for has come: what it does from here on, it does for that, and with its full time.

        So what it has said is not said again, if after a crash the same hook is run for that event.
        """
        self.event = event
        if trigger:
            self.trigger = trigger
            self._ordinals.clear()
        self._left_s = self._limit_s or 0.0
        self._went_on_at = len(self.performed)

    def end(self) -> None:
        """It has ended; what it has left behind runs beside the hooks."""
        self.turn, self.is_beside = None, True
        self.give_back()

    def disown(self) -> None:
        """Let the chat go on without it, whatever it still does."""
        self.is_disowned = True
        if self.turn is not None:
            self.turn.disown()
        self.give_back()

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


@contextmanager
def listed(run: HookRun, runs: set[HookRun] | None) -> Generator[None]:
    """Have it among those that run; in the end it has ended."""
    if runs is not None:
        runs.add(run)
    try:
        yield
    finally:
        run.end()
        if runs is not None:
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
