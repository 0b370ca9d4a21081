"""The CometD matrix, T1 to T5 and T7: sessions begin, break and begin anew."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from chatbot.model.errors import WireError
from chatbot.wire.retry import Limits
from tests.interop.bench import QUICK, Bench
from tests.interop.conftest import AtOnce
from tests.interop.listener import Listener
from tests.interop.server import Seen, Server

pytestmark = pytest.mark.interop

HANDSHAKE, SUBSCRIBE, CONNECT = "/meta/handshake", "/meta/subscribe", "/meta/connect"


async def test_t01_session_starts_at_once_although_the_server_holds_polls(bench: Bench) -> None:
    server = await bench.serve(timeout=30_000)
    started = time.monotonic()
    async with bench.bot(server) as bot:
        await bot.until_polled()
    assert bot.session == 1
    assert time.monotonic() - started < 1.0


async def test_t02_ten_thousand_messages_arrive_in_order(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server, channels=("/v2/me/*", "/v2/users")) as bot:
        await bot.until_polled()
        await server.publish(10_000)
        await bot.until_heard(10_000)
    assert bot.numbers == list(range(10_000))
    assert bot.troubles == []


def test_t03_killed_server_is_found_again_and_a_new_session_declared(at_once: AtOnce) -> None:
    at_once(_killed)


async def _killed(bench: Bench) -> None:
    async with asyncio.TaskGroup() as group:
        for down_s in (0.5, 2.0):
            group.create_task(_outage(bench, down_s), name=f"outage {down_s}")


async def _outage(bench: Bench, down_s: float) -> None:
    server = await bench.serve()
    async with bench.bot(server) as bot:
        await bot.until_polled()
        await server.kill()
        await asyncio.sleep(down_s)
        await server.start()
        await bot.until_session(2, within_s=QUICK.max_backoff_s + 1.0)
        await _hears_all_again(server, bot)
    assert bot.troubles


async def test_t03_short_loss_of_the_network_does_not_cost_the_session(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server) as bot:
        await bot.until_polled()
        await server.call("unreachable")
        await bot.until_trouble()
        await server.call("reachable")
        await bot.until_polled()
        await _hears_all_again(server, bot)
    assert bot.session == 1


def test_t03_loss_of_the_network_beyond_max_interval_is_declared(at_once: AtOnce) -> None:
    at_once(_long_loss)


async def _long_loss(bench: Bench) -> None:
    server = await bench.serve(timeout=500, maxInterval=500)
    async with bench.bot(server) as bot:
        await bot.until_polled()
        await server.call("unreachable")
        await server.watch.until(lambda: server.sessions_ended == 1)
        await server.call("reachable")
        await bot.until_session(2)
        await _hears_all_again(server, bot)
    assert bot.troubles


async def test_t04_dropped_session_begins_anew(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server) as bot:
        await bot.until_polled()
        await server.drop()
        await bot.until_session(2)
        await _hears_all_again(server, bot)


def test_t04_session_dropped_twice_in_a_row_begins_anew(at_once: AtOnce) -> None:
    at_once(_dropped_twice)


async def _dropped_twice(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server) as bot:
        await bot.until_polled()
        await server.rules({"channel": SUBSCRIBE, "action": "drop"})
        await server.drop()
        await bot.until_session(2)
        await _hears_all_again(server, bot)
    assert server.sessions_ended == 3, "the first, the one lost while subscribing, and the good-bye"


def test_t05_refused_subscription_is_told_and_tried_again(at_once: AtOnce) -> None:
    at_once(_refused_at_first)


async def _refused_at_first(bench: Bench) -> None:
    server = await bench.serve()
    await server.deny("subscribe")
    async with bench.bot(server, limits=Limits()) as bot:
        await _is_told_of_the_refusal(bot)
        await bot.until_session(1)
        await _hears_all_again(server, bot)


def test_t05_subscription_refused_in_a_new_session_is_told_within_two_seconds(at_once: AtOnce) -> None:
    at_once(_refused_anew)


async def _refused_anew(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server, limits=Limits()) as bot:
        await bot.until_polled()
        await server.deny("subscribe")
        await server.drop()
        await _is_told_of_the_refusal(bot)
        await bot.until_session(2)
        await _hears_all_again(server, bot)


def test_t05_bot_is_not_deaf_on_one_channel(at_once: AtOnce) -> None:
    at_once(_two_channels)


async def _two_channels(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server, channels=("/v2/me/chats", "/v2/me")) as bot:
        await bot.until_polled()
        await server.deny("subscribe")
        await server.drop()
        await bot.until_session(2)
        await server.publish(5)
        await server.publish(5, first=5, channel="/v2/me")
        await bot.until_heard(10)
    assert sorted(bot.numbers) == list(range(10))


async def _is_told_of_the_refusal(bot: Listener) -> None:
    def is_refusal(error: WireError) -> bool:
        return "subscri" in str(error)

    await bot.watch.until(lambda: any(map(is_refusal, bot.troubles)), within_s=2.0)


async def _hears_all_again(server: Server, bot: Listener) -> None:
    """All that is published from now on arrives, once and in order."""
    before = len(bot.notifications)
    await server.publish(5, first=100)
    await bot.until_heard(before + 5)
    assert bot.numbers[before:] == [100, 101, 102, 103, 104]


def test_t07_interval_of_the_server_is_honoured(at_once: AtOnce) -> None:
    at_once(_intervals)


async def _intervals(bench: Bench) -> None:
    server = await bench.serve()
    async with asyncio.TaskGroup() as group:
        for interval_s, polls in ((0.5, 4), (2.0, 2)):
            work = _keeps_interval(bench, server, interval_s, polls)
            group.create_task(work, name=f"interval {interval_s}")


async def _keeps_interval(bench: Bench, server: Server, interval_s: float, polls: int) -> None:
    path = f"/cometd/{interval_s}"
    advice = {"interval": interval_s * 1000, "timeout": 0}
    await server.rules({"path": path, "channel": CONNECT, "times": -1, "merge": {"advice": advice}})
    async with bench.bot(server, path=path) as bot:
        await bot.until_polled()
        for n in range(polls):
            await server.publish(1, first=n)
            await bot.until_heard(n + 1)
    connects = server.requests(CONNECT, path=path)
    for earlier, later in pairwise(connects):
        waited = later.at - server.answered[earlier.number].at
        assert interval_s - 0.05 < waited < interval_s + 0.5
    assert bot.troubles == []


async def test_t07_two_sessions_on_one_cookie_both_hear_everything(bench: Bench) -> None:
    server = await bench.serve(timeout=1000, multiSessionInterval=500)
    http = bench.http(server)
    async with bench.bot(server, http=http, path="/cometd/a") as first:
        await first.until_polled()
        async with bench.bot(server, http=http, path="/cometd/b") as second:
            await second.until_polled()
            await server.publish(5)
            await first.until_heard(5)
            await second.until_heard(5)
    assert first.numbers == second.numbers == list(range(5))
    assert first.troubles == second.troubles == []
    assert len(_connects(server, "/cometd/b")) < 10, "the second polls at the server's interval"


def _connects(server: Server, path: str) -> list[Seen]:
    return server.requests(CONNECT, path=path)
