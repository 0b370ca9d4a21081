import pytest

from chatbot.simulator.status import OperationError
from tests.simulator.stage import Stage


def test_a_human_who_answers_at_once_takes_what_the_queue_gives() -> None:
    stage = Stage()
    stage.world.add_agent("eva", nickname="Eva", human=True, auto_answer="Hello, I am Eva")
    chat = stage.request()
    assert stage.customer_texts(chat) == ["Hello, I am Eva"]
    assert stage.world.customer_chat(chat.id)["state"] == "Chatting"


@pytest.mark.parametrize(("operation", "seen"), [("Invite", True), ("Consult", False)])
def test_and_what_agents_offer(operation: str, *, seen: bool) -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.add_agent("eva", human=True, auto_answer="Here I am", queues=())
    stage.do("bot", chat, operation, targetUri=stage.uri("eva"))
    assert ("Here I am" in stage.customer_texts(chat)) is seen
    assert "Here I am" in str(stage.take("bot"))


def test_a_transfer_to_a_human_needs_no_wire() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.add_agent("eva", human=True, auto_answer="Here I am", queues=("people",))
    stage.do("bot", chat, "Transfer", queueName="people", text="One moment")
    assert stage.customer_texts(chat) == ["One moment", "Here I am"]


def test_a_human_without_policy_lets_it_ring() -> None:
    stage = Stage()
    stage.world.add_agent("eva", human=True)
    chat = stage.request()
    assert chat.legs["eva"].state == "Invited"
    stage.world.human_joins(chat.id, "eva")
    assert chat.legs["eva"].is_talking


def test_a_human_may_walk_in_on_a_waiting_chat_and_on_a_running_one() -> None:
    stage = Stage()
    stage.world.add_agent("eva", human=True, queues=())
    waiting = stage.request()
    stage.world.human_joins(waiting.id, "eva")
    assert not waiting.is_waiting
    running = stage.chatting()
    stage.world.human_joins(running.customer_id, "eva")
    assert stage.kinds("bot") == ["ParticipantsUpdated", "NewMessages ParticipantJoined"]


def test_a_human_speaks_to_all_or_to_agents_and_leaves() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.add_agent("eva", human=True, queues=())
    stage.world.human_joins(chat.id, "eva")
    stage.notes.clear()
    stage.world.human_says(chat.id, "eva", "hello")
    stage.world.human_says(chat.id, "eva", "psst", "Agents")
    stage.world.human_leaves(chat.id, "eva")
    assert stage.customer_texts(chat) == ["hello"]
    assert stage.kinds("bot") == [
        "NewMessages Text",
        "NewMessages Text",
        "ParticipantsUpdated",
        "NewMessages ParticipantLeft",
    ]


def test_a_human_may_do_any_operation() -> None:
    stage = Stage()
    stage.world.add_agent("eva", human=True, auto_answer="hi")
    chat = stage.request()
    stage.world.human_does(chat.id, "eva", "Complete", text="bye")
    assert stage.customer_texts(chat) == ["hi", "bye"]


def test_what_humans_may_not() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.add_agent("eva", human=True, queues=())
    with pytest.raises(OperationError) as caught:
        stage.world.human_says(chat.id, "eva", "hello")
    assert caught.value.status == 6
    with pytest.raises(OperationError) as caught:
        stage.world.human_joins(chat.id, "bot")
    assert caught.value.status == 3
    stage.world.human_joins(chat.id, "eva")
    with pytest.raises(OperationError) as caught:
        stage.world.human_joins(chat.id, "eva")
    assert caught.value.status == 2


def test_a_human_who_gets_a_chat_after_its_end_says_nothing() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.add_agent("eva", human=True, auto_answer="Here I am", queues=())
    stage.world.customer_leaves(chat.id)
    stage.do("bot", chat, "Transfer", targetUri="/users/eva")
    assert chat.legs["eva"].state == "LeftChat"
    assert stage.customer_texts(chat) == []
