"""The guard around aiocometd: an extension that sees each payload before and after the package does.

It keeps one session's advice, acknowledgement and pace, takes the notifications, and leaves only
well-formed replies to our own requests for the package to read. The known defects of aiocometd
0.4.5, and what becomes of each here:

====  ==========================================  ==================================================
no.   defect                                      contained by
====  ==========================================  ==================================================
D0b   ``loop=`` on Python 3.10                    ``aiocometd_compat``: the three places are not reached
D0c   a client opens only once (forks)            a new client for each server session
D1    interval slept as seconds, not ms           ``Advice``; the package does not sleep
D2    advice replaced, not merged                 ``Advice.merge``
D3    no ``advice.timeout=0`` on (re)connect      ``Guard.outgoing``
D4    no back-off after refusals                  the package repeats nothing; ``AiocometdSource`` does
D5    failed first connect leaves a loop behind   ``PortTransport._start_connect_task``: no loop
D6    full queue: deadlock                        its queue stays empty: ``Guard.incoming``
D7    full queue: polling stops unnoticed         the next poll waits for the consumer; a session that
                                                  expires meanwhile is a new ``SessionStarted``
D8    refused re-subscription goes unnoticed      each session subscribes anew, each refusal is raised
D9    channel forgotten after a 402               same; ``PortTransport.poll`` never re-subscribes
D10   cancelled ``receive`` loses messages        ``receive`` is not called
D11   no sign of a new session                    ``SessionStarted``
D12   message without channel costs the rest      dropped alone: ``Guard.incoming``
D13   foreign exceptions                          strict decoding, ``_well_formed``, ``own_errors``
D14   HTTP 401 and 403 without status and login   ``Guard.exchange``, ``is_logged_out``
D15   no handshake timeout                        a deadline for each request
D16   cookies of IP hosts dropped                 the cookie jar of our own ``Http``
D17   order inversions in a bounded queue         same as D6
D18   network retry after 1.0 s, no jitter        same as D4
D19   an ERROR traceback at each close            same as D5: no task, no callback
D20   unanswered disconnect: bare TimeoutError    a deadline and our errors, as for each request
D21   messages above 4 MiB lost on WebSocket      long-polling only
D22   WebSocket: hanging close                    long-polling only
D23   cancelled ``open`` leaks                    same as D5; ``AiocometdSource.aclose`` disconnects
D24   no ack                                      ``Guard``; batches and counted subscriptions not needed
D25   advice in successful replies ignored        ``Guard._heed``
D26   reply without id not recognised             ``Guard._reply``
D27   three tasks per message                     same as D10
====  ==========================================  ==================================================
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from chatbot.model.clock import Clock
from chatbot.model.errors import ProtocolViolation, SessionLost, WireError
from chatbot.model.notifications import Notification
from chatbot.wire.aiocometd_compat import Message, MetaChannel, Port, PortTransport, new_client, own_errors
from chatbot.wire.bayeux import batch_number, first_ack
from chatbot.wire.cometd import read_reply
from chatbot.wire.http import Http
from chatbot.wire.retry import Limits

__all__ = ["Advice", "Guard"]

log = logging.getLogger(__name__)

# Held polls of unknown length: longer than any server's default (CometD 30 s, Genesys 60 s).
_HOLD_S = 60.0
# An advice beyond these is a fault of the server, not a wish: it would make the bot deaf.
_LONGEST_HOLD_S = 120.0
_LONGEST_INTERVAL_S = 60.0
# A server that answers polls at once with nothing (no held polls, no interval) is asked this often.
_EMPTY_POLL_S = 0.25
# Connects refused in a row without advice: the session will not come back.
_CONNECTS_REFUSED = 2


class Advice:
    """What the server wants of this client, in seconds; what it does not repeat still holds."""

    def __init__(self) -> None:
        self.reconnect: str | None = None
        self.hold_s = _HOLD_S
        self.interval_s = 0.0

    def merge(self, advice: object) -> None:
        """Take over what is sensible in an advice field."""
        if not isinstance(advice, Mapping):
            return
        if advice.get("reconnect") in ("retry", "handshake", "none"):
            self.reconnect = advice["reconnect"]
        self.interval_s = _seconds(advice.get("interval"), self.interval_s, _LONGEST_INTERVAL_S)
        self.hold_s = _seconds(advice.get("timeout"), self.hold_s, _LONGEST_HOLD_S)


class Guard(Port):
    """One server session: drives an aiocometd client, and is what that client may send and see.

    Args:
        http: Where to post.
        path: The path of the CometD endpoint.
        channels: The subscriptions; notifications of other channels are ignored.
        clock: For the pace of polls.
        limits: Deadlines.
    """

    def __init__(
        self, http: Http, *, path: str, channels: Sequence[str], clock: Clock, limits: Limits
    ) -> None:
        self.advice = Advice()
        self.is_logged_out = False
        self._http = http
        self._path = path
        self._channels = channels
        self._clock = clock
        self._limits = limits
        self._transport: PortTransport | None = None
        self._sent: dict[str, Message] = {}
        self._notifications: list[Notification] = []
        self._ack: int | None = None
        self._is_proven = False
        self._refused = 0
        self._not_before = self._connected_at = clock.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the last answer means that only a new session can help."""
        return self.advice.reconnect in ("handshake", "none") or self._refused >= _CONNECTS_REFUSED

    async def open(self) -> None:
        """Handshake, connect, and subscribe to all channels.

        Raises:
            WireError: One of them failed.
        """
        client = new_client(self)
        with own_errors():
            await client.open()
            for channel in self._channels:
                await client.subscribe(channel)

    async def poll(self) -> None:
        """Connect once more.

        Raises:
            WireError: It failed.
        """
        if self._transport is None:
            raise RuntimeError("poll without open")
        with own_errors():
            await self._transport.poll()

    async def leave(self) -> None:
        """Disconnect if the server may know a session of ours. Its answer does not matter."""
        if self._transport is None:
            return
        try:
            with own_errors():
                await self._transport.disconnect()
        except WireError as error:
            log.debug("the farewell to the CometD server failed: %s", error)

    def forget(self) -> None:
        """The server has no session of ours: there is nothing to leave."""
        self._transport = None

    def take(self) -> tuple[Notification, ...]:
        """The notifications that came since the last call, in order."""
        taken, self._notifications = tuple(self._notifications), []
        return taken

    def carry(self, transport: PortTransport) -> None:
        """See Port.carry."""
        self._transport = transport

    async def outgoing(self, payload: list[Message], _headers: object) -> None:
        """Add to the message what aiocometd leaves out; hold a connect back until it is time."""
        (message,) = payload
        message["channel"] = MetaChannel(message["channel"]).value
        self._sent[message["channel"]] = message
        self.advice.reconnect = None
        if message["channel"] == "/meta/handshake":
            message["ext"] = {"ack": True}
        if message["channel"] == "/meta/connect":
            await self._prepare_connect(message)

    async def exchange(self, payload: list[Message]) -> list[Message]:
        """See Port.exchange."""
        content = json.dumps(payload, separators=(",", ":")).encode()
        timeout_s = self._timeout_s(payload[0]["channel"])
        reply = await self._http.request("POST", self._path, content=content, timeout_s=timeout_s)
        try:
            answer = read_reply(reply)
        except SessionLost:
            self.is_logged_out = True
            raise
        messages: list[Any] = answer if isinstance(answer, list) else [answer]
        return messages

    async def incoming(self, payload: list[Message], _headers: object = None) -> None:
        """Take advice and notifications; leave to aiocometd only the answers to our requests."""
        messages = [message for message in payload if _is_message(message)]
        if malformed := len(payload) - len(messages):
            log.warning("%d messages of an answer were not Bayeux messages; dropped", malformed)
        for message in messages:
            self.advice.merge(message.get("advice"))
        came = [Notification(m["channel"], m["data"]) for m in messages if self._is_notification(m)]
        self._notifications += came
        replies = [reply for message in messages if (reply := self._reply(message))]
        for reply in replies:
            self._learn(reply, is_empty=not came)
            self._heed(reply)
        payload[:] = replies

    async def _prepare_connect(self, message: Message) -> None:
        wait = self._not_before - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        self._connected_at = self._clock.monotonic()
        if self._ack is not None:
            message["ext"] = {"ack": self._ack}
        if not self._is_proven:
            # CometD: answered at once, so that we know whether the session lives
            message["advice"] = {"timeout": 0}
        self._is_proven = False

    def _timeout_s(self, channel: str) -> float:
        if channel == "/meta/connect":
            return self.advice.hold_s + self._limits.poll_slack_s
        is_farewell = channel == "/meta/disconnect"
        return self._limits.farewell_timeout_s if is_farewell else self._limits.request_timeout_s

    def _is_notification(self, message: Message) -> bool:
        return "data" in message and any(_covers(name, message["channel"]) for name in self._channels)

    def _reply(self, message: Message) -> Message | None:
        """The answer to what was sent last on its channel, or None. One without id may be it."""
        sent = self._sent.get(message["channel"])
        if sent is None or str(message.get("id") or sent["id"]) != sent["id"]:
            return None
        return _well_formed(message, sent)

    def _learn(self, reply: Message, *, is_empty: bool) -> None:
        """Keep what the next connect needs: the acknowledgement, and when it may go."""
        self._not_before = self._clock.monotonic() + self.advice.interval_s
        ext = reply.get("ext")
        ack = ext.get("ack") if isinstance(ext, Mapping) else None
        if reply["channel"] == "/meta/handshake":
            self._ack = first_ack(ack)
        if reply["channel"] == "/meta/connect":
            self._refused = 0 if reply["successful"] else self._refused + 1
            if reply["successful"]:
                self._polled(ack, is_empty=is_empty)

    def _polled(self, ack: object, *, is_empty: bool) -> None:
        self._ack = None if self._ack is None else batch_number(ack, self._ack)
        self._is_proven = True
        if is_empty and "advice" not in self._sent["/meta/connect"]:
            self._not_before = max(self._not_before, self._connected_at + _EMPTY_POLL_S)

    def _heed(self, reply: Message) -> None:
        """Advice counts in a successful reply, too."""
        ends = ("none",) if reply["channel"] == "/meta/handshake" else ("handshake", "none")
        if reply["successful"] and self.advice.reconnect in ends:
            raise SessionLost(f"the server advises to reconnect by: {self.advice.reconnect}")


