import pytest

from chatbot.simulator.chats import ChatState
from tests.simulator.stage import Stage

ACCEPTED = ["StatusChange Chatting", "ParticipantsUpdated", "NewMessages ParticipantJoined ParticipantJoined"]


def test_who_joins_gets_state_people_and_history_in_this_order() -> None:
    stage = Stage()
    stage.agent()
    chat = stage.request()
    assert stage.kinds() == ["StatusChange Invited"]
    stage.do("bot", chat, "Accept")
    assert stage.kinds() == ACCEPTED


def test_the_others_see_people_and_then_the_line() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    stage.do("bot", chat, "Invite", targetUri=stage.uri("eva"))
    stage.do("eva", chat, "Accept")
    assert stage.kinds("bot") == ["ParticipantsUpdated", "NewMessages ParticipantJoined"]


def test_a_customer_who_leaves_is_seen_to_leave_and_the_agent_stays() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.customer_leaves(chat.id)
    people, line = stage.take("bot")
    assert (people.kind, line.kind) == ("ParticipantsUpdated", "NewMessages ParticipantLeft")
    assert people.data["chat"]["state"] == "Chatting"
    assert "SendMessage" not in people.data["chat"]["capabilities"]


def test_by_option_the_agent_is_left_with_left_chat() -> None:
    stage = Stage(after_customer_left="LeftChat")
    chat = stage.chatting()
    stage.world.customer_leaves(chat.id)
    assert stage.kinds() == [
        "ParticipantsUpdated",
        "NewMessages ParticipantLeft",
        "StatusChange LeftChat",
        "NewMessages TranscriptSaveDone",
    ]


def test_the_transcript_is_saved_once() -> None:
    stage = Stage(after_customer_left="LeftChat")
    chat = stage.chatting()
    stage.world.customer_leaves(chat.id)
    stage.take("bot")
    stage.do("bot", chat, "Complete")
    assert stage.kinds() == ["StatusChange Completed"]


def test_an_offer_accepted_after_the_customer_has_gone_is_work_after_the_chat() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.customer_leaves(chat.id)
    stage.agent("eva", queues=())
    stage.do("bot", chat, "Transfer", targetUri=stage.uri("eva"))
    stage.do("eva", chat, "Accept")
    assert chat.legs["eva"].state is ChatState.LEFT_CHAT


def test_a_consultant_who_is_left_alone_with_the_customer_becomes_visible() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva", operation="Consult")
    assert "Eva" not in str(stage.world.customer_chat(chat.id))
    stage.do("bot", chat, "Leave")
    assert "Eva" in str(stage.world.customer_chat(chat.id)["participants"])
    assert stage.world.customer_chat(chat.id)["state"] == "Chatting"


@pytest.mark.parametrize(("option", "expected"), [("Completed", "Completed"), ("Revoked", "Revoked")])
def test_the_others_lose_a_chat_that_one_completes(option: str, expected: str) -> None:
    stage = Stage(others_after_complete=option)
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.do("bot", chat, "Complete")
    assert f"StatusChange {expected}" in stage.kinds("eva")
    assert stage.kinds("eva") == []
    assert chat.is_finished
