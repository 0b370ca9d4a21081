"""What the journal costs a reply: a real file beside ``":memory:"``, in the same run.

    python -m tests.bench.reply [REPLIES]

One bot echoes each text; its platform is a few lines in the same process, without HTTP, so that what is
left is the bot. The customer of each chat says the next line as soon as the reply is there. The rounds
alternate; the ratio is taken inside each round, the median of the rounds is printed. A share of a reply
over a network, which takes milliseconds, is much smaller.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.journal import Journal, NoJournal
from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_writer import GroupCommit
from chatbot.bot.runner import BotRunner
from chatbot.hooks.loader import LoadedPlugin
from chatbot.model.config import BotSettings
from chatbot.service.system import SystemClock, WriterThread, system_world
from chatbot.wire.http import Method, Reply

IN_FLIGHT = (1, 50)
ROUNDS = 5
WARM_UP = 0.1
API = "/api/v2"
CAPABILITIES = {"Invited": ["Accept"], "Chatting": ["SendMessage", "Leave", "Complete"]}
SETTINGS = BotSettings.model_validate(
    {"server": "http://localhost", "username": "b", "password": "p", "on_stop": "keep"}
)

Json = dict[str, Any]
Way = Callable[[Path], AbstractAsyncContextManager[Journal]]


class Echo:
    """The plugin."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        await chat.send_text(event.text)


class Platform:
    """As much of GWS as it takes, behind the ``Http`` port.

    Args:
        chats: How many chats there are at once.
        replies: After so many it is over; the first of them are not measured.
    """

    def __init__(self, chats: int, replies: int) -> None:
        self.is_over = asyncio.Event()
        self.cost = (0.0, 0.0)
        self._states = {f"0000AB{number:06}": "Invited" for number in range(chats)}
        self._lines: dict[str, list[Json]] = {chat: [] for chat in self._states}
        self._queue: list[Json] = []
        self._news = asyncio.Event()
        self._warm_up, self._replies, self._count = int(replies * WARM_UP), replies, 0
        self._began = (0.0, 0.0)

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """See Http."""
        url = urlsplit(path.removeprefix(API))
        if url.path == "/notifications":
            value: object = [await self._bayeux(message) for message in json.loads(content or b"")]
            if self._queue:
                value, self._queue = [*self._queue, *_listed(value)], []
        elif method == "GET":
            value = self._shown(url.path, parse_qs(url.query))
        else:
            value = self._perform(url.path.rpartition("/")[2], json.loads(content or b""))
        headers = {"x-csrf-header": "X-CSRF-TOKEN", "x-csrf-token": "token"}
        return Reply(200, headers, json.dumps(value).encode())

    async def aclose(self) -> None:
        """See Http."""

    async def _bayeux(self, message: Json) -> Json:
        reply = {"channel": message["channel"], "id": message.get("id"), "successful": True}
        if message["channel"] == "/meta/handshake":
            types = {"version": "1.0", "supportedConnectionTypes": ["long-polling"]}
            return reply | types | {"clientId": "c", "advice": {"reconnect": "retry", "timeout": 30_000}}
        if message["channel"] == "/meta/connect" and (message.get("advice") or {}).get("timeout") != 0:
            await self._news.wait()
            self._news.clear()
        return reply | {"subscription": message.get("subscription")}

    def _shown(self, path: str, query: dict[str, list[str]]) -> Json:
        _, _, chat = path.removesuffix("/messages").rpartition("/")
        if path == "/me":
            return {"statusCode": 0, "user": {"id": "U"}}
        if path == "/me/channels":
            return {"statusCode": 0, "channels": [{"channel": "chat", "userState": {"state": "Ready"}}]}
        if path == "/me/chats":
            return {"statusCode": 0, "chats": [self._resource(chat) for chat in self._states]}
        if path.endswith("/messages"):
            first = int(query["startIndex"][0]) - 1
            count = int(query["count"][0]) if "count" in query else len(self._lines[chat])
            return {"statusCode": 0, "messages": self._lines[chat][first : first + count]}
        return {"statusCode": 0, "chat": self._resource(chat)}

    def _resource(self, chat: str) -> Json:
        state = self._states[chat]
        uri = f"http://localhost{API}/chats/{chat}"
        return {"id": chat, "uri": uri, "state": state, "capabilities": CAPABILITIES[state]}

    def _perform(self, chat: str, body: Json) -> Json:
        match body["operationName"]:
            case "Accept":
                self._states[chat] = "Chatting"
                self._tell({"notificationType": "StatusChange", "chat": self._resource(chat)})
                self._say(chat, "ParticipantJoined", "Agent", "")
                self._say(chat, "Text", "Customer", "How may you help me?")
            case "SendMessage":
                self._say(chat, "Text", "Agent", body["text"])
                self._replied(chat)
        return {"statusCode": 0}

    def _replied(self, chat: str) -> None:
        self._count += 1
        if self._count == self._warm_up:
            self._began = _now()
        if self._count == self._replies:
            cpu, wall = _now()
            self.cost = (cpu - self._began[0], wall - self._began[1])
            self.is_over.set()
        if self._count < self._replies:
            self._say(chat, "Text", "Customer", f"And what about number {self._count}?")

    def _say(self, chat: str, kind: str, who: str, text: str) -> None:
        lines = self._lines[chat]
        person: Json = {"type": who, "nickname": who, "participantId": who}
        line = {"index": len(lines) + 1, "type": kind, "from": person, "visibility": "All", "text": text}
        if who == "Agent":
            person["path"] = "/users/U"
        lines.append(line)
        uri = f"http://localhost{API}/chats/{chat}"
        self._tell({"notificationType": "NewMessages", "chatUri": uri, "messages": [line]})

    def _tell(self, data: Json) -> None:
        kind = "MessageLogUpdated" if "messages" in data else "ChatStateChangeMessage"
        self._queue.append({"channel": "/v2/me/chats", "data": {"messageType": kind, **data}})
        self._news.set()


