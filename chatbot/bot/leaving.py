"""How a bot leaves: hooks finish, customers are handed over, and the agent's session ends last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, Protocol

from chatbot.bot.dispatch import Dispatch
from chatbot.bot.fallback import fall_back
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.ports import NotificationSource
from chatbot.bot.view import read_view
from chatbot.model.errors import WireError

__all__ = ["Crew", "Leaving"]

log = logging.getLogger(__name__)

# How long a cancelled task may take to tidy up.
_LAST_S = 3.0
_REASON = "stopping"


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
        self._handed_over: list[LiveChat] = []

    @property
    def _ends_session(self) -> bool:
        return self._crew.has_entered and self._parts.settings.on_stop == "logout"

    async def drain(self, drain_timeout: float) -> None:
        """Let hooks that run finish, and hand customers over."""
        ends_session = self._ends_session
        hands_over = ends_session and self._parts.settings.fallback is not None
        if ends_session:
            await _quietly(self._parts.platform.session.not_ready())
        try:
            async with asyncio.timeout(drain_timeout):
                if self._crew.has_entered:
                    await self._dispatch.live("on_bot_stopping")
                if hands_over:
                    await self._hand_over_the_idle()
                await self._crew.until_idle()
        except TimeoutError:
            log.warning("%d chats were still busy after %g s", len(self._crew.busy), drain_timeout)
        if hands_over:
            await self._hand_over_the_rest()

    async def _hand_over_the_idle(self) -> None:
        """The session ends with the process: customers get somebody else, where the settings say who."""
        await self._hand_over([one for one in self._pipeline.chats.values() if one.id not in self._crew.busy])

    async def _hand_over_the_rest(self) -> None:
        """What was busy: its hooks have had their time."""
        for task in self._crew.busy.values():
            task.cancel()
        try:
            async with asyncio.timeout(2 * self._parts.settings.request_timeout):
                await self._hand_over([*self._pipeline.chats.values()])
        except TimeoutError:
            log.warning("customers are left behind: the server or a hook does not let go")

    async def _hand_over(self, chats: Sequence[LiveChat]) -> None:
        """Side by side, each as soon as nothing is at work in it."""
        async with asyncio.TaskGroup() as tasks:
            for chat in chats:
                if chat not in self._handed_over:
                    tasks.create_task(self._hand_over_one(chat), name=f"hand over {chat.id}")

    async def _hand_over_one(self, chat: LiveChat) -> None:
        if task := self._crew.busy.get(chat.id):
            await asyncio.wait([task])
        if chat.is_accepted and not chat.is_live:
            await self._look_again(chat)
        if await fall_back(chat, self._parts.settings.fallback, _REASON, chat.progress.name(_REASON)):
            self._handed_over.append(chat)

    async def _look_again(self, chat: LiveChat) -> None:
        """The server has taken the Accept, and has not told yet that the bot is in the chat."""
        try:
            resource = await read_view(self._parts.platform, chat)
        except WireError as error:
            log.warning("a chat that was accepted cannot be read: %s", error)
            return
        if resource is not None:
            self._pipeline.update(resource)

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
