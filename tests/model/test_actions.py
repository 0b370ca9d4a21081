import json
from typing import Any

import pytest
from pydantic import ValidationError

from chatbot.model import actions
from chatbot.model.actions import (
    Accept,
    Action,
    AddComment,
    AttachUserData,
    CancelConsult,
    Complete,
    Consult,
    DeleteUserData,
    Effect,
    Invite,
    Leave,
    LeaveAndComplete,
    Reject,
    RemoveParticipantFromConference,
    SendCustomNotice,
    SendCustomNoticeToAgents,
    SendMessage,
    SendNicknameUpdatedNotice,
    SendStartTypingNotification,
    SendStartTypingToAgentsNotification,
    SendStopTypingNotification,
    SendStopTypingToAgentsNotification,
    SendToAgents,
    SendUrl,
    SetDisposition,
    SetInFocus,
    SwitchToBargeIn,
    SwitchToCoach,
    SwitchToMonitor,
    Transfer,
    UpdateUserData,
)
from chatbot.model.words import ChatState, LineType
from tests.model.payloads import requests

AGENT = "http://localhost:8080/api/v2/users/429a55994ef64991a77acb77c1cf9041"
OTHER = "http://10.10.15.212:9090/api/v2/users/c30d06daa1ea43b8be79f9b071f30d70"

DOCUMENTED: dict[str, Action] = {
    "Accept": Accept(nickname="Bot", save_lar=False),
    "Reject": Reject(),
    "SendMessage": SendMessage(text="How may I help you?", message_type="Greeting", treat_as="Normal"),
    "SendToAgents": SendToAgents(text="note for agents"),
    "SendUrl": SendUrl(url="http://www.genesys.com"),
    "SendStartTypingNotification": SendStartTypingNotification(),
    "SendStopTypingNotification": SendStopTypingNotification(),
    "SendStartTypingToAgentsNotification": SendStartTypingToAgentsNotification(),
    "SendCustomNotice": SendCustomNotice(notice_text="notice text"),
    "SendCustomNoticeToAgents": SendCustomNoticeToAgents(notice_text="notice text"),
    "SendNicknameUpdatedNotice": SendNicknameUpdatedNotice(notice_text="NewNickname"),
    "Transfer_queue": Transfer(queue_name="SalesQueue", text="One moment please.", treat_as="System"),
    "Transfer_agent": Transfer(target_uri=AGENT),
    "Consult": Consult(target_uri=AGENT),
    "CancelConsult": CancelConsult(),
    "Invite": Invite(target_uri=AGENT),
    "RemoveParticipantFromConference": RemoveParticipantFromConference(target_uri=OTHER),
    "Leave": Leave(),
    "Complete": Complete(),
    "Complete_queue": Complete(queue_name="PostProcessingQueue"),
    "AttachUserData": AttachUserData(user_data={"UserData1": "DATA1", "UserData2": 123456789}),
    "UpdateUserData": UpdateUserData(user_data={"UserData1": 987654321, "UserData2": "DATAUPDATE-@123"}),
    "DeleteUserData": DeleteUserData(keys=("UserData1", "UserData2")),
    "SetDisposition": SetDisposition(disposition="resolved", disposition_key="DISP_KEY"),
    "AddComment": AddComment(comment="comment text"),
    "SwitchToMonitor": SwitchToMonitor(),
    "SwitchToCoach": SwitchToCoach(),
    "SwitchToBargeIn": SwitchToBargeIn(),
}
# The same operation under the name that its page prints.
RESPELT = {"SendStopTypingToAgentNotification": SendStopTypingToAgentsNotification()}
ALL = {kind.operation: kind for kind in vars(actions).values() if getattr(kind, "operation", "")}


def as_json(body: dict[str, Any]) -> Any:
    return json.loads(json.dumps(body))


def test_every_documented_operation_on_a_chat_has_an_action() -> None:
    on_chat = {name for name, entry in requests().items() if entry["request"].endswith("/me/chats/{id}")}
    assert {*DOCUMENTED, *RESPELT} == on_chat


@pytest.mark.parametrize("name", DOCUMENTED)
def test_an_action_posts_the_documented_body(name: str) -> None:
    assert as_json(DOCUMENTED[name].body()) == requests()[name]["body"]


@pytest.mark.parametrize("name", RESPELT)
def test_an_action_posts_the_same_body_under_another_spelling(name: str) -> None:
    action = RESPELT[name]
    assert name in action.spellings
    assert as_json(action.body(name)) == requests()[name]["body"]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (SendStopTypingToAgentsNotification(), {"operationName": "SendStopTypingToAgentsNotification"}),
        (SetInFocus(), {"operationName": "SetInFocus"}),
        (LeaveAndComplete(), {"operationName": "LeaveAndComplete"}),
        (
            SendToAgents(text="note", message_type="Note", treat_as="System"),
            {"operationName": "SendToAgents", "text": "note", "messageType": "Note", "treatAs": "System"},
        ),
        (
            Leave(text="Bye", message_type="Farewell", treat_as="Normal"),
            {"operationName": "Leave", "text": "Bye", "messageType": "Farewell", "treatAs": "Normal"},
        ),
        (
            Complete(queue_name="Q", save_lar=True, text="Bye", treat_as="System"),
            {
                "operationName": "Complete",
                "queueName": "Q",
                "saveLAR": True,
                "text": "Bye",
                "treatAs": "System",
            },
        ),
        (
            RemoveParticipantFromConference(target_path="/users/1", text="Bye"),
            {"operationName": "RemoveParticipantFromConference", "targetPath": "/users/1", "text": "Bye"},
        ),
        (Accept(), {"operationName": "Accept"}),
        (SetDisposition(disposition="done"), {"operationName": "SetDisposition", "disposition": "done"}),
        (
            UpdateUserData(user_data={"none": None, "deep": {"none": None}}),
            {"operationName": "UpdateUserData", "userData": {"none": None, "deep": {"none": None}}},
        ),
    ],
    ids=lambda value: value.operation if isinstance(value, Action) else "",
)
def test_an_action_posts_its_parameters_and_nothing_else(action: Action, body: dict[str, Any]) -> None:
    assert as_json(action.body()) == body


