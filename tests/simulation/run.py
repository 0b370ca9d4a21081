"""One run: a world from a plan, the bot in it, and what is found afterwards."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chatbot.model.errors import ActionError
from tests.simulation.chats import Chat
from tests.simulation.check import check
from tests.simulation.disk import Disk
from tests.simulation.life import Lives
from tests.simulation.loop import Deadlock, SimLoop, Spinning, virtual_loop
from tests.simulation.net import Net, SimHttp
from tests.simulation.options import GIVE_UP_AFTER_S, MOST_WAITING
from tests.simulation.plan import Plan
from tests.simulation.plugin import PlannedError
from tests.simulation.real_http import real_http
from tests.simulation.scenario import Customer, is_answered
from tests.simulation.server import Server
from tests.simulation.truth import CANARY, NAMED, Call, Truth, key_of
from tests.simulation.turns import Turns

__all__ = ["Result", "quiet", "simulate"]

_EPOCH_S = 1_767_225_600.0
# resync, settle time, the longest back-off, and a minute's pause after refused passwords
_BOUND_S = 240.0
_TAIL_S = 12.0
# a list of participants, or the transcript, is read again at the latest after this
_READ_AGAIN_S = 40.0
_TROUBLE_S = 12.0
# what the chat has withheld a moment ago may be refused still
_ASKED_AGAIN_S = 10.0
# from hearing that the customer is back to no longer leaving
_TAKEN_WITHIN_S = 0.1
# a line that a failover has swallowed is missed when the transcript of the quiet chat is read again
_SEEN_S = 150.0
_REPEATABLE = frozenset({"SendStartTypingNotification", "SendStopTypingNotification", "UpdateUserData"})


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to.

    Args:
        findings: The invariants that were violated.
        counts: What there was.
        timeline: What happened, if it was traced.
        points: How many points the first life had.
    """

    findings: tuple[str, ...]
    counts: Counter[str]
    timeline: tuple[str, ...]
    points: int


def simulate(plan: Plan, *, is_traced: bool = False, is_real_http: bool = False) -> Result:
    """Run it, and check all invariants.

    Args:
        plan: What the seed has decided.
        is_traced: Whether the timeline is kept.
        is_real_http: Whether the real HTTP client runs, on streams in memory.
    """
    rng = random.Random(plan.seed * 16 + 3)
    with quiet() as logged, _no_collection(), virtual_loop(rng, shuffle=plan.shuffles) as loop:
        world = _World(plan, loop, is_traced=is_traced, is_real_http=is_real_http)
        try:
            world.run()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            # one run that breaks must not hide what the others find
            world.truth.find("harness", repr(error))
        finally:
            world.disk.destroy()
        truth = world.truth
        for finding in (*logged, *(f"exception: {error}" for error in loop.errors)):
            truth.find(*finding.split(": ", 1))
        truth.counts["steps"] += loop.steps
        truth.counts["virtual seconds"] += int(loop.time())
    return Result(tuple(truth.findings), truth.counts, tuple(truth.timeline), world.points)


