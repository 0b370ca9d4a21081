from typing import Any

import pytest

from chatbot.simulator.chats import Chat, ChatState
from chatbot.simulator.status import OperationError
from chatbot.simulator.transcript import Visibility
from tests.simulator.stage import Stage


def refused(stage: Stage, username: str, chat: Chat, operation: str, **given: Any) -> int:
    with pytest.raises(OperationError) as caught:
        stage.do(username, chat, operation, **given)
    return int(caught.value.status)


def test_the_nickname_of_accept_is_what_others_see() -> None:
    stage = Stage()
    chat = stage.chatting(nickname="Max")
    assert [who["nickname"] for who in stage.world.customer_chat(chat.id)["participants"]] == ["Max", "Ana"]


def test_without_a_nickname_the_agents_own_is_taken() -> None:
    stage = Stage()
    stage.agent(nickname="Concierge")
    chat = stage.request()
    stage.do("bot", chat, "Accept")
    assert chat.participants[-1].nickname == "Concierge"


def test_a_planned_failure_of_accept_is_join_failed_until_completed() -> None:
    stage = Stage()
    stage.agent()
    stage.world.fail_next("Accept", "bot")
    chat = stage.request()
    stage.take("bot")
    stage.do("bot", chat, "Accept")
    [note] = stage.take("bot")
    assert note.kind == "StatusChange JoinFailed"
    assert "Complete" in note.data["chat"]["capabilities"]
    stage.do("bot", chat, "Complete")
    assert stage.kinds()[0] == "StatusChange Completed"


def test_leave_alone_with_the_customer_is_left_chat() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "Leave", text="Bye")
    assert stage.kinds() == [
        "NewMessages Text",
        "StatusChange LeftChat",
        "NewMessages TranscriptSaveDone",
    ]
    assert stage.world.customer_chat(chat.id)["state"] == "Idle"


def test_after_leaving_complete_or_leave_ends_it() -> None:
    for operation in ("Complete", "Leave"):
        stage = Stage()
        chat = stage.chatting()
        stage.do("bot", chat, "Leave")
        stage.notes.clear()
        stage.do("bot", chat, operation)
        assert stage.kinds() == ["StatusChange Completed"]


def test_leave_in_a_conference_is_completed_and_the_chat_goes_on() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.do("bot", chat, "Leave")
    assert stage.kinds("bot") == ["StatusChange Completed"]
    assert stage.kinds("eva") == ["ParticipantsUpdated", "NewMessages ParticipantLeft"]
    assert stage.world.customer_chat(chat.id)["state"] == "Chatting"


def test_complete_says_farewell_and_ends_the_customers_session() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "Complete", text="Bye")
    assert stage.customer_texts(chat) == ["Bye"]
    assert stage.world.customer_chat(chat.id)["state"] == "Idle"
    assert stage.world.chats_of("bot") == []


def test_complete_with_a_queue_lets_the_customer_wait_there() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=("sales",))
    stage.do("bot", chat, "Complete", queueName="sales")
    assert chat.legs["bot"].state is ChatState.COMPLETED
    assert chat.legs["eva"].state is ChatState.INVITED
    assert stage.world.customer_chat(chat.id)["state"] == "WaitingForAgent"


def test_completing_into_a_queue_takes_everybody_out() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva", operation="Consult")
    stage.do("bot", chat, "Complete", queueName="sales")
    assert chat.talking_legs() == []
    assert "Eva" not in str(stage.world.customer_messages(chat.id, 0))


def test_after_the_customer_left_a_queue_is_only_an_end() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.customer_leaves(chat.id)
    stage.do("bot", chat, "Complete", queueName="PostProcessingQueue")
    assert chat.is_finished
    assert not chat.is_waiting


@pytest.mark.parametrize("state", ["Completed", "Revoked", "LeftChat"])
def test_transfer_to_an_agent_offers_it_there(state: str) -> None:
    stage = Stage(after_transfer=state)
    chat = stage.chatting()
    stage.agent("eva", queues=())
    stage.do("bot", chat, "Transfer", targetUri=stage.uri("eva"), text="One moment")
    assert stage.kinds("bot") == ["NewMessages Text", f"StatusChange {state}"]
    assert stage.kinds("eva") == ["StatusChange Invited"]
    stage.do("eva", chat, "Accept")
    assert stage.customer_texts(chat) == ["One moment"]
    assert stage.world.customer_chat(chat.id)["state"] == "Chatting"


def test_transfer_into_a_queue() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "Transfer", queueName="sales")
    assert (chat.is_waiting, chat.queue) == (True, "sales")


def test_a_consultation_is_transferred_to_the_consultant() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva", operation="Consult")
    stage.do("bot", chat, "Transfer", targetPath=f"/users/{stage.world.agents.get('eva').id}")
    assert stage.kinds("bot")[-1] == "StatusChange Completed"
    assert chat.legs["eva"].visibility is Visibility.ALL
    assert [who["nickname"] for who in stage.world.customer_chat(chat.id)["participants"]] == ["Eva", "Ana"]


@pytest.mark.parametrize("operation", ["Transfer", "Invite", "Consult"])
def test_targets_are_checked(operation: str) -> None:
    stage = Stage(unavailable_target="status")
    chat = stage.chatting()
    stage.world.add_agent("asleep")
    assert refused(stage, "bot", chat, operation) == 1
    assert refused(stage, "bot", chat, operation, targetUri="/users/nobody") == 6
    assert refused(stage, "bot", chat, operation, targetUri=stage.uri("asleep")) == 2
    assert refused(stage, "bot", chat, operation, targetUri=stage.uri("bot")) == 2
    assert stage.notes == []


