"""Asks the server for lines of a transcript, within reason."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.bot.history import end_of, is_said_by_customer
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.platform import has_answered
from chatbot.model.answers import StatusCode
from chatbot.model.errors import ProtocolViolation, WireError
from chatbot.model.events import TranscriptEvent
from chatbot.wire.retry import Backoff, Limits

__all__ = ["Asking"]

log = logging.getLogger(__name__)

# How often the server is asked for what it has announced and does not show.
_TRIES = 4
# How long a server that is busy or in trouble is waited for, before that counts as an answer.
_PATIENCE_S = 60.0
_NO_SUCH = frozenset({404, 405, StatusCode.NOT_FOUND})
_WAITS = Limits(first_backoff_s=0.5, max_backoff_s=4.0)


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long trouble is no answer: until this time, by the number of polls that had succeeded before."""

    until: float
    polls: int


class Asking:
    """Reads transcripts for the worker.

    Args:
        parts: The bot's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def for_history(self, chat: LiveChat) -> list[TranscriptEvent]:
        """The transcript of a chat that the bot has just joined; what was heard, if it cannot be read."""
        backoff = Backoff(_WAITS, self._parts.rng)
        patience = self._patience()
        fruitless = 0
        while fruitless < _TRIES and not chat.is_over:
            epoch = self._parts.health.hearing.epoch
            try:
                lines = await self._parts.platform.lines(chat.id)
            except WireError as error:
                log.warning("the transcript cannot be read: %s", error)
                if error.status in _NO_SUCH:
                    break  # the customer is not to wait for what will not come
                fruitless += self._is_final(error, patience)
                await self._wait(backoff)
            else:
                self._compare(chat, (), epoch)
                heard = {line.index: line for line in chat.order.waiting()}
                chat.read_back(lines)
                chat.outbox.look_back(lines, chat.identity)
                chat.must_ask = False  # the whole has just been read
                # a server may show less than it has told
                shown = {line.index for line in lines}
                return [*lines, *(line for index, line in heard.items() if index not in shown)]
        chat.order.give_up_asking()
        return chat.order.waiting()

    async def last_look(self, chat: LiveChat) -> None:
        """Read the transcript of a chat that has ended once more, if the server still shows it."""
        chat.is_read_out = True
        try:
            await self._read(chat)
        except WireError as error:
            log.debug("the transcript cannot be read any more: %s", error)
        chat.must_ask = False
        chat.order.give_up_asking()

    async def for_missing(self, chat: LiveChat) -> bool:
        """Close a gap, or find out that there is nothing in it. True if the chat can go on.

        For lines that are known to be missing the chat waits while the server cannot be reached, and for a
        while when it is in trouble; where nothing is known to be missing, no line waits for more than one
        answer. A server that answers and does not show what it has announced is asked a few times, then
        taken at its word.
        """
        backoff = Backoff(_WAITS, self._parts.rng)
        patience = self._patience()
        fruitless = 0
        while fruitless < _TRIES and not chat.is_over:
            try:
                await self._read(chat)
            except WireError as error:
                log.warning("the transcript cannot be read: %s", error)
                if self._is_in_vain(chat, error):
                    break
                fruitless += self._is_final(error, patience)
            else:
                if not chat.order.is_missing_lines:
                    return True
                fruitless += 1
            await self._wait(backoff)
        self._go_on_without(chat)
        return True

    def _go_on_without(self, chat: LiveChat) -> None:
        is_missing = chat.order.is_missing_lines
        if is_missing:
            log.warning("lines up to %d were announced and are not shown: going on", chat.order.highest)
        chat.must_ask = False
        chat.progress.prints.put_off(chat.order.cursor)
        if chat.order.next() is None:
            chat.order.give_up_asking()
        if is_missing and chat.order.next() is None:
            self._parts.counters.gaps += 1

    def _patience(self) -> _Patience:
        return _Patience(self._parts.clock.monotonic() + _PATIENCE_S, self._parts.counters.polls)

    def _is_final(self, error: WireError, patience: _Patience) -> bool:
        """Whether this counts as an answer: a refusal does; trouble does when it lasts.

        So does silence, if it is only transcripts that the server does not show: it is there.
        """
        if has_answered(error):
            return True
        is_there = isinstance(error, ProtocolViolation) or self._parts.counters.polls > patience.polls
        return is_there and self._parts.clock.monotonic() >= patience.until

    @staticmethod
    def _is_in_vain(chat: LiveChat, error: WireError) -> bool:
        """Whether the customer is not to wait for another try."""
        if chat.order.is_missing_lines:
            return error.status in _NO_SUCH
        return has_answered(error) or chat.order.next() is not None

    async def _read(self, chat: LiveChat) -> None:
        """From the last lines that are done with on: they show whether the transcript is still the same.

        The whole, if the answer leaves doubt: the server may count from somewhere else (reference
        8.2), or have lost lines.
        """
        began, known_to = self._parts.clock.monotonic(), chat.order.highest
        epoch = self._parts.health.hearing.epoch
        start = min(chat.order.cursor + 1, chat.progress.prints.near or chat.order.cursor + 1)
        lines = await self._lines_from(chat, start)
        if start > 1 and self._is_doubtful(chat, lines, start):
            lines = await self._parts.platform.lines(chat.id)
        self._compare(chat, lines, epoch)
        chat.read_back(lines)
        chat.due.read_at = began
        if end_of(lines) > known_to:
            chat.told_late_to = end_of(lines)

    def _compare(self, chat: LiveChat, lines: Sequence[TranscriptEvent], epoch: int) -> None:
        """Whether notifications have told what the customer said."""
        now, known_to = self._parts.clock.monotonic(), chat.order.highest
        is_news = chat.is_live and any(
            line.position > known_to and is_said_by_customer(line) for line in lines
        )
        self._parts.health.hearing.shown(chat.id, is_news=is_news, epoch=epoch, now=now)
        if (end := end_of([*lines])) > known_to:
            chat.waits.backlog.came(end, now)

    async def _lines_from(self, chat: LiveChat, start: int) -> list[TranscriptEvent]:
        """Nothing, where the server refuses to show what follows: its transcript may end before that."""
        try:
            return await self._parts.platform.lines(chat.id, start)
        except ProtocolViolation as error:
            if start == 1 or not has_answered(error):
                raise
            return []

    @staticmethod
    def _is_doubtful(chat: LiveChat, lines: list[TranscriptEvent], start: int) -> bool:
        indexes = [line.index for line in lines if line.index is not None and line.index > 0]
        cursor, prints = chat.order.cursor, chat.progress.prints
        is_cut = not indexes or min(indexes) > start or max(indexes) < cursor
        return is_cut or prints.rewind_to(cursor, lines) is not None

    async def _wait(self, backoff: Backoff) -> None:
        await self._parts.clock.sleep(backoff.failed(self._parts.clock.monotonic()))
