from typing import Any

import pytest
from pydantic import ValidationError

from chatbot.model.parse import parse_chat
from chatbot.model.resources import ChatResource, Participant
from chatbot.model.words import ChatState, ParticipantType, Visibility
from tests.model.payloads import notification, sample

MARAT = Participant(nickname="Marat", type=ParticipantType.AGENT, participant_id="009052C5E743004C")
PERSON = Participant(nickname="PersonP", type=ParticipantType.CUSTOMER, participant_id="009052C5E6D6004A")


def test_the_chat_of_the_reference_is_read() -> None:
    assert parse_chat(sample("resource_chat_seed")) == ChatResource(
        id="0000Na9B26EF002G",
        state=ChatState.CHATTING,
        uri="http://localhost:8080/api/v2/chats/0000Na9B26EF002G",
        capabilities=(
            "AttachUserData",
            "UpdateUserData",
            "DeleteUserData",
            "Leave",
            "LeaveAndComplete",
            "Transfer",
            "Invite",
            "Consult",
        ),
        participants=(
            Participant(nickname="Agent1", type=ParticipantType.AGENT, participant_id="009052BDEE4A003E"),
            Participant(nickname="PersonP", type=ParticipantType.CUSTOMER, participant_id="009052BDEE39003C"),
        ),
        user_data={},
    )


def test_a_chat_of_a_real_server_is_read() -> None:
    assert parse_chat(notification("notif_invited_real")["chat"]) == ChatResource(
        id="000XJaBEC1HH000S",
        state=ChatState.INVITED,
        uri="http://demosrv.genesyslab.com:8089/api/v2/chats/000XJaBEC1HH000S",
        capabilities=("Accept", "Reject"),
        participants=(),
        user_data={},
        chat_type="Inbound",
        received_date="2016-03-16 09:55:18.000+1000",
    )


def test_a_chat_of_the_list_is_read() -> None:
    (chat,) = sample("resource_me_chats_list_constructed")["chats"]
    found = parse_chat(chat)
    assert found is not None
    assert (found.path, found.state) == ("/chats/0000Na9B26EF002G", ChatState.CHATTING)


def test_a_chat_of_the_customer_side_is_read() -> None:
    assert parse_chat(sample("customer_gws_get_chat")["chat"]) == ChatResource(
        id="652492d9-c2d9-44c9-b9ad-0ab7984114bb",
        state=ChatState("WaitingForAgent"),
        capabilities=("SendMessage", "SendStartTypingNotification", "SendStopTypingNotification", "Complete"),
        participants=(Participant(nickname="Chris", type=ParticipantType.CUSTOMER, participant_id="1"),),
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"participantId": "0093"}, {"participant_id": "0093"}),
        ({"id": "0093"}, {"participant_id": "0093"}),
        ({"participantId": "0093", "id": "x"}, {"participant_id": "0093"}),
        ({"participantId": 1}, {"participant_id": "1"}),
        ({"type": "Robot"}, {"type": ParticipantType("Robot")}),
        ({"visibility": "Supervisors"}, {"visibility": Visibility.SUPERVISORS}),
        ({"visibility": "VIP"}, {"visibility": Visibility("VIP")}),
        ({"shoeSize": 43}, {}),
        ({}, {}),
    ],
)
def test_a_participant_is_read_in_all_its_forms(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert Participant.model_validate(fields) == Participant(**expected)


def test_a_participant_says_what_it_is() -> None:
    bare = Participant()
    assert (bare.nickname, bare.participant_id, bare.user_id) == ("", "", None)
    assert (bare.type, bare.visibility) == (ParticipantType.UNKNOWN, Visibility.ALL)
    assert [(one.is_agent, one.is_customer) for one in (MARAT, PERSON, bare)] == [
        (True, False),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize(
    ("fields", "user_id"),
    [
        ({"path": "/users/4ff5"}, "4ff5"),
        ({"uri": "http://localhost:8090/api/v2/users/4ff5"}, "4ff5"),
        ({"path": "/users/1", "uri": "http://x/users/2"}, "1"),
        ({"path": "/users/a?b", "uri": "http://x/users/2"}, "2"),
        ({"path": "/users/../x?y"}, None),
    ],
)
def test_the_user_of_an_agent_is_in_its_path_or_its_uri(fields: dict[str, str], user_id: str | None) -> None:
    assert Participant(**fields).user_id == user_id


@pytest.mark.parametrize(
    "value",
    [None, [], "A", {}, {"id": "../x"}, {"id": "a\r\nb"}, {"id": ""}, {"id": []}, {"state": "Chatting"}],
)
def test_a_chat_without_an_id_that_may_be_used_is_none(value: object) -> None:
    assert parse_chat(value) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", 5),
        ("capabilities", "Leave"),
        ("capabilities", {"Leave": True}),
        ("participants", {"nickname": "Ana"}),
        ("participants", "Ana"),
        ("userData", []),
        ("userData", "Subject"),
        ("comment", ["x"]),
        ("uri", {}),
    ],
)
def test_a_malformed_field_counts_as_not_sent(field: str, value: object) -> None:
    assert parse_chat({"id": "A", "chatType": "Inbound", field: value}) == ChatResource(
        id="A", chat_type="Inbound"
    )


def test_a_level_or_port_may_be_a_string_or_a_number() -> None:
    data = {"ChatServerPort": "7160", "ServiceObjective": 0, "RRequestedSkills": None}
    found = parse_chat({"id": 17, "userData": data, "chatType": 3})
    assert found == ChatResource(id="17", user_data=data, chat_type="3")


def test_a_view_over_none_is_itself() -> None:
    assert ChatResource(id="A").over(None) == ChatResource(id="A")


def test_a_view_is_completed_by_what_was_known() -> None:
    earlier = parse_chat(notification("notif_accept_2_participants")["chat"])
    comment = parse_chat(notification("notif_add_comment")["chat"] | {"id": "0000Na9B26EF002X"})
    assert earlier is not None
    assert comment is not None
    assert comment.over(earlier) == comment.model_copy(update={"participants": (MARAT, PERSON)})


def test_an_agent_in_a_chat_is_never_alone_with_nobody() -> None:
    known = ChatResource(id="A", state=ChatState.CHATTING, participants=(MARAT, PERSON))
    empty = ChatResource(id="A", state=ChatState.CHATTING, participants=())
    assert empty.over(known) == known
    assert ChatResource(id="A", participants=()).over(known) == known


def test_after_the_end_nobody_is_left() -> None:
    known = ChatResource(
        id="A", state=ChatState.CHATTING, participants=(MARAT, PERSON), capabilities=("Leave",)
    )
    over = ChatResource(id="A", state=ChatState.COMPLETED, participants=(), capabilities=())
    assert over.over(known) == over


def test_an_absent_list_leaves_the_last_one_standing_and_an_empty_one_counts() -> None:
    known = ChatResource(id="A", capabilities=("Leave",), user_data={"a": 1})
    assert ChatResource(id="A").over(known) == known
    assert ChatResource(id="A", capabilities=None, user_data=None).over(known) == known
    assert ChatResource(id="A", capabilities=(), user_data={}).over(known) == ChatResource(
        id="A", capabilities=(), user_data={}
    )


def test_a_view_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ChatResource(id="A").state = ChatState.COMPLETED  # type: ignore[misc]
