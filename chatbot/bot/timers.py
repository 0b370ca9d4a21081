"""Wakes chats when their time has come: nothing runs for a chat in which nothing is due."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable
from weakref import ref

from chatbot.bot.live import LiveChat
from chatbot.model.clock import Clock

__all__ = ["Timers"]

# The loop and the clock need not agree to the last digit.
_LEAST_S = 0.05


class Timers:
    """The times at which chats have something to do, by the bot's clock.

    Args:
        clock: Tells the time.
        wake: Called with a chat whose time has come.
    """

    def __init__(self, clock: Clock, wake: Callable[[LiveChat], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._heap: list[tuple[float, int, ref[LiveChat]]] = []
        self._count = itertools.count()
        self._is_sooner = asyncio.Event()

    def set(self, chat: LiveChat, at: float) -> None:
        """Wake it at this time, in monotonic seconds, unless it is woken earlier. Infinity: not at all."""
        if at >= chat.due.wakes_at:
            return
        chat.due.wakes_at = at
        heapq.heappush(self._heap, (at, next(self._count), ref(chat)))
        if self._heap[0][0] == at:
            self._is_sooner.set()

    async def run(self) -> None:
        """Wake chats for ever."""
        while True:
            self._is_sooner.clear()
            try:
                async with asyncio.timeout(self._wake_the_due()):
                    await self._is_sooner.wait()
            except TimeoutError:
                pass

    def _wake_the_due(self) -> float | None:
        """Those whose time has come; in how many seconds the next one is."""
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            at, _, of = heapq.heappop(self._heap)
            chat = of()
            if chat is not None and chat.due.wakes_at == at:
                chat.due.wakes_at = math.inf
                chat.stalled = False
                self._wake(chat)
        return max(self._heap[0][0] - now, _LEAST_S) if self._heap else None
