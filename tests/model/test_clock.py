import asyncio
import random
from datetime import UTC, datetime

from chatbot.model.clock import Clock, Rng, RunInThread


class StoppedClock:
    """A clock that stands still, as tests use it."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return 1.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_a_clock_of_a_test_is_a_clock() -> None:
    stopped = StoppedClock()
    clock: Clock = stopped
    await clock.sleep(5.0)
    assert (clock.monotonic(), clock.now().tzinfo, stopped.slept) == (1.0, UTC, [5.0])


def test_random_of_the_standard_library_is_the_chance() -> None:
    rng: Rng = random.Random(1)
    assert rng.uniform(2.0, 2.0) == 2.0


async def test_to_thread_of_the_standard_library_runs_hooks() -> None:
    run: RunInThread = asyncio.to_thread
    assert await run(lambda: "done") == "done"
