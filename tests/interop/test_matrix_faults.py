"""The CometD matrix, T8 to T12: answers that are wrong, late, lost or poisoned."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

from chatbot.wire.retry import Limits
from tests.interop.bench import Bench
from tests.interop.conftest import AtOnce
from tests.interop.listener import Listener
from tests.interop.server import Server

pytestmark = pytest.mark.interop

HANDSHAKE, SUBSCRIBE, CONNECT, DISCONNECT = (
    f"/meta/{name}" for name in ("handshake", "subscribe", "connect", "disconnect")
)

HTML = "<!doctype html><html><body>Sign in</body></html>"
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "401": {"status": 401, "body": "who are you?", "type": "text/plain"},
    "403": {"status": 403, "body": "Missing or invalid Csrf token", "type": "text/plain"},
    "500": {"status": 500, "body": "oops", "type": "text/plain"},
    "503": {"status": 503, "body": HTML, "type": "text/html", "headers": {"Retry-After": "1"}},
    "302": {"status": 302, "headers": {"Location": "/login"}},
    "html": {"status": 200, "body": HTML, "type": "text/html"},
    "garbage": {"raw": "[{,"},
    "object": {"raw": '{"answer":42}'},
    "code-20": {"raw": '{"statusCode":20,"statusMessage":"not authenticated"}'},
    "null": {"raw": "null"},
    "string": {"raw": '"sorry"'},
    "nothings": {"raw": "[null,1,[]]"},
    "unsuccessful": {"reply": {}},
    "empty": {"raw": ""},
    "truncated": {"action": "truncate"},
    "reset": {"action": "reset"},
}
RENEWING = {"401", "403"}
MAY_RENEW = {"302", "html", "code-20"}  # what a lost login looks like elsewhere


@pytest.mark.parametrize("place", [HANDSHAKE, SUBSCRIBE], ids=["handshake", "subscribe"])
async def test_t08_faults_at_the_start_are_told_and_survived(bench: Bench, place: str) -> None:
    server = await bench.serve()
    for fault, rule in FAULTS.items():
        await server.rules({"path": f"/{fault}", "channel": place, **rule})
    findings: dict[str, str] = {}
    async with asyncio.TaskGroup() as group:
        for fault in FAULTS:
            group.create_task(_starts(bench, server, fault, findings), name=fault)
    assert findings == {}


async def test_t08_faults_in_mid_stream_are_told_and_survived(bench: Bench) -> None:
    server = await bench.serve()
    findings: dict[str, str] = {}
    async with asyncio.TaskGroup() as group:
        for fault in FAULTS:
            group.create_task(_goes_on(bench, server, fault, findings), name=fault)
    assert findings == {}


async def _starts(bench: Bench, server: Server, fault: str, findings: dict[str, str]) -> None:
    async with bench.bot(server, path=f"/cometd/{fault}", channels=(f"/{fault}",)) as bot:
        await bot.until_polled()
        await _is_well(server, bot, fault, findings)


async def _goes_on(bench: Bench, server: Server, fault: str, findings: dict[str, str]) -> None:
    channel = f"/{fault}"
    async with bench.bot(server, path=f"/cometd/{fault}", channels=(channel,)) as bot:
        await server.until_held(f"/{fault}")
        await server.rules({"path": f"/{fault}", "channel": CONNECT, **FAULTS[fault]})
        await server.publish(1, first=-1, channel=channel)  # ends the held poll
        await bot.until_trouble()
        await bot.until_polled()
        await _is_well(server, bot, fault, findings)


async def _is_well(server: Server, bot: Listener, fault: str, findings: dict[str, str]) -> None:
    """The fault was told, with its status; the login was renewed where due; notifications arrive."""
    before = len(bot.notifications)
    await server.publish(5, channel=f"/{fault}")
    await bot.until_heard(before + 5)
    expected = {int(fault)} if fault.isdigit() else {None, 20}
    if bot.troubles[0].status not in expected:
        findings[f"{fault}: trouble"] = repr([(error, error.status) for error in bot.troubles])
    if bot.login.calls not in ({1} if fault in RENEWING else {0, 1} if fault in MAY_RENEW else {0}):
        findings[f"{fault}: renewed"] = f"{bot.login.calls} times"
    if bot.numbers[before:] != [0, 1, 2, 3, 4]:
        findings[f"{fault}: heard"] = repr(bot.numbers)


BRIEF = Limits(request_timeout_s=1.0, poll_slack_s=0.5, first_backoff_s=0.2, max_backoff_s=1.0)


def test_t09_hung_requests_end_in_time(at_once: AtOnce) -> None:
    at_once(_hung_requests)


async def _hung_requests(bench: Bench) -> None:
    server = await bench.serve(timeout=500)
    async with asyncio.TaskGroup() as group:
        for channel, bound_s in ((HANDSHAKE, 1.0), (SUBSCRIBE, 1.0), (CONNECT, 1.0)):
            group.create_task(_hangs(bench, server, channel, bound_s), name=channel)
        group.create_task(_hangs_at_the_end(bench, server), name=DISCONNECT)


async def _hangs(bench: Bench, server: Server, channel: str, bound_s: float) -> None:
    await server.rules({"path": channel, "channel": channel, "action": "hang"})
    async with bench.bot(server, path=f"/cometd{channel}", limits=BRIEF) as bot:
        started = time.monotonic()
        await bot.until_trouble()
        assert time.monotonic() - started < bound_s + 0.5
        await bot.until_polled()
        await server.publish(1)
        await bot.until_heard(1)


async def _hangs_at_the_end(bench: Bench, server: Server) -> None:
    await server.rules({"path": DISCONNECT, "channel": DISCONNECT, "action": "hang"})
    async with bench.bot(server, path=f"/cometd{DISCONNECT}") as bot:
        await bot.until_polled()
        left = time.monotonic()
    assert time.monotonic() - left < 2.5


def test_t10_frozen_server_is_noticed_and_found_again(at_once: AtOnce) -> None:
    at_once(_frozen)


async def _frozen(bench: Bench) -> None:
    server = await bench.serve(timeout=500)
    async with bench.bot(server, limits=BRIEF) as bot:
        await bot.until_polled()
        server.process.freeze()
        await bot.until_trouble(within_s=2.0)
        server.process.thaw()
        await bot.until_polled()
        await server.publish(5)
        await bot.until_heard(5)
    assert bot.numbers == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("server_kind", ["cometd"], indirect=True)
@pytest.mark.parametrize("action", ["lose", "truncate"])
async def test_t11_reply_lost_on_the_wire_is_delivered_again(bench: Bench, action: str) -> None:
    server = await bench.serve()
    async with bench.bot(server) as bot:
        await bot.until_polled()
        await server.publish(10)
        await bot.until_heard(10)
        await server.rules({"channel": CONNECT, "action": action})
        await server.publish(19, first=10)
        await bot.until_trouble()
        await server.publish(11, first=29)
        await bot.until_heard(40)
        await server.publish(1, first=40)
        await bot.until_heard(41)
    assert bot.numbers == list(range(41))
    assert bot.session == 1


async def test_t11_reply_lost_without_acknowledgements_is_told(bench: Bench) -> None:
    """What was on it is gone for good: the trouble is the only sign, for the session lives."""
    server = await bench.serve(ack=False)
    async with bench.bot(server) as bot:
        await server.until_held()
        await server.rules({"channel": CONNECT, "action": "lose"})
        await server.publish(5)
        await bot.until_trouble()
        await server.until_held()
        await server.publish(5, first=100)
        await bot.watch.until(lambda: bot.numbers[-1:] == [104])
    assert bot.numbers[-5:] == [100, 101, 102, 103, 104]


async def test_t12_only_the_malformed_neighbour_is_lost(bench: Bench) -> None:
    malformed: list[object] = [None, 42, "text", [], {}, {"data": {"n": 1}}, {"channel": 7, "data": {"n": 1}}]
    server = await bench.serve()
    await server.rules({"channel": CONNECT, "times": -1, "insert": malformed, "every": 2})
    async with bench.bot(server) as bot:
        await bot.until_polled()
        await server.publish(20)
        await bot.until_heard(20)
        await server.publish(1, first=20)
        await bot.until_heard(21)
    assert bot.numbers == list(range(21))
    assert bot.session == 1
