"""Puts a source and a server together."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from chatbot.model.clock import Clock
from chatbot.model.notifications import Signal
from chatbot.wire.cometd import CometdSource
from chatbot.wire.http import Http, HttpxHttp
from chatbot.wire.retry import Limits
from tests.interop.listener import Listener, Login, Source, WallClock, _go_on
from tests.interop.server import CHATS, Server

QUICK = Limits(request_timeout_s=2.0, poll_slack_s=1.0, first_backoff_s=0.2, max_backoff_s=1.0)
"""Shorter than in production, so that a test that waits for a deadline does not wait long."""


def make_source(kind: str, http: Http, **settings: Any) -> Source:
    """A source of the kind ``httpx`` or ``aiocometd``."""
    chosen: Callable[..., Source] = CometdSource
    if kind == "aiocometd":
        from chatbot.wire.aiocometd_source import AiocometdSource  # noqa: PLC0415 (an extra)

        chosen = AiocometdSource
    return chosen(http, **settings)


@asynccontextmanager
async def bench_of(source_kind: str, server_kind: str) -> AsyncIterator[Bench]:
    """A bench that stops its servers and closes its ports at the end."""
    bench = Bench(source_kind, server_kind)
    try:
        yield bench
    finally:
        await bench.aclose()


@asynccontextmanager
async def nothing_left_behind() -> AsyncIterator[None]:
    """After the block no task is left, and the event loop has had nothing to complain about."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    tasks = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - tasks - {asyncio.current_task()}
    assert {task.get_name() for task in left if not task.done()} == set()
    assert complaints == []


class Bench:
    """Servers of one kind for sources of one kind; stops them at the end.

    Args:
        source_kind: ``httpx`` or ``aiocometd``.
        server_kind: ``cometd`` or ``faye``.
    """

    def __init__(self, source_kind: str, server_kind: str) -> None:
        self.source_kind = source_kind
        self.server_kind = server_kind
        self._servers: list[Server] = []
        self._https: list[HttpxHttp] = []

    async def serve(self, **options: object) -> Server:
        """Start a server; options as in servers/server.js, times in milliseconds."""
        server = Server(**{"kind": self.server_kind, "timeout": 5000, **options})
        self._servers.append(server)
        await server.start()
        return server

    def http(self, server: Server | str, **settings: Any) -> HttpxHttp:
        """A port to the server or address, closed at the end."""
        port = HttpxHttp(server if isinstance(server, str) else server.url, **settings)
        self._https.append(port)
        return port

    @asynccontextmanager
    async def bot(  # noqa: PLR0913 (a test names only what it is about)
        self,
        server: Server,
        *,
        http: Http | None = None,
        path: str = "/cometd",
        channels: tuple[str, ...] = (CHATS,),
        limits: Limits = QUICK,
        clock: Clock | None = None,
        seed: int = 1,
        consume: Callable[[Signal], Awaitable[None]] = _go_on,
    ) -> AsyncIterator[Listener]:
        """A bot that listens until the block is left, then says good-bye."""
        port = http or self.http(server)
        login = Login(port)
        source = make_source(
            self.source_kind,
            port,
            path=path,
            channels=channels,
            clock=clock or WallClock(),
            rng=random.Random(seed),
            renew=login,
            limits=limits,
        )
        listener = Listener(source, http=port, login=login, consume=consume)
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(listener.run(), name=f"listener {path}")
                yield listener
                task.cancel()
        except ExceptionGroup as group:  # a failed assertion of the block reads better alone
            raise (group.exceptions[0] if len(group.exceptions) == 1 else group) from None
        finally:
            await source.aclose()

    async def aclose(self) -> None:
        """Close what is open and stop all servers."""
        for port in self._https:
            await port.aclose()
        for server in self._servers:
            await server.stop()
