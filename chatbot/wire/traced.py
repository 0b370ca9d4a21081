"""Shows each request of a bot in the trace that it is part of. The server is told nothing of it."""

from __future__ import annotations

import re

from chatbot.model.errors import WireError
from chatbot.model.tracing import Tracer
from chatbot.wire.http import Http, Method, Reply

__all__ = ["TracedHttp", "route_of"]

_IDS = re.compile(r"/(chats|users)/[^/?]+")
_FAILED = 400


class TracedHttp:
    """Another port, traced (Http).

    Args:
        http: Moves the bytes.
        tracer: Makes spans.
    """

    def __init__(self, http: Http, tracer: Tracer) -> None:
        self._http = http
        self._tracer = tracer

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """See Http.request. What belongs to no trace, as long polls, begins none."""
        if not self._tracer.is_tracing:
            return await self._http.request(method, path, content=content, timeout_s=timeout_s)
        about = {"http.request.method": method, "http.route": route_of(path)}
        with self._tracer.span("chatbot.request", about) as span:
            try:
                reply = await self._http.request(method, path, content=content, timeout_s=timeout_s)
            except WireError as error:
                span.fail(error)
                raise
            span.note("http.response.status_code", reply.status)
            return reply

    async def aclose(self) -> None:
        """See Http.aclose."""
        await self._http.aclose()


def route_of(path: str) -> str:
    """A path without the ids in it, and without its query: there are few of them."""
    return _IDS.sub(r"/\1/{id}", path.partition("?")[0])
