"""What a look at /metrics costs, and for how long it holds up the hooks.

    python -m tests.bench.metrics [ROUNDS]

One bot without chats, one with five thousand chats that it is in, and five hundred bots that each have three
plugins with two hooks. The longest turn is the longest time for which nothing else could run in the event
loop while the page was made; the same without the page stands beside it.
"""

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request

from chatbot.bot.runner import BotRunner
from chatbot.console.exposition import MetricsPage
from chatbot.hooks.trace import HookCall
from chatbot.service.supervisor import Service
from tests.bench.rig import Counting
from tests.bot.stage import on_stage
from tests.service.house import bot_at, world

ROUNDS = 5
CHATS = 5_000
BOTS = 500
PLUGINS = 3
HOOKS = ("on_text", "on_chat_started")
ACTIONS = ("SendMessage", "Accept", "Complete")

Case = Callable[[], AbstractAsyncContextManager[Service]]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the page: milliseconds and kilobytes."""

    took: float
    longest_turn: float
    undisturbed: float
    size: float
    packed: float


@asynccontextmanager
async def nothing() -> AsyncIterator[Service]:
    """One bot without chats."""
    async with on_stage(Counting(), watched=False) as stage:
        yield _service(stage.bot)


@asynccontextmanager
async def many_chats() -> AsyncIterator[Service]:
    """One bot in thousands of chats."""
    async with on_stage(Counting(), watched=False) as stage:
        for number in range(CHATS):
            stage.desk.offer(f"chat{number:05}")
            if number % 200 == 0:
                await asyncio.sleep(0)
        await stage.until(lambda: stage.bot.chats == CHATS)
        await stage.quiet()
        if not all(chat.started_at for chat in stage.bot.live.values()):
            raise RuntimeError("not all chats have begun")
        yield _service(stage.bot)


@asynccontextmanager
async def many_bots() -> AsyncIterator[Service]:
    """Hundreds of bots that have been at work."""
    bots = [bot_at("http://127.0.0.1:1", f"bot{number:03}", *_plugins()) for number in range(BOTS)]
    for bot in bots:
        for number in range(PLUGINS):
            for hook in HOOKS:
                bot.measures.observe(HookCall(f"p{number}", hook, None, "acted", "", seconds=0.02))
        for action in ACTIONS:
            bot.counters.actions[action, "accepted"] += 1
            bot.counters.action_seconds[action].add(0.03)
            bot.counters.events[f"{action}Seen"] += 1
    yield _service(*bots)


def _plugins() -> list[object]:
    return [Counting() for _ in range(PLUGINS)]


def _service(*bots: BotRunner) -> Service:
    return Service(bots, world=world(), drain_timeout=1)


CASES: tuple[Case, ...] = (nothing, many_chats, many_bots)


async def longest_turn(until: asyncio.Event) -> float:
    """Seconds for which this could not run, at worst."""
    longest, before = 0.0, time.perf_counter()
    while not until.is_set():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    return longest


async def look(service: Service) -> Look:
    """Ask for the page a few times."""
    page = MetricsPage(service)
    plain = await page.answer(_request("identity"))
    began = time.perf_counter()
    packed = await page.answer(_request("gzip"))
    took = time.perf_counter() - began
    longest = await _beside(page.answer(_request("gzip")))
    undisturbed = await _beside(asyncio.sleep(took))
    size, sent = len(plain.body), len(packed.body)
    return Look(took * 1e3, longest * 1e3, undisturbed * 1e3, size / 1e3, sent / 1e3)


def _request(coding: str) -> Request:
    return Request({"type": "http", "method": "GET", "headers": [(b"accept-encoding", coding.encode())]})


async def _beside(work: Awaitable[object]) -> float:
    """The longest turn while this goes on."""
    is_over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(longest_turn(is_over))
        await work
        is_over.set()
    return watching.result()


async def measure(case: Case, rounds: int) -> Look:
    """Medians of the rounds."""
    async with case() as service:
        await look(service)
        gc.collect()
        gc.freeze()
        looks = [await look(service) for _ in range(rounds)]
        gc.unfreeze()
    columns = ("took", "longest_turn", "undisturbed", "size", "packed")
    return Look(*(statistics.median(getattr(one, column) for one in looks) for column in columns))


def main() -> None:
    """Print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(f"{CHATS} chats, {BOTS} bots of {PLUGINS} plugins, {rounds} rounds; ms and kB, medians")
    print(f"{'':>12} {'page':>8} {'longest turn':>13} {'without page':>13} {'size':>8} {'packed':>8}")
    for case in CASES:
        found = asyncio.run(measure(case, rounds))
        name = getattr(case, "__name__", "").replace("_", " ")
        turns = f"{found.longest_turn:>13.2f} {found.undisturbed:>13.2f}"
        print(f"{name:>12} {found.took:>8.1f} {turns} {found.size:>8.1f} {found.packed:>8.1f}")


if __name__ == "__main__":
    main()
