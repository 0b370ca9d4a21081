from typing import Any

import pytest

from chatbot.simulator.agent_reads import AgentReads
from chatbot.simulator.status import OperationError
from tests.simulator.stage import Stage

ALL = {"fields": "*"}


def part(answer: dict[str, object], name: str) -> Any:
    """One part of an answer, whatever it is made of."""
    return answer[name]


def test_me_shows_the_subresources_that_are_asked_for() -> None:
    stage = Stage()
    chat = stage.chatting()
    read = AgentReads(stage.world)
    assert "chats" not in part(read.me("bot", {}), "user")
    everything = part(read.me("bot", {"subresources": "*"}), "user")
    captured = {
        "devices",
        "skills",
        "channels",
        "channelStates",
        "interactions",
        "chats",
        "calls",
        "settings",
        "groups",
        "features",
    }
    assert captured <= set(everything)
    assert [shape["id"] for shape in everything["chats"]] == [chat.id]
    assert all(isinstance(value, str) for value in everything["settings"].values())
    assert read.me("bot", {"fields": "userName"}) == {"user": {"userName": "bot"}}


def test_chats_come_as_uris_or_in_full() -> None:
    stage = Stage()
    chat = stage.chatting()
    read = AgentReads(stage.world)
    [shape] = stage.world.chats_of("bot")
    assert read.chats("bot", {}) == {"uris": [shape["uri"]]}
    assert read.chats("bot", ALL) == {"chats": [shape]}
    assert read.chat("bot", chat.id, {"fields": "id,state"}) == {"chat": {"id": chat.id, "state": "Chatting"}}


def test_messages_take_start_and_count() -> None:
    stage = Stage()
    chat = stage.chatting()
    read = AgentReads(stage.world)
    assert len(part(read.messages("bot", chat.id, {}), "messages")) == 2
    [line] = part(read.messages("bot", chat.id, {"startIndex": "2", "count": "1"}), "messages")
    assert line["index"] == 2


def test_channels_show_their_state() -> None:
    stage = Stage()
    stage.agent()
    read = AgentReads(stage.world)
    [channel] = part(read.channels("bot", ALL), "channels")
    assert {"channel", "userState"} <= set(channel)
    assert read.channel("bot", "chat") == {"channel": channel}
    with pytest.raises(OperationError):
        read.channel("bot", "voice")


def test_a_device_has_the_keys_that_matter() -> None:
    stage = Stage()
    stage.agent()
    [device] = part(AgentReads(stage.world).devices("bot", ALL), "devices")
    assert {"id", "deviceState", "userState", "doNotDisturb", "capabilities"} <= set(device)


def test_users_are_listed_in_pages_and_found() -> None:
    stage = Stage()
    for name in ("a", "b", "c"):
        stage.world.add_agent(name)
    read = AgentReads(stage.world)
    assert len(part(read.users({}), "uris")) == 3
    rest = read.users({"offset": "2", "fields": "userName"})
    assert rest == {"users": [{"userName": "c"}]}
    assert read.user("b", {"fields": "userName"}) == {"user": {"userName": "b"}}
    with pytest.raises(OperationError) as caught:
        read.user("nobody", {})
    assert caught.value.status == 6


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Eva", "bot", "default", "sales"]),
        ({"name": "ev"}, ["Eva"]),
        ({"type": "Queue"}, ["default", "sales"]),
        ({"type": "User", "name": "x"}, []),
    ],
)
def test_contacts_are_how_to_find_a_target(query: dict[str, str], names: list[str]) -> None:
    stage = Stage()
    stage.world.add_agent("eva", nickname="Eva", human=True, queues=("sales",))
    stage.agent("bot")
    contacts = part(AgentReads(stage.world).contacts(query), "contacts")
    assert [contact["name"] for contact in contacts] == names
    assert all(contact["uri"] for contact in contacts)


def test_availability_tells_who_can_be_reached() -> None:
    stage = Stage()
    stage.agent("ready")
    stage.agent("busy")
    stage.world.operate("busy", {"operationName": "NotReady"})
    stage.world.add_agent("away")
    contacts = part(AgentReads(stage.world).contacts({"type": "User"}), "contacts")
    assert [contact["availability"] for contact in contacts] == ["Ready", "NotReady", "LoggedOut"]


def test_what_is_fixed_by_the_installation() -> None:
    stage = Stage(custom_states=("OutToLunch",), dispositions=("done",), features=("api-multimedia",))
    read = AgentReads(stage.world)
    states = part(read.agent_states(), "settings")
    assert [state["operationName"] for state in states] == ["Ready", "NotReady", "OutToLunch"]
    assert read.dispositions() == {"settings": [{"name": "done", "displayName": "done"}]}
    assert read.features() == {"features": [{"id": "api-multimedia", "displayName": "api-multimedia"}]}
    assert {item["name"] for item in part(read.settings(), "settings")} == {"agent-states", "dispositions"}
    assert set(read.version()) == {"version"}
    assert read.nothing("calls", {}) == {"uris": []}
    assert read.queues(ALL) == {"queues": []}
