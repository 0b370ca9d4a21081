"""Keeps a bot in step with its server: what notifications did not tell is found by asking.

After each new session, and now and then, all chats are listed; a chat of which nothing is heard has
its transcript read every 10 to 30 seconds, so a lost last notification costs no more than that
(reliability, L2).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from chatbot.bot.hearing import Remedy
from chatbot.bot.live import LiveChat
from chatbot.bot.overdue import Overdue
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.place import inside
from chatbot.bot.view import read_view
from chatbot.model.errors import ProtocolViolation, SessionLost, WireError
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState
from chatbot.wire.retry import DEFAULT_LIMITS, Backoff

__all__ = ["InStep"]

log = logging.getLogger(__name__)

_COMPARE_S = (20.0, 30.0)
# with the tick: 10 to 30
_QUIET_S = (10.0, 25.0)
_TICK_S = 5.0
# a chat is gone when it was missing so often, each time so much later; meanwhile looked for so soon
_MISSED_AGAIN_S = 4.0
_MOST_MISSES = 3
_LOOK_AGAIN_S = 2.5


class InStep:
    """Compares what the bot knows with what the server says.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
        wake: Called with a chat that has something to do.
        on_entered: Called each time the agent is Ready.
        on_deaf: Called when the connection has to be rebuilt.
    """

    def __init__(
        self,
        parts: Parts,
        pipeline: Pipeline,
        *,
        wake: Callable[[LiveChat], None],
        on_entered: Callable[[], Awaitable[None]],
        on_deaf: Callable[[Remedy], None],
    ) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._wake = wake
        self._on_entered = on_entered
        self._on_deaf = on_deaf
        self._out_of_step = asyncio.Event()
        self._overdue = Overdue(parts.clock, pipeline)

    def lost(self) -> None:
        """Something may have been missed: compare at once."""
        self._out_of_step.set()

    async def run(self) -> None:
        """Compare for ever; the first time when the first session has begun."""
        backoff = Backoff(DEFAULT_LIMITS, self._parts.rng)
        await self._out_of_step.wait()
        while True:
            was_lost = self._out_of_step.is_set()
            self._out_of_step.clear()
            try:
                await self._reconcile(was_lost=was_lost)
            except WireError as error:
                log.warning("not in step with the server: %s", error)
                self._parts.health.trouble = error.masked
                self._out_of_step.set()
                self._overdue.look()
                await self._parts.clock.sleep(backoff.failed(self._parts.clock.monotonic()))
            else:
                backoff.succeeded(self._parts.clock.monotonic())
                await self._until_out_of_step()

    async def _until_out_of_step(self) -> None:
        """Wait for the next comparison; meanwhile ask after quiet chats."""
        is_missing = any(chat.misses for chat in self._pipeline.chats.values())
        left_s = _LOOK_AGAIN_S if is_missing else self._parts.rng.uniform(*_COMPARE_S)
        while True:
            try:
                async with asyncio.timeout(min(left_s, _TICK_S)):
                    await self._out_of_step.wait()
                    return
            except TimeoutError:
                left_s -= _TICK_S
            self._ask_after_quiet_chats()
            self._overdue.look()
            self._listen_up()
            if left_s <= 0:
                return

    def _listen_up(self) -> None:
        """See whether what was shown has been told by now."""
        hearing, now = self._parts.health.hearing, self._parts.clock.monotonic()
        for what in hearing.overdue(now):
            self._parts.counters.deaf += 1
            log.warning("%s was found by asking, and not told", what)
        if (remedy := hearing.remedy(now)) is not None:
            self._on_deaf(remedy)

    def _ask_after_quiet_chats(self) -> None:
        now = self._parts.clock.monotonic()
        for chat in self._pipeline.chats.values():
            if chat.started_at is not None and now >= chat.due.ask_at:
                self._will_ask(chat)

    def _will_ask(self, chat: LiveChat) -> None:
        chat.must_ask = chat.started_at is not None
        chat.stalled = False
        self.put_off(chat)
        self._wake(chat)

    def put_off(self, chat: LiveChat) -> None:
        """A new line of the chat was told: it need not be asked after for a while."""
        chat.due.ask_at = self._parts.clock.monotonic() + self._parts.rng.uniform(*_QUIET_S)

    async def _reconcile(self, *, was_lost: bool) -> None:
        """Be Ready, then read all chats: subscribe comes before, so nothing can fall between."""
        if not self._parts.platform.session.is_leaving:
            await self._be_ready()
        try:
            await self._compare()
        finally:
            # the transcripts are read on whether or not the chats could be listed
            for chat in [*self._pipeline.chats.values()]:
                chat.accept_again, chat.accept_failed = chat.accept_failed, False
                if was_lost or chat.accept_again:
                    self._will_ask(chat)

    async def _be_ready(self) -> None:
        """The first time, and where the server has forgotten the agent, enter; then stay."""
        session, is_draining = self._parts.platform.session, self._parts.wishes.draining
        try:
            if not self._parts.health.entered:
                await session.enter(at_rest=is_draining)
            elif is_draining:
                await session.rest()
            else:
                await session.stay()
        except SessionLost:
            await session.renew()
            raise
        except ProtocolViolation:
            self._parts.health.entered = False
            raise
        if not session.is_leaving:
            self._parts.health.entered = True
            await self._on_entered()

    async def _compare(self) -> None:
        known = {chat_id: (chat, chat.views) for chat_id, chat in self._pipeline.chats.items()}
        epoch = self._parts.health.hearing.epoch
        listed = await self._parts.platform.chats()
        unsure = known.keys() - {resource.id for resource in listed}
        self._note(listed, epoch, is_whole=not unsure)
        for resource in listed:
            chat, before = self._pipeline.chats.get(resource.id), known.get(resource.id)
            if before == (None if chat is None else (chat, chat.views)):
                self._pipeline.update(resource)
            elif chat is not None:
                # something was heard of it while the list was on its way
                unsure.add(resource.id)
            # else it has ended meanwhile, and does not begin again
        for chat_id in sorted(unsure):
            with inside(chat=chat_id):
                await self._look_for(chat_id)

    def _note(self, listed: list[ChatResource], epoch: int, *, is_whole: bool) -> None:
        """Whether notifications have told of all chats."""
        hearing, now = self._parts.health.hearing, self._parts.clock.monotonic()
        ids = {resource.id for resource in listed} if is_whole else None
        hearing.keep(self._pipeline.chats.keys())
        hearing.listed(ids, {resource.id for resource in listed if self._is_new(resource)}, epoch, now)

    def _is_new(self, resource: ChatResource) -> bool:
        """Whether notifications should have told of it, if it was not there before."""
        is_known = resource.id in self._pipeline.chats or self._pipeline.has_ended(resource.id)
        state = resource.state
        return not is_known and state is not None and (state.is_live or state is ChatState.INVITED)

    async def _look_for(self, chat_id: str) -> None:
        """A chat that is not listed: gone, or just not in the list. Or one whose place in the list is old."""
        chat = self._pipeline.chats.get(chat_id)
        if chat is None:
            return
        try:
            resource = await read_view(self._parts.platform, chat)
        except ProtocolViolation as error:
            # one chat that cannot be read must not keep the others out of step
            log.warning("the chat cannot be read: %s", error)
            return
        if self._pipeline.chats.get(chat_id) is not chat:
            return
        if resource is not None:
            self._pipeline.update(resource)
        elif self._has_been_missed(chat):
            self._pipeline.lose(chat)

    def _has_been_missed(self, chat: LiveChat) -> bool:
        """A node that has just taken over may list nothing for a moment: looked for again, and later."""
        now = self._parts.clock.monotonic()
        if not chat.misses or now - chat.due.missed_at >= _MISSED_AGAIN_S:
            chat.misses, chat.due.missed_at = chat.misses + 1, now
        return chat.misses >= _MOST_MISSES
