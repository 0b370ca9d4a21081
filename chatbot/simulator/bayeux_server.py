"""The Bayeux side of the platform: clients, subscriptions, queues, acknowledgements, advice. Pure.

Written after the Bayeux protocol and reference section 4; holding a poll is left to the caller. A client that
was forgotten gets `402::Unknown client` and must handshake again, without its subscriptions (4.5).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from chatbot.simulator.options import Options
from chatbot.simulator.payloads import Json

LONG_POLLING = "long-polling"
UNKNOWN_CLIENT = "402::Unknown client"


_later: ContextVar[list["Client"] | None] = ContextVar("clients to wake later", default=None)


@contextmanager
def events_afterwards() -> Iterator[None]:
    """Let events that come up inside the block end polls only after it.

    An operation is answered when it is accepted; what follows from it comes later (reference section 1, point
    2). Outside of such a block events end polls at once.
    """
    clients: list[Client] = []
    token = _later.set(clients)
    try:
        yield
    finally:
        _later.reset(token)
        for client in clients:
            _wake(client)


@dataclass(frozen=True, slots=True)
class Refuse:
    """How a meta message is refused.

    Args:
        error: The error string, e.g. `403::Forbidden`.
        advice: Sent along if given.
    """

    error: str = "403::Forbidden"
    advice: Json | None = None


@dataclass(slots=True)
class Client:
    """One CometD client: it belongs to an agent's HTTP session (reference section 1, point 7)."""

    id: str
    username: str
    session_id: str
    seen_at: float
    acks: bool = False
    browser: str = ""
    batch: int = 0
    connected: bool = False
    channels: set[str] = field(default_factory=set)
    queue: list[tuple[int, Json]] = field(default_factory=list)
    wake: Callable[[], None] | None = None

    @property
    def is_held(self) -> bool:
        """Whether a poll of this client is being held."""
        return self.wake is not None

    def subscribes(self, channel: str) -> bool:
        """Tell whether some subscription matches the channel, wildcards included (4.2)."""
        return any(matches(pattern, channel) for pattern in self.channels)

    def has_news(self) -> bool:
        """Tell whether something waits that was not sent yet."""
        return any(batch == 0 for batch, _ in self.queue)

    def acknowledge(self, batch: int) -> None:
        """Forget what the client has received; the rest will be sent again."""
        kept = [(sent, message) for sent, message in self.queue if sent == 0 or sent > batch]
        # What is sent again counts as not sent, so that the next poll is answered at once.
        self.queue = [(0, message) for _, message in kept]

    def take(self) -> list[Json]:
        """Return what goes out now; with acknowledgements it stays until the client confirms it."""
        messages = [message for _, message in self.queue]
        if self.acks:
            self.batch += 1
            self.queue = [(self.batch, message) for message in messages]
        else:
            self.queue = []
        return messages


