from typing import Any

import pytest

from chatbot.simulator.chats import ChatState
from chatbot.simulator.status import OperationError
from tests.simulator.stage import Stage

START = {"operationName": "StartContactCenterSession", "channels": ["chat"]}
END = {"operationName": "EndContactCenterSession"}


def told(**options: Any) -> Stage:
    stage = Stage(**options)
    stage.world.add_agent("bot")
    return stage


def refused(stage: Stage, body: dict[str, Any]) -> int:
    with pytest.raises(OperationError) as caught:
        stage.world.operate("bot", body)
    return int(caught.value.status)


@pytest.mark.parametrize("state", ["Ready", "NotReady"])
def test_the_state_after_login_is_an_option(state: str) -> None:
    stage = told(state_after_login=state)
    assert stage.world.operate("bot", START) == {}
    [note] = stage.notes
    assert note.channel == "/v2/me/channels"
    assert note.data["channels"][0]["userState"]["state"] == state


def test_channels_that_are_not_allowed_are_named_one_by_one() -> None:
    stage = told()
    answer = stage.world.operate("bot", START | {"channels": ["voice", "chat"]})
    assert answer["statusCode"] == 7
    assert answer["channels"] == [
        {"channel": "voice", "statusCode": 5, "statusMessage": "No permission"},
        {"channel": "chat", "statusCode": 0},
    ]


def test_if_all_channels_fail_there_is_one_error() -> None:
    assert refused(told(), START | {"channels": ["voice"]}) == 5


def test_channels_are_required() -> None:
    assert refused(told(), {"operationName": "StartContactCenterSession"}) == 1


def test_a_second_start_keeps_the_state() -> None:
    stage = told()
    stage.world.operate("bot", START)
    stage.world.operate("bot", {"operationName": "Ready"})
    stage.world.operate("bot", START)
    assert stage.world.agents.get("bot").is_ready


def test_or_is_refused_by_option() -> None:
    stage = told(second_session_status=19)
    stage.world.operate("bot", START)
    assert refused(stage, START) == 19


def test_states_need_a_session() -> None:
    stage = told()
    assert refused(stage, {"operationName": "Ready"}) == 2
    assert refused(stage, END) == 2


def test_custom_states_are_kinds_of_not_ready() -> None:
    stage = told()
    stage.world.operate("bot", START)
    stage.world.operate("bot", {"operationName": "OutToLunch"})
    shape = stage.notes[-1].data["channels"][0]["userState"]
    assert (shape["state"], shape["displayName"]) == ("NotReady", "OutToLunch")
    assert not stage.world.agents.get("bot").is_ready


def test_an_unknown_state_is_an_unknown_operation() -> None:
    stage = told()
    stage.world.operate("bot", START)
    assert refused(stage, {"operationName": "Dance"}) == 3
    assert refused(stage, {}) == 1


def test_offers_go_on_when_the_agent_logs_out() -> None:
    stage = Stage()
    stage.agent()
    chat = stage.request()
    stage.world.operate("bot", END)
    assert chat.legs["bot"].state is ChatState.REVOKED
    assert chat.is_waiting


@pytest.mark.parametrize(("option", "is_waiting"), [("requeue", True), ("keep", False)])
def test_running_chats_go_back_to_the_queue_or_stay(option: str, *, is_waiting: bool) -> None:
    stage = Stage(chats_at_logout=option)
    chat = stage.chatting()
    stage.world.operate("bot", END)
    assert chat.is_waiting is is_waiting
    assert chat.legs["bot"].is_talking is not is_waiting


def test_a_conference_goes_on_without_the_one_who_logs_out() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.world.operate("bot", END)
    assert not chat.is_waiting
    assert stage.kinds("eva") == ["ParticipantsUpdated", "NewMessages ParticipantLeft"]


def test_a_silent_supervisor_loses_a_chat_that_goes_back_to_the_queue() -> None:
    stage = Stage()
    stage.agent("sup", supervisor=True, queues=())
    chat = stage.chatting()
    body = {"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"}
    stage.world.intrude("sup", "bot", chat.id, body)
    stage.do("sup", chat, "Accept")
    stage.world.operate("bot", END)
    assert stage.kinds("sup")[-1] == "StatusChange Revoked"
    assert (chat.is_waiting, chat.is_over) == (True, False)
