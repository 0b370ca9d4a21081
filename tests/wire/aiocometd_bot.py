"""A bot on aiocometd and a CometD server in the same process, with time that passes only when one waits."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chatbot.model.errors import WireError
from chatbot.model.notifications import Batch, Notification, SessionStarted, Signal, Trouble
from chatbot.wire.aiocometd_source import AiocometdSource
from chatbot.wire.http import Method, Reply

HANDSHAKE, SUBSCRIBE, CONNECT, DISCONNECT = (
    f"/meta/{name}" for name in ("handshake", "subscribe", "connect", "disconnect")
)
CHATS = "/v2/me/chats"
HOLD_S = 30.0

Message = dict[str, Any]
Answer = Reply | WireError | list[Any] | Callable[[Message], Awaitable[list[Any]]]


class FakeClock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.time = 1000.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


class Highest:
    """No jitter."""

    def uniform(self, a: float, b: float, /) -> float:
        return max(a, b)


@dataclass(frozen=True)
class Sent:
    """One request: the message, when it went, and how long it might have taken."""

    message: Message
    at: float
    timeout_s: float


class FakeServer:
    """A CometD server behind the Http port: it says yes, unless a script for the channel says otherwise.

    In a script, fields of a dict are merged into the usual reply, and a list is the whole answer.
    """

    def __init__(self, clock: FakeClock, *, ack: bool = True) -> None:
        self.sent: list[Sent] = []
        self.script: defaultdict[str, deque[Answer | Message]] = defaultdict(deque)
        self.ack = ack
        self._clock = clock
        self._sessions = 0
        self._batch = 0

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        assert (method, path) == ("POST", "/cometd")
        (message,) = json.loads(content or b"")
        self.sent.append(Sent(message, self._clock.time, timeout_s))
        answer = await self._answer(message)
        if isinstance(answer, WireError):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(200, {}, json.dumps(answer).encode())

    async def aclose(self) -> None:
        """Nothing to close."""

    async def _answer(self, message: Message) -> Reply | WireError | list[Any]:
        script = self.script[message["channel"]]
        answer = script.popleft() if script else {}
        if isinstance(answer, dict):
            return [self.reply(message, **answer)]
        return await answer(message) if callable(answer) else answer

    def reply(self, message: Message, **fields: object) -> Message:
        """What a CometD server says, with other fields."""
        advice = {"reconnect": "retry", "interval": 0, "timeout": HOLD_S * 1000}
        reply = {"id": message["id"], "channel": message["channel"], "successful": True}
        match message["channel"]:
            case "/meta/handshake":
                self._sessions += 1
                kinds = ["websocket", "long-polling"]
                reply |= {
                    "clientId": f"c{self._sessions}",
                    "supportedConnectionTypes": kinds,
                    "advice": advice,
                }
                reply |= {"ext": {"ack": True}} if self.ack else {}
            case "/meta/subscribe":
                reply |= {"subscription": message["subscription"]}
            case "/meta/connect":
                self._batch += 1
                self._clock.time += message.get("advice", {}).get("timeout", HOLD_S * 1000) / 1000
                reply |= {"advice": advice, "ext": {"ack": self._batch}}
        return reply | fields

    def channels(self) -> list[str]:
        """The requests so far, by the last word of their channel."""
        return [sent.message["channel"].rpartition("/")[2] for sent in self.sent]

    def on(self, channel: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.message["channel"] == channel]


class Bot:
    """A source with all that it stands on."""

    def __init__(self, *, channels: Sequence[str] = (CHATS,), ack: bool = True) -> None:
        self.clock = FakeClock()
        self.server = FakeServer(self.clock, ack=ack)
        self.logins: list[float] = []
        self.login_fails: deque[WireError] = deque()
        self.source = AiocometdSource(
            self.server,
            path="/cometd",
            channels=channels,
            clock=self.clock,
            rng=Highest(),
            renew=self._renew,
        )
        self.signals = self.source.signals()

    async def _renew(self) -> None:
        self.logins.append(self.clock.time)
        if self.login_fails:
            raise self.login_fails.popleft()

    async def hears(self, count: int) -> list[Signal]:
        """The next so many signals."""
        return [await anext(self.signals) for _ in range(count)]

    async def starts(self) -> None:
        """Skip what a new session brings."""
        assert await self.hears(2) == [SessionStarted(1), Batch(1, ())]

    async def trouble(self) -> WireError:
        """The error of the next signal."""
        (signal,) = await self.hears(1)
        assert isinstance(signal, Trouble)
        return signal.error


def events(*numbers: int, channel: str = CHATS) -> list[Message]:
    return [{"channel": channel, "data": {"n": n}} for n in numbers]


def heard(*numbers: int, channel: str = CHATS) -> tuple[Notification, ...]:
    return tuple(Notification(channel, {"n": n}) for n in numbers)


def delivering(bot: Bot, *messages: object, **fields: object) -> Callable[[Message], Awaitable[list[Any]]]:
    """An answer that carries other messages before the reply."""

    async def answer(message: Message) -> list[Any]:
        return [*messages, bot.server.reply(message, **fields)]

    return answer


def lost(**fields: object) -> Message:
    advice = {"reconnect": "handshake", "interval": 0}
    return {"successful": False, "error": "402::Unknown client", "advice": advice, **fields}
