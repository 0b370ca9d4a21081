"""A Bayeux client session without I/O: it says what to send, and is told what came back.

It knows no socket, no clock and no task: the loop around it (``wire/cometd.py``) posts the
requests, waits and keeps deadlines. Rules come from the Bayeux specification and from the CometD
reference ("acknowledge extension"); where servers differ, the session acts on ``advice`` and not
on error codes.

The order is handshake, subscribe, connect, connect, ... One subscription refused means that the
bot would be deaf to something, so the session begins anew rather than go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeGuard

from chatbot.model.errors import ProtocolViolation, SessionLost, WireError
from chatbot.model.notifications import Notification
from chatbot.model.quoting import Quoting

__all__ = ["BayeuxSession", "Outcome", "Phase", "Request", "batch_number", "first_ack"]

# Held polls of unknown length: longer than any server's default (CometD 30 s, Genesys 60 s).
_HOLD_S = 60.0
# An advice beyond these is a fault of the server, not a wish: it would make the bot deaf.
_LONGEST_HOLD_S = 120.0
_LONGEST_INTERVAL_S = 60.0
# A second connect refused in a row without advice: the session will not come back.
_CONNECTS_REFUSED = 2
_UNKNOWN_CLIENT = 402

Message = dict[str, object]


class Phase(Enum):
    """What the session does next."""

    HANDSHAKE = auto()
    SUBSCRIBE = auto()
    CONNECT = auto()
    STOPPED = auto()


@dataclass(frozen=True, slots=True)
class Request:
    """Messages to post as one JSON array.

    Args:
        messages: The array.
        hold_s: Seconds for which the server may hold its answer.
    """

    messages: list[Message]
    hold_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one exchange came to.

    Args:
        notifications: What rode on the answer, in order; also on an answer that failed.
        started: All subscriptions of a new session are acknowledged.
        polled: A connect succeeded.
        error: What went wrong, if something did.
        interval_s: Seconds that the server wants between this answer and the next request.
        hold_s: Seconds for which it may hold the next poll.
        malformed: How many messages of the answer could not be read.
    """

    notifications: tuple[Notification, ...] = ()
    started: bool = False
    polled: bool = False
    error: WireError | None = None
    interval_s: float = 0.0
    hold_s: float = field(default=_HOLD_S, compare=False)
    malformed: int = 0


