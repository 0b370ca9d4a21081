import asyncio
import signal
import socket

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from chatbot.simulator import server
from chatbot.simulator.server import Front, bound, serve
from tests.simulator.stage import BOUND_S, AgentClient, new_simulator, served_agent


async def test_it_serves_on_a_free_port_and_stops() -> None:
    simulator = new_simulator()
    handlers = signal.getsignal(signal.SIGINT)
    async with serve(simulator.asgi) as base_url:
        assert signal.getsignal(signal.SIGINT) is handlers
        async with httpx.AsyncClient(base_url=base_url, trust_env=False) as http:
            assert (await http.get("/simulator/state")).status_code == 200
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{base_url}/simulator/state")


async def test_it_stops_at_once_while_polls_are_held_and_can_start_again() -> None:
    simulator = new_simulator()
    loop = asyncio.get_running_loop()
    for _ in range(2):
        async with asyncio.TaskGroup() as group:
            async with served_agent(simulator) as agent:
                await agent.login()
                await agent.handshake()
                poll = group.create_task(agent.connect())
                await simulator.held()
                before = loop.time()
            assert loop.time() - before < 1.0
        assert poll.result()[-1]["successful"] is True


async def test_a_request_that_never_ends_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "STOP_TIMEOUT_S", 0.05)
    entered, ended = asyncio.Event(), asyncio.Event()

    async def stuck(_scope: Scope, _receive: Receive, _send: Send) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def ask(base_url: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.get(base_url)

    async with asyncio.TaskGroup() as group:
        async with serve(stuck) as base_url:
            asking = group.create_task(ask(base_url))
            await asyncio.wait_for(entered.wait(), BOUND_S)
        assert ended.is_set()
        asking.cancel()


async def test_a_taken_address_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        async with serve(new_simulator().asgi, port=taken.getsockname()[1]):
            pass


async def test_a_front_that_is_shut_refuses_and_cuts_what_was_under_way_and_opens_where_it_was() -> None:
    simulator = new_simulator()
    chat_id = simulator.world.request_chat("Ana")
    async with Front(simulator.asgi) as front, asyncio.TaskGroup() as group:
        url = front.url
        async with httpx.AsyncClient(base_url=url, auth=("bot", "x"), trust_env=False) as http:
            agent = AgentClient(http)
            await agent.start()
            await agent.events()
            poll = group.create_task(_outcome(agent))
            await simulator.held()
            await front.shut()
            assert await poll in (httpx.RemoteProtocolError, httpx.ReadError)
            with pytest.raises(httpx.ConnectError):
                await http.get("/simulator/state")
            await front.open()
            assert front.url == url
            state = (await http.get("/simulator/state")).json()
    assert [chat["customerId"] for chat in state["chats"]] == [chat_id]


async def _outcome(agent: AgentClient) -> object:
    try:
        return await agent.connect()
    except httpx.TransportError as error:
        return type(error)


async def test_it_serves_on_a_socket_that_is_bound_already() -> None:
    listener = bound("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{url}/simulator/state")
        async with serve(new_simulator().asgi, listener=listener) as base_url:
            assert base_url == url
            assert (await http.get(f"{url}/simulator/state")).status_code == 200


@pytest.mark.parametrize("said", [b"", b"GET /simulator/state HTTP/1.1\r\nHost: "])
async def test_who_does_not_come_to_the_point_is_not_waited_for(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_WITHIN_S", 0.05)
    async with serve(new_simulator().asgi) as base_url, asyncio.timeout(BOUND_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(base_url.rpartition(":")[2]))
        writer.write(said)
        await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_who_has_asked_may_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_WITHIN_S", 0.05)
    simulator = new_simulator()
    async with asyncio.TaskGroup() as group, served_agent(simulator) as agent:
        await agent.login()
        await agent.handshake()
        poll = group.create_task(agent.connect())
        await simulator.held()
        assert await asyncio.wait([poll], timeout=0.2) == (set(), {poll})
    assert poll.result()[-1]["successful"] is True
