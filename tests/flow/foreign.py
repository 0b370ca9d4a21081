"""A small platform of another hand, on raw sockets: what the simulator might get wrong in our favour.

It was written from the reference alone and shares no code with the simulator or the bot. One agent,
one customer in each chat, no CSRF, no acknowledgements, answers as bare as the reference allows.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Reply = tuple[int, Any]
CAPABILITIES = ["Transfer", "Complete", "Leave", "InFocus", "SendMessage"]
READY = {"channel": "chat", "userState": {"displayName": "x", "id": "1", "state": "Ready"}}


@dataclass
class ForeignChat:
    """One chat; its first line is the customer's joining."""

    id: str
    state: str = "Invited"
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.write("Customer", type="ParticipantJoined")

    def write(self, who: str, nickname: str = "FirstL", **fields: Any) -> dict[str, Any]:
        sender = {"type": who, "nickname": nickname, "participantId": f"0090{nickname}"}
        line = {"index": len(self.lines) + 1, "type": "Text", "from": sender, "visibility": "All", **fields}
        self.lines.append(line)
        return line

    def said(self, nickname: str) -> list[str]:
        """The texts that somebody has said."""
        return [
            line["text"] for line in self.lines if "text" in line and line["from"]["nickname"] == nickname
        ]

    def view(self, *, who: bool = True) -> dict[str, Any]:
        view: dict[str, Any] = {"id": self.id, "uri": f"http://elsewhere.example/chats/{self.id}"}
        people = [{"type": "Agent", "nickname": "Robo", "participantId": "0090Robo"}, self.lines[0]["from"]]
        return view | {
            "state": self.state,
            "capabilities": CAPABILITIES if self.state == "Chatting" else ["Accept", "Reject"],
            "participants": people if who and self.state == "Chatting" else [],
        }


class Foreign:
    """The server.

    `chats_by_uri`: `/me/chats` lists addresses only, and there is no address of one chat.
    `page`: how many lines it shows at once; `newest`: the last ones of them, else the first.
    `tells_history`: the transcript so far is told after Accept.
    `fault`: looks at an operation and may answer it in the server's place.
    `echo_delay_s`: how much later than its answer an agent's text is told.
    """

    def __init__(self, **options: Any) -> None:
        self.chats_by_uri = False
        self.page = 1000
        self.newest = False
        self.tells_history = True
        self.echo_delay_s = 0.0
        self.fault: Callable[[str, dict[str, Any]], Reply | None] = lambda operation, body: None
        vars(self).update(options)
        self.chats: dict[str, ForeignChat] = {}
        self.chat_lists = 0
        self._told: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._subscribed = False

    # people

    def offer(self, *earlier: tuple[str, str, str]) -> ForeignChat:
        """A new chat rings; `earlier` are lines said before: type, nickname, text."""
        chat = ForeignChat(f"0000Na9B26EF{len(self.chats):04d}")
        for who, nickname, text in earlier:
            chat.write(who, nickname, text=text)
        self.chats[chat.id] = chat
        self._tell_state(chat)
        return chat

    def says(self, chat: ForeignChat, text: str) -> None:
        self._tell_lines(chat, [chat.write("Customer", text=text)])

    def has_listed_chats(self, times: int) -> bool:
        return self.chat_lists >= times

    # notifications

    def _tell_state(self, chat: ForeignChat, kind: str = "StatusChange", *, who: bool = True) -> None:
        kinds = {"messageType": "ChatStateChangeMessage", "notificationType": kind}
        self.tell({**kinds, "chat": chat.view(who=who)})

    def _tell_lines(self, chat: ForeignChat, lines: list[dict[str, Any]]) -> None:
        kinds = {"messageType": "MessageLogUpdated", "notificationType": "NewMessages"}
        self.tell({**kinds, "chatUri": f"http://elsewhere.example/chats/{chat.id}", "messages": list(lines)})

    def tell(self, data: dict[str, Any]) -> None:
        self._told.append({"channel": "/v2/me/chats", "data": data})
        self._news.set()

    async def _bayeux(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = []
        for message in messages:
            reply = {"channel": message["channel"], "id": message["id"], "successful": True}
            if message["channel"] == "/meta/handshake":
                reply |= {"clientId": "c1", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
            elif message["channel"] == "/meta/connect":
                if not self._told and "advice" not in message:
                    self._news.clear()
                    await asyncio.wait([asyncio.ensure_future(self._news.wait())], timeout=0.5)
                answer += self._told
                self._told = []
            answer.append(reply)
        return answer

    # requests

    def _read(self, path: str, query: dict[str, str]) -> Reply:
        found: dict[str, Any] | None = None
        match path.split("/")[1:]:
            case ["me"]:
                found = {"user": {"userName": "robo"}}
            case ["me", "channels"]:
                found = {"channels": [READY]}
            case ["me", "chats"]:
                self.chat_lists += 1
                views = [chat.view() for chat in self.chats.values()]
                found = {"uris": [view["uri"] for view in views]} if self.chats_by_uri else {"chats": views}
            case ["me", "chats", chat_id] if not self.chats_by_uri:
                found = {"chat": self.chats[chat_id].view()}
            case ["me", "chats", chat_id, "messages"]:
                lines = self.chats[chat_id].lines[int(query["startIndex"]) - 1 :]
                found = {"messages": lines[-self.page :] if self.newest else lines[: self.page]}
        return (404, {"statusCode": 6}) if found is None else (200, {"statusCode": 0, **found})

    def _operate(self, path: str, body: dict[str, Any]) -> Reply:
        operation = body["operationName"]
        fault = self.fault(operation, body)
        if fault is not None:
            return fault
        chat = self.chats.get(path.rpartition("/")[2])
        if chat is not None and operation == "Accept":
            chat.state = "Chatting"
            chat.write("Agent", "Robo", type="ParticipantJoined")
            self._tell_state(chat, who=False)
            self._tell_state(chat, "ParticipantsUpdated")
            self._tell_lines(chat, chat.lines if self.tells_history else chat.lines[-1:])
        elif chat is not None and operation == "SendMessage":
            line = chat.write("Agent", "Robo", text=body["text"])
            asyncio.get_running_loop().call_later(self.echo_delay_s, self._tell_lines, chat, [line])
        return 200, {"statusCode": 0}

    async def _answer(self, method: str, target: str, content: bytes) -> Reply:
        path, _, query = target.removeprefix("/api/v2").partition("?")
        if path == "/notifications":
            return 200, await self._bayeux(json.loads(content))
        if method == "GET":
            return self._read(path, dict(parse_qsl(query)))
        return self._operate(path, json.loads(content))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                content = await reader.readexactly(int(fields.get("content-length", "0")))
                status, value = await self._answer(method, target, content)
                body = json.dumps(value).encode()
                cookie = "Set-Cookie: JSESSIONID=node1; Path=/; Secure; HttpOnly\r\n"
                writer.write(
                    f"HTTP/1.1 {status} -\r\n{cookie}Content-Length: {len(body)}\r\n\r\n".encode() + body
                )
                await writer.drain()
        except (EOFError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            writer.close()


@asynccontextmanager
async def serve_foreign(platform: Foreign) -> AsyncIterator[str]:
    """Serve it on a free port; the block gets its address."""
    server = await asyncio.start_server(platform._serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
