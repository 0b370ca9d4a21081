"""A TCP proxy that spoils requests: it cuts, holds and delays them, before or after they reached the server.

It knows just enough of HTTP/1.1 to find where a request ends: lengths, no chunks. A request that was cut
`late` reaches the server up to `LATEST_S` after its client has given it up, as bots are told to expect.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from tests.chaos.dice import Dice

LATEST_S = 0.8
LONGEST_STALL_S = 30.0
LIMIT = 1 << 20

RATES = {
    "cut before": 0.002,
    "cut after": 0.004,
    "cut within": 0.002,
    "delay": 0.01,
    "late": 0.003,
    "stall before": 0.0005,
    "stall after": 0.0005,
}
# A poll that fails makes a bot wait up to ten seconds, so the whole run would be waiting.
POLLS = 0.1

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class CutError(Exception):
    """The connection is to be cut."""


class FaultProxy:
    """Stands between the bots and their server.

    Args:
        upstream: Host and port of the server.
        calls: Spoils requests; the names are those of `RATES`.
        polls: The same for polls.
        sleep: Passes time.
    """

    def __init__(
        self,
        upstream: tuple[str, int],
        calls: Dice,
        polls: Dice,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.port = 0
        self._upstream = upstream
        self._calls = calls
        self._polls = polls
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    async def accept(self) -> None:
        """Listen, always at the same port."""
        start = asyncio.start_server
        self._server = await start(self._serve, "127.0.0.1", self.port, limit=LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Cut all connections and refuse new ones."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        connection = _Connection((reader, writer), self._upstream, self._sleep)
        try:
            # A cancelled task of a stream server is reported as an error: it ends by itself instead.
            with suppress(CutError, OSError, EOFError, asyncio.CancelledError):
                while request := await read_message(reader):
                    dice = self._polls if b"/notifications" in request.partition(b"\r\n")[0] else self._calls
                    await connection.carry(request, dice.pick(list(RATES)), dice.rng.uniform(0.1, LATEST_S))
        finally:
            connection.cut()
            self._tasks.discard(task)


class _Connection:
    """One connection of a client, with one to the server."""

    def __init__(
        self, client: Streams, address: tuple[str, int], sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._reader, self._writer = client
        self._address = address
        self._server: Streams | None = None
        self._sleep = sleep

    def cut(self) -> None:
        """Reset both ends: unsent bytes are thrown away."""
        self._writer.transport.abort()
        if self._server is not None:
            self._server[1].transport.abort()

    async def carry(self, request: bytes, fault: str | None, seconds: float) -> None:
        """Carry one request there and its answer back, as far as this fault lets it come."""
        match fault:
            case "cut before":
                raise CutError
            case "stall before":
                await self._stall()
            case "delay":
                await self._sleep(seconds)
            case "late":
                self._writer.transport.abort()
                await self._sleep(seconds)
        answer = await self._exchange(request, alone=fault in ("late", "delay"))
        match fault:
            case "cut after" | "late":
                raise CutError
            case "stall after":
                await self._stall()
            case "cut within":
                self._writer.write(answer[: len(answer) // 2])
                await self._writer.drain()
                raise CutError
        self._writer.write(answer)
        await self._writer.drain()

    async def _exchange(self, request: bytes, *, alone: bool) -> bytes:
        """Return the answer; a client that goes takes its connection to the server along."""
        reader, writer = await self._to_server()
        writer.write(request)
        if alone:
            return await _answer(reader)
        answer = asyncio.create_task(_answer(reader))
        gone = asyncio.create_task(self._reader.read(1))
        try:
            await asyncio.wait([answer, gone], return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise CutError
            return answer.result()
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    async def _to_server(self) -> Streams:
        """Return the connection to the server, a new one if it has closed the last: servers do, when idle."""
        if self._server is not None and not self._server[0].at_eof():
            return self._server
        if self._server is not None:
            self._server[1].transport.abort()
        self._server = await asyncio.open_connection(*self._address, limit=LIMIT)
        return self._server

    async def _stall(self) -> None:
        """Say nothing until the client gives up, as on a half-open connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_STALL_S):
                await self._reader.read(1)
        raise CutError


async def _answer(reader: asyncio.StreamReader) -> bytes:
    answer = await read_message(reader)
    if not answer:
        raise CutError
    return answer


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """Read one HTTP message; nothing at the end of the stream."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return b""
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")
