"""The CometD side of the simulated server: clients, subscriptions, held polls (Bayeux; reference 4).

Strict: what is not subscribed gets nothing, and who does not poll is forgotten.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.simulation.loop import SimLoop
from tests.simulation.options import Options

__all__ = ["Bayeux", "Client"]

CHANNEL = "/v2/me/chats"
Message = dict[str, Any]
Answer = tuple[list[Message], Callable[[], None]]


class Client:
    """One Bayeux client."""

    def __init__(self, name: str, session: str, *, ack: bool, now_s: float) -> None:
        self.id = name
        self.session = session
        self.is_subscribed = False
        self.ack = ack
        self.queue: list[Message] = []
        self.unacknowledged: list[tuple[int, Message]] = []
        self.batch = 0
        self.answered_at = now_s
        self.held: asyncio.Future[bytes] | None = None
        self.request: Message = {}
        self.timer: asyncio.TimerHandle | None = None


class Bayeux:
    """All clients.

    Args:
        loop: For held polls.
        options: How the server behaves.
    """

    def __init__(self, loop: SimLoop, options: Options) -> None:
        self.clients: dict[str, Client] = {}
        self._loop = loop
        self.options = options
        self._count = 0

    def handle(self, session: str, messages: list[Message]) -> bytes | asyncio.Future[bytes]:
        """Answer one request; a future where the poll is held."""
        replies: list[Message] = []
        for message in messages:
            if message["channel"] == "/meta/handshake":
                replies.append(self._handshake(session, message))
                continue
            client = self._client(session, message)
            if client is None:
                replies.append(_refused(message))
            elif message["channel"] == "/meta/connect":
                return self._connect(client, message)
            else:
                replies.append(self._other(client, message))
        return json.dumps(replies).encode()

    def push(self, data: dict[str, Any]) -> int:
        """Hand a notification to every subscribed client; how many there are."""
        message = {"channel": CHANNEL, "data": data}
        subscribed = [client for client in list(self.clients.values()) if self._is_alive(client)]
        subscribed = [client for client in subscribed if client.is_subscribed]
        for client in subscribed:
            client.queue.append(message)
            if client.held is not None:
                self._rearm(client, 0.001)
        return len(subscribed)

    def forget(self, session: str | None = None) -> None:
        """Forget the clients of a session, or all: their next poll is refused."""
        for client in list(self.clients.values()):
            if session is None or client.session == session:
                del self.clients[client.id]
                self._answer(client, [_refused(client.request)])

    def _client(self, session: str, message: Message) -> Client | None:
        client = self.clients.get(str(message.get("clientId")))
        if client is None or client.session != session or not self._is_alive(client):
            return None
        return client

    def _is_alive(self, client: Client) -> bool:
        idle = self._loop.time() - client.answered_at
        if client.held is None and idle > self.options.max_interval_s:
            self.clients.pop(client.id, None)
        return client.id in self.clients

    def _handshake(self, session: str, message: Message) -> Message:
        self._count += 1
        ack = self.options.ack and bool((message.get("ext") or {}).get("ack"))
        client = Client(f"client{self._count}", session, ack=ack, now_s=self._loop.time())
        self.clients[client.id] = client
        reply = _reply(message, version="1.0", supportedConnectionTypes=["long-polling"])
        return reply | {
            "clientId": client.id,
            "advice": {"reconnect": "retry", "interval": 0, "timeout": self.options.hold_s * 1000},
            **({"ext": {"ack": True}} if ack else {}),
        }

    def _other(self, client: Client, message: Message) -> Message:
        client.answered_at = self._loop.time()
        if message["channel"] == "/meta/subscribe":
            client.is_subscribed = client.is_subscribed or message["subscription"] == CHANNEL
        elif message["channel"] == "/meta/unsubscribe":
            client.is_subscribed = False
        elif message["channel"] == "/meta/disconnect":
            self.clients.pop(client.id, None)
        return _reply(message, subscription=message.get("subscription"))

    def _connect(self, client: Client, message: Message) -> bytes | asyncio.Future[bytes]:
        if client.held is not None:
            self._answer(client, [_reply(client.request)])
        if client.ack:
            seen = (message.get("ext") or {}).get("ack", 0)
            client.unacknowledged = [item for item in client.unacknowledged if item[0] > seen]
        client.request = message
        wants_answer = (message.get("advice") or {}).get("timeout") == 0
        if wants_answer or client.queue or client.unacknowledged:
            return json.dumps(self._delivery(client)).encode()
        client.held = self._loop.create_future()
        client.timer = self._loop.later(self.options.hold_s, self._flush, client)
        return client.held

    def _delivery(self, client: Client) -> list[Message]:
        client.answered_at = self._loop.time()
        reply = _reply(client.request)
        if not client.ack:
            messages, client.queue = client.queue, []
            return [*messages, reply]
        if client.queue:
            client.batch += 1
            client.unacknowledged += [(client.batch, message) for message in client.queue]
            client.queue = []
        return [*(message for _, message in client.unacknowledged), reply | {"ext": {"ack": client.batch}}]

    def _flush(self, client: Client) -> None:
        if client.held is not None:
            self._answer(client, self._delivery(client))

    def _answer(self, client: Client, messages: list[Message]) -> None:
        held, client.held = client.held, None
        if client.timer is not None:
            client.timer.cancel()
        client.answered_at = self._loop.time()
        if held is not None and not held.done():
            held.set_result(json.dumps(messages).encode())

    def _rearm(self, client: Client, delay_s: float) -> None:
        if client.timer is not None:
            client.timer.cancel()
        client.timer = self._loop.later(delay_s, self._flush, client)


def _reply(message: Message, **fields: Any) -> Message:
    kept = {name: value for name, value in fields.items() if value is not None}
    return {"channel": message["channel"], "id": message.get("id"), "successful": True, **kept}


def _refused(message: Message) -> Message:
    return {
        "channel": message.get("channel", "/meta/connect"),
        "id": message.get("id"),
        "successful": False,
        "error": "402::Unknown client",
        "advice": {"reconnect": "handshake", "interval": 0},
    }
