"""A small platform on a raw socket that may answer anything with any bytes.

As long as nothing is broken it behaves: one contact centre, any number of chats, held polls. A
fault replaces its answer to some request; what it had to tell then waits for the next answer.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.wire.raw_server import Play, answer

COOKIE = "canary-cookie-5521"
CSRF = "canary-csrf-9034"
READY = {"channel": "chat", "userState": {"displayName": "x", "id": "1", "state": "Ready"}}
CAPABILITIES = ["Transfer", "Complete", "Leave", "InFocus", "SendMessage"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came.

    `what`: ``GET me``, ``GET messages``, a Bayeux word such as ``connect``, or an operation.
    `at`: when, by the clock of the bot.
    """

    what: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: float

    def all(self, name: str) -> list[str]:
        """The values of a header, by any case of its name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def agent(self) -> str:
        """Whose password came with it."""
        basic = self.all("Authorization")[0].removeprefix("Basic ")
        return b64decode(basic).decode().partition(":")[0]

    @property
    def chat_id(self) -> str:
        return self.target.partition("?")[0].removeprefix("/api/v2/me/chats/").partition("/")[0]


@dataclass
class Fault:
    """What is answered instead: always the same, or made for the request."""

    what: str
    times: int | None
    play: Play = b""
    make: Callable[[Asked], bytes] | None = None
    only: Callable[[Asked], bool] = lambda _: True


@dataclass
class RawChat:
    """One chat; its first line is the customer's joining."""

    id: str
    state: str = "Invited"
    nickname: str = "Ana"
    lines: list[dict[str, Any]] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.write("Customer", self.nickname, type="ParticipantJoined")

    def write(self, who: str, nickname: str, **fields: Any) -> dict[str, Any]:
        sender = {"type": who, "nickname": nickname, "participantId": f"0090{who}"}
        line = {"index": len(self.lines) + 1, "type": "Text", "from": sender, "visibility": "All", **fields}
        self.lines.append(line)
        return line

    def said(self, who: str = "Agent") -> list[str]:
        """The texts of the bot, or of the customer."""
        return [line["text"] for line in self.lines if "text" in line and line["from"]["type"] == who]

    def view(self) -> dict[str, Any]:
        robo = {"type": "Agent", "nickname": "Robo", "participantId": "0090Agent"}
        is_in = self.state == "Chatting"
        return {
            "id": self.id,
            "state": self.state,
            "capabilities": [*CAPABILITIES, *self.capabilities] if is_in else ["Accept", "Reject"],
            "participants": [robo, self.lines[0]["from"]] if is_in else [],
        }


