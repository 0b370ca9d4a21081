import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.chats import Chat
from tests.simulator.stage import BASE, AgentClient, agent_of, new_simulator


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/me", "user"),
        ("/me/chats", "uris"),
        ("/me/chats?fields=*", "chats"),
        ("/me/channels?fields=*", "channels"),
        ("/me/channels/chat", "channel"),
        ("/me/devices?fields=*", "devices"),
        ("/me/calls?fields=*", "calls"),
        ("/users?fields=*", "users"),
        ("/users/bot", "user"),
        ("/contacts", "contacts"),
        ("/queues?fields=*", "queues"),
        ("/features", "features"),
        ("/system/features", "features"),
        ("/settings", "settings"),
        ("/settings/agent-states", "settings"),
        ("/settings/dispositions", "settings"),
        ("/diagnostics/version", "version"),
    ],
)
async def test_what_can_be_read(path: str, key: str) -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.start()
        answer = (await agent.http.get(f"/api/v2{path}")).json()
        assert answer["statusCode"] == 0
        assert key in answer


async def test_a_chat_from_offer_to_end() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        chat = simulator.world.chat(simulator.world.request_chat("Ana"))
        path = f"/me/chats/{chat.id}"
        for operation, given in (("Accept", {}), ("SendMessage", {"text": "hi"}), ("Complete", {})):
            assert (await agent.post(path, operation, **given)).json() == {"statusCode": 0}
        assert simulator.world.customer_chat(chat.id)["state"] == "Idle"


async def test_a_chat_and_its_messages_are_read() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        chat = await accepted(agent, simulator)
        one = (await agent.get(f"/me/chats/{chat.id}")).json()["chat"]
        assert (one["state"], one["uri"]) == ("Chatting", f"{BASE}/api/v2/chats/{chat.id}")
        messages = (await agent.get(f"/me/chats/{chat.id}/messages", startIndex="2", count="5")).json()
        assert [line["index"] for line in messages["messages"]] == [2]
        assert (await agent.get(f"/chats/{chat.id}")).json()["chat"] == one


async def test_consult_works_without_me_in_the_address() -> None:
    simulator = new_simulator()
    simulator.world.add_agent("eva", human=True, queues=())
    async with agent_of(simulator) as agent:
        chat = await accepted(agent, simulator)
        answer = (await agent.post(f"/chats/{chat.id}", "Consult", targetUri="/users/eva")).json()
        assert set(answer) == {"statusCode", "referenceId"}


@pytest.mark.parametrize(
    ("path", "operation", "status"),
    [
        ("/me", "Dance", 3),
        ("/me/channels/voice", "Ready", 6),
        ("/me/chats/nowhere", "Accept", 6),
        ("/users/nobody/channels/chat", "Monitor", 6),
        ("/users/bot/channels/chat", "Monitor", 5),
        ("/users/bot/chats/nowhere", "Intrude", 6),
    ],
)
async def test_refusals_have_code_and_text(path: str, operation: str, status: int) -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.start()
        response = await agent.post(path, operation)
        assert response.status_code == 200
        assert set(response.json()) == {"statusCode", "statusMessage"}
        assert response.json()["statusCode"] == status


async def test_a_body_that_is_not_json_is_code_10() -> None:
    async with agent_of(new_simulator()) as agent:
        await agent.login()
        response = await agent.http.post("/api/v2/me", content=b"{oops", headers=agent.headers)
        assert response.json()["statusCode"] == 10


async def test_a_channel_is_set_by_its_own_address() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        await agent.post("/me/channels/chat", "NotReady")
        assert simulator.world.agents.get("bot").state == "NotReady"


async def test_a_supervisor_works_through_users() -> None:
    simulator = new_simulator()
    simulator.world.add_agent("sup", supervisor=True)
    simulator.world.add_agent("bot")
    async with agent_of(simulator) as agent, agent_of(simulator, "sup") as boss:
        await boss.login()
        chat = await accepted(agent, simulator)
        body = {"supervisorVisibilityMode": "Coach"}
        assert (await boss.post("/users/bot/channels/chat", "Coach")).json() == {"statusCode": 0}
        answer = await boss.post(f"/users/bot/chats/{chat.id}", "Intrude", **body)
        assert answer.json() == {"statusCode": 0}
        assert chat.legs["sup"].state == "Invited"


async def test_ending_the_contact_center_session_ends_the_http_session() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        assert (await agent.post("/me", "EndContactCenterSession")).json() == {"statusCode": 0}
        assert (await agent.post("/me", "Ready")).status_code == 403
        assert not simulator.world.agents.get("bot").has_session


async def test_without_the_features_there_is_no_chat() -> None:
    simulator = new_simulator(features=("api-voice",))
    async with agent_of(simulator) as agent:
        await agent.start()
        assert (await agent.get("/me/chats")).json()["statusCode"] == 3
        assert (await agent.post("/me/chats/x", "Accept")).json()["statusCode"] == 3


async def accepted(agent: AgentClient, simulator: Simulator) -> Chat:
    await agent.start()
    chat = simulator.world.chat(simulator.world.request_chat("Ana"))
    await agent.post(f"/me/chats/{chat.id}", "Accept")
    return chat
