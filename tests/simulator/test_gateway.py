import asyncio

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from chatbot.simulator.faults import Answer, Call, Delay, Do, Drop, Fault, Match
from chatbot.simulator.gateway import Record
from tests.simulator.stage import BOUND_S, Gate, agent_of, new_simulator, served_agent, visitor_of

READY = Match(operation="Ready")


async def test_requests_are_recorded_without_secrets() -> None:
    simulator = new_simulator(record_limit=4)
    async with agent_of(simulator, password="s3cret") as agent:
        await agent.login()
        await agent.handshake()
        await agent.post("/me", "Ready")
        await agent.http.post("/api/v2/me", content=b"\xff", headers=agent.headers)
        assert list(simulator.requests) == [
            Record("GET", "/api/v2/me", "", (), "bot", 200),
            Record("POST", "/api/v2/notifications", "", ("/meta/handshake",), "bot", 200),
            Record("POST", "/api/v2/me", "Ready", (), "bot", 200),
            Record("POST", "/api/v2/me", "", (), "bot", 200),
        ]
        assert "s3cret" not in repr(simulator.requests)
        await agent.get("/me")
        assert len(simulator.requests) == 4


@pytest.mark.parametrize(("performed", "state"), [(False, "NotReady"), (True, "Ready")])
async def test_an_answer_in_place_of_the_real_one(*, performed: bool, state: str) -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        await agent.post("/me", "NotReady")
        simulator.faults.append(Fault(READY, Answer(500, "sorry", {"Retry-After": "7"}, performed)))
        response = await agent.post("/me", "Ready")
        assert (response.status_code, response.text) == (500, "sorry")
        assert response.headers["retry-after"] == "7"
        assert simulator.world.agents.get("bot").state == state
        assert (await agent.post("/me", "Ready")).status_code == 200


@pytest.mark.parametrize(("performed", "state"), [(False, "NotReady"), (True, "Ready")])
async def test_a_delayed_request_is_performed_on_either_side_of_the_gate(
    *, performed: bool, state: str
) -> None:
    simulator = new_simulator()
    gate = Gate()
    async with agent_of(simulator) as agent, asyncio.TaskGroup() as group:
        await agent.start()
        await agent.post("/me", "NotReady")
        simulator.faults.append(Fault(READY, Delay(gate, performed)))
        task = group.create_task(agent.post("/me", "Ready"))
        await asyncio.wait_for(gate.reached.wait(), BOUND_S)
        assert not task.done()
        assert simulator.world.agents.get("bot").state == state
        gate.open()
        assert (await asyncio.wait_for(task, BOUND_S)).json() == {"statusCode": 0}


async def test_something_is_done_before_a_request_is_performed() -> None:
    simulator = new_simulator()
    calls: list[tuple[Call, str]] = []

    def act(call: Call) -> None:
        calls.append((call, simulator.world.agents.get("bot").state))

    async with agent_of(simulator) as agent:
        await agent.start()
        await agent.post("/me", "NotReady")
        simulator.faults.append(Fault(READY, Do(act)))
        assert (await agent.post("/me", "Ready")).json() == {"statusCode": 0}
    assert calls == [(Call("POST", "/api/v2/me", "Ready", (), "bot"), "NotReady")]


@pytest.mark.parametrize(("performed", "state"), [(False, "NotReady"), (True, "Ready")])
async def test_a_dropped_connection_loses_request_or_reply(*, performed: bool, state: str) -> None:
    simulator = new_simulator()
    async with served_agent(simulator) as agent:
        await agent.start()
        await agent.post("/me", "NotReady")
        simulator.faults.append(Fault(READY, Drop(performed)))
        with pytest.raises(httpx.TransportError):
            await agent.post("/me", "Ready")
        assert simulator.requests[-1].status == 0
        assert simulator.world.agents.get("bot").state == state
        assert (await agent.get("/me")).status_code == 200


async def test_in_process_a_dropped_connection_is_an_error_of_the_caller() -> None:
    simulator = new_simulator()
    simulator.faults.append(Fault(Match(path="/simulator"), Drop()))
    async with visitor_of(simulator) as visitor:
        with pytest.raises(ConnectionResetError):
            await visitor.get("/simulator/state")


@pytest.mark.parametrize(
    ("answer_first", "expected"), [(True, ["answer", "event"]), (False, ["event", "answer"])]
)
async def test_whether_the_answer_or_its_event_goes_first(*, answer_first: bool, expected: list[str]) -> None:
    simulator = new_simulator(answer_first=answer_first)
    order: list[str] = []
    async with agent_of(simulator) as agent:
        await agent.start()
        await agent.connect(hold=False)
        simulator._bayeux.clients[agent.client_id].wake = lambda: order.append("event")

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            async def note(message: Message) -> None:
                await send(message)
                if message["type"] == "http.response.body":
                    order.append("answer")

            await simulator.asgi(scope, receive, note)

        agent.http._transport = httpx.ASGITransport(noting)
        await agent.post("/me", "NotReady")
    assert order == expected


async def test_other_kinds_of_connections_go_through() -> None:
    simulator = new_simulator()
    sent: list[str] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, str]:
        return next(messages)

    async def send(message: object) -> None:
        sent.append(message["type"])  # type: ignore[index]

    await simulator.asgi({"type": "lifespan", "app": None}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
