"""CometD over HTTP: batches of Bayeux messages in, replies and events out; holds polls.

Reference section 4. The protocol itself is in `bayeux_server`; this adds waiting.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from chatbot.simulator.bayeux_server import BayeuxServer, Client, Refuse, ack_of, reply
from chatbot.simulator.http_sessions import HttpSession
from chatbot.simulator.options import Options
from chatbot.simulator.payloads import Json

LONGEST_PAUSE_S = 1.0
SHORTEST_PAUSE_S = 0.01


class Course(Protocol):
    """The course of time in the world, which goes on while polls are held."""

    def tick(self) -> None:
        """Do what is due."""

    def pause(self) -> float:
        """Return the seconds until something is due."""


class SupersededError(Exception):
    """A second poll of the same client has ended this one."""


class LongPolling:
    """Answers the bodies posted to the notifications address.

    Args:
        server: The protocol.
        options: Time-outs.
        course: Moves the world while polls are held.
        refusal: Tells whether a meta message on this channel of this agent is to be refused.
    """

    def __init__(
        self,
        server: BayeuxServer,
        options: Options,
        course: Course,
        refusal: Callable[[str, str], Refuse | None],
    ) -> None:
        self._server = server
        self._options = options
        self._course = course
        self._refusal = refusal
        self._holds = True

    def hold_polls(self, *, allowed: bool) -> None:
        """Hold polls, or let the held ones go and hold no more."""
        self._holds = allowed
        if not allowed:
            self._server.release()

    async def answer(self, messages: list[Json], session: HttpSession, browser: str) -> list[Json]:
        """Return what goes back for a batch; may take as long as a poll is held."""
        replies: list[Json] = []
        for message in messages:
            channel = str(message.get("channel"))
            refuse = self._refusal(channel, session.username)
            if refuse is not None:
                replies.append(_refused(message, refuse))
            elif channel == "/meta/handshake":
                replies.append(self._server.handshake(message, session.username, session.id, browser))
            else:
                replies += await self._for_client(message, channel, session, is_alone=len(messages) == 1)
        return replies

    async def _for_client(
        self, message: Json, channel: str, session: HttpSession, *, is_alone: bool
    ) -> list[Json]:
        client = self._server.find(message.get("clientId"), session.id)
        if client is None:
            return [self._server.unknown(message)]
        client.seen_at = max(client.seen_at, self._server.now())
        match channel:
            case "/meta/connect":
                return await self._connect(message, client, is_alone=is_alone)
            case "/meta/subscribe" | "/meta/unsubscribe":
                return self._with_events(client, self._server.subscribe(message, client))
            case "/meta/disconnect":
                return [self._server.disconnect(message, client)]
            case _:
                return [reply(message, successful=False, error="403::Publish denied", clientId=client.id)]

    async def _connect(self, message: Json, client: Client, *, is_alone: bool) -> list[Json]:
        batch = ack_of(message)
        if client.acks and batch is not None:
            client.acknowledge(batch)
        is_first, client.connected = not client.connected, True
        if self._server.is_crowded(client):
            return self._server.connected(message, client, self._server.advice(crowded=True))
        wait = self._wait_time(message, is_first=is_first)
        if is_alone and wait > 0 and not client.has_news():
            await self._hold(client, wait)
        else:
            _end_earlier(client)
        if self._server.find(client.id, client.session_id) is None:
            return [self._server.unknown(message)]
        return self._server.connected(message, client, self._server.advice() if is_first else None)

    def _wait_time(self, message: Json, *, is_first: bool) -> float:
        """`advice.timeout` of the client shortens the hold; the first poll is held by option only."""
        if is_first and not self._options.hold_first_connect:
            return 0.0
        advice = message.get("advice")
        wanted = advice.get("timeout") if isinstance(advice, dict) else None
        if isinstance(wanted, int | float):
            return min(wanted / 1000, self._options.poll_timeout)
        return self._options.poll_timeout

    async def _hold(self, client: Client, seconds: float) -> None:
        ended = asyncio.Event()
        wake = ended.set
        _end_earlier(client)
        client.wake = wake
        try:
            await self._wait(ended, seconds)
        finally:
            is_current = client.wake is wake
            if is_current:
                client.wake = None
        if not is_current:
            raise SupersededError

    async def _wait(self, ended: asyncio.Event, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        while self._holds and not ended.is_set() and (left := deadline - clock()) > 0:
            pause = max(min(left, self._course.pause(), LONGEST_PAUSE_S), SHORTEST_PAUSE_S)
            try:
                async with asyncio.timeout(pause):
                    await ended.wait()
            except TimeoutError:
                self._course.tick()

    def _with_events(self, client: Client, answer: Json) -> list[Json]:
        """Events may ride on any reply (4.5); by default they wait for the next poll."""
        if self._options.events_on_any_reply and not client.acks:
            return [answer, *client.take()]
        return [answer]


def _end_earlier(client: Client) -> None:
    """Let an earlier poll of the client go: only the newest is answered with events."""
    earlier, client.wake = client.wake, None
    if earlier is not None:
        earlier()


def _refused(message: Json, refuse: Refuse) -> Json:
    advice = {} if refuse.advice is None else {"advice": refuse.advice}
    return reply(message, successful=False, error=refuse.error, **advice)
