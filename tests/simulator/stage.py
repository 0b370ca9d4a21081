"""What the tests of the simulator share: a world with a hand-moved clock, and a bare agent over HTTP."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from chatbot.simulator.app import Simulator
from chatbot.simulator.chats import Chat
from chatbot.simulator.options import Options
from chatbot.simulator.server import serve
from chatbot.simulator.tokens import CountingTokens
from chatbot.simulator.world import World

CHATS = "/v2/me/chats"
BASE = "http://gws.test"
BOUND_S = 5.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_447_929_020.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Note:
    """One notification."""

    username: str
    channel: str
    data: dict[str, Any]

    @property
    def kind(self) -> str:
        """`StatusChange Chatting`, `NewMessages Text Text`, `Error` and so on."""
        words = [self.data.get("notificationType", self.data.get("messageType", ""))]
        if self.data.get("notificationType") == "StatusChange":
            words.append(self.data["chat"]["state"])
        words += [message["type"] for message in self.data.get("messages", [])]
        return " ".join(words)


class Stage:
    """A world that is listened to."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.notes: list[Note] = []
        self.world = World(self.clock, Options(**options), on_notification=self._note)

    def _note(self, username: str, channel: str, data: dict[str, Any]) -> None:
        self.notes.append(Note(username, channel, data))

    def agent(self, username: str = "bot", **traits: Any) -> str:
        """Add an agent who is logged in and ready."""
        self.world.add_agent(username, **traits)
        self.world.operate(username, {"operationName": "StartContactCenterSession", "channels": ["chat"]})
        self.world.operate(username, {"operationName": "Ready"})
        return username

    def request(self, nickname: str = "Ana", **given: Any) -> Chat:
        return self.world.chat(self.world.request_chat(nickname, **given))

    def chatting(self, username: str = "bot", nickname: str = "Bot", **traits: Any) -> Chat:
        """A chat between a customer and a new agent, with nothing in the notes."""
        self.agent(username, **traits)
        chat = self.request()
        self.do(username, chat, "Accept", nickname=nickname)
        self.notes.clear()
        return chat

    def join(self, chat: Chat, username: str, by: str = "bot", operation: str = "Invite") -> None:
        """Bring a further agent into a chat, with nothing in the notes."""
        self.agent(username, queues=())
        self.do(by, chat, operation, targetUri=self.uri(username))
        self.do(username, chat, "Accept", nickname=username.title())
        self.notes.clear()

    def do(self, username: str, chat: Chat, operation: str, **given: Any) -> dict[str, Any]:
        return self.world.perform(username, chat.id, {"operationName": operation, **given})

    def uri(self, username: str) -> str:
        return self.world.payloads.uri(f"/users/{self.world.agents.get(username).id}")

    def take(self, username: str) -> list[Note]:
        """Return and forget what an agent was told about chats."""
        taken = [note for note in self.notes if (note.username, note.channel) == (username, CHATS)]
        self.notes = [note for note in self.notes if note not in taken]
        return taken

    def kinds(self, username: str = "bot") -> list[str]:
        return [note.kind for note in self.take(username)]

    def customer_texts(self, chat: Chat) -> list[str]:
        messages: list[dict[str, Any]] = self.world.customer_messages(chat.id, 0)
        return [message["text"] for message in messages if message["type"] == "Text"]

    def customer_types(self, chat: Chat) -> list[str]:
        messages: list[dict[str, Any]] = self.world.customer_messages(chat.id, 0)
        return [message["type"] for message in messages]


class AgentClient:
    """A bare agent: an httpx client that keeps cookies and sends the CSRF header it was told."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.headers: dict[str, str] = {}
        self.client_id = ""
        self._numbers = itertools.count(1)

    async def login(self) -> httpx.Response:
        response = await self.get("/me")
        if "x-csrf-header" in response.headers:
            self.headers = {response.headers["x-csrf-header"]: response.headers["x-csrf-token"]}
        return response

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.http.get(f"/api/v2{path}", params=query)

    async def post(self, path: str, operation: str, **given: Any) -> httpx.Response:
        body = {"operationName": operation, **given}
        return await self.http.post(f"/api/v2{path}", json=body, headers=self.headers)

    async def start(self, channel: str = "/v2/me/*") -> None:
        """Log in everywhere and be ready."""
        await self.login()
        await self.handshake()
        await self.meta("subscribe", subscription=channel)
        await self.post("/me", "StartContactCenterSession", channels=["chat"])
        await self.post("/me", "Ready")

    async def batch(self, *messages: dict[str, Any]) -> httpx.Response:
        return await self.http.post("/api/v2/notifications", json=list(messages), headers=self.headers)

    async def meta(self, name: str, **fields: Any) -> list[dict[str, Any]]:
        message = {"channel": f"/meta/{name}", "id": str(next(self._numbers)), **fields}
        if self.client_id:
            message["clientId"] = self.client_id
        response = await asyncio.wait_for(self.batch(message), BOUND_S)
        response.raise_for_status()
        replies: list[dict[str, Any]] = response.json()
        return replies

    async def handshake(self, **fields: Any) -> dict[str, Any]:
        self.client_id = ""
        types = {"supportedConnectionTypes": ["long-polling"]}
        [answer] = await self.meta("handshake", version="1.0", **(types | fields))
        self.client_id = answer.get("clientId", "")
        return answer

    async def connect(self, *, hold: bool = True, **fields: Any) -> list[dict[str, Any]]:
        advice = {} if hold else {"advice": {"timeout": 0}}
        return await self.meta("connect", connectionType="long-polling", **advice, **fields)

    async def events(self, *, hold: bool = False) -> list[dict[str, Any]]:
        return [item["data"] for item in await self.connect(hold=hold) if "data" in item]


class WatchedSimulator(Simulator):
    """Tells when it begins to hold a poll."""

    def __init__(self, options: Options) -> None:
        self.moving = Clock()
        self._holding = asyncio.Event()
        super().__init__(options, clock=self.moving, token=CountingTokens())

    def pause(self) -> float:
        self._holding.set()
        return super().pause()

    async def held(self) -> None:
        """Return when a poll is being held that was not held at the last call."""
        await asyncio.wait_for(self._holding.wait(), BOUND_S)
        self._holding.clear()


class Gate:
    """A gate for a delayed request, which tells when the request has come to it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._open = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self._open.wait()

    def open(self) -> None:
        self._open.set()


def new_simulator(**options: Any) -> WatchedSimulator:
    """A simulator with counted ids and a clock that stands still."""
    return WatchedSimulator(Options(**options))


@asynccontextmanager
async def agent_of(
    simulator: Simulator, username: str = "bot", password: str = "x"
) -> AsyncIterator[AgentClient]:
    """A bare agent in process."""
    transport = httpx.ASGITransport(simulator.asgi)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, auth=(username, password)) as http:
        yield AgentClient(http)


@asynccontextmanager
async def served_agent(simulator: Simulator, username: str = "bot") -> AsyncIterator[AgentClient]:
    """A bare agent over a real socket; the server stops first, then the agent's client is closed."""
    client = httpx.AsyncClient(auth=(username, "x"), trust_env=False)
    async with client as http, serve(simulator.asgi) as base_url:
        http.base_url = httpx.URL(base_url)
        yield AgentClient(http)


@asynccontextmanager
async def visitor_of(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials, in process."""
    transport = httpx.ASGITransport(simulator.asgi)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield http
