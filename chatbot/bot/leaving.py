"""How a bot leaves: hooks finish, customers are handed over, and the agent's session ends last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Protocol

from chatbot.bot.dispatch import Dispatch
from chatbot.bot.fallback import fall_back_all
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.ports import NotificationSource
from chatbot.model.errors import WireError

__all__ = ["Crew", "Leaving"]

log = logging.getLogger(__name__)

# How long a cancelled task may take to tidy up.
_LAST_S = 3.0


class Crew(Protocol):
    """Who is at work in the bot."""

    @property
    def busy(self) -> Mapping[str, asyncio.Task[Any]]:
        """The tasks of the chats that have something to do, by chat id."""
        ...

    @property
    def has_entered(self) -> bool:
        """Whether the agent was Ready once."""
        ...

    async def until_idle(self) -> None:
        """Until no hook runs, and what was sent is answered or found out."""
        ...


class Leaving:
    """Takes leave of hooks, customers and server, in this order.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
        dispatch: Calls the hooks.
        crew: Who is at work.
    """

    def __init__(self, parts: Parts, pipeline: Pipeline, dispatch: Dispatch, crew: Crew) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._dispatch = dispatch
        self._crew = crew

    @property
    def _ends_session(self) -> bool:
        return self._crew.has_entered and self._parts.settings.on_stop == "logout"

    async def drain(self, drain_timeout: float) -> None:
        """Let hooks that run finish, and hand customers over."""
        ends_session = self._ends_session
        if ends_session:
            await _quietly(self._parts.platform.session.not_ready())
        try:
            async with asyncio.timeout(drain_timeout):
                if self._crew.has_entered:
                    await self._dispatch.live("on_bot_stopping")
                if ends_session:
                    await self._hand_over()
                await self._crew.until_idle()
        except TimeoutError:
            log.warning("%d chats were still busy after %g s", len(self._crew.busy), drain_timeout)
        if ends_session and self._parts.settings.fallback is not None:
            await self._hand_over_the_rest()

    async def _hand_over(self) -> None:
        """The session ends with the process: customers get somebody else, where the settings say who."""
        idle = [chat for chat in self._pipeline.chats.values() if chat.id not in self._crew.busy]
        await fall_back_all(idle, self._parts.settings.fallback, "stopping")

    async def _hand_over_the_rest(self) -> None:
        """What was busy: its hooks have had their time."""
        for task in self._crew.busy.values():
            task.cancel()
        try:
            async with asyncio.timeout(2 * self._parts.settings.request_timeout):
                await self._crew.until_idle()
                await self._hand_over()
        except TimeoutError:
            log.warning("customers are left behind: the server or a hook does not let go")

    async def end(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        """Cancel what still runs; a hook that does not heed that must not keep the session open."""
        tasks = [*tasks]
        for task in tasks:
            task.cancel()
        _, stuck = await asyncio.wait(tasks, timeout=_LAST_S)
        for task in stuck:
            log.error("%s does not end although it was cancelled", task.get_name())

    async def farewell(self, source: NotificationSource | None) -> None:
        """Disconnect, then end the session: it also ends the HTTP session, so it is the last."""
        for chat in self._pipeline.chats.values():
            chat.progress.flush()
        self._dispatch.flush()
        if source is not None:
            await source.aclose()
        if self._ends_session:
            await _quietly(self._parts.platform.session.end())
        log.info("stopped")


async def _quietly(request: Coroutine[Any, Any, None]) -> None:
    try:
        await request
    except WireError as error:
        log.warning("%s", error)
