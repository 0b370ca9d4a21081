"""Who waits for an event in one chat.

A hook that waits has left its turn in the mailbox. What comes is handed to the oldest who wants it, and
with it the turn is lent: the mailbox stands still until the hook waits again or has ended, so one hook of
a chat runs at any time. A hook that has waited long enough also goes on only when the mailbox lends it the
turn, and so does one that acts while another part of it still waits.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from chatbot.bot.backlog import Backlog
from chatbot.hooks.run import DISOWNED, HookRun, current_run
from chatbot.model.codes import Code
from chatbot.model.errors import ChatGone, NotAllowed
from chatbot.model.events import (
    ChatEnded,
    ChatOffered,
    ChatUpdated,
    Event,
    SessionReport,
    TextReceived,
    TranscriptEvent,
)
from chatbot.model.words import Visibility

__all__ = ["Room", "Wait", "Waits"]

E = TypeVar("E", bound=Event)
Where = Callable[[Any], bool]

_STOPPING = "the bot is stopping"
_NEVER_COME = (ChatOffered, ChatEnded, ChatUpdated, SessionReport)


class Room(Protocol):
    """Where those who wait are."""

    @property
    def is_stopping(self) -> bool:
        """Whether nothing is handed to anybody any more."""
        ...

    def monotonic(self) -> float:
        """The time."""
        ...

    def after(self, seconds: float, call: Callable[[], None]) -> asyncio.Task[None]:
        """Call it in so many seconds, unless the task is cancelled before."""
        ...


class Waits:
    """Those who wait in one chat.

    Args:
        chat_id: The chat.
        room: Where they are.
        wake: Called when there is somebody to whom the mailbox has to lend the turn.

    Attributes:
        heard: How many texts of customers that all can see have come.
        backlog: How long what is in the mailbox has been waiting.
    """

    def __init__(self, chat_id: str, room: Room, wake: Callable[[], None]) -> None:
        self.heard = 0
        self.backlog = Backlog()
        self._chat_id = chat_id
        self._room = room
        self._wake = wake
        self._waiting: list[Wait] = []
        self._due: deque[Wait] = deque()
        self._watching: dict[Wait, Callable[[], bool]] = {}
        self._pauses: list[asyncio.Future[bool]] = []
        self._is_closed = False

    async def until(self, kind: type[E], where: Callable[[E], bool] | None, timeout_s: float) -> E:
        """The next event of this kind for which ``where`` holds.

        Args:
            kind: The type of the event.
            where: Which of them; all, if None.
            timeout_s: Seconds.

        Raises:
            TimeoutError: None came in time.
            ChatGone: The chat has ended.
            NotAllowed: The time of the hook was over, and it did not end.
            RuntimeError: Who waits cannot wait, or not for this.
        """
        run = current_run.get()
        _check_wish(kind, where, timeout_s)
        self._check_place(run)
        self._check_open()
        wait = Wait(kind, where, run)
        self._waiting.append(wait)
        error = TimeoutError(f"no {kind.__name__} came within {timeout_s:g} s")
        alarm = self._room.after(timeout_s, partial(self._give_up, wait, error))
        try:
            event: E = await self._listen(wait)
        finally:
            alarm.cancel()
            self._waiting.remove(wait)
            self._withdraw(wait)
        return event

    async def come_true(self, check: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until this holds; False if it does not in time. It takes no event from anybody.

        Args:
            check: Asked whenever something is heard of the chat.
            timeout_s: Seconds; 0: it is only asked.

        Raises:
            RuntimeError: Who waits cannot wait, were it true already or not.
        """
        run = current_run.get()
        self._check_place(run)
        if check() or timeout_s <= 0:
            return check()
        self._check_open()
        wait = Wait(None, None, run)
        self._watching[wait] = check
        alarm = self._room.after(timeout_s, partial(self._make_due, wait))
        try:
            await self._listen(wait)
        finally:
            alarm.cancel()
            del self._watching[wait]
            self._withdraw(wait)
        return check()

    def look(self) -> None:
        """Something was heard: what somebody waits for may be true now."""
        for wait, check in [*self._watching.items()]:
            if check():
                self._make_due(wait)

    def _make_due(self, wait: Wait) -> None:
        if not wait.has_turn:
            wait.finish()
        elif wait not in self._due:
            self._due.append(wait)
            self._wake()

    async def pause(self, seconds: float, *, since: int | None) -> bool:
        """Wait; False as soon as more texts of customers were heard than ``since``, if it is given."""
        is_over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        alarm = self._room.after(seconds, partial(_settle, is_over, value=True))
        if since is not None:
            self._pauses.append(is_over)
            if self.heard > since:
                _settle(is_over, value=False)
        run = current_run.get()
        try:
            with run.waiting() if run is not None else nullcontext(), self._mailbox_held_up(run):
                return await is_over
        finally:
            alarm.cancel()
            if since is not None:
                self._pauses.remove(is_over)

    def _mailbox_held_up(self, run: HookRun | None) -> AbstractContextManager[None]:
        has_turn = run is not None and not run.is_beside and not run.is_aside
        return self.backlog.paused(self._room.monotonic) if has_turn else nullcontext()

    def hear(self, line: TranscriptEvent) -> None:
        """A new line has come; those who wait get it in its turn, but a pause ends at once."""
        if isinstance(line, TextReceived) and line.sender.is_customer and line.visibility is Visibility.ALL:
            self.heard += 1
            for is_over in self._pauses:
                _settle(is_over, value=False)

    async def turn(self, run: HookRun) -> None:
        """Wait until the mailbox lends its turn to this hook."""
        wait = Wait(None, None, run)
        self._due.append(wait)
        if self._room.is_stopping:
            run.cut(_STOPPING)
        self._wake()
        try:
            await wait.listen()
        finally:
            self._withdraw(wait)

    def close(self) -> None:
        """The chat has ended."""
        self._is_closed = True
        for wait in self._waiting:
            if not wait.has_turn:
                wait.fail(self._gone())

    # for the mailbox

    def may_want(self, event: Event) -> bool:
        """Whether somebody waits for events of its type."""
        return any(wait.may_want(event) for wait in self._waiting)

    async def offer(self, event: Event, trigger: str) -> Wait | None:
        """Hand an event to the oldest who wants it, and let that one go on; None if nobody does."""
        for wait in [*self._waiting]:
            if wait.wants(event) and await wait.wake((event, trigger)):
                return wait
            if wait.error is not None:
                await wait.wake()
        return None

    async def lend(self) -> bool:
        """Let the next one go on whom no event has to wake; False if there is none."""
        if not self._due:
            return False
        await self._due.popleft().wake()
        return True

    # for those who wait

    async def _listen(self, wait: Wait) -> Any:
        run = wait.run
        if run is None:
            return (await wait.listen())[0]
        if self._room.is_stopping and wait.has_turn:
            run.cut(_STOPPING)
        else:
            run.step_aside()
        run.waits += 1
        try:
            with run.waiting():
                event, trigger = await wait.listen()
                if wait.has_turn and event is not None:
                    run.go_on(event, trigger)
        finally:
            run.waits -= 1
        return event

    def _give_up(self, wait: Wait, error: TimeoutError) -> None:
        if wait.run is not None:
            wait.run.no_answer = error
        if wait.has_turn:
            wait.error = error
            self._due.append(wait)
            self._wake()
        else:
            wait.fail(error)

    def _withdraw(self, wait: Wait) -> None:
        with suppress(ValueError):
            self._due.remove(wait)

    def _gone(self) -> ChatGone:
        return ChatGone(f"chat {self._chat_id} has ended: nothing comes any more", action="wait_for")

    def _check_place(self, run: HookRun | None) -> None:
        """See that who waits has a turn to leave, or none and needs none."""
        if run is not None and run.is_disowned:
            raise NotAllowed("wait_for", needed="wait_for", have=(), reason=DISOWNED, code=Code.HOOK_OVER)
        if run is not None and not run.is_beside:
            reason = self._reason_against(run)
            if reason:
                raise RuntimeError(f"plugin {run.plugin}: {run.hook} cannot wait for events: {reason}")

    def _check_open(self) -> None:
        if self._is_closed:
            raise self._gone()

    def _reason_against(self, run: HookRun) -> str:
        match run.hook, run.turn:
            case "on_event", _:
                return "it only watches; wait in the hook of the event, or spawn what waits"
            case "on_chat_offered", _:
                return "the bot is not in the chat yet"
            case "on_chat_ended" | "on_session_report", _:
                return "the chat has ended, and nothing comes any more"
            case _, None:
                return "it runs for no chat; spawn what waits, with chat.spawn"
            case _, turn if turn.chat_id != self._chat_id:
                return f"it runs for another chat than {self._chat_id}; spawn what waits there"
        return ""


