"""A source and the CometD server that it talks to, in virtual time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from chatbot.model.errors import WireError
from chatbot.model.notifications import Signal, Trouble
from chatbot.wire.cometd import CometdSource
from chatbot.wire.http import Reply
from tests.wire.bayeux_server import CHATS, Message, reply_to
from tests.wire.fakes import Chance, FakeClock, FakeHttp, Sent, json_reply

HANDSHAKE, SUBSCRIBE, CONNECT, UNSUBSCRIBE, DISCONNECT = (
    f"/meta/{name}" for name in ("handshake", "subscribe", "connect", "unsubscribe", "disconnect")
)
HOLD_S = 30.0

Say = Reply | WireError | Message | list[Any] | Callable[[Sent], Reply]


class CometdServer(FakeHttp):
    """It says yes, unless the script for the first channel of a request says otherwise.

    In a script, fields of a dict are merged into the usual replies, a list is what is said before
    them, and all else is the whole answer.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.otherwise = self._answer
        self.says: defaultdict[str, deque[Say]] = defaultdict(deque)
        self.always: dict[str, Say] = {}

    async def _answer(self, sent: Sent) -> Reply:
        channel = sent.body[0]["channel"]
        said = self.says[channel].popleft() if self.says[channel] else self.always.get(channel, {})
        if isinstance(said, WireError):
            raise said
        if isinstance(said, Reply):
            return said
        if callable(said):
            return said(sent)
        before, fields = (said, {}) if isinstance(said, list) else ([], said)
        if channel == CONNECT and not before:
            self.clock.time += sent.body[0].get("advice", {}).get("timeout", HOLD_S * 1000) / 1000
        return json_reply([*before, *(reply_to(message, **fields) for message in sent.body)])

    @property
    def channels(self) -> list[str]:
        """The requests so far, by the last word of their first channel."""
        return [sent.body[0]["channel"].rpartition("/")[2] for sent in self.sent]

    def on(self, channel: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.body[0]["channel"] == channel]


class Listener:
    """A source with all that it stands on."""

    def __init__(self, *, channels: tuple[str, ...] = (CHATS,), chance: float = 1.0) -> None:
        self.clock = FakeClock()
        self.server = CometdServer(self.clock)
        self.logins: list[float] = []
        self.login_fails: deque[WireError] = deque()
        self.source = CometdSource(
            self.server,
            path="/cometd",
            channels=channels,
            clock=self.clock,
            rng=Chance(chance),
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
        """Skip the new session and its first, empty poll."""
        await self.hears(2)

    async def trouble(self) -> WireError:
        """The error of the next signal, which is a trouble."""
        signal = await anext(self.signals)
        assert isinstance(signal, Trouble)
        return signal.error


def events(*numbers: int) -> list[Message]:
    return [{"channel": CHATS, "data": {"n": number}} for number in numbers]
