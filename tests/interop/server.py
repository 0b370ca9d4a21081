"""A real CometD server behind a handler that plays faults, and what it saw."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.interop.node import NodeProcess
from tests.interop.watch import Watch

CHATS = "/v2/me/chats"

# Below the range that the system takes ports from for clients: nobody else is given the port of a
# server that is down, and no client connects to itself.
_PORTS = (20_000, 32_000)
_TRIES = 20


def free_port() -> int:
    """A port that nobody listens on now."""
    while True:
        port = random.randint(*_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the server saw it; ``at`` is the server's clock in seconds."""

    number: int
    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    messages: tuple[Any, ...]

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(message["channel"] for message in self.messages)


@dataclass(frozen=True, slots=True)
class Answered:
    """How a request ended."""

    at: float
    status: int


class Server:
    """One server, which may be killed and started again on its port.

    Args:
        options: See servers/server.js.
    """

    def __init__(self, **options: object) -> None:
        self.options = options
        self.port = 0
        self.seen: list[Seen] = []
        self.answered: dict[int, Answered] = {}
        self.sessions: set[str] = set()
        self.sessions_ended = 0
        self.watch = Watch(self._describe)
        self._process: NodeProcess | None = None

    @property
    def url(self) -> str:
        return f"{'https' if 'cert' in self.options else 'http'}://127.0.0.1:{self.port}"

    @property
    def process(self) -> NodeProcess:
        assert self._process is not None, "the server is not running"
        return self._process

    async def start(self) -> None:
        """Start on a free port, or on the old one after ``kill``."""
        for _ in range(_TRIES):
            port = self.port or free_port()
            self._process = await NodeProcess.start("server.js", self.options | {"port": port}, self._note)
            if self._process is not None:
                self.port = port
                return
        raise RuntimeError("the server does not start")

    async def kill(self) -> None:
        """A crash: all sessions are forgotten."""
        await self.process.kill()
        self.sessions.clear()
        self.answered.clear()
        self.seen.clear()

    async def stop(self) -> None:
        """End it. Harmless when it has ended."""
        if self._process is not None:
            await self._process.stop()

    async def publish(self, count: int, *, first: int = 0, channel: str = CHATS, **fields: object) -> None:
        """Publish ``{"n": first}``, ``{"n": first + 1}``, ... to all who subscribed."""
        await self.process.call("publish", channel=channel, first=first, count=count, fields=fields)

    async def rules(self, *rules: Mapping[str, object]) -> None:
        """Add fault rules, see servers/faults.js."""
        await self.process.call("rules", list=rules)

    async def deny(self, kind: str, times: int = 1) -> None:
        """Have the server itself refuse the next handshakes or subscriptions."""
        await self.process.call("deny", kind=kind, times=times)

    async def demand(self, **demands: object) -> None:
        """Ask for credentials, see servers/gate.js."""
        await self.process.call("require", demands=demands)

    async def drop(self) -> None:
        """Forget all CometD sessions."""
        await self.process.call("drop")

    async def call(self, op: str, **fields: object) -> None:
        """Any other operation of servers/server.js."""
        await self.process.call(op, **fields)

    def requests(self, channel: str | None = None, *, path: str = "") -> list[Seen]:
        """The requests that carried a message of this channel, to a path that ends so."""
        return [
            seen
            for seen in self.seen
            if seen.path.endswith(path) and (channel is None or channel in seen.channels)
        ]

    async def until_held(self, path: str = "") -> None:
        """Until the newest poll on this path waits for news."""

        def is_held() -> bool:
            polls = self.requests("/meta/connect", path=path)
            return bool(polls) and polls[-1].number not in self.answered and self._may_hold(polls[-1])

        await self.watch.until(is_held)

    def _may_hold(self, poll: Seen) -> bool:
        return bool(poll.messages[0].get("advice", {}).get("timeout") != 0)

    def _describe(self) -> str:
        last = [f"{seen.path} {seen.channels}" for seen in self.seen[-5:]]
        return f"{len(self.seen)} requests, the last {last}, sessions {self.sessions}"

    def _note(self, event: dict[str, Any]) -> None:
        match event.pop("event"):
            case "request":
                messages = tuple(event.pop("messages"))
                self.seen.append(Seen(messages=messages, **event))
            case "answered":
                self.answered[event["number"]] = Answered(event["at"], event["status"])
            case "session_added":
                self.sessions.add(event["id"])
            case "session_removed":
                self.sessions.discard(event["id"])
                self.sessions_ended += 1
        self.watch.changed()
