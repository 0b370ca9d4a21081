"""A tiny forward proxy: absolute addresses and CONNECT, for one connection each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Proxy:
    """Counts what comes through.

    Args:
        port: Where it listens, on the loopback.
    """

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection to one server."""
        self.connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(maxsplit=2)
        is_tunnel = method == b"CONNECT"
        address = urlsplit(f"//{target.decode()}" if is_tunnel else target.decode())
        there = await asyncio.open_connection(address.hostname, address.port)
        if is_tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there[1].write(head)
        try:
            await _first_to_end(_copy(reader, there[1]), _copy(there[0], writer))
        finally:
            for side in (writer, there[1]):
                side.close()
                with suppress(OSError):
                    await side.wait_closed()


async def _first_to_end(*copies: object) -> None:
    tasks = [asyncio.ensure_future(copy) for copy in copies]  # type: ignore[call-overload]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()


@asynccontextmanager
async def forward_proxy() -> AsyncIterator[Proxy]:
    """A proxy for the length of a block."""
    proxy = Proxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
