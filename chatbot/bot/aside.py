"""Workers that have left their mailbox to another one, for their hook waits or does not end; and alarms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from chatbot.hooks.run import current_run
from chatbot.model.clock import Clock

__all__ = ["Aside"]


class Crew(Protocol):
    """Who is at work in the bot."""

    @property
    def is_stopping(self) -> bool:
        """Whether no hook is to begin."""
        ...

    def start(self, coroutine: Coroutine[Any, Any, None], purpose: str) -> asyncio.Task[None]:
        """Run it beside."""
        ...

    def release(self, chat_id: str) -> asyncio.Task[Any]:
        """Take the mailbox of a chat from its worker, and give it to a new one."""
        ...


class Aside:
    """What runs for hooks that wait, beside the mailboxes.

    Args:
        clock: Tells the time.
        crew: Who is at work.

    Attributes:
        workers: Their hooks wait, or go on since: the bot waits for them when it leaves.
    """

    def __init__(self, clock: Clock, crew: Crew) -> None:
        self.workers: set[asyncio.Task[Any]] = set()
        self._clock = clock
        self._crew = crew
        self._alarms: set[asyncio.Task[None]] = set()
        self._forsaken: set[asyncio.Task[Any]] = set()

    @property
    def tasks(self) -> list[asyncio.Task[Any]]:
        """All that runs here."""
        return [*self.workers, *self._forsaken, *self._alarms]

    @property
    def is_stopping(self) -> bool:
        """See Room."""
        return self._crew.is_stopping

    def leave(self, chat_id: str) -> asyncio.Task[Any]:
        """The worker of this chat stands aside, and another one goes on."""
        worker = self._crew.release(chat_id)
        self.workers.add(worker)
        return worker

    def forsake(self, worker: asyncio.Task[Any]) -> None:
        """Its hook does not end: nobody waits for it any more."""
        self.workers.discard(worker)
        if not worker.done():
            self._forsaken.add(worker)
            worker.add_done_callback(self._forsaken.discard)

    def start(self, coroutine: Coroutine[Any, Any, None], purpose: str) -> asyncio.Task[None]:
        """Run it beside the mailboxes: whoever waits for it may leave it alone."""
        task = self._crew.start(coroutine, purpose)
        self._forsaken.add(task)
        task.add_done_callback(self._forsaken.discard)
        return task

    def monotonic(self) -> float:
        """See Room."""
        return self._clock.monotonic()

    def after(self, seconds: float, call: Callable[[], None]) -> asyncio.Task[None]:
        """Call it in so many seconds, unless the task is cancelled before."""
        alarm = self._crew.start(self._ring(seconds, call), "alarm")
        self._alarms.add(alarm)
        alarm.add_done_callback(self._alarms.discard)
        return alarm

    async def _ring(self, seconds: float, call: Callable[[], None]) -> None:
        current_run.set(None)  # what is called is not done by the hook that waits
        await self._clock.sleep(seconds)
        call()
