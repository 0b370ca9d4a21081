"""Plays the customer line by line, without a prompt: for pipes, and where there is no library for one."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from chatbot.cli.backstage import Trouble
from chatbot.cli.slash import Unknown, enact, read
from chatbot.cli.visit import Visit

__all__ = ["Patience", "say_lines"]

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the customer waits.

    Args:
        timeout_s: For an agent, for an expected answer, and for whoever types or works.
        quiet_s: Answers have come to rest when nothing was said for so long.
    """

    timeout_s: float = 10.0
    quiet_s: float = 2.0


async def say_lines(visit: Visit, stream: TextIO, patience: Patience, show: Callable[[str], object]) -> None:
    """Say the lines of a stream until it ends, and wait for the answers to the last one.

    A person types when it is time to; lines that come from elsewhere wait until the answers to the one before
    have come to rest.

    Args:
        visit: The chat.
        stream: The lines.
        patience: How long to wait.
        show: Gets what slash commands have to show, and what did not work.
    """
    lines = _Lines(stream)
    is_typed = stream.isatty()
    if not is_typed:
        await visit.until(lambda: visit.has_agent or None, patience.timeout_s)
        await visit.rests(patience.quiet_s, patience.timeout_s)
    while not visit.over.is_set() and (line := await lines.next()) is not None:
        await _say(visit, line, show)
        if not is_typed:
            await visit.rests(patience.quiet_s, patience.timeout_s)


async def _say(visit: Visit, line: str, show: Callable[[str], object]) -> None:
    try:
        order = read(line)
        if order is not None:
            show(await enact(visit, order))
    except (Trouble, Unknown) as trouble:
        show(str(trouble))


class _Lines:
    """Reads a stream in a thread of its own: the loop goes on, and the end does not wait for it."""

    def __init__(self, stream: TextIO) -> None:
        self._loop = asyncio.get_running_loop()
        self._read: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._run, args=(stream,), name="stdin", daemon=True).start()

    async def next(self) -> str | None:
        """The next line; None when there is no more."""
        return await self._read.get()

    def _run(self, stream: TextIO) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            for line in _lines(stream):
                self._loop.call_soon_threadsafe(self._read.put_nowait, line)
            self._loop.call_soon_threadsafe(self._read.put_nowait, None)


def _lines(stream: TextIO) -> Iterator[str]:
    """The lines; below the buffers of Python, which a thread must not hold when the process ends."""
    try:
        number = stream.fileno()
    except io.UnsupportedOperation:
        yield from stream
        return
    rest = b""
    while chunk := os.read(number, _CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")
