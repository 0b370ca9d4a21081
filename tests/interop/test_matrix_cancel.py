"""The CometD matrix, T16 and T18: leaving at any moment, and the Python that ran this."""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import suppress

import pytest

from chatbot.wire.retry import Limits
from tests.interop.bench import QUICK, Bench
from tests.interop.conftest import AtOnce

pytestmark = pytest.mark.interop

PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
POINTS = 12


async def test_t16_leaving_while_starting_leaves_nothing_behind(bench: Bench) -> None:
    """A session whose handshake was never answered cannot be ended by its client: it expires."""
    server = await bench.serve(timeout=300, maxInterval=300)
    rng = random.Random(1)
    for _ in range(POINTS):
        async with bench.bot(server):
            await asyncio.sleep(rng.uniform(0.0, 0.03))
    await server.watch.until(lambda: not server.sessions)


async def test_t16_leaving_while_listening_ends_the_session_on_the_server(bench: Bench) -> None:
    server = await bench.serve(maxInterval=60_000)
    rng = random.Random(2)
    for _ in range(POINTS):
        async with bench.bot(server) as bot:
            await bot.until_session(1)
            await server.publish(3)
            await asyncio.sleep(rng.uniform(0.0, 0.01))
        await server.watch.until(lambda: not server.sessions, within_s=0.5)


async def test_t16_leaving_while_trouble_lasts_is_quick(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server) as bot:
        await bot.until_polled()
        await server.kill()
        await bot.until_trouble()
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < QUICK.farewell_timeout_s + 0.5


@pytest.mark.parametrize("place", ["handshake", "subscribe", "connect", "disconnect"])
async def test_t16_leaving_while_the_server_is_silent_is_quick(bench: Bench, place: str) -> None:
    limits = Limits(farewell_timeout_s=0.5)
    server = await bench.serve()
    await server.rules({"channel": f"/meta/{place}", "action": "hang"})
    async with bench.bot(server, limits=limits) as bot:
        if place == "disconnect":
            await server.until_held()
        else:
            await server.watch.until(lambda: bool(server.requests(f"/meta/{place}")))
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < limits.farewell_timeout_s + 0.5
    assert bot.troubles == []
    if place != "disconnect":
        await server.watch.until(lambda: not server.sessions, within_s=0.5)


async def test_t16_second_close_and_a_cancelled_close_are_harmless(bench: Bench) -> None:
    server = await bench.serve()
    for delay_s in (0.0, 0.001, 0.01):
        async with bench.bot(server) as bot:
            await server.until_held()
        async with bench.bot(server) as bot:
            await server.until_held()
            closing = asyncio.create_task(bot.source.aclose(), name="closing")
            await asyncio.sleep(delay_s)
            closing.cancel()
            await asyncio.wait([closing])
        await bot.source.aclose()


def test_t16_source_closed_while_listening_begins_no_new_session(at_once: AtOnce) -> None:
    at_once(_closed_while_listening)


async def _closed_while_listening(bench: Bench) -> None:
    server = await bench.serve()
    async with bench.bot(server) as bot:
        await server.until_held()
        await bot.source.aclose()
        with suppress(TimeoutError):
            await server.watch.until(lambda: len(server.requests("/meta/handshake")) > 1, within_s=1.0)
        assert len(server.requests("/meta/handshake")) == 1
        assert server.sessions == set()


@pytest.mark.parametrize("version", PYTHONS, ids=lambda version: ".".join(map(str, version)))
def test_t18_matrix_runs_on_python(version: tuple[int, int]) -> None:
    if version != sys.version_info[:2]:
        pytest.skip(f"this is Python {sys.version.split()[0]}: run the matrix with {version} as well")
