"""A scripted server behind the ``Http`` port: one agent, a few chats, and answers on order."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any

from chatbot.model.errors import ConnectionLost
from chatbot.wire.http import Method, Reply

ME = {"nickname": "Robo", "type": "Agent", "participantId": "P-me", "path": "/users/U-me"}
ANA = {"nickname": "Ana", "type": "Customer", "participantId": "P-ana"}
HELENA = {"nickname": "Helena", "type": "Agent", "participantId": "P-helena", "path": "/users/U-helena"}
CAN_RING = ["Accept", "Reject"]
CAN_TALK = ["SendMessage", "Transfer", "Complete", "Leave", "Invite", "SetDisposition", "UpdateUserData"]
CAN_LEAVE = ["Complete"]

Reaction = Reply | Exception | Callable[[], Awaitable[Reply | None]]


def reply(status: int = 200, headers: dict[str, str] | None = None, /, **value: Any) -> Reply:
    return Reply(status, headers or {}, json.dumps(value or {"statusCode": 0}).encode())


def code(number: int) -> Reply:
    return reply(statusCode=number, statusMessage="no")


LOST = ConnectionLost("no answer")
NOT_SENT = ConnectionLost("connection refused", sent=False)


class Desk:
    """What the server knows, what it was asked, and what it is told to answer next.

    ``requests`` holds, in order, the operation of each POST, the resource of each GET, and the
    channel of each CometD message but connects.
    """

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.requests: list[str] = []
        self.times: list[tuple[str, float]] = []
        self.bodies: list[dict[str, Any]] = []
        self.chats: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.agent_state = "LoggedOut"
        self.user: dict[str, Any] = {"id": "U-me"}
        self.unlisted: set[str] = set()
        self.mute = False
        self.closed = False
        self.is_holding = False
        self._script: dict[str, deque[Reaction]] = defaultdict(deque)
        self._always: dict[str, Reaction] = {}
        self._news: list[Any] = []
        self._has_news = asyncio.Event()
        self._forget = False
        self._clock = clock

    # what the server is told

    def answer(self, key: str, *reactions: Reaction) -> None:
        """The next requests of this kind get these, one each."""
        self._script[key].extend(reactions)

    def always(self, key: str, reaction: Reaction | None) -> None:
        if reaction is None:
            self._always.pop(key, None)
        else:
            self._always[key] = reaction

    def after_effect(self, key: str, reaction: Reaction = LOST) -> None:
        """The next request of this kind is done, and then answered like this."""

        async def react() -> Reply:
            self._perform(self._path, self._body)
            if isinstance(reaction, Exception):
                raise reaction
            assert isinstance(reaction, Reply)
            return reaction

        self.answer(key, react)

    def holding(self, key: str, *, effect: bool = True) -> "Gate":
        """The next request of this kind waits until the gate is opened."""
        gate = Gate()

        async def react() -> Reply | None:
            path, body = self._path, self._body
            gate.reached.set()
            await gate.open.wait()
            if not effect:
                raise LOST
            return self._default(key, path, body)

        self.answer(key, react)
        return gate

    def unanswered(self, key: str) -> "Gate":
        """The next request of this kind is done; its answer waits until the gate is opened."""
        gate = Gate()

        async def react() -> Reply:
            done = self._default(key, self._path, self._body)
            gate.reached.set()
            await gate.open.wait()
            return done

        self.answer(key, react)
        return gate

    def publish(self, data: Any) -> None:
        self._news.append(data)
        self._has_news.set()

    def forget_client(self) -> None:
        """The CometD session is gone; what is published meanwhile is lost."""
        self._forget = True
        self._news.clear()
        self._has_news.set()

    def lose_client(self) -> None:
        """The client is gone: what was published for it is for nobody."""
        self._news.clear()
        self._has_news.clear()

    # what happens in chats

    def offer(self, chat: str = "c1", *people: dict[str, Any], **fields: Any) -> None:
        """A chat rings."""
        self.chats[chat] = {"id": chat, "state": "Invited", "capabilities": CAN_RING, **fields}
        self.chats[chat]["participants"] = list(people or (ANA,))
        self.status(chat)

    def running(self, chat: str = "c1", *people: dict[str, Any], **fields: Any) -> None:
        """A chat in which the agent is already; nobody is told."""
        self.chats[chat] = {"id": chat, "state": "Chatting", "capabilities": CAN_TALK, **fields}
        self.chats[chat]["participants"] = list(people or (ANA, ME))

    def status(self, chat: str, kind: str = "StatusChange", **fields: Any) -> None:
        if not self.mute:
            view = {**self.chats[chat]}
            self.publish({"notificationType": kind, "chat": view, **fields})

    def change(self, chat: str = "c1", kind: str = "StatusChange", **fields: Any) -> None:
        self.chats[chat].update(fields)
        self.status(chat, kind)

    def says(self, text: str, chat: str = "c1", who: dict[str, Any] = ANA, **fields: Any) -> int:
        return self.line(chat, {"type": "Text", "text": text, "from": who, **fields})

    def line(self, chat: str, line: dict[str, Any]) -> int:
        index = line.setdefault("index", len(self.lines[chat]) + 1)
        self.lines[chat].append(line)
        if not self.mute:
            self.hint(chat, line)
        return int(index)

    def hint(self, chat: str, *lines: dict[str, Any]) -> None:
        log = {"notificationType": "NewMessages", "chatPath": f"/chats/{chat}", "messages": list(lines)}
        self.publish(log)

    def end(self, chat: str = "c1", state: str = "Completed") -> None:
        self.change(chat, state=state, capabilities=[], participants=[])
        del self.chats[chat]

    def texts(self, chat: str = "c1", who: dict[str, Any] = ME) -> list[str]:
        return [line["text"] for line in self.lines[chat] if line["type"] == "Text" and line["from"] == who]

    # the port

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        messages = json.loads(content or b"{}")
        if path.endswith("/notifications"):
            return await self._bayeux(messages)
        key = messages.get("operationName") if method == "POST" else _resource(path)
        self.bodies.append(messages)
        result = await self._react(key, path, messages)
        return result or self._default(key, path, messages)

    async def aclose(self) -> None:
        self.closed = True

    async def _react(self, key: str, path: str, body: Any) -> Reply | None:
        self.requests.append(key)
        self.times.append((key, self._clock()))
        reaction = self._script[key].popleft() if self._script[key] else self._always.get(key)
        await asyncio.sleep(0)
        self._path, self._body = path, body
        if isinstance(reaction, Exception):
            raise reaction
        return reaction if reaction is None or isinstance(reaction, Reply) else await reaction()

    def _default(self, key: str, path: str, body: dict[str, Any]) -> Reply:
        parts = path.partition("?")[0].split("/")
        match key:
            case "me":
                return reply(statusCode=0, user=self.user)
            case "channels":
                return reply(
                    statusCode=0, channels=[{"channel": "chat", "userState": {"state": self.agent_state}}]
                )
            case "chats":
                return reply(statusCode=0, chats=[c for k, c in self.chats.items() if k not in self.unlisted])
            case "chat":
                chat = self.chats.get(parts[-1])
                return reply(statusCode=0, chat=chat) if chat else code(6)
            case "messages":
                start = int(path.partition("startIndex=")[2].partition("&")[0])
                shown = [line for line in self.lines[parts[-2]] if line["index"] >= start]
                return reply(statusCode=0, messages=shown)
        return self._perform(path, body)

    def _perform(self, path: str, body: dict[str, Any]) -> Reply:
        chat = path.rsplit("/", maxsplit=1)[-1]
        match body["operationName"]:
            case "Ready" | "NotReady" as state:
                self.agent_state = state
            case "Accept":
                self.change(
                    chat,
                    state="Chatting",
                    capabilities=CAN_TALK,
                    participants=[*self.chats[chat]["participants"], ME],
                )
                self.line(chat, {"type": "ParticipantJoined", "from": ME})
            case "SendMessage":
                self.says(body["text"], chat, ME)
            case "Leave":
                self.change(chat, state="LeftChat", capabilities=CAN_LEAVE)
            case "Complete" | "Reject" | "Transfer":
                self.end(chat)
        return reply(statusCode=0, referenceId=len(self.requests))

    async def _bayeux(self, messages: list[dict[str, Any]]) -> Reply:
        (message, *_) = messages
        channel = message["channel"].rpartition("/")[2]
        if channel == "connect":
            scripted = self._script[channel].popleft() if self._script[channel] else None
            if isinstance(scripted, Exception):
                raise scripted
            if isinstance(scripted, Reply):
                return scripted
            return _answers(await self._connect(message), messages)
        scripted = await self._react(channel, "", messages)
        return scripted or _answers([], messages, clientId="client")

    async def _connect(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        if message.get("advice", {}).get("timeout") != 0:
            self.is_holding = True
            try:
                await self._has_news.wait()
            finally:
                self.is_holding = False
        self._has_news.clear()
        if self._forget:
            self._forget = False
            return [{"channel": "/meta/connect", "successful": False, "id": message["id"], "error": "402::x"}]
        news, self._news = self._news, []
        return [{"channel": "/v2/me/chats", "data": data} for data in news]


class Gate:
    """A request that waits on stage."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()


def _answers(extra: list[dict[str, Any]], messages: list[dict[str, Any]], **fields: Any) -> Reply:
    refused = {answer.get("id") for answer in extra}
    good = [
        {"channel": m["channel"], "id": m["id"], "successful": True, "subscription": "", **fields}
        for m in messages
        if m["id"] not in refused
    ]
    return Reply(200, {}, json.dumps([*extra, *good]).encode())


def _resource(path: str) -> str:
    match path.partition("?")[0].removeprefix("/api/v2/me").strip("/").split("/"):
        case [""]:
            return "me"
        case ["chats", _]:
            return "chat"
        case ["chats", _, "messages"]:
            return "messages"
        case [name]:
            return name
    raise AssertionError(path)
