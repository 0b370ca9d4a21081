"""Logs a bot in and reads its notifications for ever. Runs no hook and reads no chat by REST."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

from chatbot.bot.connection import Connection
from chatbot.bot.fallback import NO_CONNECTION, Fallback
from chatbot.bot.hearing import Remedy
from chatbot.bot.instep import InStep
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.place import inside
from chatbot.bot.ports import NotificationSource
from chatbot.model.errors import LoginRefused, SessionLost, WireError
from chatbot.model.notifications import Batch, SessionStarted, Signal, Trouble
from chatbot.wire.retry import DEFAULT_LIMITS, Backoff

__all__ = ["Listening"]

log = logging.getLogger(__name__)


class Listening:
    """The read loop of one bot.

    Args:
        parts: The bot's parts.
        pipeline: Takes what is heard.
        connection: Where it is heard.
        in_step: Told when something may have been missed.
        fallback: Hands customers over when the connection stays away.

    Attributes:
        source: Where notifications come from now.
    """

    def __init__(
        self,
        parts: Parts,
        pipeline: Pipeline,
        connection: Connection,
        *,
        in_step: InStep,
        fallback: Fallback,
    ) -> None:
        self.source: NotificationSource | None = None
        self._parts = parts
        self._pipeline = pipeline
        self._connection = connection
        self._in_step = in_step
        self._fallback = fallback
        self._reading: asyncio.Timeout | None = None
        self._trouble_since: float | None = None
        self._tried: set[str] = set()

    async def run(self, on_login: Callable[[], None]) -> None:
        """Hand on notifications for ever.

        Args:
            on_login: Called when the server has taken the password.
        """
        backoff = Backoff(DEFAULT_LIMITS, self._parts.rng)
        while True:
            await self._log_in(backoff)
            on_login()
            self.source = self._connection.new_source()
            try:
                await self._read(self.source)
            except SessionLost as error:
                # the server wants no more of the session: a new one, from the login on
                self._trouble(error)
                await self._wait(backoff)

    async def _read(self, source: NotificationSource) -> None:
        """Until the connection is to be rebuilt."""
        try:
            async with asyncio.timeout(None) as self._reading, aclosing(source.signals()) as signals:
                async for signal in signals:
                    self._take(signal)
        except TimeoutError:
            if self._reading is None or not self._reading.expired():
                raise
            await source.aclose()
            if not self._parts.health.logged_in:
                self._connection.forget()

    def rebuild(self, remedy: Remedy) -> None:
        """The connection is deaf: begin a new one.

        Args:
            remedy: How much of it.
        """
        health, reading = self._parts.health, self._reading
        if reading is None or reading.expired() or not health.logged_in:
            return  # it is being rebuilt anyhow
        log.warning("the connection is deaf: rebuilding it, with a new %s", remedy)
        health.subscribed = health.polling = False
        if remedy == "login":
            health.logged_in = health.entered = False
        reading.reschedule(asyncio.get_running_loop().time())

    async def _log_in(self, backoff: Backoff) -> None:
        while True:
            try:
                await self._parts.platform.session.log_in()
            except WireError as error:
                self._parts.health.logged_in = False
                self._trouble(error)
                await self._wait(backoff)
            else:
                self._parts.health.logged_in = True
                backoff.succeeded(self._parts.clock.monotonic())
                return

    def _take(self, signal: Signal) -> None:
        counters, health = self._parts.counters, self._parts.health
        match signal:
            case Batch(notifications=notifications, next_within_s=within_s, pause_s=pause_s):
                counters.polls += 1
                counters.polled_at = self._parts.clock.monotonic()
                if not health.polling:
                    # an answer may be lost with all it told; without acknowledgements nobody resends it
                    self._in_step.lost()
                self._end_trouble()
                health.polled(self._parts.clock.monotonic(), within_s)
                health.hearing.pause_s = pause_s
                if health.entered:
                    # else the last word is why the agent is not Ready
                    health.trouble = ""
                for notification in notifications:
                    self._pipeline.feed(notification)
            case SessionStarted():
                counters.sessions += 1
                health.logged_in = health.subscribed = True
                health.hearing.interrupted()
                self._in_step.lost()
            case Trouble(error):
                counters.troubles += 1
                self._trouble(error)

    def _trouble(self, error: WireError) -> None:
        log.warning("%s", error)
        health, session = self._parts.health, self._parts.platform.session
        health.polling = False
        health.failed(error.masked, session.next_try_at if isinstance(error, LoginRefused) else 0.0)
        health.hearing.interrupted()
        if isinstance(error, SessionLost):
            health.subscribed = False
        if isinstance(error, LoginRefused):
            health.logged_in = False
        self._count_trouble(self._parts.clock.monotonic())

    def _count_trouble(self, now: float) -> None:
        """Customers do not wait for ever for a connection to come back."""
        if self._trouble_since is None:
            self._trouble_since = now
        settings = self._parts.settings.fallback
        if settings is None or now - self._trouble_since < settings.give_up_after:
            return
        for chat in self._pipeline.chats.values():
            with inside(chat=chat.id):
                self._hand_over_once(chat)

    def _hand_over_once(self, chat: LiveChat) -> None:
        """What was given up is not begun again, and said again, before the connection has been back."""
        if chat.id in self._tried:
            return
        self._fallback.begin(chat, NO_CONNECTION, chat.progress.name("connection"))
        if chat.due.rescue is not None:
            self._tried.add(chat.id)

    def _end_trouble(self) -> None:
        if self._trouble_since is not None:
            self._trouble_since = None
            self._tried.clear()
            for chat in self._pipeline.chats.values():
                self._fallback.call_off(chat, NO_CONNECTION)

    async def _wait(self, backoff: Backoff) -> None:
        now, health = self._parts.clock.monotonic(), self._parts.health
        wait = backoff.failed(now)
        health.next_try_at = max(health.next_try_at, now + wait)
        await self._parts.clock.sleep(wait)
