"""The customers of one run: they come, say lines at their own pace, and leave."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace

from tests.simulation.chats import Chat
from tests.simulation.loop import SimLoop
from tests.simulation.options import Options
from tests.simulation.server import Server
from tests.simulation.truth import key_of, replies_to

__all__ = ["Customer", "Script", "draw_scripts", "with_questions"]

_ASKED = 0.3


@dataclass(frozen=True, slots=True)
class Script:
    """What one customer does.

    Args:
        comes_s: When.
        lines: What is said, each after so many seconds.
        waits: Whether each line waits for the answer to the one before.
        leaves: Whether the customer leaves when all is answered.
        types: Whether typing shows before each line.
    """

    comes_s: float
    lines: tuple[tuple[float, str], ...]
    waits: bool = True
    leaves: bool = False
    types: bool = False


def draw_scripts(rng: random.Random) -> list[Script]:
    """Several customers at once."""
    return [_script(rng) for _ in range(rng.randint(2, 7))]


def with_questions(rng: random.Random, scripts: tuple[Script, ...]) -> tuple[Script, ...]:
    """In some runs customers say, at any place, what the bot answers with a question."""
    if rng.random() >= _ASKED:
        return scripts
    return tuple(replace(script, lines=_asked(rng, script.lines)) for script in scripts)


def _asked(rng: random.Random, lines: tuple[tuple[float, str], ...]) -> tuple[tuple[float, str], ...]:
    return tuple((delay_s, "ask me" if rng.random() < _ASKED else text) for delay_s, text in lines)


def _script(rng: random.Random) -> Script:
    is_hasty = rng.random() < 0.4
    count = rng.randint(2, 6)
    lines = tuple(
        (rng.choice([0.0, 0.05, 0.4]) if is_hasty else rng.uniform(0.2, 4.0), _text(rng, number))
        for number in range(count)
    )
    return Script(
        comes_s=rng.uniform(0.0, 6.0),
        lines=lines,
        waits=not is_hasty and rng.random() < 0.7,
        leaves=rng.random() < 0.5,
        types=rng.random() < 0.4,
    )


def _text(rng: random.Random, number: int) -> str:
    return rng.choice(["hi", "hi", f"say {number}", f"two {number}", "twice please", "  spaced   out "])


class Customer:
    """One customer at work.

    Args:
        loop: For time.
        server: Where the chat is.
        script: What to do.
        number: Makes the chat's id.
        options: How the server answers.
    """

    def __init__(self, loop: SimLoop, server: Server, script: Script, number: int, options: Options) -> None:
        self.chat = Chat(f"chat{number}", number, options)
        self.is_done = False
        self._waits = True
        self._loop = loop
        self._server = server
        self._script = script
        self._news = asyncio.Event()

    def hear(self) -> None:
        """The bot has said something."""
        self._news.set()

    async def run(self) -> None:
        """Say everything."""
        await asyncio.sleep(self._script.comes_s)
        self._server.arrive(self.chat)
        for delay_s, text in self._script.lines:
            if self._script.types and self.chat.customer_is_in:
                self._server.type(self.chat, "TypingStarted")
            await asyncio.sleep(delay_s)
            if self.chat.is_closed or not self.chat.customer_is_in:
                break
            self._server.say(self.chat, text)
            if self._script.waits:
                await self._until_answered()
        await self._until_answered()
        if self._script.leaves and not self.chat.is_closed:
            self._server.depart(self.chat)
        self.is_done = True

    async def _until_answered(self) -> None:
        while self._waits and not is_answered(self.chat, with_swallowed=True) and not self.chat.is_closed:
            self._news.clear()
            try:
                async with asyncio.timeout(60.0):
                    await self._news.wait()
            except TimeoutError:
                # a customer whose line a failover has swallowed does not wait for ever
                if self.chat.agent_is_in:
                    self._waits = not self.chat.swallowed
                    return


def expected(chat: Chat) -> list[str]:
    """What the bot owes the lines that are still in the transcript, in order."""
    lines = [line for line in chat.texts("customer") if not line.excused and line.ms not in chat.given_up]
    return [
        *([] if 0 in chat.given_up else ["hello"]),
        *(reply for line in lines for reply in replies_to(line.text, line.ms)),
    ]


def is_answered(chat: Chat, *, with_swallowed: bool = False) -> bool:
    """Whether every reply was visible at some time, perhaps also those that the server has swallowed."""
    said = [key_of(line.text) for line in chat.texts("bot", with_lost=True)]
    owed = expected(chat)
    awaited = set(owed) - (set() if with_swallowed else {key_of(text) for text in chat.swallowed})
    return all(said.count(reply) >= owed.count(reply) for reply in awaited)
