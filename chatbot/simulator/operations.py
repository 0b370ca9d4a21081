"""The table of agent operations on an own chat: what each is called, when it is valid, what it does.

Reference section 6.1. State is the gate here; capabilities are only advice (5.4).
"""

from collections.abc import Callable
from dataclasses import dataclass

from chatbot.simulator import people, supervision, talk
from chatbot.simulator.chats import ChatState
from chatbot.simulator.request import Request
from chatbot.simulator.status import OperationError, Status

INVITED = frozenset({ChatState.INVITED})
CHATTING = frozenset({ChatState.CHATTING})
PRESENT_OR_LEFT = frozenset({ChatState.CHATTING, ChatState.LEFT_CHAT})
HELD = frozenset({ChatState.CHATTING, ChatState.LEFT_CHAT, ChatState.JOIN_FAILED})

WITH_REFERENCE = frozenset({"Consult", "Invite", "CancelConsult"})
NOT_FOR_SUPERVISORS = frozenset({"Transfer", "Complete", "Invite", "Consult", "LeaveAndComplete"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One row.

    Args:
        run: Does it.
        states: The states of the agent's leg in which it is valid.
    """

    run: Callable[[Request], None]
    states: frozenset[ChatState] = CHATTING


OPERATIONS = {
    "Accept": Operation(people.accept, INVITED),
    "Reject": Operation(people.reject, INVITED),
    "SendMessage": Operation(talk.send_message),
    "SendToAgents": Operation(talk.send_to_agents),
    "SendUrl": Operation(talk.send_url),
    "SendStartTypingNotification": Operation(talk.start_typing),
    "SendStopTypingNotification": Operation(talk.stop_typing),
    "SendStartTypingToAgentsNotification": Operation(talk.start_typing_to_agents),
    "SendStopTypingToAgentsNotification": Operation(talk.stop_typing_to_agents),
    "SendStopTypingToAgentNotification": Operation(talk.stop_typing_to_agents),
    "SendCustomNotice": Operation(talk.custom_notice),
    "SendCustomNoticeToAgents": Operation(talk.custom_notice_to_agents),
    "SendNicknameUpdatedNotice": Operation(talk.rename),
    "Transfer": Operation(people.transfer, PRESENT_OR_LEFT),
    "Consult": Operation(people.consult),
    "CancelConsult": Operation(people.cancel_consult),
    "Invite": Operation(people.invite),
    "RemoveParticipantFromConference": Operation(people.remove),
    "Leave": Operation(people.leave, PRESENT_OR_LEFT),
    "Complete": Operation(people.complete, HELD),
    "LeaveAndComplete": Operation(people.leave_and_complete),
    "AttachUserData": Operation(talk.merge_user_data, HELD),
    "UpdateUserData": Operation(talk.merge_user_data, HELD),
    "DeleteUserData": Operation(talk.delete_user_data, HELD),
    "SetDisposition": Operation(talk.set_disposition, HELD),
    "AddComment": Operation(talk.add_comment, HELD),
    "SetInFocus": Operation(talk.set_in_focus, HELD),
    "InFocus": Operation(talk.set_in_focus, HELD),
    "SwitchToMonitor": Operation(supervision.switch_to_monitor),
    "SwitchToCoach": Operation(supervision.switch_to_coach),
    "SwitchToBargeIn": Operation(supervision.switch_to_barge_in),
}


def perform(name: str, request: Request) -> None:
    """Do an operation, or refuse it and change nothing (2.2)."""
    operation = _find(name, request)
    failure = None if name == "Accept" else request.scene.take_failure(name, request.leg.username)
    if failure is not None:
        request.scene.tell_failure(request.chat, request.leg, request.asker, failure)
        return
    operation.run(request)


def _find(name: str, request: Request) -> Operation:
    """Return the row of the table, if the operation is known and valid now."""
    options, leg = request.scene.options, request.leg
    is_known = name in OPERATIONS and (name != "LeaveAndComplete" or options.leave_and_complete)
    if not is_known:
        raise OperationError(options.unknown_operation_status, f"Unknown operation {name}")
    if name in options.withheld:
        raise OperationError(Status.FORBIDDEN, f"{name} is not allowed here")
    if leg.state not in OPERATIONS[name].states:
        raise OperationError(Status.BAD_STATE, f"{name} is not valid in state {leg.state}")
    if leg.is_supervising and leg.is_talking and name in NOT_FOR_SUPERVISORS:
        raise OperationError(Status.FORBIDDEN, f"{name} is not for supervisors")
    return OPERATIONS[name]
