import pytest

from chatbot.simulator.operations import OPERATIONS
from chatbot.simulator.status import OperationError
from tests.simulator.stage import Stage

DOCUMENTED = [
    "Accept",
    "Reject",
    "SendMessage",
    "SendToAgents",
    "SendUrl",
    "SendStartTypingNotification",
    "SendStopTypingNotification",
    "SendStartTypingToAgentsNotification",
    "SendStopTypingToAgentsNotification",
    "SendStopTypingToAgentNotification",
    "SendCustomNotice",
    "SendCustomNoticeToAgents",
    "SendNicknameUpdatedNotice",
    "Transfer",
    "Consult",
    "CancelConsult",
    "Invite",
    "RemoveParticipantFromConference",
    "Leave",
    "Complete",
    "AttachUserData",
    "UpdateUserData",
    "DeleteUserData",
    "SetDisposition",
    "AddComment",
    "SwitchToMonitor",
    "SwitchToCoach",
    "SwitchToBargeIn",
]


def test_every_documented_operation_exists() -> None:
    assert set(DOCUMENTED) <= set(OPERATIONS)


@pytest.mark.parametrize("operation", sorted({*DOCUMENTED} - {"Accept", "Reject"}))
def test_an_offer_can_only_be_accepted_or_rejected(operation: str) -> None:
    stage = Stage()
    stage.agent()
    chat = stage.request()
    with pytest.raises(OperationError) as caught:
        stage.do("bot", chat, operation)
    assert caught.value.status == 2


@pytest.mark.parametrize("operation", ["Accept", "Reject"])
def test_an_accepted_offer_is_no_offer_any_more(operation: str) -> None:
    stage = Stage()
    chat = stage.chatting()
    with pytest.raises(OperationError) as caught:
        stage.do("bot", chat, operation)
    assert caught.value.status == 2


@pytest.mark.parametrize("operation", ["Dance", "LeaveAndComplete"])
def test_an_unknown_operation_has_the_code_of_the_option(operation: str) -> None:
    stage = Stage(unknown_operation_status=10)
    chat = stage.chatting()
    with pytest.raises(OperationError) as caught:
        stage.do("bot", chat, operation)
    assert caught.value.status == 10


def test_supervisors_may_not_decide_over_the_chat() -> None:
    stage = Stage()
    stage.agent("sup", supervisor=True, queues=())
    chat = stage.chatting()
    stage.world.intrude(
        "sup", "bot", chat.id, {"operationName": "Intrude", "supervisorVisibilityMode": "BargeIn"}
    )
    stage.do("sup", chat, "Accept")
    with pytest.raises(OperationError) as caught:
        stage.do("sup", chat, "Complete")
    assert caught.value.status == 3


def test_what_the_installation_withholds_is_refused_too() -> None:
    stage = Stage(withheld=frozenset({"SendMessage"}))
    chat = stage.chatting()
    with pytest.raises(OperationError, match="not allowed here"):
        stage.do("bot", chat, "SendMessage", text="hello")