class Platform:
    """The server. `advice` comes with each handshake; `now` is the clock of the bot."""

    def __init__(self) -> None:
        self.url = ""
        self.now: Callable[[], float] = lambda: 0.0
        self.asked: list[Asked] = []
        self.chats: dict[str, RawChat] = {}
        self.faults: list[Fault] = []
        self.advice: dict[str, Any] = {}
        self.csrf = ["X-CSRF-HEADER: X-CSRF", f"X-CSRF-TOKEN: {CSRF}"]
        self.headers: list[str] = []
        self.connections = 0
        self.busy = 0
        self.activity = 0
        self.changed = asyncio.Event()
        self._told: list[str] = []
        self._news = asyncio.Event()
        self._sessions = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # the test's side

    def breaks(
        self,
        what: str,
        play: Play,
        *,
        times: int | None = 1,
        only: Callable[[Asked], bool] = lambda _: True,
    ) -> None:
        """Answer with these bytes; ``*`` is every request, and `times=None` lasts until ``heal``."""
        self.faults.append(Fault(what, times, play=play, only=only))
        self._nudge(what)

    def answers(self, what: str, make: Callable[[Asked], bytes], *, times: int | None = 1) -> None:
        """The same with an answer that is made for the request."""
        self.faults.append(Fault(what, times, make=make))
        self._nudge(what)

    def heal(self) -> None:
        self.faults.clear()
        self._news.set()

    def answer_poll(self) -> None:
        """Answer the poll that is held, with nothing if there is nothing to tell."""
        self._news.set()

    def _nudge(self, what: str) -> None:
        if what in {"*", "connect"}:
            self.answer_poll()  # so that the next one is broken

    def times(self, what: str) -> int:
        """How often this was asked."""
        return sum(asked.what == what for asked in self.asked)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until it is true; looked at after each request, answer and jump, and now and then."""
        async with asyncio.timeout(8.0):
            while not condition():
                self.changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.02)

    def offer(self, nickname: str = "Ana") -> RawChat:
        """A new chat rings."""
        chat = RawChat(f"chat{len(self.chats) + 1:04d}", nickname=nickname)
        self.chats[chat.id] = chat
        self._tell_state(chat)
        return chat

    def says(self, chat: RawChat, text: str, **fields: Any) -> None:
        self.tell_lines(chat.id, [chat.write("Customer", chat.nickname, text=text, **fields)])

    def tell_lines(self, chat_id: str, lines: object) -> None:
        kinds = {"messageType": "MessageLogUpdated", "notificationType": "NewMessages"}
        self.tell({**kinds, "chatPath": f"/me/chats/{chat_id}", "messages": lines})

    def tell(self, data: object) -> None:
        self.tell_text(json.dumps({"channel": "/v2/me/chats", "data": data}))

    def tell_text(self, message: str) -> None:
        """Tell a Bayeux message as this text."""
        self._told.append(message)
        self._news.set()

    def _tell_state(self, chat: RawChat) -> None:
        kinds = {"messageType": "ChatStateChangeMessage", "notificationType": "StatusChange"}
        self.tell({**kinds, "chat": chat.view()})

    # sound answers

    async def _sound(self, asked: Asked) -> bytes:
        if asked.target.startswith("/api/v2/notifications"):
            return self.packed(await self._bayeux(json.loads(asked.body)))
        if asked.what.startswith("GET "):
            return self.packed(json.dumps({"statusCode": 0, **self._read(asked)}))
        return self.packed(json.dumps(self._operate(asked)))

    def packed(self, body: str) -> bytes:
        """A whole answer with cookie and CSRF token."""
        session = ["Set-Cookie: JSESSIONID=" + COOKIE + "; Path=/; Secure; HttpOnly"]
        return answer(body.encode(), *session, *self.csrf, *self.headers)

    def _read(self, asked: Asked) -> dict[str, Any]:
        match asked.what:
            case "GET me":
                return {"user": {"userName": asked.agent}}
            case "GET channels":
                return {"channels": [READY]}
            case "GET chats":
                return {"chats": [chat.view() for chat in self.chats.values()]}
            case "GET messages":
                start = int(parse_qs(asked.target.partition("?")[2])["startIndex"][0])
                return {
                    "messages": [line for line in self.chats[asked.chat_id].lines if line["index"] >= start]
                }
        return {"chat": self.chats[asked.chat_id].view()}

    def _operate(self, asked: Asked) -> dict[str, Any]:
        chat = self.chats.get(asked.chat_id)
        if chat is not None and asked.what == "Accept":
            chat.state = "Chatting"
            chat.write("Agent", "Robo", type="ParticipantJoined")
            self._tell_state(chat)
            self.tell_lines(chat.id, list(chat.lines))
        elif chat is not None and asked.what == "SendMessage":
            line = chat.write("Agent", "Robo", text=json.loads(asked.body)["text"])
            self.tell_lines(chat.id, [line])
        return {"statusCode": 0}

    async def _bayeux(self, messages: list[dict[str, Any]]) -> str:
        answers: list[str] = []
        for message in messages:
            if message["channel"] == "/meta/handshake":
                self._sessions += 1
                reply = replied(message, clientId=f"c{self._sessions}", advice=self.advice)
            elif message["channel"] == "/meta/connect":
                await self._hold(is_probe="advice" in message)
                answers += self._told
                self._told = []
                reply = replied(message)
            else:
                reply = replied(message)
            answers.append(json.dumps(reply))
        return f"[{','.join(answers)}]"

    async def _hold(self, *, is_probe: bool) -> None:
        self._news.clear()
        if self._told or is_probe:
            return
        self.busy -= 1
        try:
            await self._news.wait()
        finally:
            self.busy += 1

    # the connection

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                asked = await self._request(reader)
                await self._answer(asked, reader, writer)
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError, ssl.SSLError):
            await writer.wait_closed()
        self._tasks.discard(task)

    async def _request(self, reader: asyncio.StreamReader) -> Asked:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = tuple((name, value.strip()) for name, _, value in (one.partition(":") for one in head[1:]))
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        body = await reader.readexactly(length)
        asked = Asked(_what(method, target, body), target, headers, body, self.now())
        self.asked.append(asked)
        return asked

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.busy += 1
        self._pulse()
        try:
            fault = self._fault(asked)
            if fault is None:
                writer.write(await self._sound(asked))
            elif fault.make is not None:
                writer.write(fault.make(asked))
            elif isinstance(fault.play, bytes):
                writer.write(fault.play)
            else:
                await fault.play(reader, writer)
            await writer.drain()
        finally:
            self.busy -= 1
            self._pulse()

    def _fault(self, asked: Asked) -> Fault | None:
        for fault in self.faults:
            if fault.what in {"*", asked.what} and fault.only(asked):
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self.faults.remove(fault)
                return fault
        return None

    def _pulse(self) -> None:
        self.activity += 1
        self.changed.set()

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def serving(platform: Platform, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve it on a free port; the block gets its address."""
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
    port = server.sockets[0].getsockname()[1]
    platform.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield platform.url
    finally:
        server.close()
        await platform.stop()
        await server.wait_closed()


def replied(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A successful answer to a Bayeux message, with these fields."""
    return {"channel": message["channel"], "id": message["id"], "successful": True, **fields}


def _what(method: str, target: str, body: bytes) -> str:
    path = target.partition("?")[0]
    if path.endswith("/notifications"):
        return str(json.loads(body)[-1]["channel"]).rpartition("/")[2]
    if method == "POST":
        return str(json.loads(body)["operationName"])
    tail = path.rpartition("/")[2]
    return f"GET {tail}" if tail in {"me", "channels", "chats", "messages"} else "GET chat"