class BayeuxSession:
    """The client's side of the protocol as a state machine.

    Call ``request`` and post it; then call either ``answered`` or ``failed``, and begin again,
    until ``phase`` is STOPPED.

    Args:
        channels: What to subscribe to.
    """

    def __init__(self, channels: Sequence[str]) -> None:
        self.phase = Phase.HANDSHAKE
        self.number = 0
        self._channels = tuple(channels)
        self._client_id = ""
        self._last_id = 0
        self._pending: dict[str, str] = {}
        self._reconnect: str | None = None
        self._hold_s = _HOLD_S
        self._interval_s = 0.0
        self._ack: int | None = None
        self._probing = True
        self._refused = 0

    def has_ended(self) -> bool:
        """Whether nothing more is to be sent."""
        return self.phase is Phase.STOPPED

    @property
    def is_probing(self) -> bool:
        """Whether the next connect only asks whether the session lives."""
        return self._probing

    def request(self) -> Request:
        """The next request. Only one may be outstanding at a time (Bayeux: one connect per client)."""
        self._pending.clear()
        self._reconnect = None
        match self.phase:
            case Phase.HANDSHAKE:
                return Request([self._handshake()])
            case Phase.SUBSCRIBE:
                return Request([self._on_channels("/meta/subscribe", name) for name in self._channels])
            case Phase.CONNECT:
                return Request([self._connect()], hold_s=self._hold_s)
            case _:
                raise RuntimeError("the session has ended")

    def farewell(self) -> Request | None:
        """The last request: unsubscribe and disconnect. None if the server knows no session of ours."""
        self.phase = Phase.STOPPED
        if not self._client_id:
            return None
        self._pending.clear()
        unsubscribed = [self._on_channels("/meta/unsubscribe", name) for name in self._channels]
        messages = [*unsubscribed, self._message("/meta/disconnect")]
        self._client_id = ""
        return Request(messages)

    def failed(self, error: WireError) -> Outcome:
        """No usable answer came.

        The server's session may well live, so a failed connect is tried again: the ack extension
        then redelivers. A lost HTTP session (``SessionLost``) takes the Bayeux session with it.
        """
        if self.phase is Phase.STOPPED:
            return Outcome()
        if self.phase is not Phase.CONNECT or isinstance(error, SessionLost):
            self._begin_anew()
        self._probing = True
        return Outcome(error=error, interval_s=self._interval_s)

    def answered(self, answer: object) -> Outcome:
        """Read an answer: a JSON array of messages, or a single message (Bayeux: MAY accept).

        An answer that comes after the farewell changes nothing.
        """
        if self.phase is Phase.STOPPED:
            return Outcome()
        messages = answer if isinstance(answer, list) else [answer]
        readable: list[Message] = [message for message in messages if _is_message(message)]
        if not readable:
            return self.failed(ProtocolViolation("the answer holds no Bayeux message"))
        for message in readable:
            self._take_advice(message.get("advice"))
        notifications = tuple(self._notifications(readable))
        replies = list(self._replies(readable))
        malformed = len(messages) - len(readable)
        return self._step(replies, notifications, malformed)

    def _step(
        self, replies: list[Message], notifications: tuple[Notification, ...], malformed: int
    ) -> Outcome:
        phase, error = self.phase, self._error(replies)
        if error is not None:
            self._retreat(error, replies)
        else:
            self._advance(replies)
        return Outcome(
            notifications=notifications,
            started=error is None and phase is Phase.SUBSCRIBE,
            polled=error is None and phase is Phase.CONNECT,
            error=error,
            interval_s=self._interval_s,
            hold_s=self._hold_s,
            malformed=malformed,
        )

    def _advance(self, replies: list[Message]) -> None:
        """All was well: on to the next phase."""
        match self.phase:
            case Phase.HANDSHAKE:
                self._client_id = str(replies[0]["clientId"])
                self._ack = first_ack(_extension(replies[0], "ack"))
                self.phase = Phase.SUBSCRIBE
            case Phase.SUBSCRIBE:
                self.number += 1
                self.phase = Phase.CONNECT
            case _:
                if self._ack is not None:
                    self._ack = batch_number(_extension(replies[0], "ack"), self._ack)
                self._probing = False
                self._refused = 0

    def _retreat(self, error: WireError, replies: list[Message]) -> None:
        """Something was refused: where to go on from."""
        self._probing = True
        self._refused += bool(replies)
        if self._reconnect == "none":
            self._client_id = ""
            self.phase = Phase.STOPPED
        elif self.phase is not Phase.CONNECT or isinstance(error, SessionLost) or self._must_handshake():
            self._begin_anew()

    def _must_handshake(self) -> bool:
        return self._reconnect == "handshake" or (
            self._reconnect is None and self._refused >= _CONNECTS_REFUSED
        )

    def _error(self, replies: list[Message]) -> WireError | None:
        """Why this exchange failed: a refusal, an answer that is missing, or advice to stop."""
        for reply in replies:
            if not _is_successful(reply):
                return _refusal(reply)
        if len(replies) < len(self._pending):
            return ProtocolViolation(f"no answer to {', '.join(sorted(set(self._pending.values())))}")
        if self._reconnect == "none":
            return SessionLost("the server advises not to reconnect", retryable=False)
        if self._reconnect == "handshake" and self.phase is not Phase.HANDSHAKE:
            return SessionLost("the server advises a new handshake", status=_UNKNOWN_CLIENT)
        if self.phase is Phase.HANDSHAKE and not _text(replies[0].get("clientId")):
            return ProtocolViolation("the handshake was answered without a clientId")
        return None

    def _begin_anew(self) -> None:
        self.phase = Phase.HANDSHAKE
        self._client_id = ""
        self._ack = None
        self._probing = True
        self._refused = 0

    def _replies(self, messages: list[Message]) -> Iterator[Message]:
        """The answers to our messages. One to another id is not ours; one without id may be."""
        waiting = dict(self._pending)
        for message in messages:
            channel, number = message["channel"], message.get("id")
            if number is None:
                number = next((key for key, name in waiting.items() if name == channel), None)
            if waiting.get(str(number)) == channel:
                del waiting[str(number)]
                yield message

    def _notifications(self, messages: list[Message]) -> Iterator[Notification]:
        """Messages of our channels. They may ride on any answer (Bayeux: MUST accept)."""
        for message in messages:
            channel = str(message["channel"])
            if "data" in message and any(_matches(pattern, channel) for pattern in self._channels):
                yield Notification(channel, message["data"])

    def _take_advice(self, advice: object) -> None:
        """Merge advice: a field that is not repeated still holds (cometd.js; Faye)."""
        if not isinstance(advice, Mapping):
            return
        if advice.get("reconnect") in ("retry", "handshake", "none"):  # the value may be unhashable
            self._reconnect = str(advice["reconnect"])
        self._interval_s = _seconds(advice.get("interval"), self._interval_s, _LONGEST_INTERVAL_S)
        self._hold_s = _seconds(advice.get("timeout"), self._hold_s, _LONGEST_HOLD_S)

    def _handshake(self) -> Message:
        self._interval_s = 0.0
        return self._message(
            "/meta/handshake",
            version="1.0",
            minimumVersion="1.0",
            supportedConnectionTypes=["long-polling"],
            ext={"ack": True},
        )

    def _connect(self) -> Message:
        message = self._message("/meta/connect", connectionType="long-polling")
        if self._ack is not None:
            message["ext"] = {"ack": self._ack}
        if self._probing:
            # CometD: answered at once, so that we know whether the session lives
            message["advice"] = {"timeout": 0}
        return message

    def _on_channels(self, meta: str, channel: str) -> Message:
        return self._message(meta, subscription=channel)

    def _message(self, channel: str, **fields: object) -> Message:
        self._last_id += 1
        number = str(self._last_id)
        self._pending[number] = channel
        client = {"clientId": self._client_id} if self._client_id else {}
        return {"id": number, "channel": channel, **client, **fields}


