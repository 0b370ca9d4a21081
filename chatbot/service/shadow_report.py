"""Compares what bots in shadow plan with what humans do, and has it written when a chat ends."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path

from chatbot.hooks.trace import Deed, Hearing, Record
from chatbot.model.clock import RunInThread
from chatbot.model.comparison import ComparedChat
from chatbot.model.config import Settings
from chatbot.model.events import ChatEnded, ChatResumed, ChatStarted
from chatbot.model.policy import FALLBACK, is_fleeting
from chatbot.service.comparison import Comparison
from chatbot.service.reports import ReportFile
from chatbot.service.system import WriterThread

__all__ = ["ShadowReport", "Write", "report_of"]

log = logging.getLogger(__name__)

Write = Callable[[bytes], Awaitable[bool]]
"""Keeps one line; whether that was possible. Never raises, and does not take long."""

_MOST_OPEN = 2000
_MOST_WAITING = 1000
_MOST_RECENT = 200


class ShadowReport:
    """Watches bots in shadow (Observer).

    Args:
        bots: Their names; what others do is passed over.
        now: The time, for telling how long plugins take.
        with_texts: Whether texts of customers, humans and plugins are told.
        write: Gets a line of JSON at the end of each chat; None: nobody wants them kept.
    """

    def __init__(
        self,
        bots: Iterable[str],
        now: Callable[[], datetime],
        *,
        with_texts: bool = False,
        write: Write | None = None,
    ) -> None:
        self._bots = frozenset(bots)
        self._now = now
        self._with_texts = with_texts
        self._write = write
        self._open: OrderedDict[tuple[str, str], Comparison] = OrderedDict()
        self._recent: deque[Comparison] = deque(maxlen=_MOST_RECENT)
        self._ended: deque[Comparison] = deque()
        self._news = asyncio.Event()
        self._is_closing = False
        self.lost = 0

    def observe(self, record: Record) -> None:
        """See Observer."""
        if record.bot not in self._bots:
            return
        match record:
            case Hearing(event=event) if event.chat_id:
                self._hear(record, event.chat_id)
            case Deed(chat_id=str(chat_id)) if _is_planned(record):
                if comparison := self._open.get((record.bot, chat_id)):
                    comparison.plan(record, self._now())
            case _:
                pass

    def chats(self) -> list[ComparedChat]:
        """The last chats that have ended, and those that go on, as far as they have come; oldest first."""
        return [it.told() for it in (*self._recent, *self._open.values()) if it.is_worth_telling]

    def _hear(self, hearing: Hearing, chat_id: str) -> None:
        place = hearing.bot, chat_id
        comparison = self._open.get(place)
        if comparison is None or (comparison.is_worth_telling and _is_begin(hearing)):
            # a bot that has failed and begins again has lost what it knew
            comparison = self._begin(place)
        comparison.hear(hearing)
        if isinstance(hearing.event, ChatEnded):
            del self._open[place]
            self._end(comparison)

    def _begin(self, place: tuple[str, str]) -> Comparison:
        self._open.pop(place, None)
        if len(self._open) >= _MOST_OPEN:
            self._open.popitem(last=False)
            self._lose("too many chats go on at once")
        self._open[place] = Comparison(*place, self._now(), with_texts=self._with_texts)
        return self._open[place]

    def _end(self, comparison: Comparison) -> None:
        if not comparison.is_worth_telling:
            return  # it rang, and others took it
        self._recent.append(comparison)
        if self._write is None:
            return
        if len(self._ended) >= _MOST_WAITING:
            self._lose("the file takes too long")
            return
        self._ended.append(comparison)
        self._news.set()

    def _lose(self, why: str) -> None:
        if not self.lost:
            log.warning("comparisons of bots in shadow are lost: %s", why)
        self.lost += 1

    # its file

    async def run(self, run_in_thread: RunInThread) -> None:
        """Write what has ended, until ``close``.

        Args:
            run_in_thread: Where the words of a chat are compared: that must hold up nobody.
        """
        while self._ended or not self._is_closing:
            if not self._ended:
                self._news.clear()
                await self._news.wait()
                continue
            line = await run_in_thread(partial(_line_of, self._ended.popleft()))
            if self._write is not None:
                await self._write(line)

    def close(self) -> None:
        """Nothing more ends: ``run`` returns when all is written."""
        self._is_closing = True
        self._news.set()


def _line_of(comparison: Comparison) -> bytes:
    told = comparison.told().model_dump(mode="json", exclude_none=True)
    # a stranger's text may hold what no file can
    return json.dumps(told, ensure_ascii=False).encode(errors="replace")


def _is_begin(hearing: Hearing) -> bool:
    return isinstance(hearing.event, ChatStarted | ChatResumed)


def _is_planned(deed: Deed) -> bool:
    """Whether a plugin asked for it, and somebody would notice."""
    return deed.plugin not in {"", FALLBACK} and not is_fleeting(deed.action)


def report_of(settings: Settings, now: Callable[[], datetime]) -> ShadowReport | None:
    """Watches the bots of this file that are in shadow; None if there are none."""
    bots = [name for name, bot in settings.bots.items() if bot.mode == "shadow"]
    if not bots:
        return None
    path, write = settings.service.shadow_reports, None
    if path:
        write = ReportFile(Path(path), WriterThread("shadow reports"), "shadow reports").append
    return ShadowReport(bots, now, with_texts=settings.service.shadow_texts, write=write)
