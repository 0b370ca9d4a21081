import pytest

from chatbot.model import actions as do
from chatbot.model.actions import Action
from chatbot.model.capabilities import allows, refusal
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState
from tests.model.payloads import notification, sample

ALL = [kind for kind in vars(do).values() if getattr(kind, "operation", "")]
UNLISTED = {
    do.AddComment,
    do.SendCustomNotice,
    do.SendCustomNoticeToAgents,
    do.SendNicknameUpdatedNotice,
    do.RemoveParticipantFromConference,
    do.CancelConsult,
}
AFTER_LEAVING = {do.AttachUserData, do.UpdateUserData, do.DeleteUserData, do.SetDisposition, do.AddComment}


def chat(*capabilities: str, state: str | None = "Chatting") -> ChatResource:
    return ChatResource(id="A", state=state and ChatState(state), capabilities=capabilities)


def allowed(chat: ChatResource) -> set[type[Action]]:
    return {kind for kind in ALL if allows(chat, kind)}


def test_an_operation_is_allowed_if_it_is_listed() -> None:
    assert allowed(chat("SendMessage", "Leave")) == {do.SendMessage, do.Leave, *UNLISTED}


def test_a_refusal_says_what_is_missing() -> None:
    assert refusal(chat("Leave"), do.SendMessage) == "the chat does not list SendMessage"
    assert refusal(chat("Leave"), do.Leave) is None


@pytest.mark.parametrize(
    ("spelling", "action"),
    [
        ("InFocus", do.SetInFocus),
        ("SetInFocus", do.SetInFocus),
        ("SwitchBargeIn", do.SwitchToBargeIn),
        ("SwitchToBargeIn", do.SwitchToBargeIn),
        ("SendStopTypingToAgentNotification", do.SendStopTypingToAgentsNotification),
        ("SendStopTypingToAgentsNotification", do.SendStopTypingToAgentsNotification),
    ],
)
def test_either_spelling_allows_the_operation(spelling: str, action: type[Action]) -> None:
    assert allowed(chat(spelling)) == {action, *UNLISTED}


def test_an_empty_list_counts() -> None:
    assert allowed(chat()) == UNLISTED


@pytest.mark.parametrize("state", ["Invited", "Chatting", "LeftChat", "JoinFailed", "Dreaming", None])
def test_while_no_list_has_been_seen_nothing_is_refused(state: str | None) -> None:
    unseen = ChatResource(id="A", state=state and ChatState(state))
    assert allowed(unseen) == set(ALL)


@pytest.mark.parametrize("state", ["Completed", "Revoked"])
def test_when_it_is_over_nothing_is_allowed(state: str) -> None:
    over = chat("SendMessage", state=state)
    assert allowed(over) == set()
    assert refusal(over, do.AddComment) == f"the chat is {state}"


def test_data_may_still_be_set_after_leaving_although_the_list_forgets_it() -> None:
    left = ChatResource.model_validate(notification("notif_leave_not_in_conference")["chat"])
    assert allowed(left) == {do.Transfer, do.Complete, do.Leave, do.SetInFocus, *AFTER_LEAVING, *UNLISTED}
    assert not allows(left, do.SendMessage)


def test_before_leaving_data_is_gated_like_everything_else() -> None:
    assert not allows(chat("Leave"), do.SetDisposition)


def test_a_list_of_the_old_dialect_does_not_speak_of_talking() -> None:
    old = ChatResource.model_validate(sample("resource_chat_seed"))
    data = {do.AttachUserData, do.UpdateUserData, do.DeleteUserData}
    people = {do.Leave, do.LeaveAndComplete, do.Transfer, do.Invite, do.Consult}
    talk = {do.SendMessage, do.SendStartTypingNotification, do.SendStopTypingNotification, do.SendUrl}
    assert allowed(old) == {*data, *people, *talk, *UNLISTED}


def test_a_list_that_speaks_of_talking_is_taken_at_its_word() -> None:
    assert not allows(chat("LeaveAndComplete", "SendStopTypingNotification"), do.SendMessage)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.operation)
def test_a_name_on_the_wire_says_the_same_as_its_class(kind: type[Action]) -> None:
    for view in (chat(), chat("InFocus", "SwitchBargeIn", "SendMessage"), ChatResource(id="A")):
        assert allows(view, kind.operation) == allows(view, kind)


def test_a_name_that_no_class_has_is_looked_up_in_the_list() -> None:
    assert allows(chat("PlaceInQueue"), "PlaceInQueue")
    assert not allows(chat("Leave"), "PlaceInQueue")
    assert not allows(ChatResource(id="A"), "PlaceInQueue")