def _is_message(value: object) -> TypeGuard[Message]:
    return isinstance(value, dict) and isinstance(value.get("channel"), str)


def _is_successful(reply: Message) -> bool:
    return reply.get("successful") in (True, "true")


def _refusal(reply: Message) -> WireError:
    """Bayeux: ``error`` is ``code:arguments:text``; every part may be missing."""
    error = _text(reply.get("error")) or "no reason given"
    channel = _text(reply["channel"])
    channel = channel if channel.startswith("/meta/") else "a message"
    text = Quoting(f"{channel} was refused", error[:200])
    code = error.partition(":")[0]
    status = int(code) if code.isascii() and code.isdigit() and len(code) == len("402") else None
    # CometD says 402::Unknown client, Faye 401:clientId:Unknown client
    if reply["channel"] != "/meta/handshake" and (
        status == _UNKNOWN_CLIENT or "unknown client" in error.lower()
    ):
        return SessionLost(text, status=_UNKNOWN_CLIENT)
    return ProtocolViolation(text, status=status)


def _extension(reply: Message, name: str) -> object:
    ext = reply.get("ext")
    return ext.get(name) if isinstance(ext, Mapping) else None


def first_ack(offer: object) -> int | None:
    """What the first connect acknowledges; the offer is ``true``, or an object (CometD 3.1 and later)."""
    if isinstance(offer, Mapping):
        return batch_number(offer.get("batch"), 0) if offer.get("enabled") is True else None
    return 0 if offer is True else None


def batch_number(value: object, otherwise: int) -> int:
    """The number of a batch; the Java server reads nothing else back."""
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _seconds(milliseconds: object, otherwise: float, longest: float) -> float:
    """An advice in seconds; nonsense leaves the last one standing, absurd values are clamped."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or not milliseconds >= 0:
        return otherwise
    return min(milliseconds, longest * 1000) / 1000


def _matches(pattern: str, channel: str) -> bool:
    """Bayeux: ``/*`` stands for one segment, ``/**`` for any number."""
    if pattern.endswith("/**"):
        return channel.startswith(pattern[:-2])
    if pattern.endswith("/*"):
        start = pattern[:-1]
        return channel.startswith(start) and "/" not in channel[len(start) :]
    return pattern == channel
