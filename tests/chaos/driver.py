"""One run: customers talk, processes and connections are hurt, and then all that was said is compared.

Customers reach the platform directly; only bots go through the proxy. What counts is what the platform wrote
down, read from the platform's process after everything has come to rest.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from tests.chaos.checker import History, history_of, may_mend
from tests.chaos.customers import Crowd, Customer
from tests.chaos.dice import Dice
from tests.chaos.plan import Mishap, Plan, mishaps, script
from tests.chaos.processes import Bots, Server
from tests.chaos.proxy import POLLS, RATES, FaultProxy
from tests.chaos.report import Outcome

# Longer than the bots take to settle a request of which nobody knows what became.
LATE_DOUBLES_S = 4.0
# A bot that was told the last news leaves the chat within this time, also on a busy machine.
AT_REST_S = 2.0
LOOK_S = 2.0
MOST_TOLD = 20
CONNECTIONS = httpx.Limits(max_connections=100, max_keepalive_connections=100)


async def run(plan: Plan, folder: Path) -> Outcome:
    """Do all of it; every process has ended when this returns.

    Raises:
        TimeoutError: It did not come to an end.
    """
    limit_s = 300.0 + 1.5 * plan.conversations
    started = time.monotonic()
    with (folder / "timeline.log").open("w", buffering=1) as timeline:
        async with asyncio.timeout(limit_s), Server(plan, folder) as server:
            outcome = await _with_server(plan, folder, server, timeline)
    outcome.seconds = time.monotonic() - started
    return outcome


async def _with_server(plan: Plan, folder: Path, server: Server, timeline: IO[str]) -> Outcome:
    calls = Dice(f"{plan.seed} calls", RATES, plan.faults)
    polls = Dice(f"{plan.seed} polls", RATES, plan.faults * POLLS)
    http = httpx.AsyncClient(base_url=server.url, limits=CONNECTIONS, timeout=10.0, trust_env=False)
    async with (
        FaultProxy(server.address, calls, polls) as proxy,
        Bots(plan, folder, proxy.port) as bots,
        http,
    ):
        crowd = Crowd(
            lambda number: Customer(http, script(plan, number), plan.patience_s, plan.slowness),
            plan.conversations,
            plan.open_at_once,
            plan.slowness,
        )
        stage = _Run(plan, server, proxy, bots, crowd, timeline)
        outcome = await stage.play()
    outcome.faults = calls.thrown + polls.thrown + Counter(stage.platform_faults)
    return outcome


@dataclass(slots=True)
class _Run:
    plan: Plan
    server: Server
    proxy: FaultProxy
    bots: Bots
    crowd: Crowd
    timeline: IO[str]
    kills: list[tuple[float, float]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    platform_faults: dict[str, int] = field(default_factory=dict)

    async def play(self) -> Outcome:
        outcome = Outcome(self.plan)
        async with asyncio.TaskGroup() as group:
            watching = [
                group.create_task(self.bots.guard(), name="guard of the bots"),
                group.create_task(self.server.guard(), name="guard of the server"),
                group.create_task(self._measure(), name="measure"),
            ]
            async with asyncio.TaskGroup() as playing:
                playing.create_task(self.crowd.run(), name="customers")
                playing.create_task(self._hurt(outcome), name="mishaps")
            self._note("all customers are done")
            await self._come_to_rest()
            outcome.journal_kb = self.bots.journal_kb()
            code = await self.bots.stop()
            for task in watching:
                task.cancel()
        if code:
            outcome.troubles.append(f"SIGTERM at the end: exit code {code}")
        await self._take_stock(outcome)
        return outcome

    async def _hurt(self, outcome: Outcome) -> None:
        for mishap in mishaps(self.plan):
            await self.crowd.reached(mishap.at)
            await asyncio.sleep(mishap.delay_s)
            self.times.append(time.time())
            self._note(f"{mishap.kind}, {mishap.seconds:.1f} s")
            await self._do(mishap, outcome)
            outcome.mishaps[mishap.kind] += 1

    async def _do(self, mishap: Mishap, outcome: Outcome) -> None:
        match mishap.kind:
            case "kill -9":
                killed = await self.bots.kill()
                await asyncio.sleep(mishap.seconds)
                self.kills.append((killed, await self.bots.start()))
            case "SIGTERM":
                code = await self.bots.stop()
                if code:
                    outcome.troubles.append(f"SIGTERM: exit code {code}")
                await asyncio.sleep(mishap.seconds)
                await self.bots.start()
            case "SIGSTOP":
                await self.bots.pause(mishap.seconds)
            case "server restart":
                await self.proxy.refuse()
                await self.server.restart(mishap.seconds)
                await self.proxy.accept()

    async def _measure(self) -> None:
        while True:
            self.bots.measure()
            await asyncio.sleep(1.0)

    async def _come_to_rest(self) -> None:
        """Wait while something is still to come, within limits; then as long as it may come twice."""
        end, pause = time.monotonic() + self.plan.patience_s, 0.1
        while any(may_mend(history) for history in await self._histories()) and time.monotonic() < end:
            await asyncio.sleep(pause)
            pause = min(2.0 * pause, LOOK_S)
        await asyncio.sleep(max(AT_REST_S, LATE_DOUBLES_S * self.plan.slowness))

    async def _take_stock(self, outcome: Outcome) -> None:
        figures = await self.server.figures()
        outcome.histories = await self._histories()
        outcome.requests = figures.pop("requests", 0)
        outcome.transcripts_read = figures.pop("transcripts read", 0)
        self.platform_faults = figures
        ends = [*self.times, float("inf")]
        outcome.away = [
            (killed, started, min(at for at in ends if at > started)) for killed, started in self.kills
        ]
        outcome.troubles += self.bots.traces(outcome.histories)[:MOST_TOLD]
        outcome.largest_kb = self.bots.largest_kb
        outcome.troubles += [
            f"the bots ended by themselves: exit code {code}" for code in self.bots.ended_by_itself
        ]

    async def _histories(self) -> list[History]:
        known = {customer.id: customer for customer in self.crowd.customers}
        records = await self.server.history()
        return [history_of(record, **_known(known.get(record["customer"]))) for record in records]

    def _note(self, fact: str) -> None:
        self.timeline.write(f"{time.strftime('%H:%M:%S')} {self.crowd.done:>5} done: {fact}\n")


def _known(customer: Customer | None) -> dict[str, Any]:
    if customer is None:
        return {}
    return {
        "manner": customer.script.manner,
        "has_left": customer.has_left,
        "gave_up": customer.gave_up,
    }
