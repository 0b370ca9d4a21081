"""Serves an ASGI application over a real socket inside the running event loop.

Uvicorn lives here and nowhere else in the simulator. It gets no signal handlers: whoever runs the loop
decides when to stop.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, cast, runtime_checkable

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from chatbot.simulator.gateway import ABORT

STOP_TIMEOUT_S = 1


@runtime_checkable
class HoldsPolls(Protocol):
    """An application with requests that wait; it is told before the server stops."""

    def hold_polls(self, *, allowed: bool) -> None:
        """Hold requests, or let all of them go."""


class _AbortingProtocol(H11Protocol):
    """Lets the application close its connection without an answer, by a function in the scope."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The base class narrows the argument too: a stream protocol only ever gets stream transports.
        stream = cast("asyncio.Transport", transport)
        super().connection_made(stream)
        app = self.app

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), ABORT: stream.abort}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_abort


@asynccontextmanager
async def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the application and yield its base url; port 0 takes a free one.

    Raises:
        OSError: If the address is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # Inherited by its connections. asyncio only sets it on sockets made with an explicit protocol, and
    # without it an answer in two parts takes 40 ms more.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = await _started(app, listener)
    try:
        _hold_polls(app, allowed=True)
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        _hold_polls(app, allowed=False)
        await _stopped(server, listener)


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
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    return server


async def _stopped(server: uvicorn.Server, listener: socket.socket) -> None:
    """Stop within a second or so; what still runs then is cancelled and waited for."""
    await server.shutdown(sockets=[listener])
    await asyncio.gather(*server.server_state.tasks, return_exceptions=True)


def _hold_polls(app: object, *, allowed: bool) -> None:
    if isinstance(app, HoldsPolls):
        app.hold_polls(allowed=allowed)
