"""Stand-ins for time, chance and HTTP: time passes only when somebody waits."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings

from chatbot.model.errors import WireError
from chatbot.wire.http import Method, Reply

# The same examples in each run.
modest = settings(max_examples=60, derandomize=True, deadline=None)


class FakeClock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        until = self.time + seconds
        await asyncio.sleep(0)
        self.time = max(self.time, until)


class Chance:
    """Always the same part of the way from the lowest number to the highest."""

    def __init__(self, part: float = 1.0) -> None:
        self.part = part

    def uniform(self, a: float, b: float, /) -> float:
        return a + (b - a) * self.part


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as the Http port got it."""

    method: Method
    path: str
    body: Any
    timeout_s: float
    at: float = 0.0


Answer = Reply | WireError | Callable[[Sent], Awaitable[Reply]]


class FakeHttp:
    """The Http port: records requests, and answers from a script, then always with ``otherwise``."""

    def __init__(self, clock: FakeClock, *script: Answer) -> None:
        self.clock = clock
        self.sent: list[Sent] = []
        self.script = deque(script)
        self.otherwise: Answer = envelope(0)
        self.closed = 0

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        body = None if content is None else json.loads(content)
        sent = Sent(method, path, body, timeout_s, self.clock.time)
        self.sent.append(sent)
        answer = self.script.popleft() if self.script else self.otherwise
        if isinstance(answer, WireError):
            raise answer
        return answer if isinstance(answer, Reply) else await answer(sent)

    async def aclose(self) -> None:
        self.closed += 1

    @property
    def lines(self) -> list[str]:
        """The requests so far, e.g. ``GET /api/v2/me`` or ``POST /api/v2/me Ready``."""
        names = [
            sent.body.get("operationName") if isinstance(sent.body, dict) else None for sent in self.sent
        ]
        return [
            f"{sent.method} {sent.path}" + (f" {name}" if name else "")
            for sent, name in zip(self.sent, names, strict=True)
        ]


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    return Reply(status, headers, json.dumps(value).encode())


def envelope(code: object, *, http: int = 200, **fields: object) -> Reply:
    """An answer of the REST side."""
    return json_reply({"statusCode": code, **fields}, http)


def page(status: int = 200) -> Reply:
    """A web page: a login form, or the error page of a servlet container."""
    return Reply(status, {"content-type": "text/html"}, b"<!DOCTYPE html><html><form action=/login></html>")
