import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.bayeux_server import Refuse
from chatbot.simulator.faults import Double, Fault, Lose, Match, Swap
from tests.simulator.stage import BASE, agent_of, new_simulator

PEOPLE = Match(notification="ParticipantsUpdated")


async def accept_with(fault: Fault) -> list[str]:
    """Return the kinds of notifications that follow an Accept under a rule."""
    simulator = new_simulator()
    simulator.faults.append(fault)
    async with agent_of(simulator) as agent:
        await agent.start()
        chat = simulator.world.chat(simulator.world.request_chat("Ana"))
        await agent.events()
        await agent.post(f"/me/chats/{chat.id}", "Accept")
        return [data["notificationType"] for data in await agent.events()]


STATUS, PARTICIPANTS, LOG = "StatusChange", "ParticipantsUpdated", "NewMessages"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(Match(agent="eva"), Lose()), [STATUS, PARTICIPANTS, LOG]),
        (Fault(PEOPLE, Lose()), [STATUS, LOG]),
        (Fault(PEOPLE, Double()), [STATUS, PARTICIPANTS, PARTICIPANTS, LOG]),
        (Fault(PEOPLE, Swap()), [STATUS, LOG, PARTICIPANTS]),
        (Fault(Match(notification=STATUS), Swap(), skip=1), [PARTICIPANTS, STATUS, LOG]),
        (Fault(Match(channel="/v2/me/chats", notification=STATUS), Lose(), skip=1), [PARTICIPANTS, LOG]),
    ],
)
async def test_notifications_are_spoiled_on_demand(fault: Fault, expected: list[str]) -> None:
    assert await accept_with(fault) == expected


async def test_meta_messages_are_refused_on_demand() -> None:
    simulator = new_simulator()
    advice: dict[str, object] = {"reconnect": "none"}
    simulator.faults += [
        Fault(Match(channel="/meta/handshake"), Refuse("403::Forbidden", advice)),
        Fault(Match(channel="/meta/subscribe", agent="bot"), Refuse()),
    ]
    async with agent_of(simulator) as agent:
        await agent.login()
        refused = await agent.handshake()
        assert (refused["successful"], refused["error"], refused["advice"]) == (
            False,
            "403::Forbidden",
            advice,
        )
        await agent.handshake()
        assert (await agent.meta("subscribe", subscription="/v2/me"))[0]["error"] == "403::Forbidden"
        assert (await agent.meta("subscribe", subscription="/v2/me"))[0]["successful"] is True


async def test_events_before_the_handshake_are_lost() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        simulator.drop_clients()
        simulator.world.request_chat("Ana")
        await agent.handshake()
        await agent.meta("subscribe", subscription="/**")
        assert await agent.events() == []
        assert len((await agent.get("/me/chats")).json()["uris"]) == 1


async def test_lost_sessions_take_their_cometd_clients_along() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        simulator.end_http_sessions()
        await agent.login()
        assert (await agent.connect())[0]["error"] == "402::Unknown client"


async def test_a_rotated_token_is_refused_until_it_is_read_again() -> None:
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        simulator.rotate_csrf()
        assert (await agent.post("/me", "Ready")).status_code == 403
        await agent.login()
        assert (await agent.post("/me", "Ready")).status_code == 200


async def test_idle_sessions_and_silent_clients_end_with_time() -> None:
    simulator = new_simulator(session_idle=100, max_interval=15)
    async with agent_of(simulator) as agent:
        await agent.start()
        simulator.moving.advance(16)
        assert (await agent.connect())[0]["error"] == "402::Unknown client"
        simulator.moving.advance(101)
        assert (await agent.post("/me", "Ready")).status_code == 403


@pytest.mark.parametrize(("external", "expected"), [(None, BASE), ("https://b.example", "https://b.example")])
async def test_uris_name_the_address_that_was_called_or_another(external: str | None, expected: str) -> None:
    async with agent_of(new_simulator(external_url=external)) as agent:
        user = (await agent.login()).json()["user"]
        assert user["uri"] == f"{expected}/api/v2/users/{user['id']}"


def test_a_plain_simulator_has_unguessable_ids() -> None:
    ids = {Simulator().world.add_agent("bot").id for _ in range(2)}
    assert len(ids) == 2
    assert {len(identifier) for identifier in ids} == {32}
