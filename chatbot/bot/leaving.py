"""How a bot leaves: hooks finish, customers are handed over, and the agent's session ends last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, Protocol

from chatbot.bot.aside import Aside
from chatbot.bot.dispatch import Dispatch
from chatbot.bot.fallback import fall_back
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.place import Place, where
from chatbot.bot.ports import NotificationSource
from chatbot.bot.view import read_view
from chatbot.model.errors import WireError
from chatbot.wire.governor import is_last_word

__all__ = ["Crew", "Leaving"]

log = logging.getLogger(__name__)

# Beyond the time for hooks, in seconds: ten in all, whatever the server does.
_HEAD_START_S = 1.0
_LET_GO_S = 4.0
_HAND_OVER_S = 3.0
_DISCONNECT_S = 2.0
_END_S = 3.0
_REASON = "stopping"


class Crew(Protocol):
    """Who is at work in the bot."""

    @property
    def busy(self) -> Mapping[str, asyncio.Task[Any]]:
        """The tasks of the chats that have something to do, by chat id."""
        ...

    @property
    def aside(self) -> Aside:
        """Where workers stand whose hooks wait."""
        ...

    @property
    def has_entered(self) -> bool:
        """Whether the agent was Ready once."""
        ...

    def start(self, coroutine: Coroutine[Any, Any, None], purpose: str) -> asyncio.Task[None]:
        """Run it beside."""
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
        self._going: dict[LiveChat, asyncio.Task[None]] = {}
        self._handed_over: set[LiveChat] = set()
        self._own: list[asyncio.Task[None]] = []
        self._ends_at = 0.0

    @property
    def _ends_session(self) -> bool:
        begun = self._parts.platform.session.may_have_begun
        return begun and self._parts.settings.on_stop == "logout"

    @property
    def _hands_over(self) -> bool:
        return self._ends_session and self._parts.settings.fallback is not None

    async def drain(self, drain_timeout: float) -> None:
        """Let hooks that run finish, and hand customers over."""
        for chat in self._pipeline.chats.values():
            chat.stop_waiting("the bot is stopping")
        if self._ends_session:
            # it goes first, but a server that does not answer must not take the time of hooks
            word = _last_word(self._parts.platform.session.not_ready(), None)
            await asyncio.wait([self._start(word, "NotReady")], timeout=_HEAD_START_S)
        if self._crew.has_entered:
            await self._let_hooks_finish(drain_timeout)
        self._ends_at = asyncio.get_running_loop().time() + _LET_GO_S
        if self._hands_over:
            await self._hand_over_the_rest()

    def _start(self, coroutine: Coroutine[Any, Any, None], purpose: str) -> asyncio.Task[None]:
        task = self._crew.start(coroutine, purpose)
        self._own.append(task)
        return task

    async def _let_hooks_finish(self, drain_timeout: float) -> None:
        """Not in the task that leaves: a hook may not heed its cancellation."""
        _, late = await asyncio.wait([self._start(self._finish(), "finish")], timeout=drain_timeout)
        for task in late:
            log.warning("%d chats were still busy after %g s", len(self._crew.busy), drain_timeout)
            task.cancel()

    async def _finish(self) -> None:
        await self._dispatch.live("on_bot_stopping")
        if self._hands_over:
            await self._hand_over_the_idle()
        await self._crew.until_idle()

    async def _hand_over_the_idle(self) -> None:
        """The session ends with the process: customers get somebody else, where the settings say who."""
        await self._hand_over([one for one in self._pipeline.chats.values() if one.id not in self._crew.busy])

    async def _hand_over_the_rest(self) -> None:
        """What was busy: its hooks have had their time."""
        for task in (*self._crew.busy.values(), *self._crew.aside.workers):
            task.cancel()
        try:
            async with asyncio.timeout(_HAND_OVER_S):
                await self._hand_over([*self._pipeline.chats.values()])
        except TimeoutError:
            log.warning("customers are left behind: the server or a hook does not let go")

    async def _hand_over(self, chats: Sequence[LiveChat]) -> None:
        """Side by side, each as soon as nothing is at work in it, and once unless it came to nothing."""
        for chat in chats:
            before = self._going.get(chat)
            if before is None or (before.done() and chat not in self._handed_over):
                self._going[chat] = self._start(self._hand_over_one(chat), f"hand over {chat.id}")
        if self._going:
            await asyncio.wait(self._going.values())

    async def _hand_over_one(self, chat: LiveChat) -> None:
        where.set(Place(self._parts.name, chat.id))
        if task := self._crew.busy.get(chat.id):
            await asyncio.wait([task])
        if chat.is_accepted and not chat.is_live:
            await self._look_again(chat)
        if await fall_back(chat, self._parts.settings.fallback, _REASON, chat.progress.name(_REASON)):
            self._handed_over.add(chat)

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
        tasks = [*tasks, *self._crew.aside.tasks, *self._own]
        for task in tasks:
            task.cancel()
        left_s = self._ends_at - asyncio.get_running_loop().time()
        _, stuck = await asyncio.wait(tasks, timeout=max(0.0, left_s))
        for task in stuck:
            log.error("%s does not end although it was cancelled", task.get_name())

    async def farewell(self, source: NotificationSource | None) -> None:
        """Disconnect, then end the session: it also ends the HTTP session, so it is the last."""
        now = self._pipeline.now()
        for chat in self._pipeline.chats.values():
            chat.draft.stop(now, ends_session=self._ends_session)
            chat.progress.flush()
        self._dispatch.flush()
        if source is not None:
            await _last_word(source.aclose(), _DISCONNECT_S)
        if self._ends_session:
            await _last_word(self._parts.platform.session.end(), _END_S)
        log.info("stopped")


async def _last_word(word: Coroutine[Any, Any, None], timeout_s: float | None) -> None:
    """Say it, whether or not the server takes it; no brake holds it up, for there is no later."""
    token = is_last_word.set(True)
    try:
        async with asyncio.timeout(timeout_s):
            await word
    except WireError as error:
        log.warning("%s", error)
    except TimeoutError:
        log.warning("a last word was not answered within %g s", timeout_s)
    finally:
        is_last_word.reset(token)