def _is_message(value: object) -> TypeGuard[Message]:
    return isinstance(value, dict) and isinstance(value.get("channel"), str)


def _well_formed(reply: Message, sent: Message) -> Message:
    """A reply in which aiocometd finds every field that it reads without looking."""
    error, kinds = reply.get("error"), reply.get("supportedConnectionTypes")
    repaired = {
        **reply,
        "id": sent["id"],
        "successful": reply.get("successful") in (True, "true"),
        "error": error if isinstance(error, str) else None,
        "subscription": sent.get("subscription"),
        "supportedConnectionTypes": kinds if isinstance(kinds, list) else ["long-polling"],
    }
    client_id = reply.get("clientId")
    is_handshaken = sent["channel"] == "/meta/handshake" and repaired["successful"]
    if is_handshaken and not (client_id and isinstance(client_id, str)):
        raise ProtocolViolation("the handshake was answered without a clientId")
    return repaired


def _covers(pattern: str, channel: str) -> bool:
    """Bayeux: ``/*`` stands for one segment, ``/**`` for any number."""
    start, star, _ = pattern.partition("*")
    if not star:
        return channel == pattern
    return channel.startswith(start) and (pattern.endswith("**") or "/" not in channel[len(start) :])


def _seconds(milliseconds: object, otherwise: float, longest: float) -> float:
    """An advice in seconds; nonsense leaves the last one standing, absurd values are clamped."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or milliseconds < 0:
        return otherwise
    return min(milliseconds, longest * 1000) / 1000
