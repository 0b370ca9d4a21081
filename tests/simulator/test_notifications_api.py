import pytest

from chatbot.simulator.notifications_api import parse_batch
from tests.simulator.stage import agent_of, new_simulator

HANDSHAKE = {"channel": "/meta/handshake", "id": "1", "supportedConnectionTypes": ["long-polling"]}


@pytest.mark.parametrize("suffix", ["", "/", "/handshake", "/connect"])
async def test_the_message_type_may_stand_in_the_address(suffix: str) -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.login()
        path = f"/api/v2/notifications{suffix}"
        response = await agent.http.post(path, json=[HANDSHAKE], headers=agent.headers)
        assert response.json()[0]["successful"] is True


async def test_one_message_may_come_without_its_array() -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.login()
        response = await agent.http.post("/api/v2/notifications", json=HANDSHAKE, headers=agent.headers)
        assert response.json()[0]["id"] == "1"


async def test_the_browser_cookie_is_set_once() -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.login()
        cookies = [(await agent.batch(HANDSHAKE)).headers.get("set-cookie", "") for _ in range(2)]
        assert ["BAYEUX_BROWSER" in cookie for cookie in cookies] == [True, False]


async def test_anything_else_is_a_bad_request() -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.login()
        response = await agent.http.post("/api/v2/notifications", content=b"hello", headers=agent.headers)
        assert response.status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b'[{"channel":"/a"},5]', b"{"])
def test_what_is_no_batch(body: bytes) -> None:
    assert parse_batch(body) is None


def test_what_is_one() -> None:
    assert parse_batch(b'{"a":1}') == [{"a": 1}] == parse_batch(b'[{"a":1}]')
