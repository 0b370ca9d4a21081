"""Serves an ASGI application over a real socket inside the running event loop.

Uvicorn lives here and nowhere else in the simulator. It gets no signal handlers: whoever runs the loop
decides when to stop.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol, Self, cast, runtime_checkable

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from chatbot.simulator.gateway import ABORT

STOP_TIMEOUT_S = 1
# Whoever has not sent the head of a request by then is not served: strangers must not use up connections.
HEAD_WITHIN_S = 10.0


@runtime_checkable
class HoldsPolls(Protocol):
    """An application with requests that wait; it is told before the server stops."""

    def hold_polls(self, *, allowed: bool) -> None:
        """Hold requests, or let all of them go."""


class _AbortingProtocol(H11Protocol):
    """Lets the application close its connection without an answer, by a function in the scope.

    ``lost`` tells when it is closed. A client that does not come to the point is not waited for.
    """

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The base class narrows the argument too: a stream protocol only ever gets stream transports.
        stream = cast("asyncio.Transport", transport)
        super().connection_made(stream)
        self.lost = asyncio.Event()
        app = self.app

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), ABORT: stream.abort}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_abort
        self._patience = self.loop.call_later(HEAD_WITHIN_S, stream.close)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing() or (self.cycle is not None and not self.cycle.response_complete):
            self._wait_no_more()
        elif self._patience is None:
            self._patience = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)
        self.lost.set()


class Front:
    """The address of an application: it can be shut and opened again while what is behind it goes on.

    Leaving the `async with` block closes it for good, and lets requests that run finish.

    Args:
        app: What is served.
        host: Where to listen.
        port: 0 takes a free one; the same one is kept through all closures.
        listener: A socket that is bound already, in place of host and port.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str = "127.0.0.1",
        port: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        self._app = app
        self._host: str
        self._port: int
        self._host, self._port = listener.getsockname()[:2] if listener else (host, port)
        self._listener = listener
        self._server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        """The base url; known once it was opened."""
        shown = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{shown}:{self._port}"

    async def open(self) -> None:
        """Listen.

        Raises:
            OSError: If the address is taken.
        """
        listener = self._listener or bound(self._host, self._port)
        try:
            # Before uvicorn does it, which would end the process where the address is taken.
            listener.listen()
            self._server = await _started(self._app, listener)
        except BaseException:
            listener.close()
            raise
        self._listener, self._port = listener, listener.getsockname()[1]
        _hold_polls(self._app, allowed=True)

    async def shut(self) -> None:
        """Cut all connections, answered or not, and refuse new ones until `open`, as a server that fell."""
        await self._stop(cut=True)
        # Bound and not listening: the address is kept, and whoever connects is refused.
        self._listener = bound(self._host, self._port)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        if self._listener is not None:
            self._listener.close()

    async def _stop(self, *, cut: bool = False) -> None:
        server, self._server = self._server, None
        if server is None or self._listener is None:
            return
        if cut:
            for connection in list(server.server_state.connections):
                cast("H11Protocol", connection).transport.abort()
        _hold_polls(self._app, allowed=False)
        await _stopped(server, self._listener)


def bound(host: str, port: int) -> socket.socket:
    """A socket at this address that does not listen yet: it is kept, and whoever connects is refused.

    Raises:
        OSError: The address is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by its connections. asyncio only sets it on sockets made with an explicit protocol,
        # and without it an answer in two parts takes 40 ms more.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener


@asynccontextmanager
async def serve(
    app: ASGIApp, host: str = "127.0.0.1", port: int = 0, listener: socket.socket | None = None
) -> AsyncIterator[str]:
    """Serve the application and yield its base url; port 0 takes a free one.

    Args:
        app: What is served.
        host: Where to listen.
        port: The port.
        listener: A socket that is bound already, in place of host and port.

    Raises:
        OSError: If the address is taken.
    """
    async with Front(app, host, port, listener) as front:
        yield front.url


async def _started(app: ASGIApp, listener: socket.socket) -> uvicorn.Server:
    """Do what `Server.serve` does before its main loop, which only watches signals and limits."""
    config = uvicorn.Config(
        app,
        http=_AbortingProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    return server


async def _stopped(server: uvicorn.Server, listener: socket.socket) -> None:
    """Do what `Server.shutdown` does, which looks ten times a second only whether all has ended.

    What still runs after a second is cancelled and waited for.
    """
    for accepting in server.servers:
        accepting.close()
    listener.close()
    state = server.server_state
    connections = cast("list[_AbortingProtocol]", [*state.connections])
    for connection in connections:
        connection.shutdown()
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_S):
            for connection in connections:
                await connection.lost.wait()
            await asyncio.gather(*state.tasks, return_exceptions=True)
    for task in state.tasks:
        task.cancel()
    await asyncio.gather(*state.tasks, return_exceptions=True)


def _hold_polls(app: object, *, allowed: bool) -> None:
    if isinstance(app, HoldsPolls):
        app.hold_polls(allowed=allowed)
