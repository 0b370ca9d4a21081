"""A small sample of the campaign, and proofs that loop, kill and checks do what the campaign relies on."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest

from chatbot.bot.runner import BotRunner
from tests.simulation.loop import PROCESS, Deadlock, Process, SimLoop, virtual_loop
from tests.simulation.mutants import MUTANTS
from tests.simulation.options import Faults
from tests.simulation.plan import crash_plan, plan_of
from tests.simulation.run import simulate
from tests.simulation.timeline import head

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


@pytest.fixture(autouse=True, scope="module")
def _clean() -> Iterator[None]:
    """What killed processes have left is thrown away here, not in the middle of another test."""
    yield
    gc.collect()


# the loop


def on_loop(work: Callable[[SimLoop], Awaitable[object]], seed: int = 1) -> object:
    with virtual_loop(random.Random(seed)) as loop:

        async def main() -> object:
            return await work(loop)

        return loop.run_until_complete(main())


def test_time_jumps_to_the_next_timer() -> None:
    async def work(loop: SimLoop) -> float:
        await asyncio.sleep(3600.0)
        return loop.time()

    assert on_loop(work) == 3600.0


def test_ready_callbacks_run_in_an_order_that_the_seed_decides() -> None:
    async def work(_loop: SimLoop) -> tuple[int, ...]:
        done: list[int] = []

        async def one(number: int) -> None:
            await asyncio.sleep(1.0)
            done.append(number)

        await asyncio.gather(*(one(number) for number in range(5)))
        return tuple(done)

    orders = {on_loop(work, seed) for seed in range(10)}
    assert len(orders) > 5
    assert on_loop(work, 3) == on_loop(work, 3)


def test_what_is_built_on_asyncio_works_on_it() -> None:
    async def work(_loop: SimLoop) -> list[str]:
        seen: list[str] = []
        queue: asyncio.Queue[str] = asyncio.Queue(1)
        lock = asyncio.Lock()

        async def produce() -> None:
            for word in ("one", "two"):
                async with lock:
                    await queue.put(word)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(produce())
            seen += [await queue.get(), await queue.get()]
        try:
            async with asyncio.timeout(5.0):
                await asyncio.Event().wait()
        except TimeoutError:
            seen.append("late")
        return seen

    assert on_loop(work) == ["one", "two", "late"]


def test_a_loop_on_which_nothing_can_happen_any_more_says_so() -> None:
    async def work(_loop: SimLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        on_loop(work)


# kill


def lives(kill_at: int) -> list[str]:
    """A process that is killed at one of its points, and what it has done till then."""
    done: list[str] = []

    async def live() -> None:
        try:
            for number in range(3):
                done.append(f"step {number}")
                await asyncio.sleep(1.0)
        finally:
            done.append("finally")

    async def work(loop: SimLoop) -> None:
        loop.start(Process(1, kill_at), live())
        await asyncio.sleep(10.0)
        done.append(f"world at {loop.time():g}")

    on_loop(work)
    return done


def test_a_killed_process_runs_no_step_and_no_finally_any_more() -> None:
    # each sleep is two points: the timer, and the step that it wakes
    assert lives(kill_at=4) == ["step 0", "step 1", "world at 10", "finally"]
    assert lives(kill_at=1) == ["world at 10"]
    assert lives(kill_at=0) == ["step 0", "step 1", "step 2", "finally", "world at 10"]


def test_what_a_process_starts_belongs_to_it() -> None:
    async def work(loop: SimLoop) -> list[object]:
        process, owners = Process(1), []

        async def child() -> None:
            owners.append(PROCESS.get())
            await asyncio.sleep(5.0)
            owners.append("alive")

        async def live() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(child())

        loop.start(process, live())
        await asyncio.sleep(1.0)
        process.kill()
        await asyncio.sleep(10.0)
        return [owner is process for owner in owners]

    assert on_loop(work) == [True]


# whole runs


def test_a_server_without_faults_sees_every_line_answered_once() -> None:
    result = simulate(replace(plan_of(7), faults=Faults(), on_agent_joined="stay"))
    assert result.findings == ()
    assert result.counts["replies"] > 10
    assert result.counts["kills"] == 0


@pytest.mark.long
def test_the_swarm_finds_nothing() -> None:
    failed = {seed: found for seed in range(20) if (found := simulate(plan_of(seed)).findings)}
    assert failed == {}


def test_a_run_that_breaks_is_a_finding_of_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(_self: BotRunner, _drain_timeout: float) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(BotRunner, "run", breaks)
    assert "harness: CancelledError()" in simulate(plan_of(1)).findings


def test_the_timeline_begins_with_what_the_seed_has_drawn() -> None:
    lines = list(head(plan_of(77011)))
    assert lines[0] == "seed      77011"
    assert {line.split()[0] for line in lines} == {
        "seed",
        "server",
        "bot",
        "faults",
        "event",
        "customer",
        "turn",
    }


def test_two_lives_that_are_killed_recover() -> None:
    result = simulate(crash_plan(1, 100, 50))
    assert result.findings == ()
    assert result.counts["kills"] == 2


@pytest.mark.long
def test_a_process_that_is_killed_at_some_point_recovers() -> None:
    last = simulate(crash_plan(1)).points
    points = range(1, last, max(1, last // 15))
    results = {point: simulate(crash_plan(1, point)) for point in points}
    assert {point: result.findings for point, result in results.items() if result.findings} == {}
    assert all(result.counts["kills"] == 1 for result in results.values())


def test_the_real_http_client_does_as_well() -> None:
    assert simulate(plan_of(3), is_real_http=True).findings == ()


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mutant_still_has_its_place_in_the_bot(name: str) -> None:
    with MUTANTS[name].planted():
        assert all(getattr(owner, target) is not None for owner, target, _ in MUTANTS[name].targets)


def test_a_planted_bug_is_caught() -> None:
    with MUTANTS["intent-after-send"].planted():
        found = simulate(plan_of(7)).findings
    assert "I5" in {finding.partition(":")[0] for finding in found}


@pytest.mark.long
def test_a_seed_always_runs_alike() -> None:
    program = (
        "import hashlib; from tests.simulation.plan import plan_of; "
        "from tests.simulation.run import simulate; "
        "lines = [line for seed in (2, 9) for line in simulate(plan_of(seed), is_traced=True).timeline]; "
        "print(len(lines), hashlib.sha256('\\n'.join(lines).encode()).hexdigest())"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("1", "2", "random")
    ]
    said = {run.communicate(timeout=60)[0] for run in runs}
    assert len(said) == 1
    assert int(said.pop().split()[0]) > 500
