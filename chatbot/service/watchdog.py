"""Watches the event loop from another thread: who holds it up is named while it happens.

The loop renews a heartbeat. When that is overdue, the thread looks at the stack of the loop's thread,
says whose code runs there, and charges the time to that plugin's breaker.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from chatbot.bot.runner import BotRunner
from chatbot.hooks.breaker import Breaker
from chatbot.service.culprit import Culprit, as_text, find_culprit, is_idle, stack_of

__all__ = ["BEAT_EVERY_S", "BLOCKED_AFTER_S", "Repeat", "Watchdog"]

log = logging.getLogger(__name__)

BLOCKED_AFTER_S = 0.5
"""So many seconds overdue, the event loop counts as blocked."""

BEAT_EVERY_S = 0.1
"""Seconds from one heartbeat to the next, and from one look at it to the next."""

_LAG_REMEMBERED_S = 60.0
_FIX = "fix: await what takes time, or write the hook as a plain def: that runs in a thread of its own"


class Repeat(Protocol):
    """Calls a function in a thread of its own, again and again."""

    def __call__(self, function: Callable[[], None], every_s: float, /) -> Callable[[], None]:
        """Begin; what is returned ends it, and the thread."""
        ...


@dataclass(slots=True)
class _Block:
    """One time for which the loop does not turn.

    Args:
        charged_to: The time that somebody was charged with ends here, in monotonic seconds.
        culprit: Who was seen last.
        told: Who was named.
    """

    charged_to: float
    culprit: Culprit | None = None
    told: list[tuple[Breaker, ...]] = field(default_factory=list)


class Watchdog:
    """Watches one event loop.

    Args:
        monotonic: Tells the time, in seconds.
        frame_of: What a thread runs at this moment.
        repeat: Calls ``look`` beside the loop.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        frame_of: Callable[[int], FrameType | None],
        repeat: Repeat,
    ) -> None:
        self._monotonic = monotonic
        self._frame_of = frame_of
        self._repeat = repeat
        self._lock = threading.Lock()
        self._bots: Sequence[BotRunner] = ()
        self._thread = 0
        self._due = 0.0
        self._block: _Block | None = None
        self._lags: deque[tuple[float, float]] = deque()  # each longer than those after it

    @property
    def worst_lag_s(self) -> float:
        """How late the loop has been at worst, within the last minute."""
        self._forget_lags(self._monotonic())
        return self._lags[0][1] if self._lags else 0.0

    @contextmanager
    def watching(self, bots: Sequence[BotRunner]) -> Iterator[None]:
        """Watch the running loop inside the block.

        Args:
            bots: Whose plugins run in it.
        """
        self._bots = bots
        self._thread = threading.get_ident()
        loop = asyncio.get_running_loop()
        self._due = self._monotonic() + BEAT_EVERY_S
        self._timer = loop.call_later(BEAT_EVERY_S, self._turn, loop)
        end = self._repeat(self.look, BEAT_EVERY_S)
        try:
            yield
        finally:
            end()
            self._timer.cancel()

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self.beat()
        self._timer = loop.call_later(BEAT_EVERY_S, self._turn, loop)

    def beat(self) -> None:
        """The loop turns. Called in its thread."""
        with self._lock:
            now = self._monotonic()
            late_s = max(0.0, now - self._due)
            self._note_lag(now, late_s)
            if late_s > BLOCKED_AFTER_S:
                self._end(now, late_s)
            self._block = None
            self._due = now + BEAT_EVERY_S

    def look(self) -> None:
        """See whether the loop still turns. Called in another thread."""
        with self._lock:
            now = self._monotonic()
            late_s = now - self._due
            if late_s <= BLOCKED_AFTER_S:
                return
            stack = stack_of(self._frame_of(self._thread))
            if is_idle(stack):
                return
            block = self._block = self._block or _Block(self._due)
            block.culprit = find_culprit(stack, self._sources())
            self._charge(block, now)
            breakers = block.culprit.breakers if block.culprit is not None else ()
            if breakers not in block.told:
                block.told.append(breakers)
                scene = block.culprit.scene if block.culprit is not None else as_text(stack)
                _tell(block.culprit, late_s, scene)

    def _sources(self) -> Iterator[tuple[Breaker, str]]:
        for bot in self._bots:
            for plugin, breaker in bot.breakers.items():
                yield breaker, bot.sources[plugin]

    @staticmethod
    def _charge(block: _Block, now: float) -> None:
        if block.culprit is not None:
            for breaker in block.culprit.breakers:
                breaker.charge(now - block.charged_to)
        block.charged_to = now

    def _end(self, now: float, late_s: float) -> None:
        block = self._block
        if block is None:
            what = "something held Python's lock, or the whole process was stopped"
            log.warning("the event loop stood still for %.1f s, and nobody saw why: %s", late_s, what)
            return
        self._charge(block, now)
        log.warning(
            "the event loop turns again, after %.1f s: %s", late_s, str(block.culprit or "no plugin's fault")
        )
        for breaker in {breaker for breakers in block.told for breaker in breakers}:
            breaker.settle()

    def _note_lag(self, now: float, lag_s: float) -> None:
        while self._lags and self._lags[-1][1] <= lag_s:
            self._lags.pop()
        self._lags.append((now, lag_s))
        self._forget_lags(now)

    def _forget_lags(self, now: float) -> None:
        while self._lags and self._lags[0][0] < now - _LAG_REMEMBERED_S:
            self._lags.popleft()


def _tell(culprit: Culprit | None, late_s: float, scene: str) -> None:
    """One line, and the stack under it."""
    if culprit is None:
        log.error("the event loop has stood still for %.1f s, and no plugin runs in it\n%s", late_s, scene)
        return
    stands = "the event loop has stood still for %.1f s, and all chats with it: blocked by %s\n  %s\n%s"
    log.error(stands, late_s, str(culprit), _FIX, scene)  # an object would be masked