@asynccontextmanager
async def memory(_: Path) -> AsyncIterator[Journal]:
    """Nothing is kept."""
    yield NoJournal()


@asynccontextmanager
async def sqlite_file(folder: Path) -> AsyncIterator[Journal]:
    """As the service keeps it."""
    opening = partial(SqliteStore.open, folder / "journal", time.time)
    writer = GroupCommit(opening, WriterThread("journal"), SystemClock())
    await writer.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        yield writer.of("b")
        await writer.close()


WAYS: tuple[tuple[str, Way], ...] = (("memory", memory), ("file", sqlite_file))


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds for each reply."""

    cpu: float
    wall: float

    def over(self, other: "Cost") -> "Cost":
        """How many times the other."""
        return Cost(self.cpu / other.cpu, self.wall / other.wall)


async def measure(way: Way, in_flight: int, replies: int) -> Cost:
    """One round."""
    platform = Platform(in_flight, replies)
    world = replace(system_world(), open_http=lambda _settings: platform)
    with tempfile.TemporaryDirectory() as folder:
        async with way(Path(folder)) as journal, asyncio.TaskGroup() as tasks:
            bot = BotRunner("b", SETTINGS, [LoadedPlugin("echo", Echo(), None, "")], world, journal)
            tasks.create_task(bot.run(5.0))
            await platform.is_over.wait()
            bot.stop()
    measured = replies - int(replies * WARM_UP)
    return Cost(*(spent / measured * 1e6 for spent in platform.cost))


def median(costs: Sequence[Cost]) -> Cost:
    """Of each column."""
    return Cost(statistics.median(c.cpu for c in costs), statistics.median(c.wall for c in costs))


def main() -> None:
    """Print a table."""
    replies = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    print(f"{replies} replies in each of {ROUNDS} rounds; us for a reply, and times memory")
    print(f"{'in flight':>10} {'journal':>8} {'CPU':>8} {'wall':>8} {'CPU x':>7} {'wall x':>7}")
    for in_flight in IN_FLIGHT:
        rounds = [[asyncio.run(measure(way, in_flight, replies)) for _, way in WAYS] for _ in range(ROUNDS)]
        for number, (name, _) in enumerate(WAYS):
            cost = median([costs[number] for costs in rounds])
            times = median([costs[number].over(costs[0]) for costs in rounds])
            print(
                f"{in_flight:>10} {name:>8} {cost.cpu:>8.0f} {cost.wall:>8.0f} "
                f"{times.cpu:>7.2f} {times.wall:>7.2f}"
            )


def _listed(value: object) -> list[Json]:
    assert isinstance(value, list)
    return value


def _now() -> tuple[float, float]:
    """Seconds of CPU of all threads, and by the clock."""
    return time.process_time(), time.perf_counter()


if __name__ == "__main__":
    main()
