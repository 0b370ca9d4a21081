"""The network between the bot and the server: latency, faults, and what is left of a killed client.

Every request is a ``Flight``. It is the server's and the network's, not the process's: what a killed
process has sent still arrives.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from chatbot.model.errors import ConnectionLost, WireError
from chatbot.wire.http import Method, Reply
from tests.simulation import timeline
from tests.simulation.loop import PROCESS, Process, SimLoop, for_ever
from tests.simulation.options import LATEST_EFFECT_S, REQUEST_FAULTS
from tests.simulation.plan import Plan
from tests.simulation.request import Request
from tests.simulation.server import Server
from tests.simulation.truth import Call, Truth
from tests.simulation.watch import Watch

__all__ = ["Flight", "Net", "SimHttp"]

_TROUBLED = 0.85
_PAGE = b"<html><body>Please log in</body></html>"


@dataclass(eq=False, slots=True)
class Flight:
    """One request on its way, and its answer."""

    request: Request
    process: Process
    timeout_s: float
    answer: asyncio.Future[Reply]
    late: asyncio.TimerHandle | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def fail(self, error: WireError) -> bool:
        """The client learns that there is no answer; False if it knows better already."""
        if self.answer.done():
            return False
        self.answer.set_exception(error)
        return True

    def finish(self, reply: Reply) -> None:
        """The client gets the answer."""
        if not self.answer.done():
            self.answer.set_result(reply)


class Net:
    """All requests of a run.

    Args:
        loop: For time.
        server: Where they go.
        plan: Which faults there are.
        truth: The record of the run.
        rng: For delays, and for the choice of faults.
    """

    def __init__(
        self,
        loop: SimLoop,
        server: Server,
        plan: Plan,
        truth: Truth,
        rng: random.Random,
    ) -> None:
        self.is_down = False
        self.on_call: Callable[[Call, bytes], None] = lambda _call, _content: None
        self._loop = loop
        self._server = server
        self.truth = truth
        self._options = plan.options
        self._faults = plan.faults
        self._rng = rng
        self._flights: dict[Flight, None] = {}
        self._more = random.Random(plan.seed * 16 + 9)
        self._may_swallow = not (plan.dresses and plan.options.rewrite)
        self.trouble_until = 0.0
        self._watch = Watch(
            truth,
            lambda name: server.chats[name].state,
            has_human=lambda name: plan.on_agent_joined != "stay" and bool(server.chats[name].humans),
        )

    def send(self, request: Request, timeout_s: float, process: Process) -> Flight:
        """Let a request go."""
        flight = Flight(request, process, timeout_s, self._loop.create_future())
        self._flights[flight] = None
        self._record(request, process)
        deadline = ConnectionLost(f"no answer to {request.method} within {timeout_s:g} s")
        flight.timers.append(self._loop.later(timeout_s, self._fail, flight, deadline))
        self._loop.later(self._latency(), self._arrive, flight)
        return flight

    def land(self, flight: Flight) -> None:
        """The client has its answer, or has given up: nobody waits any more."""
        if self._flights.pop(flight, flight) is None:
            self._watch.lands(flight.request, flight.process.number)
        for timer in flight.timers:
            timer.cancel()
        if not flight.answer.done():
            flight.answer.cancel()
        self._hurry(flight)

    def abandon(self, process: Process) -> None:
        """The process is dead: its connections are closed."""
        for flight in [flight for flight in self._flights if flight.process is process]:
            self.land(flight)

    def cut(self) -> None:
        """All connections break."""
        for flight in list(self._flights):
            self._fail(flight, ConnectionLost("connection lost: reset"))

    def _fail(self, flight: Flight, error: WireError) -> None:
        if flight.fail(error):
            self._watch.fails(flight.request, flight.process.number)

    def _hurry(self, flight: Flight) -> None:
        """An abandoned request takes effect soon or never (reliability 2.5, A3)."""
        if flight.late is None or flight.late.cancelled():
            return
        latest = self._loop.time() + LATEST_EFFECT_S * self._rng.random()
        if flight.late.when() > latest:
            flight.late.cancel()
            flight.late = self._loop.later(latest - self._loop.time(), self._take_effect, flight)

    def _record(self, request: Request, process: Process) -> None:
        self.truth.counts["requests"] += 1
        self._watch.sends(request, process.number)
        path = request.path
        if request.method == "POST" and path.startswith("/api/v2/me/chats/"):
            now, life = self._loop.time(), process.number
            call = Call(now, life, request.chat, request.operation)
            self.truth.calls.append(call)
            self.on_call(call, request.content or b"")
        if self.truth.is_traced:
            self.truth.note("bot", "%s %s %s", request.method, path, timeline.body(request.content))

    def _arrive(self, flight: Flight) -> None:
        if self.is_down:
            self._fail(flight, ConnectionLost("cannot connect: refused", sent=False))
            return
        fault = self._fault()
        if fault:
            self.truth.counts["faulted requests"] += 1
            self.truth.counts[fault] += 1
            self.truth.note("FAULT", "%s: %s %s", fault, flight.request.path, flight.request.operation)
        self._do(flight, fault)

    def _do(self, flight: Flight, fault: str) -> None:
        lost = ConnectionLost("connection lost: reset")
        match fault:
            case "request lost":
                self._fail(flight, lost)
            case "not connected":
                self._fail(flight, ConnectionLost("cannot connect: refused", sent=False))
            case "500 before" | "503":
                self._reply(flight, Reply(int(fault[:3]), {}, b"trouble"))
            case "code 4 before":
                self._reply(flight, Reply(200, {}, b'{"statusCode":4}'))
            case "web page":
                self._reply(flight, Reply(200, {}, _PAGE))
            case "429":
                seconds = self._rng.choice(["0", "1", "3", "abc"])
                self._reply(flight, Reply(429, {"retry-after": seconds}, b""))
            case "late":
                # nobody answers, and the effect comes after the client has given up, or has died
                given_up = 0.0 if flight.process.is_dead else flight.timeout_s
                delay = given_up + LATEST_EFFECT_S * self._rng.random()
                flight.late = self._loop.later(delay, self._take_effect, flight)
            case "slow":
                flight.late = self._loop.later(self._rng.uniform(0.3, 1.0), self._process, flight, "")
            case _:
                self._process(flight, fault)

    def _take_effect(self, flight: Flight) -> None:
        flight.late = None
        if not self.is_down:
            self.truth.note("FAULT", "a request takes effect late: %s", flight.request.operation)
            self._server.handle(flight.request)

    def _process(self, flight: Flight, fault: str) -> None:
        flight.late = None
        process = flight.process
        if not process.is_dead and process.point():
            return  # killed before the write; what a dead process had written arrives all the same
        answer = self._answer(flight.request)
        if not process.is_dead:
            process.point()
        if isinstance(answer, Reply):
            self._reply(flight, _spoilt(answer, fault), is_lost=fault == "reply lost")
        else:
            answer.add_done_callback(
                lambda held: self._reply(
                    flight, _spoilt(held.result(), fault), is_lost=fault == "reply lost"
                ),
                context=self._loop.outside,
            )

    def _answer(self, request: Request) -> Reply | asyncio.Future[Reply]:
        if request.operation == "SendMessage" and self._may_swallow and self._happens("swallowed"):
            return self._server.swallow(request)
        return self._server.handle(request)

    def _reply(self, flight: Flight, reply: Reply, *, is_lost: bool = False) -> None:
        if is_lost:
            self._loop.later(self._latency(), self._fail, flight, ConnectionLost("connection lost: reset"))
        elif not flight.answer.done():
            is_slow = bool(flight.request.operation) and self._happens("answer slow")
            delay_s = self._latency() + (self._more.uniform(0.5, 2.8) if is_slow else 0.0)
            flight.timers.append(self._loop.later(delay_s, self._deliver, flight, reply))

    def _deliver(self, flight: Flight, reply: Reply) -> None:
        if not flight.answer.done():
            if flight.request.path == "/api/v2/me" and flight.request.method == "GET":
                self.truth.logins.append((self._loop.time(), reply.status == 401))
            self._watch.hears(flight.request, flight.process.number, reply)
            if self.truth.is_traced:
                said = timeline.body(reply.body)
                self.truth.note("net", "%d for %s: %s", reply.status, flight.request.path, said)
        flight.finish(reply)

    def _happens(self, fault: str) -> bool:
        """One of those that are drawn apart."""
        rate = self._faults.rates.get(fault)
        if rate is None or self._loop.time() > self._faults.until_s or self._more.random() >= rate:
            return False
        self.truth.counts[fault] += 1
        return True

    def _fault(self) -> str:
        if self._loop.time() < self.trouble_until and self._more.random() < _TROUBLED:
            return "503"
        if self._loop.time() > self._faults.until_s:
            return ""
        rates = self._faults.rates
        return next((name for name in REQUEST_FAULTS if self._rng.random() < rates.get(name, 0.0)), "")

    def _latency(self) -> float:
        return self._rng.random() * self._options.latency_s


class SimHttp:
    """The ``Http`` port of one process; keeps a cookie and a token, as the real one does.

    Args:
        net: Where requests go.
        agent: Who asks.
    """

    def __init__(self, net: Net, agent: str = "robo") -> None:
        self._net = net
        self._agent = agent
        self._cookie: str | None = None
        self._csrf: str | None = None

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """See Http."""
        process = PROCESS.get()
        if process is None or process.is_dead:
            await for_ever()
        request = Request(method, path, content, self._cookie, self._csrf, self._agent)
        flight = self._net.send(request, timeout_s, process)
        try:
            reply = await flight.answer
        finally:
            self._net.land(flight)
        cookie = reply.headers.get("set-cookie", "").partition(";")[0].partition("=")[2]
        self._cookie = cookie or self._cookie
        self._csrf = reply.headers.get("x-csrf-token", self._csrf)
        return reply

    async def aclose(self) -> None:
        """See Http."""


def _spoilt(reply: Reply, fault: str) -> Reply:
    match fault:
        case "500 after":
            return Reply(500, {}, b"trouble")
        case "code 4 after":
            return Reply(200, {}, b'{"statusCode":4}')
    return reply
