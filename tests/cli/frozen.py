"""A way to the server that can freeze: connections stay open, and nothing comes through any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Way:
    """A TCP proxy.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self._upstream = (parts.hostname, parts.port)
        self._connections: list[asyncio.Event] = []
        self._is_frozen = False
        self.url = ""

    def freeze(self) -> None:
        """From now on nothing comes through, as behind a firewall that has forgotten its connections."""
        self._is_frozen = True
        for connection in self._connections:
            connection.clear()

    def thaw(self) -> None:
        """New connections work; those that were frozen never do again."""
        self._is_frozen = False

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        lets_through = asyncio.Event()
        self._connections.append(lets_through)
        if not self._is_frozen:
            lets_through.set()
        with suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection(*self._upstream)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, far_writer, lets_through))
                tasks.create_task(_pump(far_reader, writer, lets_through))


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lets_through: asyncio.Event
) -> None:
    try:
        while data := await reader.read(65_536):
            await lets_through.wait()
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def way_to(server: str) -> AsyncIterator[Way]:
    """A way to this server, on a port of its own."""
    way = Way(server)
    listener = await asyncio.start_server(way.take, "127.0.0.1", 0)
    way.url = "http://{}:{}".format(*listener.sockets[0].getsockname())
    try:
        yield way
    finally:
        listener.close()
