"""Reads the transcript of a chat whose first lines nobody here has recorded: once, and not for long."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chatbot.bot.runner import BotRunner
from chatbot.model.errors import ChatbotError
from chatbot.model.events import TranscriptEvent

__all__ = ["Reading", "Transcripts"]

_WITHIN_S = 5.0
_AGAIN_AFTER_S = 15.0
_MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """What the server has shown.

    Args:
        lines: The transcript; empty if it could not be read.
        trouble: Why not.
        until: When it may be read again, in monotonic seconds.
    """

    lines: Sequence[TranscriptEvent] = ()
    trouble: str = ""
    until: float = 0.0


@dataclass(slots=True)
class Transcripts:
    """Reads transcripts, and keeps the last few.

    Args:
        monotonic: Tells the time, in seconds.
    """

    monotonic: Callable[[], float]
    _kept: OrderedDict[tuple[str, str], Reading] = field(default_factory=OrderedDict)
    _reading: dict[tuple[str, str], asyncio.Lock] = field(default_factory=dict)

    async def of(self, bot: BotRunner, chat_id: str) -> Reading:
        """The transcript; a trouble is told as it is for a while, so that the server is left alone."""
        key = (bot.name, chat_id)
        async with self._reading.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept is None or (kept.trouble and kept.until <= self.monotonic()):
                kept = self._kept[key] = await self._read(bot, chat_id)
            self._kept.move_to_end(key)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        self._reading.pop(key, None)
        return kept

    async def _read(self, bot: BotRunner, chat_id: str) -> Reading:
        again = self.monotonic() + _AGAIN_AFTER_S
        try:
            async with asyncio.timeout(_WITHIN_S):
                return Reading(tuple(await bot.read(chat_id, 1, None)))
        except TimeoutError:
            return Reading(trouble=f"the server did not answer within {_WITHIN_S:g} s", until=again)
        except ChatbotError as error:
            return Reading(trouble=str(error), until=again)