class _World:
    def __init__(self, plan: Plan, loop: SimLoop, *, is_traced: bool, is_real_http: bool) -> None:
        self.truth = Truth(loop.time, is_traced)
        self.disk = Disk(lambda: _EPOCH_S + loop.time(), self.truth)
        self.points = 0
        self._plan = plan
        self._loop = loop
        self._rng = random.Random(plan.seed * 16 + 4)
        self._more = random.Random(plan.seed * 16 + 10)
        self._server = Server(loop, plan.options, plan.faults, self.truth, random.Random(plan.seed * 16 + 5))
        self._net = Net(loop, self._server, plan, self.truth, random.Random(plan.seed * 16 + 6))
        self.truth.newest_ms = self._server.newest_ms
        self.truth.prompt_s = plan.prompt_s
        self.truth.until_s = plan.faults.until_s
        self.truth.own_ids = lambda chat: self._server.chats[chat].own_ids()
        self.truth.on_dead_letter = lambda chat, ms: self._server.chats[chat].given_up.add(ms)
        self.truth.is_over = lambda chat: self._server.chats[chat].is_closed
        self.truth.on_refusal = self._see_refusal
        self.truth.on_cut = self._see_cut
        self._net.on_call = self._see_intent
        self._customers = [
            Customer(loop, self._server, script, number, plan.options)
            for number, script in enumerate(plan.scripts, 1)
        ]
        self._turns = Turns(
            loop, self._server, self.truth, random.Random(plan.seed * 16 + 8), self._customers
        )
        by_chat = {customer.chat: customer for customer in self._customers}
        self._server.on_line = lambda chat, _line: by_chat[chat].hear()
        open_http = real_http if is_real_http else SimHttp
        self._lives = Lives(loop, plan, self._net, self.disk, lambda _settings: open_http(self._net))

    def run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        except Deadlock:
            self.truth.find("deadlock", "nothing is ready, and somebody waits")
        except Spinning:
            self.truth.find("spin", f"too many steps at {self._loop.time():.3f} s")
        check(self.truth, self.disk, [customer.chat for customer in self._customers])

    async def _main(self) -> None:
        create = self._loop.create_task
        work = [create(self._lives.run()), create(self._events())]
        work += [create(customer.run()) for customer in self._customers]
        work += [create(self._turns.run(turn)) for turn in self._plan.turns]
        counting = create(self._count())
        await self._until(self._is_settled, self._plan.faults.until_s + _BOUND_S)
        for customer in self._unsettled():
            self.truth.find("L1", f"{customer.chat.id} ({customer.chat.state}) is not settled in time")
        await asyncio.sleep(_TAIL_S)
        await self._until(self._is_quiet, self._loop.time() + _SEEN_S)
        self.points = self._lives.process.points
        # who is handed over when the last life stops is told to nobody any more
        self.truth.over = self._over()
        self._lives.finish()
        for task in work:
            await task
        counting.cancel()

    async def _until(self, condition: Callable[[], bool], deadline_s: float) -> None:
        for _ in range(int(2 * (deadline_s - self._loop.time()))):
            if condition():
                return
            await asyncio.sleep(0.5)

    def _is_quiet(self) -> bool:
        """Nothing is open, no hook cut short, and each end told and reported: all that may need a restart."""
        last = {start.chat: start for start in self.truth.hooks}
        cut_short = {name for name, start in last.items() if not self.disk.is_done(start)}
        reported = {report.chat_id for report in self.truth.reports}
        is_told = self._over() <= reported.intersection(self.truth.ended) and cut_short <= self._over()
        return is_told and not self.disk.unsettled()

    def _over(self) -> set[str]:
        return {customer.chat.id for customer in self._customers if customer.chat.is_closed}

    def _is_settled(self) -> bool:
        is_calm = self._loop.time() >= self._plan.faults.until_s and not self._net.is_down
        return is_calm and not self._turns.open and not self._unsettled()

    def _unsettled(self) -> list[Customer]:
        return [customer for customer in self._customers if not _is_settled(customer)]

    def _see_intent(self, call: Call, content: bytes) -> None:
        if call.operation not in _REPEATABLE and not self.disk.has_intent(call.chat, content):
            self.truth.find("I5", f"{call.operation} in {call.chat} leaves without a durable intent")
        if call.operation in {"Complete", "Leave"}:
            self._see_leaving(call)
        # what a life has begun as it stopped may be finished by the next
        was_stopped = any(life <= call.life for life in self.truth.stopped)
        if call.operation == "Transfer" and not was_stopped and not self._is_owed(call.chat):
            self.truth.find("transfer", f"{call.chat} is handed over, and nothing was wrong")

    def _see_leaving(self, call: Call) -> None:
        """The bot ends no chat whose customer is in, as far as it was told."""
        chat = self._server.chats[call.chat]
        told = self.truth.told.get((call.life, call.chat), ())
        is_told = any(
            chat.came_back_at <= at < call.at - _TAKEN_WITHIN_S and to >= chat.came_back_as for at, to in told
        )
        if chat.customer_is_in and is_told and not chat.is_closed:
            self.truth.find("closed", f"{call.operation} is sent to {call.chat}, and its customer is there")

    def _see_refusal(self, name: str, ms: int, text: str, error: ActionError) -> None:
        """The bot gives a reply up: right only if the server refuses it, or does not allow it now."""
        chat = self._server.chats[name]
        is_allowed = not chat.is_closed and self._loop.time() > chat.withheld_until + _ASKED_AGAIN_S
        is_allowed = is_allowed and not self._may_be_muted(chat, ms / 1000)
        chat.given_up.add(ms)
        if is_allowed and text not in map(key_of, chat.refused):
            self.truth.find("given up", f"{name}: {text} to line {ms}, for {error!r}")

    def _is_owed(self, name: str) -> bool:
        """A hook has failed, or could not answer: its customer may be waiting still."""
        chat = self._server.chats[name]
        texts = chat.texts("customer", with_lost=True)
        # whom a hook fails, and whose words the server has lost, may wait for nothing
        has_failed = any(line.is_lost or line.text.startswith(("fail", "overrun")) for line in texts)
        was_alone = any(
            record.key.trigger.startswith("connection") and self._loop.time() > GIVE_UP_AFTER_S
            for record in self.disk.operations.values()
            if record.key.chat_id == name
        )
        return has_failed or was_alone or bool(chat.given_up) or bool(self.disk.dead_letters(name))

    def _see_cut(self, name: str, ms: int) -> None:
        """A hook is stopped: for good, if that is for a human agent."""
        if self._may_be_muted(self._server.chats[name], ms / 1000):
            self._server.chats[name].given_up.add(ms)

    def _may_be_muted(self, chat: Chat, said_s: float) -> bool:
        """A human agent has the chat, or had it when this was said; or nobody has told the bot yet."""
        was_there = chat.human_came_at - _READ_AGAIN_S < said_s < chat.human_left_at
        is_there = chat.had_human(self._loop.time() - _READ_AGAIN_S)
        return self._plan.on_agent_joined != "stay" and (was_there or is_there)

    async def _count(self) -> None:
        """I17: what the bot holds of one chat is bounded."""
        while True:
            for name, lines in self._lives.waiting().items():
                if lines > MOST_WAITING:
                    self.truth.find("I17", f"{lines} lines of {name} wait at once")
            await asyncio.sleep(0.25)

    async def _events(self) -> None:
        for at_s, name in self._plan.faults.events:
            await asyncio.sleep(max(0.0, at_s - self._loop.time()))
            self.truth.counts[name] += 1
            self.truth.note("FAULT", name)
            self.truth.stirs.append(self._loop.time())
            await _EVENTS[name](self)

    async def _session_lost(self) -> None:
        self._server.lose_sessions()

    async def _csrf_changed(self) -> None:
        self._server.change_csrf()

    async def _client_forgotten(self) -> None:
        self._server.bayeux.forget()

    async def _agent_forgotten(self) -> None:
        self._server.is_ready = False

    async def _restart(self) -> None:
        self._net.is_down = True
        self._server.lose_sessions()
        self._net.cut()
        self._server.is_ready = self._server.is_ready and self._rng.random() < 0.5
        await asyncio.sleep(self._rng.uniform(0.2, 6.0))
        self._net.is_down = False
        self._server.lists_from = self._loop.time() + self._plan.options.lists_nothing_s

    async def _disk_fails(self) -> None:
        began = self._loop.time()
        self.disk.fails_until = began + self._more.uniform(0.5, 8.0)
        self.truth.disk_failed.append((began, self.disk.fails_until))

    async def _trouble(self) -> None:
        self._net.trouble_until = self._loop.time() + _TROUBLE_S

    async def _failover(self) -> None:
        self._server.fail_over()

    async def _kill(self) -> None:
        self._lives.kill(within=80)

    async def _stop(self) -> None:
        self._lives.stop()

    async def _login_refused(self) -> None:
        self._server.refuses_login = True
        self._server.lose_sessions()
        await asyncio.sleep(self._rng.choice([1.0, 5.0, 20.0]) * self._rng.random())
        self._server.refuses_login = False


