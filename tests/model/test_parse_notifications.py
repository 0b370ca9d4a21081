from typing import Any

import pytest

from chatbot import Event, OperationFailed, Participant, TextReceived, UnknownMessage
from chatbot.model.events import ChatUpdated
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState, ParticipantType
from tests.model.payloads import ABOUT, DATA, JOINED, RUNNING, TALK, all_samples, notification, parsed
from tests.model.test_parse import LINES

LOCAL = "http://localhost:8080/api/v2/chats/"


def agent(nickname: str, participant_id: str) -> Participant:
    return Participant(nickname=nickname, type=ParticipantType.AGENT, participant_id=participant_id)


def customer(nickname: str, participant_id: str) -> Participant:
    return Participant(nickname=nickname, type=ParticipantType.CUSTOMER, participant_id=participant_id)


def updated(notification: str, chat_id: str, ref: str | None = None, **fields: Any) -> ChatUpdated:
    fields = {"uri": f"{LOCAL}{chat_id}", **fields, "state": ChatState(fields["state"])}
    chat = ChatResource(id=chat_id, **fields)
    return ChatUpdated(chat=chat, chat_id=chat_id, notification=notification, reference_id=ref, **ABOUT)


CONFERENCE = (
    agent("TestName", "009052CB05C900EA"),
    agent("BFriend", "009052CB05CA00EB"),
    customer("FirstL", "009052CB056C00E5"),
    agent("TestName", "009052CB057100E7"),
)
TO_AGENTS = (
    "SendToAgents",
    "SendStartTypingToAgentsNotification",
    "SendStopTypingToAgentsNotification",
)
PAIR = (customer("test_consult_clientL", "007352CE982D031B"), agent("TestName", "007352CE984F0321"))
MARAT = (agent("Marat", "009052C5E743004C"), customer("PersonP", "009052C5E6D6004A"))
WITH_AGENTS = ("Transfer", "Leave", "Invite", "Consult", "SetInFocus", *DATA, *TO_AGENTS, "Complete", *TALK)


def data_of(name: str) -> dict[str, Any]:
    data: dict[str, Any] = notification(name)["chat"]["userData"]
    return data


CHATS: dict[str, list[Event]] = {
    "notif_invited_real": [
        updated(
            "StatusChange",
            "000XJaBEC1HH000S",
            state="Invited",
            uri="http://demosrv.genesyslab.com:8089/api/v2/chats/000XJaBEC1HH000S",
            capabilities=("Accept", "Reject"),
            participants=(),
            user_data={},
            chat_type="Inbound",
            received_date="2016-03-16 09:55:18.000+1000",
        )
    ],
    "notif_accept_1_status_chatting": [
        updated(
            "StatusChange", "0000Na9B26EF002X", "13", state="Chatting", capabilities=JOINED, participants=()
        )
    ],
    "notif_accept_2_participants": [
        updated(
            "ParticipantsUpdated",
            "0000Na9B26EF002X",
            "13",
            state="Chatting",
            capabilities=JOINED,
            participants=MARAT,
        )
    ],
    "notif_reject_completed": [
        updated("StatusChange", "0000Wa9CAM6W00FF", "5", state="Completed", participants=())
    ],
    "notif_complete_completed": [updated("StatusChange", "0000Na9B26EF002X", state="Completed")],
    "notif_leave_not_in_conference": [
        updated(
            "StatusChange",
            "0000Na9B26EF002X",
            "17",
            state="LeftChat",
            capabilities=("Transfer", "Complete", "Leave", "InFocus"),
        )
    ],
    "notif_revoked_constructed": [
        updated("StatusChange", "0000Na9B26EF002X", state="Revoked", capabilities=(), participants=())
    ],
    "notif_consult_or_invite_participants": [
        updated(
            "ParticipantsUpdated",
            "0000Na9B26EF006E",
            state="Chatting",
            capabilities=WITH_AGENTS,
            participants=CONFERENCE,
        )
    ],
    "notif_properties_updated": [
        updated(
            "PropertiesUpdated",
            "0000Wa9CAM6W00J",
            "83",
            state="Chatting",
            capabilities=RUNNING,
            participants=PAIR,
            user_data={"key1": "value1", "key2": "value2"},
        )
    ],
    "notif_attach_user_data": [
        updated(
            "PropertiesUpdated",
            "0000Wa9CAM6W00J",
            "83",
            state="Chatting",
            capabilities=RUNNING,
            participants=PAIR,
            user_data=data_of("notif_attach_user_data"),
        )
    ],
    "notif_update_user_data": [
        updated(
            "PropertiesUpdated",
            "0000Wa9CAM6W00J",
            "85",
            state="Chatting",
            capabilities=RUNNING,
            participants=PAIR,
            user_data=data_of("notif_update_user_data"),
        )
    ],
    "notif_set_disposition": [
        updated(
            "PropertiesUpdated",
            "0000Na9B26EF003M",
            "34",
            state="Chatting",
            capabilities=RUNNING,
            user_data={"DispositionCode": "resolved"},
        )
    ],
    "notif_add_comment": [
        updated(
            "PropertiesUpdated",
            "0000Na9B26EF003M",
            "34",
            state="Chatting",
            capabilities=RUNNING,
            comment="comment text",
        )
    ],
    "notif_error_no_message_type": [OperationFailed(message="Request failed", reference_id="35", **ABOUT)],
    "notif_error_with_chat_constructed": [
        updated(
            "Error",
            "0000Na9B26EF006E",
            "35",
            state="Chatting",
            capabilities=RUNNING,
            participants=CONFERENCE,
        ),
        OperationFailed(chat_id="0000Na9B26EF006E", message="Request failed", reference_id="35", **ABOUT),
    ],
}
STRANGERS = {
    "notif_channel_state": "ChannelStateChangeMessageV2",
    "notif_device_state": "DeviceStateChangeMessage",
    "contrast_workspace_v3_invited": "InteractionStateChanged",
}


