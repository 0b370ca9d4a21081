from typing import Any

import httpx
import pytest

from tests.simulator.stage import agent_of, new_simulator, visitor_of

CHATS = "/api/v2/chats"


async def started(visitor: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    body = {"operationName": "RequestChat", "nickname": "Ana", **given}
    answer: dict[str, Any] = (await visitor.post(CHATS, json=body)).json()
    return answer


async def operated(visitor: httpx.AsyncClient, chat_id: str, operation: str, **given: Any) -> int:
    response = await visitor.post(f"{CHATS}/{chat_id}", json={"operationName": operation, **given})
    return int(response.json()["statusCode"])


async def test_a_conversation_as_the_pages_tell_it() -> None:
    simulator = new_simulator()
    async with visitor_of(simulator) as visitor:
        answer = await started(visitor, subject="Bill", endpoint="sales", userData={"k": "v"})
        assert set(answer) == {"id", "path", "statusCode"}
        chat_id = answer["id"]
        assert answer["path"] == f"/api/v2/chats/{chat_id}"
        for operation, given in (
            ("SendStartTypingNotification", {}),
            ("SendStopTypingNotification", {}),
            ("SendMessage", {"text": "hello"}),
        ):
            assert await operated(visitor, chat_id, operation, **given) == 0
        messages = (await visitor.get(f"{CHATS}/{chat_id}/messages")).json()
        kinds = [line["type"] for line in messages["messages"]]
        assert kinds == ["ParticipantJoined", "TypingStarted", "TypingStopped", "Text"]
        assert (await visitor.get(f"{CHATS}/{chat_id}/messages")).json() == {"messages": [], "statusCode": 0}
        again = (await visitor.get(f"{CHATS}/{chat_id}/messages?index=4")).json()["messages"]
        assert [line["text"] for line in again] == ["hello"]
        assert await operated(visitor, chat_id, "Complete") == 0
        chat = (await visitor.get(f"{CHATS}/{chat_id}")).json()["chat"]
        assert (chat["state"], chat["capabilities"]) == ("Idle", [])
        known = simulator.world.chat(chat_id)
        assert (known.queue, known.user_data) == ("sales", {"k": "v", "Subject": "Bill"})


async def test_the_collection_may_end_with_a_slash_and_the_path_be_short() -> None:
    async with visitor_of(new_simulator(customer_path_prefix="/chats/")) as visitor:
        body = {"operationName": "RequestChat", "nickname": "Ana"}
        answer = (await visitor.post(f"{CHATS}/", json=body)).json()
        assert answer["path"] == f"/chats/{answer['id']}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 1),
        ({"operationName": "RequestChat"}, 1),
        ({"operationName": "Dance", "nickname": "Ana"}, 3),
        ({"operationName": "RequestChat", "nickname": "Ana", "userData": "x"}, 10),
        ({"operationName": "RequestChat", "nickname": 5}, 10),
    ],
)
async def test_requests_that_are_refused(body: dict[str, Any], status: int) -> None:
    simulator = new_simulator()
    async with visitor_of(simulator) as visitor:
        assert (await visitor.post(CHATS, json=body)).json()["statusCode"] == status
        assert simulator.world.chats() == []


@pytest.mark.parametrize(
    ("operation", "given", "status"),
    [("Dance", {}, 3), ("SendMessage", {}, 1), ("SendMessage", {"text": 5}, 10)],
)
async def test_operations_that_are_refused(operation: str, given: dict[str, Any], status: int) -> None:
    async with visitor_of(new_simulator()) as visitor:
        chat_id = (await started(visitor))["id"]
        assert await operated(visitor, chat_id, operation, **given) == status


async def test_unknown_chats_are_code_6_and_so_are_ids_of_the_agent_side() -> None:
    simulator = new_simulator()
    async with visitor_of(simulator) as visitor:
        inner = simulator.world.chat((await started(visitor))["id"]).id
        for chat_id in ("nowhere", inner):
            for path in (chat_id, f"{chat_id}/messages"):
                assert (await visitor.get(f"{CHATS}/{path}")).json()["statusCode"] == 6
            assert await operated(visitor, chat_id, "Complete") == 6


async def test_nothing_can_be_said_after_the_end() -> None:
    async with visitor_of(new_simulator()) as visitor:
        chat_id = (await started(visitor))["id"]
        await operated(visitor, chat_id, "Complete")
        assert await operated(visitor, chat_id, "SendMessage", text="late") == 2


@pytest.mark.parametrize(
    ("options", "header", "status"),
    [
        ({}, None, 0),
        ({"require_contact_center_id": True}, None, 1),
        ({"require_contact_center_id": True}, "any", 0),
        ({"contact_center_id": "right"}, "wrong", 6),
        ({"contact_center_id": "right"}, "right", 0),
    ],
)
async def test_the_contact_center_header(options: dict[str, Any], header: str | None, status: int) -> None:
    async with visitor_of(new_simulator(**options)) as visitor:
        if header is not None:
            visitor.headers["ContactCenterId"] = header
        assert (await started(visitor))["statusCode"] == status


async def test_an_agents_cookie_in_the_same_browser_does_no_harm() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.login()
        agent.http.auth = None
        chat_id = (await started(agent.http))["id"]
        assert (await agent.http.get(f"{CHATS}/{chat_id}")).json()["chat"]["id"] == chat_id
