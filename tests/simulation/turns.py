"""What else may befall a chat: its customer, its server or other agents do what no script has foreseen.

A turn comes when the bot is in the chat and has greeted, some time after that; if the chat is over by
then, it does not come.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation.chats import NICKNAME, Chat
from tests.simulation.loop import SimLoop
from tests.simulation.options import MOST_WAITING, Options
from tests.simulation.scenario import Customer
from tests.simulation.server import Server
from tests.simulation.truth import Truth

__all__ = ["KINDS", "Turn", "Turns", "draw_turns"]

_FLOODED = 0.03
_WORDS = ("one moment", "ok", "hello", "hi")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn.

    Args:
        chat: Which of the run's chats, from 0.
        kind: What happens.
        after_s: How long after the greeting.
    """

    chat: int
    kind: str
    after_s: float


def draw_turns(rng: random.Random, chats: int, options: Options) -> tuple[Turn, ...]:
    """A few kinds in each run, in about half of its chats; seldom a flood, for that takes its time."""
    kinds = rng.sample([kind for kind in KINDS if kind != "flood"], 3)
    if not options.user_ids:
        # nobody could tell such an agent from the bot
        kinds = ["human" if kind == "namesake" else kind for kind in kinds]
    if not options.page and rng.random() < _FLOODED:
        return (Turn(0, "flood", 0.0),)
    return tuple(
        Turn(chat, rng.choice(kinds), rng.choice([0.0, 0.3, 1.0, 3.0]) * rng.random())
        for chat in range(chats)
        if rng.random() < 0.6
    )


