"""What one event costs from the bytes of a poll to the hook having run.

    python -m tests.bench.dispatch [EVENTS]

Compared in interleaved rounds, by CPU time:

    plain     reading and a plain call, which nothing can beat
    gathered  reading and a pluggy call with asyncio.gather, the usual way to make pluggy asynchronous
    bare      the whole way, without what looks after humans, customers and plugins
    whole     the whole way as it is

The ratio is taken inside each round, the median of the rounds is printed.
"""

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import patch

import pluggy

from chatbot import Chat, TextReceived
from chatbot.bot.care import Care
from chatbot.bot.live import LiveChat
from chatbot.bot.presence import Presence
from chatbot.hooks import spec
from chatbot.hooks.breaker import Breaker
from chatbot.model.parse import parse
from chatbot.wire.body import decode
from tests.bench.rig import CHATS, PER_POLL, Counting, bodies, fed, rig

ROUNDS = 7

Way = Callable[[list[bytes], Counting], Awaitable[float]]


async def plain(polls: list[bytes], plugin: Counting) -> float:
    """Read, and call the hook."""
    now, began = datetime.now(UTC), time.process_time()
    for body in polls:
        for message in cast("list[dict[str, Any]]", decode(body)):
            for event in parse(message["data"], bot="b", received_at=now) if "data" in message else ():
                await plugin.on_text(cast("Chat", None), cast("TextReceived", event))
    return time.process_time() - began


async def gathered(polls: list[bytes], plugin: Counting) -> float:
    """Read, and gather what a pluggy call gives."""
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    manager.register(plugin)
    now, began = datetime.now(UTC), time.process_time()
    for body in polls:
        for message in cast("list[dict[str, Any]]", decode(body)):
            for event in parse(message["data"], bot="b", received_at=now) if "data" in message else ():
                await asyncio.gather(*manager.hook.on_text(bot=None, chat=None, event=event, settings=None))
    return time.process_time() - began


async def whole(polls: list[bytes], plugin: Counting) -> float:
    """Bayeux, parse, order, mailbox, worker, hook."""
    async with rig(plugin) as stage:
        began = time.process_time()
        await fed(stage, polls)
        return time.process_time() - began


async def bare(polls: list[bytes], plugin: Counting) -> float:
    """The same without presence, ownership, guards, breakers, fallback and timers."""
    with ExitStack() as stack:
        for owner, name, instead in _CARE:
            stack.enter_context(patch.object(owner, name, instead))
        return await whole(polls, plugin)


def _nothing(*_: object, **__: object) -> None:
    """What a part does that is not there."""


async def _no(*_: object) -> bool:
    return False


_CARE: tuple[tuple[Any, str, Any], ...] = (
    (Care, "is_about_to_hear", _nothing),
    (Care, "heard", _nothing),
    (Care, "look_out", _nothing),
    (Care, "attend", _no),
    (Care, "rescue", _no),
    (Care, "tell_agents", _no),
    (Presence, "hear", _nothing),
    (LiveChat, "_look_around", _nothing),
    (Breaker, "begin", lambda *_: 0),
    (Breaker, "end", _nothing),
)


def measure(way: Way, polls: list[bytes], events: int) -> float:
    """Microseconds of CPU for each event."""
    plugin = Counting()
    gc.collect()
    gc.disable()
    try:
        spent = asyncio.run(_run(way, polls, plugin))
    finally:
        gc.enable()
    if plugin.seen != events:
        raise RuntimeError(f"{way.__name__} handled {plugin.seen} of {events} events")
    return spent / events * 1e6


async def _run(way: Way, polls: list[bytes], plugin: Counting) -> float:
    return await way(polls, plugin)


def main() -> None:
    """Print a table."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    polls = bodies(events)
    ways: tuple[Way, ...] = (plain, gathered, bare, whole)
    rounds = [{way.__name__: measure(way, polls, events) for way in ways} for _ in range(ROUNDS)]
    print(f"{events} events, {CHATS} chats, {PER_POLL} to a poll, {ROUNDS} rounds; us of CPU for an event")
    for way in ways:
        name = way.__name__
        cost = statistics.median(r[name] for r in rounds)
        ratio = statistics.median(r[name] / r["plain"] for r in rounds)
        print(f"{name:>10} {cost:8.1f}   {ratio:5.2f} x plain")
    more = statistics.median(r["whole"] / r["bare"] for r in rounds)
    print(f"\nwhat looks after humans, customers and plugins: {(more - 1) * 100:+.0f} %, nothing triggering")


if __name__ == "__main__":
    main()
