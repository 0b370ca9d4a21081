"""The lives of the bot: started, killed or stopped, started again, always with the same journal."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from chatbot.bot.journal_writer import GroupCommit
from chatbot.bot.runner import BotRunner, World
from chatbot.model.config import BotSettings
from chatbot.model.config_care import BreakerSettings, FallbackSettings
from chatbot.wire.http import Http
from tests.simulation.chats import BASE, NICKNAME
from tests.simulation.disk import Disk, journal_thread
from tests.simulation.loop import Process, SimLoop
from tests.simulation.net import Net
from tests.simulation.options import GIVE_UP_AFTER_S, HOOK_TIMEOUT_S, REQUEST_TIMEOUT_S, SETTLE_S
from tests.simulation.plan import Plan
from tests.simulation.plugin import Answers, loaded
from tests.simulation.truth import CANARY

__all__ = ["Lives", "SimClock"]

Result = TypeVar("Result")
OpenHttp = Callable[[BotSettings], Http]

DRAIN_S = 5.0
_STOPS_WITHIN_S = 30.0
SETTINGS = BotSettings(
    server="http://localhost",
    username="robo",
    password=f"{CANARY}-password",
    nickname=NICKNAME,
    plugins=("answers",),
    settle_time=SETTLE_S,
    request_timeout=REQUEST_TIMEOUT_S,
    hook_timeout=HOOK_TIMEOUT_S,
    on_stop="keep",
    # each line is owed an answer, whatever the hooks before it did
    breaker=BreakerSettings(errors=0, timeouts=0),
)


class SimClock:
    """The ``Clock`` of one life: its monotonic time begins anew, its wall clock may be wrong.

    Args:
        loop: The virtual time.
        rng: For both offsets.
    """

    def __init__(self, loop: SimLoop, rng: random.Random) -> None:
        self._loop = loop
        self._offset_s = rng.uniform(1.0, 1e6)
        self._skew = timedelta(seconds=rng.choice([0.0, -86_400.0, 3600.0]))

    def monotonic(self) -> float:
        return self._loop.time() + self._offset_s

    def now(self) -> datetime:
        return BASE + self._skew + timedelta(seconds=self._loop.time())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Lives:
    """One bot through all its lives.

    Args:
        loop: Where it lives.
        plan: What the seed has decided.
        net: Its connections.
        disk: Its journal.
        open_http: The transport.
    """

    def __init__(self, loop: SimLoop, plan: Plan, net: Net, disk: Disk, open_http: OpenHttp) -> None:
        self.process = Process(0)
        self._loop = loop
        self._plan = plan
        self._net = net
        self._disk = disk
        self._truth = net.truth
        self._open_http = open_http
        self._rng = random.Random(plan.seed * 16 + 2)
        self._runner: BotRunner | None = None
        self._is_over = False

    async def run(self) -> None:
        """Live until ``finish``, again and again."""
        kill_at = iter(self._plan.kill_at)
        while not self._is_over:
            number = self.process.number + 1
            self.process = process = Process(number, next(kill_at, 0))
            died = asyncio.Event()
            process.on_death = lambda process=process, died=died: self._on_death(process, died)
            self._truth.note("life", "%d begins", number)
            self._truth.counts["lives"] += 1
            self._truth.stirs.append(self._loop.time())
            task = self._loop.start(process, self._live())
            waits = [task, self._loop.create_task(died.wait())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            waits[1].cancel()
            self._runner = None
            if not process.is_dead:
                self._see_how_it_ended(task)
                process.is_dead = True
            if not self._is_over:
                await asyncio.sleep(self._rng.choice([0.05, 0.5, 3.0, 20.0]) * self._rng.random())

    def kill(self, *, within: int) -> None:
        """Kill it at one of its next points."""
        self.process.kill_at = self.process.points + 1 + self._rng.randrange(within)

    def stop(self) -> None:
        """Ask it to leave well."""
        if self._runner is not None:
            self._truth.note("life", "%d is asked to stop", self.process.number)
            self._truth.counts["stops"] += 1
            self._truth.stopped.setdefault(self.process.number, self._loop.time())
            self._runner.stop()
            self._loop.later(_STOPS_WITHIN_S, self._must_be_over, self.process)

    def finish(self) -> None:
        """Stop for good."""
        self._is_over = True
        self.stop()

    def waiting(self) -> dict[str, int]:
        """How many lines of each chat the bot holds (I17)."""
        pipeline = getattr(self._runner, "_pipeline", None)
        chats = pipeline.chats.values() if pipeline is not None else ()
        return {chat.id: len(chat.order.waiting()) for chat in chats}

    async def _live(self) -> None:
        clock = SimClock(self._loop, self._rng)
        writer = GroupCommit(lambda: self._disk, journal_thread(self._loop, self._rng), clock)
        world = World(clock=clock, rng=self._rng, run_in_thread=_at_once, open_http=self._open_http)
        plan = self._plan
        plugin = Answers(
            self._truth, clock, self._rng, changes_its_mind=plan.changes_its_mind, dresses=plan.dresses
        )
        humans = FallbackSettings(queue="humans", give_up_after=GIVE_UP_AFTER_S)
        fallback = humans if plan.has_fallback else None
        settings = SETTINGS.model_copy(
            update={
                "on_stop": plan.on_stop,
                "fallback": fallback,
                "on_agent_joined": plan.on_agent_joined,
            }
        )
        runner = BotRunner("robo", settings, [loaded(plugin)], world, writer.of("robo"))
        self._runner = runner
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.run())
            await writer.open()
            await runner.run(DRAIN_S)
            await writer.close()

    def _on_death(self, process: Process, died: asyncio.Event) -> None:
        self._truth.note("FAULT", "life %d is killed at point %d", process.number, process.points)
        self._truth.counts["kills"] += 1
        self._truth.kills.append(self._loop.time())
        self._net.abandon(process)
        died.set()

    def _see_how_it_ended(self, task: asyncio.Task[None]) -> None:
        self._truth.note("life", "%d ends", self.process.number)
        self._truth.ends.append(self._loop.time())
        if error := task.exception():
            self._truth.find("task died", repr(error))

    def _must_be_over(self, process: Process) -> None:
        if process is self.process and not process.is_dead:
            self._truth.find("I19", f"life {process.number} does not stop")
            process.kill()


async def _at_once(function: Callable[[], Result], /) -> Result:
    """No hook of the plugin under test needs a thread."""
    return function()
