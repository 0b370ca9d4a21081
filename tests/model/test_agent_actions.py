import json
from typing import Any

import pytest
from pydantic import ValidationError

from chatbot.model import agent_actions
from chatbot.model.actions import Action
from chatbot.model.agent_actions import (
    BargeIn,
    CancelSupervisorMonitoring,
    Coach,
    EndContactCenterSession,
    Intrude,
    Monitor,
    NotReady,
    Ready,
    StartContactCenterSession,
)
from tests.model.payloads import requests

USER = "429a55994ef64991a77acb77c1cf9041"

DOCUMENTED: dict[str, Action] = {
    "StartContactCenterSession": StartContactCenterSession(),
    "StartContactCenterSession_place": StartContactCenterSession(place="SIP_Server_Place1"),
    "EndContactCenterSession": EndContactCenterSession(),
    "Ready_channel": Ready(),
    "NotReady_channel": NotReady(),
    "Monitor": Monitor(user_id=USER, supervisor_monitoring_mode="AllChats", nickname="sup"),
    "Coach": Coach(user_id=USER, supervisor_monitoring_mode="AllChats"),
    "BargeIn": BargeIn(user_id=USER, supervisor_monitoring_mode="NextChat"),
    "CancelSupervisorMonitoring": CancelSupervisorMonitoring(user_id=USER),
    "Intrude": Intrude(user_id=USER, chat_id="0000Na9B26EF002G", supervisor_visibility_mode="Monitor"),
}


def test_every_documented_operation_of_an_agent_or_supervisor_has_an_action() -> None:
    elsewhere = {name for name, entry in requests().items() if not entry["request"].endswith("chats/{id}")}
    assert set(DOCUMENTED) == elsewhere
    assert {type(action).__name__ for action in DOCUMENTED.values()} == set(agent_actions.__all__)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_an_action_posts_the_documented_body(name: str) -> None:
    assert json.loads(json.dumps(DOCUMENTED[name].body())) == requests()[name]["body"]


def test_login_names_the_code_and_all_channels() -> None:
    action = StartContactCenterSession(channels=("chat", "email"), login_code="4711")
    body = {"operationName": "StartContactCenterSession", "channels": ["chat", "email"], "loginCode": "4711"}
    assert json.loads(json.dumps(action.body())) == body


@pytest.mark.parametrize("user_id", ["", "../me", "a?b", "a#b", "%2e%2e", "a\r\nb", "a\n", "a" * 65])
@pytest.mark.parametrize("kind", [Monitor, CancelSupervisorMonitoring, Intrude])
def test_an_id_that_would_change_the_path_is_refused(kind: type[Action], user_id: str) -> None:
    ids: dict[str, Any] = {"user_id": user_id} | ({"chat_id": "1"} if kind is Intrude else {})
    with pytest.raises(ValidationError):
        kind(**ids)


def test_a_chat_to_enter_is_named_by_a_safe_id() -> None:
    with pytest.raises(ValidationError):
        Intrude(user_id=USER, chat_id="../../x")


def test_modes_are_those_of_the_platform() -> None:
    with pytest.raises(ValidationError):
        Monitor.model_validate({"user_id": USER, "supervisor_monitoring_mode": "Always"})
