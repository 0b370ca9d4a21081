"""Thirty days in a few minutes: one bot, customers who come and go, mild faults; nothing may grow.

The service is the real one, with its journal in a real file and its hourly retention. Nobody comes in
the last half hour of a day; at its end everything is counted.
"""

from __future__ import annotations

import asyncio
import gc
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TypeVar

from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_writer import GroupCommit
from chatbot.bot.live import LiveChat
from chatbot.bot.runner import BotRunner, World
from chatbot.service.supervisor import Service
from tests.simulation.disk import journal_thread
from tests.simulation.life import SETTINGS, SimClock
from tests.simulation.loop import Process, SimLoop, virtual_loop
from tests.simulation.net import Net, SimHttp
from tests.simulation.options import Faults, Options
from tests.simulation.plan import Plan
from tests.simulation.plugin import Answers, loaded
from tests.simulation.run import quiet
from tests.simulation.scenario import Customer, Script, expected
from tests.simulation.server import Server
from tests.simulation.truth import Truth, key_of

__all__ = ["Sample", "Soak", "grown", "soak"]

Result = TypeVar("Result")

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_NIGHT_S = _HOUR_S / 2
_PAUSE_S = (300.0, 900.0)
_SESSION_LASTS_S = 6 * _HOUR_S
# so short that the journal is as large as it gets after two days
_RETENTION_S = _DAY_S
_WARM_DAYS = 3
_FAULTS = {"notice dropped": 0.01, "notice doubled": 0.01, "reply lost": 0.002, "500 after": 0.002}
_STOPS_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What there is at the end of a day.

    Attributes:
        day: Which day.
        rss_kib: Memory of the process.
        blocks: Pieces of memory that Python has given out.
        objects: What the collector knows.
        tasks: Of the loop.
        fds: Open file descriptors.
        pages: Of the journal, with its free ones.
        wal_kib: The journal's log beside it.
        chats: Whatever the bot holds of chats that have not ended.
        ended: Names of ended chats that the bot remembers.
        counters: Names under which the bot counts.
    """

    day: int
    rss_kib: int
    blocks: int
    objects: int
    tasks: int
    fds: int
    pages: int
    wal_kib: int
    chats: int
    ended: int
    counters: int


# by what factor, and how much more on top, each may be above its value at the end of the third day
_BOUNDS: dict[str, tuple[float, int]] = {
    "rss_kib": (1.0, 8 * 1024),
    "blocks": (1.02, 2_000),
    "objects": (1.02, 500),
    "tasks": (1.0, 1),
    "fds": (1.0, 1),
    "pages": (1.3, 50),
    "wal_kib": (1.0, 1024),
    "chats": (1.0, 0),
    # it remembers a thousand, whatever the third day has brought
    "ended": (0.0, 1_000),
    "counters": (1.0, 8),
}


def soak(days: int, seed: int) -> int:
    """Run so many days, print a table, and return 1 if anything grew, was lost or was said twice.

    Args:
        days: How many.
        seed: Decides when customers come and what goes wrong.
    """
    _say(f"One bot for {days} days, seed {seed}")
    began = time.process_time()
    Soak(seed, pause_s=None).run(1)
    _say(f"  a day without customers takes {time.process_time() - began:.2f} s of CPU")
    _say("  " + " ".join(f"{field.name:>8}" for field in fields(Sample)))
    began, run = time.monotonic(), Soak(seed, on_sample=_show)
    samples = run.run(days)
    counts = run.counts
    _say(
        f"Soak: {days} days in {time.monotonic() - began:.1f} s, {counts['chats']} chats, "
        f"{counts['replies']} replies, {counts['requests']} requests, {counts['faults']} faults, "
        f"{counts['lost']} lost, {counts['doubled']} doubled"
    )
    findings = [*run.findings, *grown(samples)]
    for finding in findings:
        _say(f"FAILED python -m tests.simulation --days {days} --base {seed}\n    {finding}")
    return 1 if findings else 0


def grown(samples: Sequence[Sample]) -> list[str]:
    """What is larger at the end of some later day than its bound, which the third day sets."""
    findings = []
    for name, (factor, more) in _BOUNDS.items():
        values = [int(getattr(sample, name)) for sample in samples[_WARM_DAYS - 1 :]]
        bound = int(values[0] * factor) + more if values else 0
        if values and max(values) > bound:
            findings.append(f"{name} grows from {values[0]} to {max(values)}; the bound is {bound}")
    return findings


class Soak:
    """One bot for many days.

    Args:
        seed: Decides everything.
        pause_s: Least and most seconds from one customer to the next; None: nobody comes.
        on_sample: Told of each day.

    Attributes:
        counts: What there was.
        findings: What went wrong.
    """

    def __init__(
        self,
        seed: int,
        *,
        pause_s: tuple[float, float] | None = _PAUSE_S,
        on_sample: Callable[[Sample], None] = lambda _sample: None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.findings: list[str] = []
        self._rng = random.Random(seed)
        self._seed = seed
        self._pause_s = pause_s
        self._on_sample = on_sample
        self._samples: list[Sample] = []
        self._customers: list[Customer] = []
        self._number = 0

    def run(self, days: int) -> list[Sample]:
        """Live so many days; what there was at the end of each."""
        with (
            tempfile.TemporaryDirectory() as folder,
            quiet() as logged,
            virtual_loop(self._rng, shuffle=False) as loop,
        ):
            self._build(loop, Path(folder) / "journal")
            loop.run_until_complete(self._days(days))
            self.findings += [*logged, *loop.errors]
        return self._samples

    def _build(self, loop: SimLoop, journal: Path) -> None:
        faults = Faults(rates=_FAULTS, until_s=math.inf)
        plan = Plan(seed=self._seed, options=Options(hold_s=30.0), faults=faults, scripts=())
        self._loop, self._plan, self._path = loop, plan, journal
        self._truth = Truth(loop.time, own_ids=lambda chat: self._server.chats[chat].own_ids())
        self._server = Server(loop, plan.options, faults, self._truth, self._rng)
        self._net = Net(loop, self._server, plan, self._truth, self._rng)
        self._listening: dict[str, Customer] = {}
        self._server.on_line = lambda chat, _line: self._listening[chat.id].hear()
        clock = SimClock(loop, self._rng)
        plugin = Answers(self._truth, clock, self._rng, changes_its_mind=False, dresses=False)
        world = World(
            clock=clock, rng=self._rng, run_in_thread=_no_thread, open_http=lambda _s: SimHttp(self._net)
        )
        opening = partial(_store, journal, lambda: clock.now().timestamp())
        self._journal = GroupCommit(opening, journal_thread(loop, self._rng), clock)
        self._bot = BotRunner("robo", SETTINGS, [loaded(plugin)], world, self._journal.of("robo"))
        self._service = Service(
            [self._bot], world=world, drain_timeout=5.0, journal=self._journal, retention_s=_RETENTION_S
        )

    async def _days(self, days: int) -> None:
        serving = self._loop.start(Process(1), self._service.run())
        async with asyncio.TaskGroup() as tasks:
            troubles = [tasks.create_task(self._restarts()), tasks.create_task(self._sessions())]
            for day in range(1, days + 1):
                await self._day(tasks, day * _DAY_S)
                self._verify()
                self._sample(day)
            for task in troubles:
                task.cancel()
        self._service.stop()
        try:
            async with asyncio.timeout(_STOPS_WITHIN_S):
                await serving
        except TimeoutError:
            self.findings.append("the service does not stop")

    async def _day(self, tasks: asyncio.TaskGroup, end_s: float) -> None:
        while (now := self._loop.time()) < end_s - _NIGHT_S:
            if self._pause_s is not None:
                self._invite(tasks)
            await asyncio.sleep(self._rng.uniform(*(self._pause_s or _PAUSE_S)))
            if int(now / _HOUR_S) != int(self._loop.time() / _HOUR_S):
                self._tidy()
        await asyncio.sleep(end_s - self._loop.time())

    def _invite(self, tasks: asyncio.TaskGroup) -> None:
        self._number += 1
        customer = Customer(self._loop, self._server, self._script(), self._number, self._plan.options)
        self._customers.append(customer)
        self._listening[customer.chat.id] = customer
        tasks.create_task(customer.run())

    def _script(self) -> Script:
        """Most are soon done; one in twenty takes its time, so that the bot has quiet chats too."""
        longest_s = 180.0 if self._rng.random() < 0.05 else 20.0
        words = ("hi", "say it", "two of them", "twice please", "  spaced   out ")
        lines = [
            (self._rng.uniform(1.0, longest_s), self._rng.choice(words))
            for _ in range(self._rng.randint(2, 6))
        ]
        return Script(comes_s=0.0, lines=tuple(lines), leaves=True, types=self._rng.random() < 0.3)

    # mild faults

    async def _restarts(self) -> None:
        """Once a day the server is away for some seconds, and then knows no session and no agent."""
        while True:
            await asyncio.sleep(_DAY_S * self._rng.uniform(0.8, 0.98))
            self.counts["faults"] += 1
            self._net.is_down, self._server.is_ready = True, False
            self._server.lose_sessions()
            self._net.cut()
            await asyncio.sleep(self._rng.uniform(1.0, 20.0))
            self._net.is_down = False

    async def _sessions(self) -> None:
        while True:
            await asyncio.sleep(_SESSION_LASTS_S)
            self.counts["faults"] += 1
            self._server.lose_sessions()

    # the end of a day

    def _verify(self) -> None:
        """All chats are over, and in each everything was said once and in order; forget them then."""
        for customer in self._customers:
            chat = customer.chat
            said, owed = [key_of(line.text) for line in chat.texts("bot")], expected(chat)
            self.counts["chats"] += 1
            self.counts["replies"] += len(said)
            self.counts["lost"] += (Counter(owed) - Counter(said)).total()
            self.counts["doubled"] += (Counter(said) - Counter(owed)).total()
            if said != owed or not chat.is_closed or self._truth.ended.count(chat.id) != 1:
                self.findings.append(f"{chat.id} is {chat.state}, and reads {said} instead of {owed}")
        self._customers.clear()
        self._listening.clear()
        self._server.chats.clear()
        self._truth.ended.clear()
        self._tidy()

    def _tidy(self) -> None:
        """What the simulation itself keeps is not to be seen in the table."""
        truth, loop = self._truth, self._loop
        self.findings += [*truth.findings]
        for names in ("faulted requests", "notice dropped", "notice doubled"):
            self.counts["faults"] += truth.counts.pop(names, 0)
        self.counts["requests"] += truth.counts.pop("requests", 0)
        for record in (truth.findings, truth.hooks, truth.calls, truth.logins, truth.told_gone, truth.counts):
            record.clear()
        loop._tasks = [one for one in loop._tasks if not one[0].done()]
        loop.steps = 0

    def _sample(self, day: int) -> None:
        gc.collect()
        store = self._journal._store
        assert isinstance(store, SqliteStore)
        [pages] = store._db.execute("PRAGMA page_count").fetchone()
        pipeline, counters = self._bot._pipeline, self._bot.counters
        sample = Sample(
            day=day,
            rss_kib=_rss_kib(),
            blocks=sys.getallocatedblocks(),
            objects=len(gc.get_objects()),
            tasks=len(asyncio.all_tasks()),
            fds=sum(1 for _ in Path("/proc/self/fd").iterdir()),
            pages=pages,
            wal_kib=self._path.with_name(f"{self._path.name}-wal").stat().st_size // 1024,
            chats=sum(map(_held, pipeline.chats.values())) + len(pipeline.handles) + len(self._bot._saved),
            ended=len(pipeline._ended),
            counters=len(counters.events) + len(counters.actions) + len(counters.hook_failures),
        )
        self._samples.append(sample)
        self._on_sample(sample)


def _store(path: Path, now: Callable[[], float]) -> SqliteStore:
    """The journal's file; no power cut is simulated here, and half a million waits for a disk take hours."""
    store = SqliteStore.open(path, now)
    store._db.execute("PRAGMA synchronous = OFF")
    return store


def _held(chat: LiveChat) -> int:
    """The chat, and what its outbox remembers."""
    outbox = chat.outbox
    kept = (outbox.open, outbox._settled, outbox._lost, outbox._said, outbox._by_reference, outbox._decided)
    return 1 + sum(map(len, kept))


def _rss_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def _show(sample: Sample) -> None:
    if sample.day <= _WARM_DAYS or sample.day % 3 == 0:
        _say("  " + " ".join(f"{getattr(sample, field.name):>8}" for field in fields(Sample)))


async def _no_thread(function: Callable[[], Result], /) -> Result:
    """No hook of the plugin under test needs a thread."""
    return function()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
