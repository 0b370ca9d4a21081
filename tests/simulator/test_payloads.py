"""Shapes are compared with the keys of the documented payload samples, one entry per sample."""

from typing import Any

import pytest

from tests.simulator.stage import Note, Stage

CHAT = {"id", "uri", "state"}
ACTIVE = CHAT | {"capabilities", "participants"}
LINE = {"index", "type", "from", "visibility", "timestamp", "timestampSeconds"}
OLD_WHO = {"nickname", "type", "participantId"}
NEW_AGENT = OLD_WHO | {"id", "visibility", "uri", "path"}
NEW_CUSTOMER = OLD_WHO | {"id", "visibility"}
OLD: dict[str, Any] = {
    "chat_path": False,
    "participant_ids": "participantId",
    "participant_visibility": False,
}


def last(stage: Stage, username: str = "bot") -> Note:
    return stage.take(username)[-1]


def test_an_offer_has_the_keys_of_the_captured_one() -> None:
    stage = Stage(**OLD)
    stage.agent()
    stage.request()
    data = last(stage).data
    assert set(data) == {"messageType", "notificationType", "chat"}
    assert set(data["chat"]) == ACTIVE | {"userData", "receivedDate", "chatType"}
    assert data["chat"]["participants"] == []


def test_accept_gives_three_notifications_as_printed() -> None:
    stage = Stage(**OLD)
    stage.agent()
    chat = stage.request()
    stage.take("bot")
    stage.do("bot", chat, "Accept", nickname="Marat")
    status, people, history = (note.data for note in stage.take("bot"))
    assert set(status) == {"messageType", "notificationType", "chat", "referenceId"}
    assert set(status["chat"]) == set(people["chat"]) == ACTIVE
    assert status["chat"]["participants"] == []
    assert [(who["type"], set(who)) for who in people["chat"]["participants"]] == [
        ("Agent", OLD_WHO),
        ("Customer", OLD_WHO),
    ]
    assert people["referenceId"] == status["referenceId"]
    assert set(history) == {"messageType", "notificationType", "chatUri", "messages"}
    assert [set(line) for line in history["messages"]] == [LINE, LINE]


@pytest.mark.parametrize(
    ("operation", "given", "fields"),
    [
        ("SendMessage", {"text": "hello"}, {"text"}),
        ("SendToAgents", {"text": "hello"}, {"text"}),
        ("SendStartTypingNotification", {}, set()),
        ("SendStopTypingNotification", {}, set()),
        ("SendStartTypingToAgentsNotification", {}, set()),
        ("SendUrl", {"url": "http://www.genesys.com"}, {"url"}),
        ("SendCustomNotice", {"noticeText": "notice"}, {"noticeText"}),
        ("SendNicknameUpdatedNotice", {"noticeText": "New"}, {"noticeText"}),
    ],
)
def test_a_line_has_the_keys_of_its_sample(operation: str, given: dict[str, str], fields: set[str]) -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, operation, **given)
    data = last(stage).data
    assert set(data) == {"messageType", "notificationType", "chatUri", "chatPath", "messages"}
    [line] = data["messages"]
    assert set(line) == LINE | fields
    assert set(line["from"]) == NEW_AGENT


@pytest.mark.parametrize(
    ("operation", "keys", "outer"),
    [
        ("Leave", CHAT | {"capabilities"}, {"referenceId"}),
        ("Complete", CHAT | {"participants"}, {"referenceId"}),
    ],
)
def test_an_end_has_the_keys_of_its_sample(operation: str, keys: set[str], outer: set[str]) -> None:
    stage = Stage(**OLD, transcript_save_done=False)
    chat = stage.chatting()
    stage.do("bot", chat, operation)
    data = last(stage).data
    assert set(data) == {"messageType", "notificationType", "chat"} | outer
    assert set(data["chat"]) == keys


def test_properties_carry_everything_the_samples_show() -> None:
    stage = Stage(**OLD)
    chat = stage.chatting()
    stage.do("bot", chat, "AddComment", comment="comment text")
    data = last(stage).data
    assert set(data) == {"messageType", "notificationType", "chat", "referenceId"}
    assert set(data["chat"]) == ACTIVE | {"userData", "comment"}


def test_a_channel_notification_has_the_keys_of_its_sample() -> None:
    stage = Stage()
    stage.agent()
    data = stage.notes[-1].data
    assert data == {
        "messageType": "ChannelStateChangeMessageV2",
        "channels": [
            {
                "channel": "chat",
                "dndState": "Off",
                "userState": {
                    "id": "9430250E-0A1B-421F-B372-F29E69366DED",
                    "displayName": "Ready",
                    "state": "Ready",
                },
            }
        ],
    }


def test_the_end_of_a_session_is_a_line_without_sender_and_index_minus_one() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "Complete")
    line = {"index": -1, "type": "TranscriptSaveDone", "visibility": "All"}
    assert last(stage).data["messages"] == [line]


def test_newer_servers_name_paths_and_ids() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "AttachUserData", userData={"a": 1})
    shape = last(stage).data["chat"]
    agent, customer = shape["participants"]
    assert shape["path"] == f"/chats/{chat.id}"
    assert (set(agent), set(customer)) == (NEW_AGENT, NEW_CUSTOMER)
    assert agent["id"] == agent["participantId"]
    assert agent["uri"].endswith(agent["path"])


def test_uris_name_the_external_address() -> None:
    stage = Stage(external_url="https://balancer.example")
    chat = stage.chatting()
    [shape] = stage.world.chats_of("bot")
    assert shape["uri"] == f"https://balancer.example/api/v2/chats/{chat.id}"


@pytest.mark.parametrize(
    ("form", "minutes", "expected"),
    [
        ("T", -480, "2015-11-19T02:30:20.000-0800"),
        ("space", 180, "2015-11-19 13:30:20.000+0300"),
        ("none", 0, "2015-11-1910:30:20.000+0000"),
    ],
)
def test_timestamps_have_the_printed_forms(form: str, minutes: int, expected: str) -> None:
    stage = Stage(timestamp_form=form, utc_offset_minutes=minutes)
    assert stage.world.payloads.timestamp(stage.clock()) == expected


def test_timestamp_seconds_are_milliseconds_that_agree_with_the_timestamp() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.clock.advance(0.0179999)
    stage.do("bot", chat, "SendMessage", text="x")
    [line] = last(stage).data["messages"]
    assert line["timestampSeconds"] == 1447929020018
    assert line["timestamp"].endswith("20.018+0000")


def test_timestamp_seconds_may_be_absent() -> None:
    stage = Stage(timestamp_seconds=False)
    chat = stage.chatting()
    stage.do("bot", chat, "SendMessage", text="x")
    assert "timestampSeconds" not in last(stage).data["messages"][0]


@pytest.mark.parametrize("wanted", [True, False])
def test_the_inner_message_type_is_echoed_by_option(*, wanted: bool) -> None:
    stage = Stage(include_message_type=wanted)
    chat = stage.chatting()
    stage.do("bot", chat, "SendMessage", text="x", messageType="Greeting")
    assert ("messageType" in last(stage).data["messages"][0]) is wanted


def test_a_user_is_told_with_roles() -> None:
    stage = Stage()
    boss = stage.world.add_agent("boss", nickname="The Boss", supervisor=True)
    user = stage.world.payloads.user(boss)
    assert user["roles"] == ["ROLE_AGENT", "ROLE_SUPERVISOR"]
    assert user["firstName"] == "The Boss"
