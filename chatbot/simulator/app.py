"""The simulator: the world behind HTTP and CometD, as one ASGI application.

Joins the pure parts with the ASGI parts and offers what tests and demonstrations need to break things.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from chatbot.simulator.agent_api import AgentApi
from chatbot.simulator.bayeux_server import BayeuxServer, Refuse
from chatbot.simulator.control_api import ControlApi
from chatbot.simulator.customer_api import CustomerApi
from chatbot.simulator.door import Door
from chatbot.simulator.faults import Call, Double, Fault, Lose, take_notice, take_refusal
from chatbot.simulator.gateway import Gateway, Record
from chatbot.simulator.http_sessions import HttpSession, HttpSessions
from chatbot.simulator.long_poll import LongPolling
from chatbot.simulator.notifications_api import NotificationsApi
from chatbot.simulator.options import Options
from chatbot.simulator.page import page_routes
from chatbot.simulator.payloads import Json
from chatbot.simulator.world import World


class SimulatorApp:
    """The ASGI side: an application that can be told to let held polls go.

    Args:
        gateway: Serves requests.
        polling: Holds polls.
    """

    def __init__(self, gateway: Gateway, polling: LongPolling) -> None:
        self._gateway = gateway
        self._polling = polling

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI wants."""
        await self._gateway(scope, receive, send)

    def hold_polls(self, *, allowed: bool) -> None:
        """Hold polls, or answer all of them at once: for a server that is going to stop."""
        self._polling.hold_polls(allowed=allowed)


class Simulator:
    """A stand-in for Genesys Web Services.

    Args:
        options: How this installation behaves.
        clock: Epoch seconds.
        token: Makes unguessable strings of that many hex characters; give a counting one for repeatable ids.

    Attributes:
        world: The contact centre behind it.
        asgi: The application to serve.
        faults: Rules that spoil what matches; change the list at will.
    """

    def __init__(
        self,
        options: Options | None = None,
        clock: Callable[[], float] = time.time,
        token: Callable[[int], str] | None = None,
    ) -> None:
        self.options = options or Options()
        self.faults: list[Fault] = []
        self._clock = clock
        self._token = token or _random_hex
        self._held_back: dict[str, tuple[str, Json]] = {}
        self.world = World(clock, self.options, token=self._token, on_notification=self._notify)
        self._sessions = HttpSessions(self.options, self.world.agents, clock, self._token)
        self._bayeux = BayeuxServer(self.options, clock, self._token)
        self._polling = LongPolling(self._bayeux, self.options, self, self._refusal)
        self._gateway = self._build()
        self.asgi = SimulatorApp(self._gateway, self._polling)

    @property
    def requests(self) -> deque[Record]:
        """The latest requests, oldest first."""
        return self._gateway.records

    def drop_clients(self, username: str | None = None) -> None:
        """Forget the CometD clients of an agent or of all: their next poll gets 402 (4.5)."""
        self._bayeux.drop(lambda client: username not in (None, client.username))

    def lose_subscriptions(self, username: str | None = None) -> None:
        """Forget what the CometD clients of an agent or of all have subscribed to; their polls go on."""
        for client in self._bayeux.clients.values():
            if username in (None, client.username):
                client.channels.clear()

    def end_http_sessions(self, username: str | None = None) -> None:
        """Forget the HTTP sessions of an agent or of all, and with them their CometD clients."""
        self._forget(self._sessions.end(username))

    def notify(self, username: str, data: Json, channel: str = "/v2/me/chats") -> None:
        """Tell an agent anything: for payloads that this platform never makes."""
        self._notify(username, channel, data)

    def rotate_csrf(self) -> None:
        """Make all CSRF tokens invalid; any answer tells the new one (3.2)."""
        self._sessions.rotate_csrf()

    def release_polls(self) -> None:
        """Answer the polls that are held; clients poll again."""
        self._bayeux.release()

    def tick(self) -> None:
        """Do what time brings, here and in the world."""
        self._forget(self._sessions.expire())
        self._bayeux.sweep()
        self.world.tick()

    def pause(self) -> float:
        """Return the seconds until something in the world is due."""
        due = self.world.due_at()
        return float("inf") if due is None else due - self._clock()

    def _build(self) -> Gateway:
        door = Door(self.options, self._sessions)
        agents = AgentApi(self.world, door, self._log_out)
        routes = [
            *NotificationsApi(self._polling, door, self._token).routes(),
            *agents.routes(),
            *CustomerApi(self.world, agents.own_chat()).routes(),
            *ControlApi(self.world, self).routes(),
            *page_routes(),
        ]
        app = Starlette(routes=routes)
        return Gateway(app, self._sessions, self.faults, self._before, self.options)

    def _before(self, request: Request) -> None:
        if self.options.external_url is None:
            self.world.payloads.base_url = f"{request.url.scheme}://{request.url.netloc}"
        self.tick()

    def _log_out(self, session_id: str) -> None:
        self._forget(self._sessions.log_out(session_id))

    def _forget(self, gone: list[HttpSession]) -> None:
        ids = {session.id for session in gone}
        self._bayeux.drop(lambda client: client.session_id not in ids)

    def _refusal(self, channel: str, username: str) -> Refuse | None:
        return take_refusal(self.faults, Call(channels=(channel,), agent=username))

    def _notify(self, username: str, channel: str, data: Json) -> None:
        kind = str(data.get("notificationType", ""))
        call = Call(channels=(channel,), agent=username, notification=kind)
        match take_notice(self.faults, call):
            case None:
                self._deliver(username, channel, data)
            case Lose():
                pass
            case Double():
                self._deliver(username, channel, data)
                self._deliver(username, channel, data)
            case _:
                self._held_back[username] = (channel, data)

    def _deliver(self, username: str, channel: str, data: Json) -> None:
        self._bayeux.deliver(username, channel, data)
        late = self._held_back.pop(username, None)
        if late is not None:
            self._bayeux.deliver(username, *late)


def _random_hex(length: int) -> str:
    return secrets.token_hex(length)[:length]
