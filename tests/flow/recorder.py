"""A TCP proxy that keeps every byte which a client sends, and changes none."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

_HEAD = re.compile(rb"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/1\.1\r\n(?P<headers>(?:[^\r\n]+\r\n)*)\r\n")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Sent:
    """One HTTP request as it was on the wire."""

    method: str
    path: str
    body: bytes

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the body says, if it is a list of Bayeux messages."""
        return list(json.loads(self.body))


@dataclass
class Tape:
    """Where the clients connect to, and all that they have sent: one stream for each connection."""

    server: str = ""
    streams: list[bytearray] = field(default_factory=list[bytearray])

    @property
    def requests(self) -> list[Sent]:
        """Every request, and nothing is left over: what is no request fails."""
        return [sent for stream in self.streams for sent in _requests(bytes(stream))]


def _requests(stream: bytes) -> list[Sent]:
    found = []
    while stream:
        head = _HEAD.match(stream)
        assert head is not None, f"these bytes are no HTTP/1.1 request: {stream[:200]!r}"
        assert b"transfer-encoding" not in head["headers"].lower(), "a body without a length"
        length = _LENGTH.search(head["headers"])
        end = head.end() + (int(length[1]) if length else 0)
        found.append(Sent(head["method"].decode(), head["path"].decode(), stream[head.end() : end]))
        stream = stream[end:]
    return found


@asynccontextmanager
async def taped(server: str) -> AsyncIterator[Tape]:
    """Stand before this server."""
    host, _, port = server.removeprefix("http://").rpartition(":")
    tape = Tape()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = bytearray()
        tape.streams.append(stream)
        there, to = await asyncio.open_connection(host, int(port))
        async with asyncio.TaskGroup() as both:
            both.create_task(_pass(reader, to, stream))
            both.create_task(_pass(there, writer, bytearray()))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        tape.server = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield tape
        listening.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            kept += chunk
            writer.write(chunk)
            await writer.drain()
    writer.close()