def test_every_exported_action_is_named_like_its_operation() -> None:
    assert sorted([*ALL, "Action", "Effect"]) == sorted(actions.__all__)
    assert all(kind.__name__ == name for name, kind in ALL.items())


def test_an_action_needs_its_own_capability_or_one_of_its_other_names() -> None:
    without = {
        "AddComment",
        "SendCustomNotice",
        "SendCustomNoticeToAgents",
        "SendNicknameUpdatedNotice",
        "RemoveParticipantFromConference",
        "CancelConsult",
    }
    otherwise = {
        "SendStopTypingToAgentsNotification": (
            "SendStopTypingToAgentsNotification",
            "SendStopTypingToAgentNotification",
        ),
        "SetInFocus": ("SetInFocus", "InFocus"),
        "SwitchToBargeIn": ("SwitchBargeIn", "SwitchToBargeIn"),
    }
    expected = {name: otherwise.get(name, () if name in without else (name,)) for name in ALL}
    assert {name: kind.needs for name, kind in ALL.items()} == expected


def test_the_effect_of_an_action_is_what_its_page_says_follows() -> None:
    over = {ChatState.COMPLETED, ChatState.REVOKED}
    lines = {
        "SendMessage": LineType.TEXT,
        "SendToAgents": LineType.TEXT,
        "SendUrl": LineType.PUSH_URL,
        "SendStartTypingNotification": LineType.TYPING_STARTED,
        "SendStopTypingNotification": LineType.TYPING_STOPPED,
        "SendStartTypingToAgentsNotification": LineType.TYPING_STARTED,
        "SendStopTypingToAgentsNotification": LineType.TYPING_STOPPED,
        "SendCustomNotice": LineType.CUSTOM_NOTICE,
        "SendCustomNoticeToAgents": LineType.CUSTOM_NOTICE,
        "SendNicknameUpdatedNotice": LineType.NICKNAME_UPDATED,
    }
    states = {
        "Accept": {ChatState.CHATTING, ChatState.ACCEPTED, ChatState.JOIN_FAILED},
        "Reject": over,
        "Leave": {ChatState.LEFT_CHAT, *over},
        "LeaveAndComplete": over,
        "Complete": over,
    }
    people = {"Consult", "Invite", "RemoveParticipantFromConference"}
    people |= {"SwitchToMonitor", "SwitchToCoach", "SwitchToBargeIn"}
    data = {"AttachUserData", "UpdateUserData", "DeleteUserData", "SetDisposition", "AddComment"}
    expected: dict[str, Effect | None] = {name: Effect(line=line) for name, line in lines.items()}
    expected |= {name: Effect(states=frozenset(after)) for name, after in states.items()}
    expected |= dict.fromkeys(people, Effect(notification="ParticipantsUpdated"))
    expected |= dict.fromkeys(data, Effect(notification="PropertiesUpdated"))
    expected |= dict.fromkeys(["Transfer", "CancelConsult", "SetInFocus"])  # no page says what follows
    assert {name: kind.effect for name, kind in ALL.items()} == expected


def test_an_answer_to_the_customer_is_what_the_customer_sees() -> None:
    seen = {name for name, kind in ALL.items() if kind.customer_sees}
    ends = {"Transfer", "Leave", "LeaveAndComplete", "Complete"}
    assert seen == {"SendMessage", "SendUrl", "SendCustomNotice", *ends}
    assert {name for name, kind in ALL.items() if kind.ends} == ends


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (Transfer, {}),
        (Transfer, {"target_uri": AGENT, "queue_name": "Q"}),
        (Transfer, {"queue_name": "Q", "treat_as": "System"}),
        (RemoveParticipantFromConference, {}),
        (RemoveParticipantFromConference, {"target_uri": AGENT, "target_path": "/users/1"}),
        (Leave, {"message_type": "Farewell"}),
        (SendMessage, {"text": ""}),
        (SendMessage, {"text": "x", "treat_as": "Loud"}),
        (SendMessage, {"text": "x", "txet": "y"}),
        (SendToAgents, {"text": ""}),
        (SendNicknameUpdatedNotice, {"notice_text": ""}),
        (DeleteUserData, {"keys": ()}),
        (SendUrl, {"url": "javascript:alert(1)"}),
        (SendUrl, {"url": "file:///etc/passwd"}),
        (SendUrl, {"url": "data:text/html,x"}),
        (SendUrl, {"url": "https://"}),
        (SendUrl, {"url": "https://a b"}),
        (SendUrl, {"url": "https://a\n"}),
    ],
)
def test_an_action_that_makes_no_sense_cannot_be_made(kind: type[Action], parameters: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**parameters)


def test_an_action_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        SendMessage(text="x").text = "y"  # type: ignore[misc]


def test_a_refused_parameter_is_not_shown() -> None:
    with pytest.raises(ValidationError) as caught:
        SendUrl(url="4111 1111 1111 1111")
    assert "4111" not in str(caught.value)


def test_parameters_may_be_given_by_their_names_on_the_wire() -> None:
    assert Accept.model_validate({"nickname": "Bot", "saveLAR": True}) == Accept(
        nickname="Bot", save_lar=True
    )
