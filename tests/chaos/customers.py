"""Customers: each comes, says its lines, waits for replies or not, and leaves; over the customer API.

A request that got no answer is made again. So a line may be said twice; the transcript is the truth, and what
a customer waits for is counted from the lines it reads there.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.chaos.checker import Line, unanswered
from tests.chaos.plan import Script

# Looking more often would cost more than all the rest of a run.
POLL_S = 0.8
RETRY_S = 0.2
ARRIVAL_S = 0.05


class Customer:
    """One customer.

    Args:
        http: Shared by all.
        script: What to do.
        patience_s: How long to wait for a reply that does not come.
        slowness: Multiplies the time between two looks.

    Attributes:
        id: The chat on the customer side; empty until it is known.
        has_left: Whether it has asked, at least once, to end the chat.
        gave_up: Whether it has waited in vain.
    """

    def __init__(
        self, http: httpx.AsyncClient, script: Script, patience_s: float, slowness: float = 1.0
    ) -> None:
        self.script = script
        self.id = ""
        self.has_left = False
        self.gave_up = False
        self._http = http
        self._patience_s = patience_s
        self._poll_s = POLL_S * slowness
        self._lines: list[Line] = []

    async def run(self) -> None:
        """Play the script to its end, or until a reply does not come: then stay and say no more."""
        answer = await self._post("/api/v2/chats", operationName="RequestChat", nickname=self.script.name)
        self.id = answer["id"]
        for step in self.script.steps:
            await asyncio.sleep(step.pause_s)
            await self._post(self._path, operationName="SendMessage", text=step.text)
            if step.waits and not await self._is_answered():
                return
        if self.script.manner != "hasty" and not await self._is_answered():
            return
        if self.script.manner != "staying":
            await asyncio.sleep(self.script.linger_s)
            self.has_left = True
            await self._post(self._path, operationName="Complete")

    @property
    def _path(self) -> str:
        return f"/api/v2/chats/{self.id}"

    async def _is_answered(self) -> bool:
        """Wait until nothing is due; not if nothing comes for too long."""
        waited_since = time.monotonic()
        while True:
            if await self._read():
                waited_since = time.monotonic()
            if not unanswered(tuple(self._lines)):
                return True
            if time.monotonic() - waited_since > self._patience_s:
                self.gave_up = True
                return False
            await asyncio.sleep(self._poll_s)

    async def _read(self) -> bool:
        answer = await self._call("GET", f"{self._path}/messages?index={len(self._lines) + 1}")
        new = [_line(message) for message in answer["messages"]]
        self._lines += new
        return bool(new)

    async def _post(self, path: str, **body: str) -> dict[str, Any]:
        return await self._call("POST", path, body)

    async def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        while True:
            try:
                response = await self._http.request(method, path, json=body)
            except httpx.TransportError:
                await asyncio.sleep(RETRY_S)
                continue
            answer: dict[str, Any] = response.raise_for_status().json()
            return answer


def _line(message: dict[str, Any]) -> Line:
    return Line(message["index"], message["type"], message["from"]["type"], message.get("text") or "")


class Crowd:
    """All customers of a run, some at a time.

    Args:
        make: Makes the customer of a number.
        size: How many come.
        at_once: How many are there at most; those who stay on are not counted.
        slowness: Multiplies the time between two arrivals.
    """

    def __init__(
        self, make: Callable[[int], Customer], size: int, at_once: int, slowness: float = 1.0
    ) -> None:
        self.customers: list[Customer] = []
        self.done = 0
        self._make = make
        self._size = size
        self._gap_s = ARRIVAL_S * slowness
        self._room = asyncio.Semaphore(at_once)
        self._progress = asyncio.Condition()

    async def run(self) -> None:
        """Let all of them come and return when all are done."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._size):
                await self._room.acquire()
                customer = self._make(number)
                self.customers.append(customer)
                group.create_task(self._visit(customer), name=customer.script.name)
                await asyncio.sleep(self._gap_s)

    async def reached(self, share: float) -> None:
        """Return when this share of all customers is done."""
        async with self._progress:
            await self._progress.wait_for(lambda: self.done >= share * self._size)

    async def _visit(self, customer: Customer) -> None:
        try:
            await customer.run()
        finally:
            self._room.release()
        async with self._progress:
            self.done += 1
            self._progress.notify_all()
