"""A simulator with a human who answers at once, and a customer who visits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from chatbot.cli.shown import plain, told
from chatbot.cli.visit import Guest, Place, Visit
from chatbot.simulator.app import Simulator
from chatbot.simulator.chats import Chat
from chatbot.simulator.customer import CustomerLine
from tests.simulator.stage import BASE

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
BOUND_S = 5.0


@dataclass
class Parlour:
    """Where the visit takes place; what was shown of it."""

    simulator: Simulator
    shown: list[str] = field(default_factory=list)

    def show(self, line: CustomerLine) -> None:
        if pieces := told(line, NOON):
            self.shown.append(plain(pieces).partition("  ")[2])

    @property
    def chat(self) -> Chat:
        [chat] = self.simulator.world.chats()
        return chat

    def types(self) -> list[str]:
        """The kinds of lines that the customer has written."""
        return [line.type for line in self.chat.transcript.lines if line.sender.type == "Customer"]


def contact_centre() -> Simulator:
    simulator = Simulator()
    simulator.world.add_agent("eva", nickname="Eva", human=True, auto_answer="hello")
    return simulator


@asynccontextmanager
async def at_visit(
    simulator: Simulator | None = None, nickname: str = "Ana"
) -> AsyncIterator[tuple[Visit, Parlour]]:
    """A visit that is followed, with its greeting heard."""
    parlour = Parlour(simulator or contact_centre())
    place = Place(BASE, transport=httpx.ASGITransport(parlour.simulator.asgi))
    visit = Visit(place, Guest(nickname, user_data={"Order": "7"}), parlour.show)
    async with asyncio.timeout(BOUND_S), asyncio.TaskGroup() as tasks, visit:
        following = tasks.create_task(visit.follow())
        if any(agent.human for agent in parlour.simulator.world.agents):
            await visit.until(lambda: len(visit.lines) > 2 or None, BOUND_S)
        try:
            yield visit, parlour
        finally:
            following.cancel()
