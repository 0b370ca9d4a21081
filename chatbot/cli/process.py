"""A process that is to run the bots, as ``chatbot dev`` sees it. What it does there: ``child.py``.

The two talk in lines of JSON over a pair of sockets. Its end tells each of them that the other has gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Self

__all__ = ["Child", "Order", "Refused"]

# The same places for modules as here: what a plugin may import must not depend on how it is run.
_START = "import sys; sys.path[:] = {path!r}; from chatbot.cli.child import main; main({ours}, {listener})"
_LONGEST_LINE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to run.

    Args:
        config: The bots.toml, with its whole path.
        server: Where the bots are to work.
        is_shadow: Whether they only read there.
        bot: The only one that is to run; None for all.
        with_texts: Whether shadow shows texts.
        journal: What one process leaves for the next.
        log: Form and level of the log.
    """

    config: str
    server: str
    is_shadow: bool
    bot: str | None
    with_texts: bool
    journal: str
    log: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """The bots cannot be made of these files.

    Args:
        why: For people; empty if the process just ended.
        files: Of the project, as far as they were read.
    """

    why: str
    files: tuple[str, ...] = ()


class Child:
    """One process: started before there is anything to run, for Python takes its time.

    Args:
        process: The process.
        reader: What it says.
        writer: What it is told.
    """

    def __init__(self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._ended = asyncio.Event()

    @classmethod
    async def start(cls, listener: socket.socket | None) -> Self:
        """Start one. Keys that a terminal sends to all processes do not reach it.

        Args:
            listener: Where it is to serve the admin pages; None if there are none.
        """
        ours, theirs = socket.socketpair()
        given = [theirs, *([listener] if listener is not None else [])]
        number = listener.fileno() if listener is not None else None
        code = _START.format(path=sys.path, ours=theirs.fileno(), listener=number)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", code),
                stdin=DEVNULL,
                pass_fds=[one.fileno() for one in given],
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, *await asyncio.open_connection(sock=ours, limit=_LONGEST_LINE))

    async def load(self, order: Order) -> tuple[str, ...] | Refused:
        """Have the bots made, and nothing begun: the files of the project that they are made of."""
        self._tell("load", asdict(order))
        answer = await self._hear()
        if "loaded" in answer:
            return tuple(answer["loaded"])
        await self.wait()
        return Refused(answer.get("refused", ""), tuple(answer.get("files", ())))

    async def run(self, on_ready: Callable[[], object], on_files: Callable[[Sequence[str]], object]) -> int:
        """Let the bots begin; the exit code of the process.

        Args:
            on_ready: Called when the bots are ready, or have had their time for it.
            on_files: Called with the files of the project, when hooks have imported more.
        """
        self._tell("go", None)
        while answer := await self._hear():
            if "ready" in answer:
                on_ready()
            elif "files" in answer:
                on_files(answer["files"])
            elif "ended" in answer:
                self._ended.set()
        self._ended.set()
        return await self.wait()

    async def stop(self, patience_s: float) -> None:
        """Let the bots end well, and leave their chats for the next process; not for ever.

        When this returns, the journal is free.
        """
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(patience_s):
                await self._ended.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        code = await self._process.wait()
        self.kill()  # what its plugins have started and not ended
        return code

    async def gone(self) -> None:
        """Until the system has taken back what was killed."""
        await self._process.wait()

    def kill(self) -> None:
        """End it at once, with what it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._writer.close()

    async def _hear(self) -> Mapping[str, Any]:
        """What it says next; nothing if it has ended."""
        with suppress(OSError):
            if line := await self._reader.readline():
                answer: Mapping[str, Any] = json.loads(line)
                return answer
        return {}

    def _tell(self, word: str, what: object) -> None:
        with suppress(OSError):
            self._writer.write(json.dumps({word: what}).encode() + b"\n")
