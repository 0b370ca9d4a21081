"""The outermost ASGI layer: reads a request whole, applies fault rules, keeps a record.

Answers are small, so they are collected before they are sent; that is what makes a lost reply possible: the
request was performed, the answer never leaves. Dropping a connection needs the server: `server.serve` puts a
function that aborts it into the scope. Without it, as in process, `ConnectionResetError` is raised.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.simulator.bayeux_server import events_afterwards
from chatbot.simulator.faults import Answer, Call, Delay, Do, Fault, HttpAction, take_http
from chatbot.simulator.http_sessions import COOKIE, HttpSessions
from chatbot.simulator.options import Options

ABORT = "simulator.abort"


@dataclass(frozen=True, slots=True)
class Record:
    """One request that came in.

    Args:
        method: HTTP method.
        path: Path without query.
        operation: The operationName, if there is one.
        channels: The Bayeux channels of the messages, if it went to CometD.
        agent: Who called, unchecked; empty for customers.
        status: HTTP status of the answer; 0 if none was sent.
    """

    method: str
    path: str
    operation: str
    channels: tuple[str, ...]
    agent: str
    status: int


@dataclass(slots=True)
class Collected:
    """An answer that has not been sent yet."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.messages[0]["status"])

    async def send(self, message: Message) -> None:
        """Collect one ASGI message."""
        self.messages.append(message)


class DroppedError(Exception):
    """The connection is to be closed without an answer."""


class Gateway:
    """Wraps the application.

    Args:
        app: Performs requests.
        sessions: Tells who a request claims to come from.
        faults: The rules; shared with their owner, who may change them at any time.
        on_request: Called with the scope of each request before anything else happens.
        options: How many records are kept, and whether answers go before events.
    """

    def __init__(
        self,
        app: ASGIApp,
        sessions: HttpSessions,
        faults: list[Fault],
        on_request: Callable[[Request], None],
        options: Options,
    ) -> None:
        self.records: deque[Record] = deque(maxlen=options.record_limit)
        self._answer_first = options.answer_first
        self._app = app
        self._sessions = sessions
        self._faults = faults
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI wants."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        self._on_request(request)
        call = self._describe(request, body)
        action = take_http(self._faults, call)
        try:
            with self._order(call, action):
                if isinstance(action, Do):
                    action.act(call)
                answer = await self._exchange(request, body, action)
                self._record(call, answer.status)
                for message in answer.messages:
                    await send(message)
        except DroppedError:
            self._record(call, 0)
            await _abort(scope, receive)

    def _order(self, call: Call, action: HttpAction | None) -> AbstractContextManager[None]:
        """Answer first, then let the events go; polls wait for them, delayed answers may come later."""
        if self._answer_first and not call.channels and not isinstance(action, Delay):
            return events_afterwards()
        return nullcontext()

    async def _exchange(self, request: Request, body: bytes, action: HttpAction | None) -> Collected:
        match action:
            case None | Do():
                return await self._perform(request.scope, body)
            case Answer() as answer:
                if answer.performed:
                    await self._perform(request.scope, body)
                return await _collect(Response(answer.body, answer.status, answer.headers), request.scope)
            case Delay() as delay:
                return await self._delayed(request, body, delay)
            case drop:
                if drop.performed:
                    await self._perform(request.scope, body)
                raise DroppedError

    async def _delayed(self, request: Request, body: bytes, delay: Delay) -> Collected:
        if delay.performed:
            answer = await self._perform(request.scope, body)
            await delay.gate.wait()
            return answer
        await delay.gate.wait()
        return await self._perform(request.scope, body)

    async def _perform(self, scope: Scope, body: bytes) -> Collected:
        collected = Collected()
        await self._app(scope, _replay(body), collected.send)
        return collected

    def _describe(self, request: Request, body: bytes) -> Call:
        operation, channels = _names(body)
        agent = self._sessions.name(request.headers.get("authorization"), request.cookies.get(COOKIE))
        return Call(request.method, request.url.path, operation, channels, agent)

    def _record(self, call: Call, status: int) -> None:
        record = Record(call.method, call.path, call.operation, call.channels, call.agent, status)
        self.records.append(record)


def _names(body: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the operationName and the Bayeux channels of a body, whatever it may be."""
    try:
        parsed: object = json.loads(body) if body else None
    except ValueError:
        return "", ()
    items = parsed if isinstance(parsed, list) else [parsed]
    objects = [item for item in items if isinstance(item, dict)]
    operation = next((str(item["operationName"]) for item in objects if "operationName" in item), "")
    return operation, tuple(str(item["channel"]) for item in objects if "channel" in item)


def _replay(body: bytes) -> Receive:
    messages: Iterable[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    pending = iter(messages)

    async def receive() -> Message:
        return next(pending, {"type": "http.disconnect"})

    return receive


async def _collect(response: Response, scope: Scope) -> Collected:
    collected = Collected()
    await response(scope, _replay(b""), collected.send)
    return collected


async def _abort(scope: Scope, receive: Receive) -> None:
    abort: Callable[[], None] | None = scope.get("extensions", {}).get(ABORT)
    if abort is None:
        raise ConnectionResetError("The simulator dropped this request")
    abort()
    # Leaving before the server has seen the end would make it answer with status 500.
    await receive()
