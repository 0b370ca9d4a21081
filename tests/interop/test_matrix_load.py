"""The CometD matrix, T13, T14 and T17: much at once, much in one message, many bots."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, suppress

import pytest

from chatbot.model.notifications import Batch, SessionStarted, Signal
from chatbot.wire.retry import Limits
from tests.interop.bench import Bench
from tests.interop.conftest import AtOnce
from tests.interop.listener import DueClock
from tests.interop.server import CHATS

pytestmark = pytest.mark.interop

AGENTS = 100
SLOT_S = 0.05
MOST_IN_A_SLOT = AGENTS // 5


async def test_t13_many_events_on_the_answer_to_subscribe_all_arrive(bench: Bench) -> None:
    events = [{"channel": CHATS, "data": {"n": n}} for n in range(150)]
    server = await bench.serve()
    await server.rules({"channel": "/meta/subscribe", "insert": events})
    async with bench.bot(server) as bot:
        await bot.until_heard(150)
        await server.until_held()
        await server.publish(1, first=150)
        await bot.until_heard(151)
    assert bot.numbers == list(range(151))
    assert isinstance(bot.signals[0], SessionStarted)


@pytest.mark.parametrize("server_kind", ["cometd"], indirect=True)
@pytest.mark.parametrize("ack", [False, True])
async def test_t13_snapshot_that_the_server_sends_to_subscribers_arrives(bench: Bench, *, ack: bool) -> None:
    server = await bench.serve(snapshot=150, ack=ack)
    async with bench.bot(server) as bot:
        await bot.until_heard(150)
    assert bot.numbers == list(range(150))


def test_t13_slow_consumer_loses_nothing_or_is_told_of_a_new_session(at_once: AtOnce) -> None:
    at_once(_slow_consumer)


async def _slow_consumer(bench: Bench) -> None:
    """The consumer is busy for longer than the server keeps a client that does not poll."""
    server = await bench.serve(timeout=400, maxInterval=800)

    async def consume(signal: Signal) -> None:
        if isinstance(signal, Batch) and len(signal.notifications) and not busy.is_set():
            busy.set()
            with suppress(TimeoutError):  # a source that polls on behalf of its consumer is as good
                await server.watch.until(lambda: server.sessions_ended > 0, within_s=2.0)

    busy = asyncio.Event()
    async with bench.bot(server, consume=consume) as bot:
        await server.until_held()
        await server.publish(1)
        await busy.wait()
        await server.publish(10_000, first=1)
        await bot.watch.until(lambda: bot.session == 2 or len(bot.notifications) == 10_001)
        await server.until_held()
        await server.publish(5, first=20_000)
        await bot.watch.until(lambda: bot.numbers[-1] == 20_004)
    heard, tail = bot.numbers[:-5], bot.numbers[-5:]
    assert tail == [20_000, 20_001, 20_002, 20_003, 20_004]
    assert heard == list(range(len(heard)))
    assert len(heard) == 10_001 or bot.session == 2


async def test_t14_message_of_six_megabytes_arrives(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server) as bot:
        await server.until_held()
        await server.call("big", channel=CHATS, size=6_000_000)
        await server.publish(5, first=1)
        await bot.until_heard(6)
    assert len(bot.notifications[0].data["text"]) == 6_000_000  # type: ignore[index]
    assert bot.numbers == list(range(6))
    assert bot.troubles == []


async def test_t17_hundred_agents_do_not_return_in_step(bench: Bench) -> None:
    """Counted is when they mean to return: a machine that is busy for 0.1 s wakes many of them at once."""
    server = await bench.serve(timeout=30_000)
    clocks = [DueClock() for _ in range(AGENTS)]
    async with AsyncExitStack() as stack:
        agents = [
            await stack.enter_async_context(
                bench.bot(server, path=f"/cometd/{number}", clock=clock, seed=number, limits=Limits())
            )
            for number, clock in enumerate(clocks)
        ]
        for number in range(AGENTS):
            await server.until_held(f"/cometd/{number}")
        assert len(server.sessions) == AGENTS
        await server.publish(3)
        for number, agent in enumerate(agents):
            await agent.until_heard(3)
            await server.until_held(f"/cometd/{number}")
        before = [len(clock.due) for clock in clocks]
        await server.kill()
        await server.start()
        for agent in agents:
            await agent.until_session(2)
        assert len(server.sessions) == AGENTS
    slots = Counter(int(clock.due[count] / SLOT_S) for clock, count in zip(clocks, before, strict=True))
    assert slots.total() == AGENTS
    assert max(slots.values()) <= MOST_IN_A_SLOT, sorted(slots.items())