def _check_wish(kind: object, where: Where | None, timeout_s: float) -> None:
    """See that what is waited for can come.

    Raises:
        TypeError: It is no type of events, or ``where`` is no plain function.
        ValueError: It never reaches who waits, or not in this time.
    """
    if not (isinstance(kind, type) and issubclass(kind, Event)):
        raise TypeError(f"wait_for takes a type of events such as TextReceived, not {kind!r}")
    if inspect.iscoroutinefunction(where):
        raise TypeError("where is asked at once: a plain function, not a coroutine function")
    if kind in _NEVER_COME:
        raise ValueError(f"{kind.__name__} cannot be waited for: no hook waits before or after a chat")
    if not (timeout_s > 0 and math.isfinite(timeout_s)):
        raise ValueError(f"timeout is a number of seconds above 0, not {timeout_s!r}")


def _settle(future: asyncio.Future[bool], *, value: bool) -> None:
    if not future.done():
        future.set_result(value)


class Wait:
    """One wait; without a kind, of somebody who only wants the turn."""

    def __init__(self, kind: type[Event] | None, where: Where | None, run: HookRun | None) -> None:
        loop = asyncio.get_running_loop()
        self.run = run
        self.error: Exception | None = None
        self._kind = kind
        self._where = where
        self._task = asyncio.current_task()
        self._answer: asyncio.Future[tuple[Any, str]] = loop.create_future()
        self._is_heard: asyncio.Future[bool] = loop.create_future()

    @property
    def has_turn(self) -> bool:
        """Whether it is a hook's: it goes on only with the turn."""
        return self.run is not None and not self.run.is_beside

    @property
    def came_to_nothing(self) -> bool:
        """Whether it has got what it waited for, and that was of no use to the customer."""
        return self.run is not None and self.run.came_to_nothing

    def may_want(self, event: Event) -> bool:
        """Whether it waits for events of this type."""
        return self._kind is not None and isinstance(event, self._kind) and not self._answer.done()

    def wants(self, event: Event) -> bool:
        """Whether it waits for this one. What ``where`` raises is raised where it waits."""
        if not self.may_want(event):
            return False
        try:
            return self._where is None or bool(self._where(event))
        except Exception as exc:  # noqa: BLE001 (foreign code, and told to whom it belongs)
            self.error = exc
            return False

    async def wake(self, answer: tuple[Event, str] | None = None) -> bool:
        """Let it go on with this, or as it is, until it gives the turn back.

        Returns:
            False if it was cancelled just then: what it was to get is for others.
        """
        run = self.run if self.has_turn else None
        is_over = run.lend(self._task) if run is not None else None
        if answer is None and self.error is not None:
            self.fail(self.error)
        elif not self._answer.done():
            self._answer.set_result(answer or (None, ""))
        is_heard = await self._is_heard
        if is_over is not None:
            await is_over
        return is_heard

    def finish(self) -> None:
        """Let it go on with nothing."""
        if not self._answer.done():
            self._answer.set_result((None, ""))

    def fail(self, error: Exception) -> None:
        """Let it go on with an error."""
        if not self._answer.done():
            self._answer.set_exception(error)
            self._answer.exception()  # whoever is cancelled just now does not look at it

    async def listen(self) -> tuple[Any, str]:
        """What it waits for. Who is cancelled just then has not heard it: it is for others."""
        is_heard = False
        try:
            answer = await self._answer
            is_heard = True
        finally:
            if not self._is_heard.done():
                self._is_heard.set_result(is_heard)
        return answer