class Turns:
    """Lets them happen.

    Args:
        loop: For time.
        server: Where the chats are.
        truth: The record of the run.
        rng: For what a turn leaves open.
        customers: Of the run.
    """

    def __init__(
        self, loop: SimLoop, server: Server, truth: Truth, rng: random.Random, customers: Sequence[Customer]
    ) -> None:
        self.open = 0
        self._loop = loop
        self._server = server
        self._truth = truth
        self._rng = rng
        self._customers = customers

    async def run(self, turn: Turn) -> None:
        """Wait for its time, and let it happen."""
        self.open += 1
        try:
            customer = self._customers[turn.chat]
            if await self._has_begun(customer.chat):
                await asyncio.sleep(turn.after_s)
                if customer.chat.state == "Chatting":
                    self._truth.counts[turn.kind] += 1
                    self._truth.note("TURN", "%s: %s", customer.chat.id, turn.kind)
                    await KINDS[turn.kind](self, customer)
        finally:
            self.open -= 1

    async def _has_begun(self, chat: Chat) -> bool:
        while not chat.is_closed:
            if chat.state == "Chatting" and chat.texts("bot", with_lost=True):
                return True
            await asyncio.sleep(0.1)
        return False

    # what the customer does

    async def _slow(self, customer: Customer) -> None:
        self._say(customer, "slow please")

    async def _flood(self, customer: Customer) -> None:
        """More lines than the bot may hold, while it is busy with one."""
        self._say(customer, "slow please")
        await asyncio.sleep(1.0)
        for number in range(MOST_WAITING + 44):
            self._say(customer, f"mm {number}")
        self._say(customer, "say it at last")

    async def _hasty(self, customer: Customer) -> None:
        for number in range(self._rng.randint(4, 9)):
            self._say(customer, f"two {number}")

    async def _leaves(self, customer: Customer) -> None:
        self._say(customer, "say before I go")
        self._server.depart(customer.chat)

    async def _returns(self, customer: Customer) -> None:
        self._server.depart(customer.chat)
        await asyncio.sleep(self._rng.choice([0.0, 0.03, 0.3, 3.0]))
        if customer.chat.state == "Chatting":
            self._server.come_back(customer.chat)
            await asyncio.sleep(self._rng.random())
            self._say(customer, "hi again")

    def _say(self, customer: Customer, text: str) -> None:
        if customer.chat.state == "Chatting" and customer.chat.customer_is_in:
            self._server.say(customer.chat, text)

    async def _fails(self, customer: Customer) -> None:
        self._say(customer, "fail please")
        self._say(customer, "say it all the same")

    async def _overruns(self, customer: Customer) -> None:
        self._say(customer, "overrun please")
        self._say(customer, "say it all the same")

    async def _poison(self, customer: Customer) -> None:
        """The process does not survive this line."""
        self._say(customer, "poison please")
        self._say(customer, "say it all the same")

    # what the server does

    async def _ends(self, customer: Customer) -> None:
        """While the customer or a hook is still busy."""
        self._server.end(customer.chat, "Completed")
        customer.hear()

    async def _taken(self, customer: Customer) -> None:
        """From the agent, after it has accepted."""
        self._server.end(customer.chat, "Revoked")
        customer.hear()

    async def _muted(self, customer: Customer) -> None:
        """For a while the agent may not speak."""
        self._server.withhold(customer.chat, "SendMessage")
        await asyncio.sleep(self._rng.uniform(0.5, 4.0))
        self._server.withhold(customer.chat)

    async def _offered_late(self, customer: Customer) -> None:
        """An old notice of the offer comes again after the end."""
        old = {**customer.chat.resource(), "state": "Invited", "capabilities": ["Accept", "Reject"]}
        for _ in range(120):
            if customer.chat.is_closed:
                break
            await asyncio.sleep(0.5)
        await asyncio.sleep(self._rng.random() * 3.0)
        self._server.notices.again(old)

    # what other agents do

    async def _human(self, customer: Customer) -> None:
        await self._visit(customer.chat, "Hugo")

    async def _namesake(self, customer: Customer) -> None:
        """Under the bot's own nickname."""
        await self._visit(customer.chat, NICKNAME)

    async def _visit(self, chat: Chat, nickname: str) -> None:
        human = chat.human(nickname)
        chat.humans.append(human)
        chat.human_came_at = min(chat.human_came_at, self._loop.time())
        self._tell(chat, human, "ParticipantJoined")
        for _ in range(self._rng.randint(1, 4)):
            await asyncio.sleep(self._rng.random() * 2.0)
            visibility = self._rng.choice(["All", "Agents", "Supervisors"])
            self._tell(chat, human, "Text", self._rng.choice(_WORDS), visibility)
        await asyncio.sleep(self._rng.random() * 3.0)
        chat.humans.remove(human)
        chat.human_left_at = self._loop.time()
        self._tell(chat, human, "ParticipantLeft")

    async def _whispered(self, customer: Customer) -> None:
        """A line that is not for everybody, in the name of the customer."""
        if customer.chat.customer_is_in:
            self._tell(customer.chat, customer.chat.customer(), "Text", "psst", "Agents")

    def _tell(
        self, chat: Chat, sender: dict[str, Any], kind: str, text: str | None = None, visibility: str = "All"
    ) -> None:
        if chat.state == "Chatting":
            line = chat.add(kind, "other", self._loop.time(), text)
            line.wire |= {"from": sender, "visibility": visibility}
            self._server.notices.lines(chat, [line])
            if kind != "Text":
                self._server.notices.chat(chat, "ParticipantsUpdated")


KINDS: dict[str, Callable[[Turns, Customer], Awaitable[None]]] = {
    "slow": Turns._slow,
    "flood": Turns._flood,
    "hasty": Turns._hasty,
    "fails": Turns._fails,
    "overruns": Turns._overruns,
    "poison": Turns._poison,
    "leaves": Turns._leaves,
    "returns": Turns._returns,
    "ends": Turns._ends,
    "taken": Turns._taken,
    "muted": Turns._muted,
    "offered late": Turns._offered_late,
    "human": Turns._human,
    "namesake": Turns._namesake,
    "whispered": Turns._whispered,
}
