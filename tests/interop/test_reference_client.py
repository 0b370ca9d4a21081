"""The project's simulator as the CometD project's own JavaScript client sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.bayeux_server import Refuse
from chatbot.simulator.faults import Drop, Fault, Match
from chatbot.simulator.options import Options
from chatbot.simulator.server import serve
from tests.interop.bench import nothing_left_behind
from tests.interop.node import skip_without_node
from tests.interop.reference import ReferenceClient, reference_client
from tests.interop.server import CHATS, free_port

pytestmark = pytest.mark.interop


@pytest.fixture(autouse=True)
async def clean() -> AsyncIterator[None]:
    skip_without_node()
    async with nothing_left_behind():
        yield


@asynccontextmanager
async def at_the_simulator(
    simulator: Simulator, **options: object
) -> AsyncIterator[tuple[ReferenceClient, str]]:
    """A client whose subscription is acknowledged and whose first poll succeeded."""
    async with serve(simulator.asgi) as url, reference_client(url, **options) as client:
        await client.until_listening()
        yield client, url


def publish(simulator: Simulator, count: int, *, first: int = 0) -> None:
    """Notify the agent the way the world does."""
    for n in range(first, first + count):
        simulator._notify("concierge", CHATS, {"n": n})


def polls(simulator: Simulator) -> int:
    return sum("/meta/connect" in record.channels for record in simulator.requests)


@pytest.mark.parametrize("ack", [True, False])
@pytest.mark.parametrize("append_type", [True, False])
async def test_ten_thousand_notifications_arrive_in_order(*, ack: bool, append_type: bool) -> None:
    simulator = Simulator(Options(ack_extension=ack))
    async with at_the_simulator(simulator, appendType=append_type) as (client, _):
        for part in range(0, 10_000, 500):
            publish(simulator, 500, first=part)
            await asyncio.sleep(0)
        await client.until_heard(10_000)
    assert client.heard == list(range(10_000))


async def test_handshake_tells_what_the_simulator_can_do() -> None:
    simulator = Simulator(Options(poll_timeout=7.0, poll_interval=0.25))
    async with at_the_simulator(simulator) as (client, _):
        handshake = client.all("handshake")[0]
    assert handshake["ext"] == {"ack": True}
    assert handshake["advice"] == {"reconnect": "retry", "interval": 250, "timeout": 7000}


async def test_first_poll_is_answered_at_once_and_the_next_is_held() -> None:
    simulator = Simulator(Options(poll_timeout=1.0))
    async with at_the_simulator(simulator) as (client, _):
        await client.until("connect", 3, within_s=3.0)
        assert polls(simulator) == 3, "one answered at once, two held"
        publish(simulator, 1)
        await client.until_heard(1, within_s=0.5)


async def test_interval_of_the_advice_is_kept() -> None:
    simulator = Simulator(Options(poll_interval=0.3))
    loop = asyncio.get_running_loop()
    async with at_the_simulator(simulator) as (client, _):
        publish(simulator, 1)
        await client.until_heard(1)
        started = loop.time()
        for n in range(1, 4):
            publish(simulator, 1, first=n)
            await client.until_heard(n + 1)
        assert 0.8 < loop.time() - started < 2.0


async def test_client_that_was_forgotten_shakes_hands_again() -> None:
    simulator = Simulator()
    async with at_the_simulator(simulator) as (client, _):
        simulator.drop_clients("concierge")
        refused = await client.until("connect", successful=False)
        await client.until("subscribe", 2, successful=True)
        publish(simulator, 5)
        await client.until_heard(5)
    assert refused["error"].startswith("402")
    assert refused["advice"]["reconnect"] == "handshake"
    assert client.heard == [0, 1, 2, 3, 4]


async def test_restart_of_the_server_alone_loses_nothing() -> None:
    """The simulator keeps its clients while nobody serves it."""
    simulator = Simulator()
    port = free_port()
    async with serve(simulator.asgi, port=port) as url:
        client = ReferenceClient()
        await client.start(url)
        await client.until_listening()
        publish(simulator, 5)
        await client.until_heard(5)
    try:
        publish(simulator, 5, first=5)
        await client.until("connect", successful=False)
        async with serve(simulator.asgi, port=port):
            publish(simulator, 5, first=10)
            await client.until_heard(15)
            await client.process.call("disconnect")
    finally:
        await client.stop()
    assert client.heard == list(range(15))
    assert len(client.all("handshake")) == 1


async def test_restart_of_the_simulator_costs_a_login_and_a_handshake() -> None:
    port = free_port()
    first, second = Simulator(), Simulator()
    async with serve(first.asgi, port=port) as url:
        client = ReferenceClient()
        await client.start(url)
        await client.until_listening()
    try:
        async with serve(second.asgi, port=port):
            await client.until("subscribe", 2, successful=True)
            publish(second, 5)
            await client.until_heard(5)
            refused = client.all("connect", successful=False)
    finally:
        await client.stop()
    assert client.heard == [0, 1, 2, 3, 4]
    assert len(client.all("handshake")) == 2
    assert [event.get("httpCode") or event["error"] for event in refused[-2:]] == [403, "402::Unknown client"]


async def test_lost_http_session_shows_as_status_403() -> None:
    simulator = Simulator()
    async with at_the_simulator(simulator) as (client, _):
        simulator.end_http_sessions()
        await client.until("subscribe", 2, successful=True)
        publish(simulator, 5)
        await client.until_heard(5)
    assert any(event.get("httpCode") == 403 for event in client.events)
    assert client.heard == [0, 1, 2, 3, 4]


async def test_rotated_csrf_token_costs_a_login_but_not_the_session() -> None:
    simulator = Simulator(Options(poll_timeout=1.0))
    async with at_the_simulator(simulator) as (client, _):
        simulator.rotate_csrf()
        publish(simulator, 1)
        await client.until("connect", httpCode=403)
        publish(simulator, 4, first=1)
        await client.until_heard(5)
    assert client.heard == [0, 1, 2, 3, 4]
    assert len(client.all("handshake")) == 1


async def test_reply_lost_on_the_wire_is_sent_again() -> None:
    simulator = Simulator()
    async with at_the_simulator(simulator) as (client, _):
        simulator.faults.append(Fault(Match(channel="/meta/connect"), Drop(performed=True)))
        publish(simulator, 10)
        await client.until_heard(10)
        publish(simulator, 19, first=10)
        await client.until("connect", successful=False)
        publish(simulator, 11, first=29)
        await client.until_heard(40)
        publish(simulator, 1, first=40)
        await client.until_heard(41)
    assert client.heard == list(range(41))
    assert len(client.all("handshake")) == 1


async def test_refused_subscription_is_told() -> None:
    simulator = Simulator()
    simulator.faults.append(Fault(Match(channel="/meta/subscribe"), Refuse(error="403::Forbidden")))
    async with serve(simulator.asgi) as url, reference_client(url) as client:
        refused = await client.until("subscribe", successful=False)
    assert refused["error"] == "403::Forbidden"


async def test_refused_handshake_with_advice_none_is_final() -> None:
    simulator = Simulator()
    refuse = Refuse(advice={"reconnect": "none"})
    simulator.faults.append(Fault(Match(channel="/meta/handshake"), refuse, times=None))
    async with serve(simulator.asgi) as url, reference_client(url) as client:
        await client.until("handshake", successful=False)
        assert await client.process.call("status") == ["disconnected"]


async def test_second_client_on_one_cookie_is_told_to_poll_seldom() -> None:
    simulator = Simulator(Options(max_sessions_per_browser=1, multi_session_interval=0.5))
    async with at_the_simulator(simulator, count=2) as (client, _):
        await client.until("connect", 2, client=1, successful=True)
        publish(simulator, 5)
        await client.until_heard(5)
        await client.until("message", 5, client=1)
    connects = client.all("connect", client=0) + client.all("connect", client=1)
    crowded = [advice for event in connects if "multiple-clients" in (advice := event.get("advice") or {})]
    assert crowded[0]["interval"] == 500
    assert polls(simulator) < 20


async def test_good_bye_ends_the_session() -> None:
    simulator = Simulator()
    async with at_the_simulator(simulator) as (client, _):
        await client.process.call("disconnect")
        assert await client.process.call("status") == ["disconnected"]
        assert simulator._bayeux.clients == {}