class BayeuxServer:
    """Answers meta messages and queues events for clients.

    Args:
        options: Time-outs, advice, extension.
        clock: Epoch seconds.
        token: Makes client ids.
    """

    def __init__(self, options: Options, clock: Callable[[], float], token: Callable[[int], str]) -> None:
        self.clients: dict[str, Client] = {}
        self._options = options
        self._clock = clock
        self._token = token

    def now(self) -> float:
        """Return the time."""
        return self._clock()

    def deliver(self, username: str, channel: str, data: Json) -> None:
        """Queue an event for all clients of an agent that subscribed to the channel; others miss it (4.5)."""
        self.sweep()
        for client in self.clients.values():
            if client.username == username and client.subscribes(channel):
                client.queue.append((0, {"channel": channel, "data": data}))
                _wake_in_turn(client)

    def drop(self, keep: Callable[[Client], bool]) -> None:
        """Forget all clients but those to keep, and answer their held polls."""
        for client in list(self.clients.values()):
            if not keep(client):
                del self.clients[client.id]
                _wake(client)

    def release(self) -> None:
        """Answer all held polls."""
        for client in self.clients.values():
            _wake(client)

    def sweep(self) -> None:
        """Forget clients that have not polled for maxInterval (4.5)."""
        latest = self._clock() - self._options.max_interval - self._options.poll_interval
        self.drop(lambda client: client.is_held or client.seen_at >= latest)

    def find(self, client_id: object, session_id: str) -> Client | None:
        """Return a client of this HTTP session."""
        client = self.clients.get(client_id) if isinstance(client_id, str) else None
        return client if client is not None and client.session_id == session_id else None

    def handshake(self, message: Json, username: str, session_id: str, browser: str) -> Json:
        """Make a client, if it speaks long-polling."""
        types = message.get("supportedConnectionTypes")
        offered = {"version": "1.0", "supportedConnectionTypes": [LONG_POLLING]}
        if not isinstance(types, list) or LONG_POLLING not in types:
            advice: Json = {"reconnect": "none"}
            error = f"412:{types}:No common connection type"
            return reply(message, successful=False, error=error, advice=advice, **offered)
        client = Client(self._token(32), username, session_id, self._clock(), browser=browser)
        client.acks = self._options.ack_extension and _extension(message) is True
        self.clients[client.id] = client
        ext = {"ext": {"ack": True}} if client.acks else {}
        fields: Json = {**offered, "minimumVersion": "1.0", "clientId": client.id, "advice": self.advice()}
        return reply(message, successful=True, **fields, **ext)

    def subscribe(self, message: Json, client: Client) -> Json:
        """Add or take away subscriptions, one or several."""
        wanted = channels_of(message)
        if not wanted:
            return reply(message, successful=False, error="403::Subscription missing", clientId=client.id)
        if message["channel"] == "/meta/subscribe":
            client.channels.update(wanted)
        else:
            client.channels.difference_update(wanted)
        fields: Json = {"clientId": client.id, "subscription": message["subscription"]}
        return reply(message, successful=True, **fields)

    def disconnect(self, message: Json, client: Client) -> Json:
        """Forget one client because it says so."""
        self.drop(lambda other: other is not client)
        return reply(message, successful=True, clientId=client.id)

    def unknown(self, message: Json) -> Json:
        """Answer a client that is not known, or not any more (4.5)."""
        advice: Json = {"reconnect": "handshake", "interval": 0}
        return reply(message, successful=False, error=UNKNOWN_CLIENT, advice=advice)

    def connected(self, message: Json, client: Client, advice: Json | None) -> list[Json]:
        """Answer a poll: first the events, then the reply, as CometD does."""
        client.seen_at = self._clock()
        messages = client.take()
        fields: Json = {"clientId": client.id}
        if advice is not None:
            fields["advice"] = advice
        if client.acks:
            fields["ext"] = {"ack": client.batch}
        return [*messages, reply(message, successful=True, **fields)]

    def is_crowded(self, client: Client) -> bool:
        """Tell whether too many polls of the same browser are held already (4.5)."""
        limit = self._options.max_sessions_per_browser
        held = [other for other in self.clients.values() if other.is_held and other.browser == client.browser]
        return limit > 0 and len([other for other in held if other is not client]) >= limit

    def advice(self, *, crowded: bool = False) -> Json:
        """Return what clients are told to do: milliseconds, as Bayeux wants."""
        interval = self._options.multi_session_interval if crowded else self._options.poll_interval
        shape: Json = {
            "reconnect": "retry",
            "interval": round(interval * 1000),
            "timeout": round(self._options.poll_timeout * 1000),
        }
        if crowded:
            shape["multiple-clients"] = True
        if self._options.advise_max_interval:
            shape["maxInterval"] = round(self._options.max_interval * 1000)
        return shape


def reply(message: Json, *, successful: bool, **fields: object) -> Json:
    """Return the answer to a meta message, with its id if it had one."""
    identifier = {"id": message["id"]} if "id" in message else {}
    return {"channel": message.get("channel"), "successful": successful, **identifier, **fields}


def channels_of(message: Json) -> list[str]:
    """Return the channels of a subscription, given as one string or as several."""
    given = message.get("subscription")
    names = given if isinstance(given, list) else [given]
    return [name for name in names if isinstance(name, str)]


def matches(pattern: str, channel: str) -> bool:
    """Tell whether a channel falls under a pattern: `*` is one segment, `**` is any number of them."""
    parent, _, last = pattern.rpartition("/")
    if last == "**":
        return channel.startswith(f"{parent}/")
    if last == "*":
        return channel.rpartition("/")[0] == parent
    return pattern == channel


def ack_of(message: Json) -> int | None:
    """Return the batch that a poll confirms."""
    number = _extension(message)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _extension(message: Json) -> object:
    ext = message.get("ext")
    return ext.get("ack") if isinstance(ext, dict) else None


def _wake(client: Client) -> None:
    if client.wake is not None:
        client.wake()


def _wake_in_turn(client: Client) -> None:
    later = _later.get()
    if later is None:
        _wake(client)
    else:
        later.append(client)
