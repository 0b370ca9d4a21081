"""The CometD project's own JavaScript client, logged in at the project's simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.interop.node import NodeProcess
from tests.interop.watch import DEADLINE_S, Watch

Event = dict[str, Any]


class ReferenceClient:
    """What it heard, and waits for that."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.heard: list[int] = []
        self.watch = Watch(self._describe)
        self._process: NodeProcess | None = None

    @property
    def process(self) -> NodeProcess:
        assert self._process is not None, "the client is not running"
        return self._process

    async def start(self, url: str, **options: object) -> None:
        """Start the process, log in and begin to shake hands; options as in servers/client.mjs."""
        self._process = await NodeProcess.start("client.mjs", {"url": url, **options}, self._note)
        await self.process.call("login")
        await self.process.call("handshake")

    async def stop(self) -> None:
        """End it. Harmless when it has ended."""
        if self._process is not None:
            await self._process.stop()

    def all(self, name: str, *, client: int = 0, **fields: object) -> list[Event]:
        """The events of this name with these fields."""
        wanted = {"event": name, "client": client, **fields}
        return [event for event in self.events if wanted.items() <= event.items()]

    async def until(
        self, name: str, count: int = 1, *, within_s: float = DEADLINE_S, client: int = 0, **fields: object
    ) -> Event:
        """Until there are so many events of this name with these fields; the last of them."""
        await self.watch.until(
            lambda: len(self.all(name, client=client, **fields)) >= count, within_s=within_s
        )
        return self.all(name, client=client, **fields)[count - 1]

    async def until_listening(self) -> None:
        """Until the subscription is acknowledged and the first poll has succeeded."""
        await self.until("subscribe", successful=True)
        await self.until("connect", successful=True)

    async def until_heard(self, count: int, *, within_s: float = DEADLINE_S) -> None:
        await self.watch.until(lambda: len(self.heard) >= count, within_s=within_s)

    def _note(self, event: Event) -> None:
        self.events.append(event)
        if event["event"] == "message" and event["client"] == 0:
            self.heard.append(event["data"]["n"])
        self.watch.changed()

    def _describe(self) -> str:
        last = [event for event in self.events if event["event"] != "message"][-6:]
        return f"{len(self.heard)} messages, last events {last}"


@asynccontextmanager
async def reference_client(url: str, **options: object) -> AsyncIterator[ReferenceClient]:
    """A client for the length of a block."""
    client = ReferenceClient()
    try:
        await client.start(url, **options)
        yield client
    finally:
        await client.stop()
