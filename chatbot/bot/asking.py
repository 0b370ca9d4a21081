"""Asks the server for lines of a transcript, within reason."""

from __future__ import annotations

import logging

from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.model.errors import ProtocolViolation, WireError
from chatbot.model.events import TranscriptEvent
from chatbot.wire.retry import Backoff, Limits

__all__ = ["Asking"]

log = logging.getLogger(__name__)

# How often the server is asked for what it has announced and does not show.
_TRIES = 4
_WAITS = Limits(first_backoff_s=0.5, max_backoff_s=4.0)


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
        for _ in range(_TRIES):
            try:
                lines = await self._parts.platform.lines(chat.id)
            except WireError as error:
                log.warning("the transcript cannot be read: %s", error)
                await self._wait(backoff)
            else:
                chat.read_back(lines)
                return lines
        chat.order.give_up_asking()
        return chat.order.waiting()

    async def for_missing(self, chat: LiveChat) -> bool:
        """Close a gap, or find out that there is nothing in it. True if the chat can go on.

        While the server cannot be reached the chat waits. A server that answers and does not show
        what it has announced is asked a few times, then taken at its word.
        """
        backoff = Backoff(_WAITS, self._parts.rng)
        fruitless = 0
        while fruitless < _TRIES and not chat.is_over:
            try:
                await self._read(chat)
            except ProtocolViolation as error:
                log.warning("the transcript cannot be read: %s", error)
            except WireError as error:
                log.warning("the transcript cannot be read now: %s", error)
                fruitless -= 1
            else:
                if not chat.order.is_missing_lines:
                    return True
            fruitless += 1
            await self._wait(backoff)
        log.warning("lines up to %d were announced and are not shown: going on", chat.order.highest)
        self._parts.counters.gaps += 1
        chat.must_ask = False
        chat.order.give_up_asking()
        return True

    async def _read(self, chat: LiveChat) -> None:
        """What follows the cursor; the whole, if the server counts from somewhere else (reference 8.2)."""
        chat.read_back(await self._parts.platform.lines(chat.id, chat.order.cursor + 1))
        if chat.order.is_missing_lines and chat.order.cursor > 0:
            chat.read_back(await self._parts.platform.lines(chat.id))

    async def _wait(self, backoff: Backoff) -> None:
        await self._parts.clock.sleep(backoff.failed(self._parts.clock.monotonic()))
