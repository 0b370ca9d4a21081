"""The platform as a process of its own: a simulator that is driven over standard input.

    python -m tests.chaos.server FOLDER PLAN

It is not `chatbot simulate`: that keeps its chats in memory, and what was said is lost when it is restarted.

One JSON object a line: `{"do": "restart", "seconds": 2}`, `history`, `figures`. Each is answered by one line.
It ends at the end of its input, so that it never outlives its driver.
"""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from chatbot.simulator.app import Simulator
from chatbot.simulator.chats import CUSTOMER_LEVEL, Chat
from chatbot.simulator.faults import Action, Answer, Double, Drop, Fault, Lose, Match, Swap
from chatbot.simulator.server import Front
from tests.chaos.dice import Dice
from tests.chaos.plan import Plan, platform

OPERATION = Match("POST", "/api/v2/me/chats/")
READ = Match("GET", "/api/v2/me/")
RULES: list[tuple[str, Match, Action, float]] = [
    ("lost reply", OPERATION, Drop(performed=True), 0.006),
    ("500 after", OPERATION, Answer(500, performed=True), 0.006),
    ("503 before", OPERATION, Answer(503), 0.006),
    ("reset before", OPERATION, Drop(performed=False), 0.006),
    ("read 503", READ, Answer(503), 0.005),
    ("read reset", READ, Drop(performed=False), 0.005),
    ("notice lost", Match(), Lose(), 0.02),
    ("notice doubled", Match(), Double(), 0.02),
    ("notice swapped", Match(), Swap(), 0.01),
]
# What befalls sessions, at operations of agents. It hits all bots, and makes each wait for up to ten seconds.
SESSIONS = {"session ended": 0.0004, "token changed": 0.0006, "client dropped": 0.0004}


class Platform:
    """The simulator with its faults, counting requests of agents.

    Args:
        plan: The run.
        port: Where to listen.
    """

    def __init__(self, plan: Plan, port: int = 0) -> None:
        self.simulator = Simulator(platform(plan))
        for number in range(plan.bots):
            self.simulator.world.add_agent(bot_name(number), nickname="Bot")
        rates = {name: rate for name, _, _, rate in RULES} | SESSIONS
        self.dice = Dice(f"{plan.seed} platform faults", rates, plan.faults)
        self.simulator.faults += [
            Fault(match, action, times=None, chance=partial(self.dice.happens, name))
            for name, match, action, _ in RULES
        ]
        self.requests: Counter[str] = Counter()
        self.front = Front(self, port=port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count and serve one connection, as ASGI wants."""
        path = str(scope.get("path"))
        if path.startswith(("/api/v2/me", "/api/v2/notifications")):
            self.requests["requests"] += 1
            if path.endswith("/messages"):
                self.requests["transcripts read"] += 1
            elif scope["method"] == "POST" and "/me/chats/" in path:
                self._befall()
        await self.simulator.asgi(scope, receive, send)

    def hold_polls(self, *, allowed: bool) -> None:
        """See SimulatorApp."""
        self.simulator.asgi.hold_polls(allowed=allowed)

    async def restart(self, seconds: float) -> None:
        """Fall and come back: connections, HTTP sessions and CometD clients are gone, chats are not."""
        await self.front.shut()
        self.simulator.end_http_sessions()
        await asyncio.sleep(seconds)
        await self.front.open()

    def history(self) -> list[dict[str, Any]]:
        """Return all chats with all that everybody could read."""
        return [_record(chat) for chat in self.simulator.world.chats()]

    def figures(self) -> dict[str, int]:
        """Return what was counted: requests, and faults by name."""
        return {**self.requests, **self.dice.thrown}

    def _befall(self) -> None:
        match self.dice.pick(list(SESSIONS)):
            case "session ended":
                self.simulator.end_http_sessions()
            case "token changed":
                self.simulator.rotate_csrf()
            case "client dropped":
                self.simulator.drop_clients()


def bot_name(number: int) -> str:
    """Return the login of a bot."""
    return f"bot{number}"


def _record(chat: Chat) -> dict[str, Any]:
    lines = [
        {
            "index": line.index,
            "type": line.type,
            "sender": line.sender.type,
            "text": line.content.get("text") or "",
            "at": line.at,
        }
        for line in chat.transcript.seen_at(CUSTOMER_LEVEL)
    ]
    agents = {leg.username: leg.state.value for leg in chat.legs.values()}
    shown = {"chat": chat.id, "customer": chat.customer_id, "is_over": chat.is_over}
    return {**shown, "agents": agents, "lines": lines}


async def _commands() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _obey(platform_: Platform, command: dict[str, Any], folder: Path) -> dict[str, Any]:
    match command["do"]:
        case "restart":
            await platform_.restart(command["seconds"])
        case "history":
            records = "".join(f"{json.dumps(record)}\n" for record in platform_.history())
            (folder / "history.jsonl").write_text(records)
        case "figures":
            return platform_.figures()
    return {}


async def serve_until_end_of_input(folder: Path, plan: Plan) -> None:
    """Serve, and obey one command after the other."""
    platform_ = Platform(plan)
    commands = await _commands()
    async with platform_.front as front:
        _tell({"url": front.url})
        async for line in commands:
            _tell(await _obey(platform_, json.loads(line), folder))


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


def arguments(folder: Path, plan: Plan) -> list[str]:
    """Return the command line of such a process, without the interpreter."""
    return ["-m", __spec__.name, str(folder), json.dumps(asdict(plan))]


if __name__ == "__main__":
    asyncio.run(serve_until_end_of_input(Path(sys.argv[1]), Plan(**json.loads(sys.argv[2]))))