@pytest.mark.parametrize("operation", ["Transfer", "Invite", "Consult"])
def test_an_unavailable_target_is_told_afterwards(operation: str) -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.add_agent("asleep")
    stage.do("bot", chat, operation, targetUri=stage.uri("asleep"))
    assert stage.kinds("bot") == ["Error"]
    assert chat.legs["bot"].is_talking


@pytest.mark.parametrize(("must", "expected"), [(True, ["Error"]), (False, [])])
def test_whether_a_target_must_be_ready_is_an_option(*, must: bool, expected: list[str]) -> None:
    stage = Stage(targets_must_be_ready=must)
    chat = stage.chatting()
    stage.agent("eva", queues=())
    stage.world.operate("eva", {"operationName": "NotReady"})
    stage.do("bot", chat, "Invite", targetUri=stage.uri("eva"))
    assert stage.kinds("bot") == expected


def test_unknown_queues_are_refused_by_option() -> None:
    stage = Stage(strict_queues=True)
    chat = stage.chatting()
    assert refused(stage, "bot", chat, "Transfer", queueName="typo") == 6
    assert refused(stage, "bot", chat, "Complete", queueName="typo") == 6
    stage.do("bot", chat, "Transfer", queueName="default")


def test_a_queue_can_be_consulted_by_uri() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=("experts",))
    stage.do("bot", chat, "Consult", targetUri=stage.world.payloads.uri("/queues/experts"))
    assert stage.kinds("eva") == ["StatusChange Invited"]


def test_a_consultant_is_seen_by_agents_only() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    reference = stage.do("bot", chat, "Consult", targetUri=stage.uri("eva"))
    assert set(reference) == {"referenceId"}
    stage.do("eva", chat, "Accept", nickname="Eva")
    people, line = stage.take("bot")
    assert [who["nickname"] for who in people.data["chat"]["participants"]] == ["Eva", "Bot", "Ana"]
    assert line.data["messages"][0]["visibility"] == "Agents"
    assert [who["nickname"] for who in stage.world.customer_chat(chat.id)["participants"]] == ["Bot", "Ana"]


def test_an_invited_agent_is_seen_by_the_customer() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.do("eva", chat, "SendMessage", text="Hello, I am Eva")
    assert stage.customer_texts(chat) == ["Hello, I am Eva"]


def test_nobody_is_asked_in_without_a_customer() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    stage.world.customer_leaves(chat.id)
    assert refused(stage, "bot", chat, "Invite", targetUri=stage.uri("eva")) == 2


def test_a_cancelled_consultation_is_silent_for_the_asker() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    stage.do("bot", chat, "Consult", targetUri=stage.uri("eva"))
    stage.take("eva")
    assert set(stage.do("bot", chat, "CancelConsult")) == {"referenceId"}
    assert stage.kinds("bot") == []
    assert stage.kinds("eva") == ["StatusChange Revoked"]


def test_cancelling_too_late_gives_bare_errors_with_the_number_of_the_consultation() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    number = stage.do("bot", chat, "Consult", targetUri=stage.uri("eva"))["referenceId"]
    stage.do("eva", chat, "Accept")
    stage.take("bot")
    assert stage.do("bot", chat, "CancelConsult") != {"referenceId": number}
    assert [note.data for note in stage.take("bot")] == [
        {"notificationType": "Error", "errorMessage": text, "referenceId": number}
        for text in ("Request failed", "Unable to manage user data for interaction id")
    ]


def test_cancelling_nothing_gives_errors_with_the_own_number() -> None:
    stage = Stage()
    chat = stage.chatting()
    answer = stage.do("bot", chat, "CancelConsult")
    assert {note.data["referenceId"] for note in stage.take("bot")} == {answer["referenceId"]}


def test_a_removed_agent_gets_four_notifications_and_the_remover_three() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.do("bot", chat, "RemoveParticipantFromConference", targetUri=stage.uri("eva"))
    notice, people, left = stage.take("bot")
    assert [people.kind, left.kind] == ["ParticipantsUpdated", "NewMessages ParticipantLeft"]
    [line] = notice.data["messages"]
    assert (line["type"], line["visibility"]) == ("Notice", "Agents")
    assert line["text"] == f"REMOVE_PARTICIPANT_FROM_CONFERENCE{stage.world.agents.get('eva').id}"
    assert stage.kinds("eva") == [
        "NewMessages Notice",
        "ParticipantsUpdated",
        "NewMessages ParticipantLeft",
        "StatusChange Completed",
    ]
    assert "Notice" not in stage.customer_types(chat)


def test_who_may_remove_whom() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva", operation="Consult")
    remove = "RemoveParticipantFromConference"
    assert refused(stage, "bot", chat, remove) == 1
    assert refused(stage, "bot", chat, remove, userUri="/users/nobody") == 6
    assert refused(stage, "bot", chat, remove, targetUri=stage.uri("bot")) == 6
    assert refused(stage, "eva", chat, remove, targetUri=stage.uri("bot")) == 5


def test_leave_and_complete_is_both_in_one() -> None:
    stage = Stage(leave_and_complete=True)
    chat = stage.chatting()
    stage.do("bot", chat, "LeaveAndComplete")
    kinds = stage.kinds()
    assert [kind for kind in kinds if kind.startswith("StatusChange")] == [
        "StatusChange LeftChat",
        "StatusChange Completed",
    ]


def test_leave_and_complete_in_a_conference_is_a_leave() -> None:
    stage = Stage(leave_and_complete=True)
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.do("bot", chat, "LeaveAndComplete")
    assert stage.kinds() == ["StatusChange Completed"]


def test_what_is_left_of_a_chat_can_be_transferred_but_not_queued() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "Leave")
    stage.notes.clear()
    stage.do("bot", chat, "Transfer", queueName="sales")
    assert stage.kinds() == ["StatusChange Completed"]
    assert not chat.is_waiting