_EVENTS = {
    "session lost": _World._session_lost,
    "csrf changed": _World._csrf_changed,
    "client forgotten": _World._client_forgotten,
    "agent forgotten": _World._agent_forgotten,
    "restart": _World._restart,
    "failover": _World._failover,
    "kill": _World._kill,
    "stop": _World._stop,
    "login refused": _World._login_refused,
    "disk fails": _World._disk_fails,
    "trouble": _World._trouble,
}


def _is_settled(customer: Customer) -> bool:
    chat = customer.chat
    return customer.is_done and (chat.is_closed or (is_answered(chat) and chat.customer_is_in))


class _Logs(logging.Handler):
    """Reads every record of INFO and above; that an operation came to nothing is no fault of the bot."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, (ActionError, PlannedError, TimeoutError)):
            self.found.append(f"exception: {record.getMessage()}: {error!r}")
        said = f"{record.getMessage()} {error!r}"
        if CANARY in said or NAMED.search(said):
            self.found.append(f"I20: {record.levelname} of {record.name} tells {said[:100]!r}")


@contextmanager
def quiet() -> Iterator[list[str]]:
    """No log is written; errors with a traceback, and what nobody may read in a log (I20), are found."""
    log, handler = logging.getLogger("chatbot"), _Logs()
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield handler.found
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]


@contextmanager
def _no_collection() -> Iterator[None]:
    """The collector comes when it likes, and would close what a killed process has left."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