@pytest.mark.parametrize("name", CHATS)
def test_a_view_of_a_chat_or_a_failure_becomes_an_event(name: str) -> None:
    assert parsed(notification(name)) == CHATS[name]


@pytest.mark.parametrize("name", STRANGERS)
def test_a_notification_of_another_kind_is_kept_as_it_came(name: str) -> None:
    data = notification(name)
    assert parsed(data) == [UnknownMessage(type=STRANGERS[name], raw=data, **ABOUT)]


def test_every_notification_of_the_samples_is_spoken_of() -> None:
    names = {name for name in all_samples() if name.startswith(("notif_", "contrast_"))}
    assert {*CHATS, *STRANGERS, *LINES} == names


@pytest.mark.parametrize("state", ChatState)
def test_every_state_is_read(state: ChatState) -> None:
    chat = ChatResource(id="A", state=state)
    expected = ChatUpdated(chat=chat, chat_id="A", notification="StatusChange", **ABOUT)
    assert parsed({"notificationType": "StatusChange", "chat": {"id": "A", "state": str(state)}}) == [
        expected
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"notificationType": "Error"}, {"message": ""}),
        ({"errorMessage": "x"}, {"message": "x"}),
        ({"errorMessage": "x" * 999, "referenceId": "7"}, {"message": "x" * 500, "reference_id": "7"}),
        ({"errorMessage": None, "chatPath": "/chats/A"}, {"message": "", "chat_id": "A"}),
        ({"notificationType": " Error ", "errorMessage": {"a": 1}}, {"message": "{'a': 1}"}),
        ({"notificationType": "Error", "referenceId": True, "chat": {"id": "../x"}}, {"message": ""}),
    ],
)
def test_a_failure_is_read_in_all_its_forms(data: dict[str, Any], expected: dict[str, Any]) -> None:
    assert parsed(data) == [OperationFailed(**expected, **ABOUT)]


def test_an_empty_log_of_a_known_chat_is_nothing() -> None:
    assert parsed({"messageType": "MessageLogUpdated", "chatPath": "/chats/A", "messages": []}) == []


def test_an_empty_log_of_nobody_is_unknown() -> None:
    data: dict[str, Any] = {"messageType": "MessageLogUpdated", "messages": []}
    assert parsed(data) == [UnknownMessage(type="MessageLogUpdated", raw=data, **ABOUT)]


def test_a_notification_may_hold_a_chat_and_lines() -> None:
    data = {"chat": {"id": "A"}, "chatUri": f"{LOCAL}A", "messages": [{"type": "Text", "text": "hi"}]}
    assert parsed(data) == [
        ChatUpdated(chat=ChatResource(id="A"), chat_id="A", **ABOUT),
        TextReceived(text="hi", chat_id="A", **ABOUT),
    ]


def test_a_chat_whose_id_may_not_be_used_is_unknown() -> None:
    data = {"messageType": "ChatStateChangeMessage", "chat": {"id": "../../x", "state": "Chatting"}}
    assert parsed(data) == [UnknownMessage(type="ChatStateChangeMessage", raw=data, **ABOUT)]


@pytest.mark.parametrize("data", [None, [], "x", 5, 1.5, True, [{"chat": {"id": "A"}}]])
def test_what_is_no_object_is_unknown(data: object) -> None:
    assert parsed(data) == [UnknownMessage(raw=data, **ABOUT)]
