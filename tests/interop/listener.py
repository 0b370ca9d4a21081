"""What a bot hears: consumes a notification source, records its signals, waits for them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from chatbot.model.errors import WireError
from chatbot.model.notifications import Batch, Notification, SessionStarted, Signal, Trouble
from chatbot.wire.http import Http
from tests.interop.watch import DEADLINE_S, Watch


class Source(Protocol):
    """The port under test."""

    def signals(self) -> AsyncIterator[Signal]: ...

    async def aclose(self) -> None: ...


class WallClock:
    """The real time."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class DueClock(WallClock):
    """The real time; it remembers when each sleep is due to end, however late the sleeper wakes."""

    def __init__(self) -> None:
        self.due: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.due.append(self.monotonic() + seconds)
        await super().sleep(seconds)


class Login:
    """What a bot does when its HTTP session is gone: the GET that brings cookie and CSRF token."""

    def __init__(self, http: Http) -> None:
        self.calls = 0
        self._http = http

    async def __call__(self) -> None:
        self.calls += 1
        await self._http.request("GET", "/api/v2/me", timeout_s=5.0)


async def _go_on(signal: Signal) -> None:
    """A consumer that is always ready for more."""


class Listener:
    """One bot's ear.

    Args:
        source: What it listens to.
        http: The port that the source uses.
        login: The source's ``renew``.
        consume: Called with each signal; the next is asked for when it returns.
    """

    def __init__(
        self,
        source: Source,
        *,
        http: Http,
        login: Login,
        consume: Callable[[Signal], Awaitable[None]] = _go_on,
    ) -> None:
        self.source = source
        self.http = http
        self.login = login
        self.signals: list[Signal] = []
        self.at: list[float] = []
        self.ended: WireError | None = None
        self.watch = Watch(self._describe)
        self._consume = consume
        self._count: Counter[type] = Counter()
        self.notifications: list[Notification] = []

    async def run(self) -> None:
        """Listen until the source gives up; any other exception than a WireError is a defect."""
        try:
            async with aclosing(cast(Any, self.source.signals())) as signals:
                async for signal in signals:
                    self._note(signal)
                    await self._consume(signal)
        except WireError as error:
            self.ended = error
            self.watch.changed()

    def _note(self, signal: Signal) -> None:
        self.signals.append(signal)
        self.at.append(time.monotonic())
        self._count[type(signal)] += 1
        if isinstance(signal, Batch):
            self.notifications.extend(signal.notifications)
        self.watch.changed()

    def _describe(self) -> str:
        heard = f"{len(self.notifications)} notifications, {self._count[Batch]} batches"
        return f"session {self.session}, {heard}, troubles {self.troubles}, ended {self.ended!r}"

    @property
    def session(self) -> int:
        """The number of the newest session; 0 before the first."""
        numbers = [signal.session for signal in self.signals if isinstance(signal, SessionStarted)]
        return numbers[-1] if numbers else 0

    @property
    def troubles(self) -> list[WireError]:
        return [signal.error for signal in self.signals if isinstance(signal, Trouble)]

    @property
    def numbers(self) -> list[int]:
        """The ``n`` of all notifications, in the order they came."""
        return [cast(Any, notification.data)["n"] for notification in self.notifications]

    async def until_session(self, number: int, *, within_s: float = DEADLINE_S) -> None:
        await self.watch.until(lambda: self.session >= number, within_s=within_s)

    async def until_polled(self, *, within_s: float = DEADLINE_S) -> None:
        """Until one more poll has succeeded."""
        start = self._count[Batch]
        await self.watch.until(lambda: self._count[Batch] > start, within_s=within_s)

    async def until_heard(self, count: int, *, within_s: float = DEADLINE_S) -> None:
        await self.watch.until(lambda: len(self.notifications) >= count, within_s=within_s)

    async def until_trouble(self, count: int = 1, *, within_s: float = DEADLINE_S) -> None:
        await self.watch.until(lambda: self._count[Trouble] >= count, within_s=within_s)

    async def until_ended(self, *, within_s: float = DEADLINE_S) -> None:
        await self.watch.until(lambda: self.ended is not None, within_s=within_s)
