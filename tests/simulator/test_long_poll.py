"""Holding and releasing polls; over HTTP in process, with a clock of the world that stands still."""

import asyncio
from typing import Any

import pytest

from tests.simulator.stage import BOUND_S, AgentClient, agent_of, new_simulator


async def subscribed(agent: AgentClient, **handshake: Any) -> None:
    await agent.login()
    await agent.handshake(**handshake)
    await agent.meta("subscribe", subscription="/v2/me/*")


async def test_an_event_ends_a_held_poll_and_comes_before_the_reply() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent, asyncio.TaskGroup() as group:
        await agent.start()
        await agent.connect(hold=False)
        poll = group.create_task(agent.connect())
        await simulator.held()
        simulator.world.request_chat("Ana")
        event, reply = await asyncio.wait_for(poll, BOUND_S)
        assert event["data"]["chat"]["state"] == "Invited"
        assert (reply["channel"], reply["successful"]) == ("/meta/connect", True)


async def test_a_poll_without_news_is_held_for_the_time_that_is_set() -> None:
    simulator = new_simulator(poll_timeout=0.05)
    async with agent_of(simulator) as agent:
        await subscribed(agent)
        loop = asyncio.get_running_loop()
        before = loop.time()
        [reply] = await agent.connect()
        assert reply["successful"] is True
        assert loop.time() - before >= 0.05


@pytest.mark.parametrize("hold_first", [True, False])
async def test_whether_the_first_poll_is_held_is_an_option(*, hold_first: bool) -> None:
    simulator = new_simulator(hold_first_connect=hold_first)
    async with agent_of(simulator) as agent, asyncio.TaskGroup() as group:
        await subscribed(agent)
        poll = group.create_task(agent.connect())
        if hold_first:
            await simulator.held()
            simulator.asgi.hold_polls(allowed=False)
        [reply] = await asyncio.wait_for(poll, BOUND_S)
        assert "advice" in reply


async def test_waiting_news_answer_at_once() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        assert len(await agent.events(hold=True)) == 2


async def test_a_second_poll_ends_the_first() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent, asyncio.TaskGroup() as group:
        await subscribed(agent)
        message = {"channel": "/meta/connect", "clientId": agent.client_id}
        first = group.create_task(agent.batch(message))
        await simulator.held()
        await agent.connect(hold=False)
        assert (await asyncio.wait_for(first, BOUND_S)).status_code == 408


async def test_of_two_held_polls_the_newer_stays() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent, asyncio.TaskGroup() as group:
        await agent.start()
        await agent.connect(hold=False)
        message = {"channel": "/meta/connect", "clientId": agent.client_id}
        first = group.create_task(agent.batch(message))
        await simulator.held()
        second = group.create_task(agent.batch(message))
        assert (await asyncio.wait_for(first, BOUND_S)).status_code == 408
        await simulator.held()
        simulator.world.request_chat("Ana")
        assert len((await asyncio.wait_for(second, BOUND_S)).json()) == 2


async def test_a_forgotten_client_is_answered_402_in_the_middle_of_its_poll() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent, asyncio.TaskGroup() as group:
        await subscribed(agent)
        poll = group.create_task(agent.connect())
        await simulator.held()
        simulator.drop_clients("bot")
        [reply] = await asyncio.wait_for(poll, BOUND_S)
        assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")


async def test_the_world_goes_on_while_a_poll_is_held() -> None:
    simulator = new_simulator(offer_timeout=0.02)
    async with agent_of(simulator) as agent, asyncio.TaskGroup() as group:
        await agent.start()
        simulator.world.request_chat("Ana")
        await agent.connect()
        poll = group.create_task(agent.connect())
        await simulator.held()
        simulator.moving.advance(0.02)
        [event, _] = await asyncio.wait_for(poll, BOUND_S)
        assert event["data"]["chat"]["state"] == "Revoked"


async def test_polls_of_one_browser_beyond_the_limit_are_not_held() -> None:
    simulator = new_simulator(max_sessions_per_browser=1)
    async with agent_of(simulator) as agent, asyncio.TaskGroup() as group:
        await subscribed(agent)
        first = {"channel": "/meta/connect", "clientId": agent.client_id}
        poll = group.create_task(agent.batch(first))
        await simulator.held()
        await agent.handshake()
        [reply] = await agent.connect()
        assert reply["advice"]["multiple-clients"] is True
        simulator.asgi.hold_polls(allowed=False)
        await asyncio.wait_for(poll, BOUND_S)


async def test_acknowledged_events_survive_a_lost_answer() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await subscribed(agent, ext={"ack": True})
        await agent.post("/me", "StartContactCenterSession", channels=["chat"])
        lost = await agent.connect(hold=False, ext={"ack": -1})
        again = await agent.connect(ext={"ack": -1})
        assert again[:-1] == lost[:-1]
        assert [lost[-1]["ext"], again[-1]["ext"]] == [{"ack": 1}, {"ack": 2}]
        assert len(await agent.connect(hold=False, ext={"ack": 2})) == 1


@pytest.mark.parametrize(("anywhere", "count"), [(True, 2), (False, 1)])
async def test_events_ride_on_other_replies_by_option(*, anywhere: bool, count: int) -> None:
    simulator = new_simulator(events_on_any_reply=anywhere)
    async with agent_of(simulator) as agent:
        await subscribed(agent)
        await agent.post("/me", "StartContactCenterSession", channels=["chat"])
        assert len(await agent.meta("subscribe", subscription="/v2/users")) == count


async def test_publishing_is_denied() -> None:
    async with agent_of(new_simulator()) as agent:
        await subscribed(agent)
        message = {"channel": "/v2/me/chats", "clientId": agent.client_id, "data": {}}
        [reply] = (await agent.batch(message)).json()
        assert reply["successful"] is False


async def test_a_batch_is_never_held() -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.login()
        await agent.handshake()
        subscribe = {
            "channel": "/meta/subscribe",
            "clientId": agent.client_id,
            "subscription": ["/v2/me", "/v2/me/chats"],
        }
        connect = {"channel": "/meta/connect", "clientId": agent.client_id}
        response = await asyncio.wait_for(agent.batch(subscribe, connect), BOUND_S)
        assert [reply["channel"] for reply in response.json()] == ["/meta/subscribe", "/meta/connect"]


async def test_disconnect_is_the_end_of_a_client() -> None:
    async with agent_of(new_simulator()) as agent:
        await subscribed(agent)
        assert (await agent.meta("disconnect"))[0]["successful"] is True
        assert (await agent.connect())[0]["error"] == "402::Unknown client"
