"""The real HTTP client over streams in memory: the same server, but every byte of HTTP/1.1 in between."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import Any

import httpcore
import httpx

from chatbot.model.errors import ConnectionLost
from chatbot.wire.http import HttpxHttp, Reply
from tests.simulation.loop import PROCESS, for_ever
from tests.simulation.net import Flight, Net
from tests.simulation.request import Request

__all__ = ["real_http"]

_REASONS = {200: "OK", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


def real_http(net: Net) -> HttpxHttp:
    """An ``HttpxHttp`` whose connections end in the simulated server."""
    transport = httpx.AsyncHTTPTransport()
    transport._pool = httpcore.AsyncConnectionPool(
        network_backend=_Backend(net), keepalive_expiry=20.0, max_connections=100
    )
    return HttpxHttp("http://localhost", credentials=("robo", "secret"), transport=transport)


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, net: Net) -> None:
        self._net = net

    async def connect_tcp(self, host: str, port: int, **_options: Any) -> httpcore.AsyncNetworkStream:
        if self._net.is_down:
            raise httpcore.ConnectError("refused")
        return _Stream(self._net)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """One connection: parses requests, and hands back what the network makes of the answers."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._received = b""
        self._flight: Flight | None = None
        self._to_read = b""
        self._is_closed = False

    async def write(self, buffer: bytes, **_options: Any) -> None:
        process = PROCESS.get()
        if process is None or process.is_dead:
            await for_ever()
        self._received += buffer
        request, self._received = _parsed(self._received)
        if request is not None:
            self._flight = self._net.send(request, 3600.0, process)

    async def read(self, max_bytes: int, **_options: Any) -> bytes:
        if not self._to_read and self._flight is not None:
            try:
                self._to_read = _written(await self._flight.answer)
            except ConnectionLost as error:
                self._is_closed = True
                raise (httpcore.ReadError if error.sent else httpcore.ConnectError)(str(error)) from error
            finally:
                self._net.land(self._flight)
                self._flight = None
        chunk, self._to_read = self._to_read[:max_bytes], self._to_read[max_bytes:]
        return chunk

    async def aclose(self) -> None:
        self._is_closed = True
        if self._flight is not None:
            self._net.land(self._flight)

    def get_extra_info(self, info: str) -> Any:
        # httpcore asks before it uses a connection again
        return self._is_closed if info == "is_readable" else None


def _parsed(received: bytes) -> tuple[Request | None, bytes]:
    """The first whole request, and what is left."""
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return None, received
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    if len(rest) < length:
        return None, received
    method, path, _ = first.split(" ")
    cookies = dict(pair.strip().partition("=")[::2] for pair in headers.get("cookie", "").split(";"))
    agent = b64decode(headers["authorization"].removeprefix("Basic ")).decode().partition(":")[0]
    content = rest[:length] if method == "POST" else None
    session, csrf = cookies.get("JSESSIONID"), headers.get("x-csrf-token")
    return Request(method, path, content, session, csrf, agent), rest[length:]


def _written(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += [f"Content-Length: {len(reply.body)}", "Content-Type: application/json"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + reply.body
