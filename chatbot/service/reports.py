"""The reports of chats as a file: one JSON object on each line. Nothing that happens to it harms a bot."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from chatbot.bot.journal_file import is_writable, real
from chatbot.bot.ports import KeepReport
from chatbot.model.codes import Code
from chatbot.model.config import Settings
from chatbot.model.events import SessionReport
from chatbot.model.findings import Finding
from chatbot.model.section import Section
from chatbot.service.system import WriterThread

__all__ = ["ReportFile", "check_reports", "keep_reports"]

log = logging.getLogger(__name__)

Append = Callable[[Callable[[], None]], Awaitable[None]]

_PATIENCE_S = 5.0
# while a disk hangs, reports beyond these are lost at once
_MOST_WAITING = 1000


class ReportFile:
    """One file for all bots of a process.

    It is opened for each line, so that a line comes to where the name leads then: log rotation may rename or
    remove it, or cut it short.

    Args:
        path: The file; created readable for its owner only, with what is written first.
        in_thread: Runs what blocks, one after another.
        what: What its lines are, for the log.
    """

    def __init__(self, path: Path, in_thread: Append, what: str = "session reports") -> None:
        self._path = path
        self._in_thread = in_thread
        self._what = what
        self._trouble = ""
        self._is_torn = False
        self._begun = self._done = 0

    async def keep(self, report: SessionReport) -> bool:
        """Write a report; see ``append``."""
        # not by pydantic: it refuses half of a pair of surrogates, which an id may hold
        return await self.append(json.dumps(report.model_dump(mode="json"), separators=(",", ":")).encode())

    async def append(self, line: bytes) -> bool:
        """Write a line; whether that was possible within some seconds. Never raises for the disk."""
        if self._begun - self._done >= _MOST_WAITING:
            return False
        self._begun += 1
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._in_thread(partial(self._append, line + b"\n"))
        except OSError as error:
            why = "the disk does not answer" if isinstance(error, TimeoutError) else error.strerror
            self._ill(why or type(error).__name__)
            return False
        self._well()
        return True

    def _ill(self, trouble: str) -> None:
        if not self._trouble:
            words = "%s cannot be written to %s: %s\nThey are lost until that is possible again."
            log.error(words, self._what, self._path, trouble)
        self._trouble = trouble

    def _well(self) -> None:
        if self._trouble:
            log.warning("%s can be written again", self._what)
        self._trouble = ""

    # in the thread

    def _append(self, line: bytes) -> None:
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._write(file, line)
            finally:
                os.close(file)
        finally:
            self._done += 1

    def _write(self, file: int, line: bytes) -> None:
        """In one go; what a full disk has cut off is not to spoil the line that follows."""
        whole = b"\n" + line if self._is_torn else line
        count = os.write(file, whole)
        if count < len(whole):
            self._is_torn = True
            raise OSError(0, "the disk is full")
        self._is_torn = False


def keep_reports(settings: Settings) -> KeepReport | None:
    """What keeps the reports of these bots; None if nobody wants them kept."""
    path = settings.service.session_reports
    return ReportFile(Path(path), WriterThread("session reports")).keep if path else None


def check_reports(settings: Settings, file: str) -> list[Finding]:
    """What is wrong with the places of the reports, as far as it can be told without writing there."""
    where = Section(file, ("service",), settings.lines)
    findings = []
    for key, path in settings.service.reports.items():
        why, fix = _wrong_with(Path(path)) if path else ("", "")
        if why:
            what = f"{key} = {path!r} cannot be written: {why}"
            findings.append(where.finding(Code.REPORTS_PLACE, what, key, fix=fix))
    return findings


def _wrong_with(path: Path) -> tuple[str, str]:
    place = real(path)
    if place.is_dir():
        return "it is a folder", "name a file"
    if not place.parent.is_dir():
        return f"there is no folder {place.parent}", "create the folder, or name another"
    for needed in (place.parent, place):
        if needed.exists() and not is_writable(needed):
            return f"{needed} may not be written", "let the user of this service write there"
    return "", ""
