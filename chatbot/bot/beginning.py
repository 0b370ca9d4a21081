"""How a chat begins: it is offered and accepted, or it is taken up again after a restart."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from chatbot.bot.asking import Asking
from chatbot.bot.care import Care
from chatbot.bot.dispatch import Dispatch
from chatbot.bot.history import (
    customer_has_left,
    end_of,
    join_point,
    last_said,
    present,
    unanswered_texts,
)
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.prints import Print
from chatbot.bot.sender import Sender
from chatbot.bot.turn import nothing
from chatbot.bot.view import read_view
from chatbot.model.actions import Accept, Reject
from chatbot.model.errors import WireError
from chatbot.model.events import ChatOffered, ChatResumed, ChatStarted, TranscriptEvent
from chatbot.model.resources import ChatResource

__all__ = ["Beginning"]

log = logging.getLogger(__name__)

_RESUMED = "resumed:"


class Beginning:
    """Takes chats.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
        sender: Settles what an earlier run has sent.
        dispatch: Calls the hooks.
        care: Knows what is due.

    Attributes:
        taken: The chats that count against ``max_chats``.
    """

    def __init__(
        self, parts: Parts, pipeline: Pipeline, sender: Sender, dispatch: Dispatch, care: Care
    ) -> None:
        self.taken: set[str] = set()
        self._parts = parts
        self._pipeline = pipeline
        self._sender = sender
        self._dispatch = dispatch
        self._care = care
        self._asking = Asking(parts)

    async def offer(self, chat: LiveChat) -> bool:
        """The chat rings."""
        if self._is_turned_away(chat):
            return await self._turn_away(chat)
        if chat.offered:
            return await self._offer_again(chat)
        chat.offered = True
        chat.draft.renew()
        chat.draft.begin(self._parts.name, chat.id, self._pipeline.now())
        await self._sender.recover(chat)
        chat.progress.phase = "offered"
        await self._dispatch.suspect(chat)
        if not await self._dispatch.begin(chat, "offered"):
            await self._dispatch.bury(chat)
        else:
            event = ChatOffered(**self._dispatch.about(chat))
            result = await self._dispatch.tell(chat, event, "offered", if_left=partial(_undecided, chat))
            if self._dispatch.stopping:
                return True  # nobody has decided: left to other agents, or to the next run
            if result.handled or any(isinstance(action, Accept | Reject) for action in result.performed):
                chat.progress.end()
                return True
        await self._decide(chat)
        if not chat.accept_failed:
            chat.progress.end()
        return True

    def _is_turned_away(self, chat: LiveChat) -> bool:
        """Whether an operator wants no more chats here, and this is one more."""
        return self._parts.wishes.draining and not chat.is_accepted and not chat.resumes

    async def _turn_away(self, chat: LiveChat) -> bool:
        """Other agents get it, and no hook is asked."""
        is_first, chat.offered = not chat.offered, True
        return is_first and await self._dispatch.perform(chat, Reject())

    async def _offer_again(self, chat: LiveChat) -> bool:
        """The chat still rings although it was to be accepted."""
        if not chat.accept_again or self._dispatch.stopping:
            return False
        chat.accept_again = False
        await self._decide(chat)
        return True

    async def _decide(self, chat: LiveChat) -> None:
        """Accept the offer, or leave it to other agents."""
        settings = self._parts.settings
        if settings.max_chats and len(self.taken) >= settings.max_chats:
            await self._dispatch.perform(chat, Reject())
        elif settings.auto_accept:
            self.taken.add(chat.id)
            if not await self._dispatch.perform(chat, Accept(nickname=settings.nickname)):
                self.taken.discard(chat.id)
                chat.accept_failed = True

    async def start(self, chat: LiveChat) -> bool:
        """The bot is in the chat: find out who else is and what was said, then tell the hooks."""
        lines = await self._asking.for_history(chat)
        if not chat.resource.participants:
            await self._ask_who_is_there(chat, lines)
        # what an earlier run could not send is not to be said over a human who came meanwhile
        await self._sender.recover(chat)
        if not chat.is_live:
            return True
        if not chat.resource.participants or self._care.is_being_handed(chat):
            chat.stalled = True
            return False
        self.taken.add(chat.id)
        if chat.resumes:
            await self._resume(chat, lines)
        else:
            await self._start(chat, lines)
        return True

    async def _start(self, chat: LiveChat, lines: list[TranscriptEvent]) -> None:
        progress = chat.progress
        if progress.trigger != "started":
            # else a crash came between: what was waiting then is waiting still
            _set_history(chat, lines, join_point(lines, chat.identity))
        progress.phase = progress.phase or "offered"
        chat.abandoned = customer_has_left(lines, progress.history_to)
        self._enter(chat, lines)
        event = ChatStarted(**self._dispatch.about(chat))
        await self._dispatch.run(chat, event, "started", partial(progress.end, "started"))

    async def _resume(self, chat: LiveChat, lines: list[TranscriptEvent]) -> None:
        """An earlier run was in the chat: hooks are told so, then get what it has left undone."""
        progress = chat.progress
        if progress.phase is None:
            _set_history(chat, lines, end_of(lines))
            progress.phase = "started"
        chat.told_late_to = end_of(lines)
        chat.abandoned = customer_has_left(lines, max(chat.order.cursor, progress.history_to))
        self._enter(chat, lines)
        if progress.is_poisoned and await self._bury(chat):
            return
        await self._dispatch.suspect(chat)
        is_amid_a_line = Print.parse(progress.trigger) is not None
        if is_amid_a_line:
            name = f"{_RESUMED}{progress.trigger}"
        else:
            name = progress.trigger if progress.trigger.startswith(_RESUMED) else progress.name("resumed")
        then = nothing if is_amid_a_line else progress.end
        # a crash here counts against the line that follows: nobody knows whose fault it was
        if await self._dispatch.begin(chat, progress.trigger if is_amid_a_line else name):
            event = ChatResumed(**self._dispatch.about(chat))
            await self._dispatch.tell(chat, event, name, then=then)
        else:
            then()

    async def _bury(self, chat: LiveChat) -> bool:
        """What was running crashed too often; whether the hooks are not to be told that the chat goes on."""
        was_resuming = chat.progress.trigger.startswith(_RESUMED)
        await self._dispatch.bury(chat)
        return was_resuming or chat.is_over

    def _enter(self, chat: LiveChat, lines: list[TranscriptEvent]) -> None:
        now, last = self._pipeline.now(), last_said(lines, chat.order.cursor)
        waited = now - last.timestamp if last is not None and last.timestamp is not None else timedelta()
        # the server's clock may be wrong: no silence is passed over that hooks were not told of
        most_s = self._parts.settings.idle_after * (chat.progress.idles + 1)
        waited_s = min(max(0.0, waited.total_seconds()), most_s)
        chat.due.spoken_at = self._parts.clock.monotonic() - waited_s
        chat.due.spoken_index = last.position if last is not None else 0
        chat.tally.began_at = self._parts.clock.monotonic() - _age(lines)
        chat.draft.begin(self._parts.name, chat.id, now)
        chat.draft.enter(now)
        chat.draft.leave(1, abandoned=chat.abandoned)
        chat.enter(now)

    async def _ask_who_is_there(self, chat: LiveChat, lines: list[TranscriptEvent]) -> None:
        """Read the list of participants; if there is none, take it from the transcript."""
        try:
            resource = await read_view(self._parts.platform, chat)
        except WireError as error:
            log.warning("the participants of a chat cannot be read: %s", error)
            resource = None
        if resource is not None:
            self._pipeline.update(resource)
        if not chat.resource.participants:
            self._pipeline.update(ChatResource(id=chat.id, participants=present(lines)))
            chat.is_list_made_up = True


def _age(lines: list[TranscriptEvent]) -> float:
    """How long the chat has lasted, in seconds, by its lines: the server's clock may go wrong."""
    times = [line.timestamp for line in lines if line.timestamp is not None]
    return (max(times) - min(times)).total_seconds() if times else 0.0


def _undecided(chat: LiveChat) -> None:
    """The hook that was to decide on the offer does not end: whoever goes on decides."""
    chat.accept_again = True


def _set_history(chat: LiveChat, lines: list[TranscriptEvent], history_to: int) -> None:
    chat.progress.history_to = history_to
    chat.progress.unanswered = unanswered_texts(lines, history_to)
