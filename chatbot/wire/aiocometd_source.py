"""Notifications by CometD long-polling through the package aiocometd.

The package makes the messages and finds their answers: handshake, first connect, subscriptions,
polls, disconnect. This loop decides when. It asks for one step at a time, so that no task outlives
a step, and polls again when the next signal is asked for. If that takes too long, the server
forgets the session; that shows as a new one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence

from chatbot.model.clock import Clock, Rng
from chatbot.model.errors import SessionLost, WireError
from chatbot.model.notifications import Batch, SessionStarted, Signal, Trouble
from chatbot.wire.aiocometd_guard import Guard
from chatbot.wire.cometd import Renew
from chatbot.wire.http import Http
from chatbot.wire.retry import DEFAULT_LIMITS, Backoff, Limits

__all__ = ["AiocometdSource"]

log = logging.getLogger(__name__)

# The login succeeded, and yet the server goes on refusing: log in once more after so long.
_LOGIN_AGAIN_S = 60.0


class AiocometdSource:
    """A notification source that never gives up, unless the server tells it to.

    Args:
        http: Where to post; carries cookies, CSRF header and password.
        path: The path of the CometD endpoint.
        channels: What to subscribe to.
        clock: For waits and back-off.
        rng: For jitter.
        renew: Called when the server does not know the agent's HTTP session, before the next handshake.
        limits: Deadlines and waits.
    """

    def __init__(  # noqa: PLR0913 (the constructor of each notification source)
        self,
        http: Http,
        *,
        path: str,
        channels: Sequence[str],
        clock: Clock,
        rng: Rng,
        renew: Renew,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._http = http
        self._path = path
        self._channels = tuple(channels)
        self._clock = clock
        self._renew = renew
        self._limits = limits
        self._backoff = Backoff(limits, rng)
        self._guard = self._new_guard()
        self._number = 0
        self._renewed_at: float | None = None
        self._is_open = False
        self._closed = asyncio.Event()

    async def signals(self) -> AsyncIterator[Signal]:
        """Batches, new sessions and troubles, in order, until ``aclose`` or until the server wants no more.

        The next poll goes out when the next signal is asked for: with the ack extension it
        acknowledges the batch before. A call after a cancelled one goes on with the same session.

        Raises:
            SessionLost: The server advised ``reconnect: none``; not retryable in the same session.
        """
        while not self._closed.is_set():
            try:
                is_new = await self._step()
            except WireError as error:
                if self._closed.is_set():
                    break
                for signal in self._failed(error):
                    yield signal
                await self._recover(error)
            else:
                self._succeeded()
                if is_new:
                    yield SessionStarted(self._number)
                pause_s = self._guard.advice.interval_s
                within_s = pause_s + self._guard.advice.hold_s
                yield Batch(self._number, self._guard.take(), within_s, pause_s)
        await self._guard.leave()

    async def aclose(self) -> None:
        """Tell the server that we leave. Its answer does not matter."""
        self._closed.set()
        await self._guard.leave()

    async def _step(self) -> bool:
        """Poll once or, if there is no session, begin one. Returns whether one began."""
        if self._is_open:
            await self._guard.poll()
            return False
        await self._log_in_again()
        await self._guard.leave()
        self._guard = self._new_guard()
        await self._guard.open()
        self._is_open = True
        self._number += 1
        log.info("CometD session %d: subscribed", self._number)
        return True

    async def _log_in_again(self) -> None:
        """Once while things fail; a login that stands and does not help is repeated now and then."""
        now = self._clock.monotonic()
        is_fresh = self._renewed_at is not None and now - self._renewed_at < _LOGIN_AGAIN_S
        if self._guard.is_logged_out and not is_fresh:
            await self._renew()
            self._renewed_at = now

    def _succeeded(self) -> None:
        self._backoff.succeeded(self._clock.monotonic())
        self._renewed_at = None

    def _failed(self, error: WireError) -> Iterator[Signal]:
        """What came with an answer that failed, then the failure."""
        was_open, is_lost = self._is_open, isinstance(error, SessionLost)
        self._is_open = was_open and not is_lost and not self._guard.is_over
        if is_lost:
            self._guard.forget()
        if was_open and (notifications := self._guard.take()):
            yield Batch(self._number, notifications)
        yield Trouble(error)

    async def _recover(self, error: WireError) -> None:
        if self._guard.advice.reconnect == "none":
            raise SessionLost("the server advises not to reconnect", retryable=False) from error
        wait = max(self._backoff.failed(self._clock.monotonic()), self._guard.advice.interval_s)
        await self._clock.sleep(wait)

    def _new_guard(self) -> Guard:
        return Guard(
            self._http, path=self._path, channels=self._channels, clock=self._clock, limits=self._limits
        )
