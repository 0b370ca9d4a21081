"""A strict stand-in for GWS at the level of HTTP requests, written from the reference.

It knows no faults but those that are told to it; ``net.py`` decides what becomes of requests.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chatbot.wire.http import Reply
from tests.simulation.bayeux import Bayeux
from tests.simulation.chats import NICKNAME, USER, Chat
from tests.simulation.loop import SimLoop
from tests.simulation.notices import Notices
from tests.simulation.options import Faults, Options
from tests.simulation.request import Request
from tests.simulation.truth import CANARY, Line, Truth

__all__ = ["Server"]

API = "/api/v2"
CSRF_TEXT = b"Missing or invalid Csrf token"


class Server:
    """The platform, with one agent.

    Args:
        loop: For time.
        options: How it answers the open questions.
        faults: For notifications.
        truth: The record of the run.
        rng: For delays.
    """

    def __init__(
        self, loop: SimLoop, options: Options, faults: Faults, truth: Truth, rng: random.Random
    ) -> None:
        self.chats: dict[str, Chat] = {}
        self.bayeux = Bayeux(loop, options)
        self.is_ready = False
        self.refuses_login = False
        self.lists_from = 0.0
        self.on_line: Callable[[Chat, Line], None] = lambda _chat, _line: None
        self._loop = loop
        self._options = options
        self._truth = truth
        self._rng = rng
        self.notices = Notices(loop, self.bayeux, faults, truth, rng)
        self._sessions: dict[str, str] = {}
        self._count = 0
        self._references = 0

    def newest_ms(self, name: str, until_s: float) -> int:
        """When the customer said the newest line that was there at this time."""
        lines = self.chats[name].lines
        return max(
            (line.ms for line in lines if line.who == "customer" and line.ms <= until_s * 1000), default=0
        )

    # what happens to it

    def lose_sessions(self) -> None:
        """All HTTP sessions end, and with them the CometD clients."""
        self._sessions.clear()
        self.bayeux.forget()

    def change_csrf(self) -> None:
        """Every session gets another token; only a GET tells it."""
        for cookie in self._sessions:
            self._sessions[cookie] = self._new(f"{CANARY}-csrf")

    # customers

    def arrive(self, chat: Chat) -> None:
        """A customer comes."""
        self.chats[chat.id] = chat
        chat.customer_is_in = True
        chat.add("ParticipantJoined", "customer", self._loop.time())
        self.offer_waiting()

    def say(self, chat: Chat, text: str) -> Line:
        """The customer says something."""
        line = chat.add("Text", "customer", self._loop.time(), text)
        line.wire["text"] += f" {CANARY}"
        self._truth.note("customer", "%s line %d says %r (%d)", chat.id, line.index, text, line.ms)
        self.notices.lines(chat, [line])
        return line

    def type(self, chat: Chat, kind: str) -> None:
        """The customer types."""
        self.notices.lines(chat, [chat.add(kind, "customer", self._loop.time())])

    def depart(self, chat: Chat) -> None:
        """The customer leaves, if that has not happened yet."""
        if not chat.customer_is_in:
            return
        chat.customer_is_in = False
        line = chat.add("ParticipantLeft", "customer", self._loop.time())
        self._truth.note("customer", "%s leaves", chat.id)
        self.notices.lines(chat, [line])

    def come_back(self, chat: Chat) -> None:
        """The customer is there again."""
        chat.customer_is_in = True
        line = chat.add("ParticipantJoined", "customer", self._loop.time())
        chat.came_back_as, chat.came_back_at = line.index, self._loop.time()
        self._truth.note("customer", "%s comes back", chat.id)
        self.notices.lines(chat, [line])

    def end(self, chat: Chat, state: str) -> None:
        """The chat is over, whoever is still busy in it."""
        chat.excuse()
        chat.customer_is_in = False
        chat.state = state
        self.notices.chat(chat, "StatusChange")
        chat.is_closed = True
        self._truth.note("server", "%s is %s", chat.id, state)

    def withhold(self, chat: Chat, *operations: str) -> None:
        """From now on the agent may do all but these."""
        if chat.is_closed:
            return
        chat.withheld_until = math.inf if operations else self._loop.time()
        chat.withheld = frozenset(operations)
        self.notices.chat(chat, "PropertiesUpdated")

    def offer_waiting(self) -> None:
        """Offer what waits, if the agent is Ready."""
        for chat in self.chats.values():
            if self.is_ready and not chat.state and not chat.is_closed:
                chat.state = "Invited"
                self._truth.note("server", "%s rings", chat.id)
                self._truth.begin_again(chat.id)
                self.notices.chat(chat, "StatusChange")
                self._loop.later(self._options.ring_s, self._revoke, chat)

    def _revoke(self, chat: Chat) -> None:
        if chat.state != "Invited":
            return
        chat.state = "Revoked"
        self._truth.counts["revoked"] += 1
        self._truth.note("server", "%s is revoked", chat.id)
        self.notices.chat(chat, "StatusChange")
        chat.state = ""
        self._loop.later(2.0, self.offer_waiting)

    def fail_over(self) -> None:
        """Chat Server takes over from an earlier copy of the transcripts."""
        for chat in self.chats.values():
            if chat.state != "Chatting":
                continue
            lost = chat.cut(self._rng.randint(1, 3), self._loop.time())
            self._truth.note("FAULT", "%s loses the lines %s", chat.id, [line.index for line in lost])
            self._truth.rewinds[chat.id] += bool(lost)
            if self._options.new_own_id and self._options.rejoin_line:
                self.notices.lines(chat, [chat.join(self._loop.time(), "ParticipantRejoined")])
            elif self._options.new_own_id:
                chat.new_agent_id()

    # requests

    def handle(self, request: Request) -> Reply | asyncio.Future[Reply]:
        """Answer; a future where a poll is held."""
        path = urlsplit(request.path).path.removeprefix(API)
        if request.method == "GET" and path == "/me":
            return self._log_in(request)
        csrf = self._sessions.get(request.cookie or "")
        if csrf is None:
            return self._no_session(request)
        if request.method == "POST" and request.csrf != csrf:
            return Reply(403, {}, CSRF_TEXT)
        if path == "/notifications":
            return self._notifications(request)
        reply = self._post(path, request) if request.method == "POST" else self._get(path, request)
        if request.method == "GET" and self._options.csrf_on_every_get:
            return Reply(reply.status, {**reply.headers, **_csrf(csrf)}, reply.body)
        return reply

    def swallow(self, request: Request) -> Reply | asyncio.Future[Reply]:
        """Accept a text and let it vanish, if the bot can find that out: it has seen others appear."""
        chat, text = self.chats[request.chat], json.loads(request.content or b"{}")["text"]
        began = max([*self._truth.stirs], default=0.0) * 1000
        seen = [line for line in chat.texts("bot") if began < line.ms < (self._loop.time() - 3.0) * 1000]
        if not seen or text in chat.swallowed or chat.state != "Chatting" or chat.withheld:
            return self.handle(request)
        if request.csrf != self._sessions.get(request.cookie or ""):
            return self.handle(request)
        chat.swallowed[text] = self._loop.time()
        self._truth.note("FAULT", "%s: %r is swallowed", chat.id, text)
        return _json({"statusCode": 0})

    def _log_in(self, request: Request) -> Reply:
        if self.refuses_login:
            return Reply(401, {}, b"")
        cookie = request.cookie if request.cookie in self._sessions else self._new(f"{CANARY}-session")
        assert cookie is not None
        self._sessions.setdefault(cookie, self._new(f"{CANARY}-csrf"))
        user = {"user": {"id": USER.rpartition("/")[2]}} if self._options.user_ids else {}
        headers = {"set-cookie": f"JSESSIONID={cookie}; Path=/", **_csrf(self._sessions[cookie])}
        return _json({"statusCode": 0, **user}, headers)

    def _no_session(self, request: Request) -> Reply:
        if self._options.no_session == "20":
            return _json({"statusCode": 20, "statusMessage": "not authenticated"})
        if self._options.no_session == "403" and request.method == "POST":
            return Reply(403, {}, CSRF_TEXT)
        return Reply(401, {}, b"")

    def _notifications(self, request: Request) -> Reply | asyncio.Future[Reply]:
        answer = self.bayeux.handle(request.cookie or "", json.loads(request.content or b"[]"))
        if isinstance(answer, bytes):
            return Reply(200, {}, answer)
        held: asyncio.Future[Reply] = self._loop.create_future()

        def done(future: asyncio.Future[bytes]) -> None:
            if not held.done():
                held.set_result(Reply(200, {}, future.result()))

        answer.add_done_callback(done, context=self._loop.outside)
        return held

    def _get(self, path: str, request: Request) -> Reply:
        if path == "/me/channels":
            state = "Ready" if self.is_ready else "NotReady"
            return _json({"statusCode": 0, "channels": [{"channel": "chat", "userState": {"state": state}}]})
        mine = [chat for chat in self.chats.values() if chat.state and not chat.is_closed]
        if path == "/me/chats":
            listed = mine if self._loop.time() >= self.lists_from else []
            return _json({"statusCode": 0, "chats": [chat.resource() for chat in listed]})
        name, _, rest = path.removeprefix("/me/chats/").partition("/")
        chat = next((chat for chat in mine if chat.id == name), None)
        if chat is None or (not rest and not self._options.single_chat):
            return self._unknown_chat()
        if rest != "messages":
            return _json({"statusCode": 0, "chat": chat.resource()})
        query = parse_qs(urlsplit(request.path).query)
        count = int(query["count"][0]) if "count" in query else None
        return _json({"statusCode": 0, "messages": chat.shown(int(query["startIndex"][0]), count)})

    def _post(self, path: str, request: Request) -> Reply:
        body = json.loads(request.content or b"{}")
        operation = body["operationName"]
        self._truth.note("server", "does %s in %s", operation, path)
        if not path.startswith("/me/chats/"):
            return self._for_agent(operation, request.cookie or "")
        chat = self.chats.get(path.removeprefix("/me/chats/"))
        if chat is None or chat.is_closed or not chat.state:
            if chat is not None:
                chat.refused.append(body.get("text", operation))
            return self._unknown_chat()
        self._references += 1
        reference = {"referenceId": self._references} if self._options.references else {}
        self.notices.reference = reference
        done = operation not in chat.withheld and _OPERATIONS[operation](self, chat, body)
        self.notices.reference = {}
        if not done:
            chat.refused.append(body.get("text", operation))
            return _json({"statusCode": 2, "statusMessage": f"not valid while {chat.state}"})
        return _json({"statusCode": 0, **reference})

    def _for_agent(self, operation: str, cookie: str) -> Reply:
        if operation in {"Ready", "StartContactCenterSession"}:
            self.is_ready = self.is_ready or operation == "Ready"
            self.offer_waiting()
        elif operation in {"NotReady", "EndContactCenterSession"}:
            self.is_ready = False
        if operation == "EndContactCenterSession":
            self._sessions.pop(cookie, None)
            self.bayeux.forget(cookie)
        return _json({"statusCode": 0})

    def _unknown_chat(self) -> Reply:
        if self._options.gone == "404":
            return Reply(404, {}, b"")
        return _json({"statusCode": 6, "statusMessage": "no such chat"})

    # operations in a chat: True if they may be done now

    def _accept(self, chat: Chat, body: dict[str, Any]) -> bool:
        if chat.state != "Invited":
            return False
        assert body.get("nickname") in {None, NICKNAME}
        chat.state = "Chatting"
        chat.join(self._loop.time())
        self.notices.chat(chat, "StatusChange", participants=False)
        self.notices.chat(chat, "ParticipantsUpdated")
        self.notices.lines(chat, chat.lines)
        return True

    def _send(self, chat: Chat, body: dict[str, Any]) -> bool:
        return self._line(chat, "Text", body["text"])

    def _start_typing(self, chat: Chat, body: dict[str, Any]) -> bool:
        return self._line(chat, "TypingStarted")

    def _stop_typing(self, chat: Chat, body: dict[str, Any]) -> bool:
        return self._line(chat, "TypingStopped")

    def _line(self, chat: Chat, kind: str, text: str | None = None) -> bool:
        if chat.state != "Chatting":
            return False
        line = chat.add(kind, "bot", self._loop.time(), text)
        if kind == "Text":
            self._truth.note("server", "%s line %d of the bot: %r", chat.id, line.index, text)
            self.on_line(chat, line)
        self.notices.lines(chat, [line])
        return True

    def _update_data(self, chat: Chat, body: dict[str, Any]) -> bool:
        chat.user_data |= body["userData"]
        self.notices.chat(chat, "PropertiesUpdated")
        return True

    def _leave(self, chat: Chat, body: dict[str, Any]) -> bool:
        if chat.state != "Chatting":
            return False
        chat.state = "LeftChat"
        chat.agent_is_in = False
        self.notices.chat(chat, "StatusChange")
        return True

    def _complete(self, chat: Chat, body: dict[str, Any]) -> bool:
        if chat.state not in {"Chatting", "LeftChat"}:
            return False
        if chat.customer_is_in:
            chat.excuse()  # who came back too late to stop it
        chat.state = "Completed"
        self.notices.chat(chat, "StatusChange")
        chat.is_closed = True
        self._truth.note("server", "%s is completed", chat.id)
        return True

    def _transfer(self, chat: Chat, body: dict[str, Any]) -> bool:
        if chat.state not in {"Chatting", "LeftChat"}:
            return False
        self._truth.counts["transfers"] += 1
        chat.excuse()
        chat.state = "Completed"
        self.notices.chat(chat, "StatusChange")
        chat.is_closed = True
        self._truth.note("server", "%s is transferred", chat.id)
        self.on_line(chat, chat.lines[-1])
        return True

    def _new(self, what: str) -> str:
        self._count += 1
        return f"{what}{self._count}"


_OPERATIONS: dict[str, Callable[[Server, Chat, dict[str, Any]], bool]] = {
    "Accept": Server._accept,
    "SendMessage": Server._send,
    "SendStartTypingNotification": Server._start_typing,
    "SendStopTypingNotification": Server._stop_typing,
    "UpdateUserData": Server._update_data,
    "AttachUserData": Server._update_data,
    "Leave": Server._leave,
    "Complete": Server._complete,
    "Transfer": Server._transfer,
}


def _json(value: dict[str, Any], headers: dict[str, str] | None = None) -> Reply:
    return Reply(200, headers or {}, json.dumps(value).encode())


def _csrf(token: str) -> dict[str, str]:
    return {"x-csrf-header": "X-CSRF-TOKEN", "x-csrf-token": token}
