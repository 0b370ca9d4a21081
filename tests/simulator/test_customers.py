import pytest

from chatbot.simulator.status import OperationError
from tests.simulator.stage import Stage


def test_a_waiting_chat_looks_like_the_sample() -> None:
    stage = Stage()
    chat = stage.request("Chris")
    assert stage.world.customer_chat(chat.customer_id) == {
        "id": chat.customer_id,
        "state": "WaitingForAgent",
        "capabilities": [
            "SendMessage",
            "SendStartTypingNotification",
            "SendStopTypingNotification",
            "Complete",
        ],
        "participants": [{"nickname": "Chris", "participantId": "1", "type": "Customer"}],
    }


def test_agents_are_numbered_as_the_customer_gets_to_see_them_and_listed_first() -> None:
    stage = Stage()
    chat = stage.chatting()
    shape = stage.world.customer_chat(chat.id)
    assert shape["state"] == "Chatting"
    assert shape["participants"] == [
        {"nickname": "Bot", "participantId": "2", "type": "Agent"},
        {"nickname": "Ana", "participantId": "1", "type": "Customer"},
    ]


def test_lines_look_like_the_sample() -> None:
    stage = Stage()
    chat = stage.request("Chris")
    stage.world.customer_says(chat.id, "hello")
    who = {"nickname": "Chris", "participantId": "1", "type": "Customer"}
    assert stage.world.customer_messages(chat.id, 0) == [
        {"index": 1, "type": "ParticipantJoined", "from": who},
        {"index": 2, "type": "Text", "from": who, "text": "hello"},
    ]


def test_hidden_lines_leave_no_gap_in_the_customers_numbers() -> None:
    stage = Stage(index_step=5)
    chat = stage.chatting()
    stage.do("bot", chat, "SendToAgents", text="secret")
    stage.do("bot", chat, "SendMessage", text="open")
    messages = stage.world.customer_messages(chat.id, 0)
    assert [(line["index"], line["type"]) for line in messages] == [
        (1, "ParticipantJoined"),
        (2, "ParticipantJoined"),
        (3, "Text"),
    ]


def test_without_an_index_only_new_lines_come() -> None:
    stage = Stage()
    chat = stage.request()
    assert len(stage.world.customer_messages(chat.id)) == 1
    assert stage.world.customer_messages(chat.id) == []
    stage.world.customer_says(chat.id, "hello")
    assert [line["index"] for line in stage.world.customer_messages(chat.id)] == [2]


@pytest.mark.parametrize(("moves", "left"), [(True, 0), (False, 1)])
def test_whether_an_index_moves_the_position_is_an_option(*, moves: bool, left: int) -> None:
    stage = Stage(index_moves_delivery=moves)
    chat = stage.request()
    assert [line["index"] for line in stage.world.customer_messages(chat.id, 1)] == [1]
    assert len(stage.world.customer_messages(chat.id)) == left


def test_an_index_is_where_to_begin() -> None:
    stage = Stage()
    chat = stage.request()
    for text in "abc":
        stage.world.customer_says(chat.id, text)
    assert [line["index"] for line in stage.world.customer_messages(chat.id, 3)] == [3, 4]
    assert len(stage.world.customer_messages(chat.id, -7)) == 4


def test_what_the_customer_does_reaches_the_agent() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.customer_types(chat.id, "I wo")
    stage.world.customer_stops_typing(chat.id)
    stage.world.customer_says(chat.id, "I would")
    lines = [note.data["messages"][0] for note in stage.take("bot")]
    assert [(line["type"], line.get("text")) for line in lines] == [
        ("TypingStarted", "I wo"),
        ("TypingStopped", None),
        ("Text", "I would"),
    ]


def test_subject_and_user_data_are_attached() -> None:
    stage = Stage()
    chat = stage.request(subject="Bill", user_data={"FirstName": "Ana"})
    assert chat.user_data == {"FirstName": "Ana", "Subject": "Bill"}


def test_an_ended_chat_is_idle_and_takes_nothing_more() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.customer_leaves(chat.id)
    shape = stage.world.customer_chat(chat.id)
    assert (shape["state"], shape["capabilities"]) == ("Idle", [])
    for act in (stage.world.customer_leaves, stage.world.customer_types, stage.world.customer_stops_typing):
        with pytest.raises(OperationError) as caught:
            act(chat.id)
        assert caught.value.status == 2


def test_line_types_can_be_limited() -> None:
    stage = Stage(customer_line_types=frozenset({"Text"}))
    chat = stage.chatting()
    stage.do("bot", chat, "SendUrl", url="http://x")
    stage.do("bot", chat, "SendMessage", text="x")
    assert stage.customer_types(chat) == ["Text"]


def test_urls_and_notices_reach_the_customer() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "SendUrl", url="http://x")
    stage.do("bot", chat, "SendCustomNotice", noticeText="n")
    url, notice = stage.world.customer_messages(chat.id, 3)
    assert (url["url"], notice["noticeText"]) == ("http://x", "n")


def test_who_polled_and_stopped_leaves_after_the_idle_time() -> None:
    stage = Stage(customer_idle_timeout=45.0)
    polled, silent = stage.request(), stage.request()
    stage.world.customer_polled(polled.id)
    stage.clock.advance(44)
    stage.world.tick()
    assert not polled.is_over
    stage.clock.advance(1)
    stage.world.tick()
    assert (polled.is_over, silent.is_over) == (True, False)


def test_the_idle_time_can_be_switched_off() -> None:
    stage = Stage(customer_idle_timeout=0.0)
    chat = stage.request()
    stage.world.customer_polled(chat.id)
    stage.clock.advance(10_000)
    stage.world.tick()
    assert not chat.is_over


def test_a_customer_pushes_an_address_and_takes_another_name() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.customer_pushes_url(chat.customer_id, "https://a.example")
    stage.world.customer_renames(chat.customer_id, "Anna")
    notes = [note.data["messages"][0] for note in stage.take("bot")]
    assert [(note["type"], note["from"]["nickname"]) for note in notes] == [
        ("PushUrl", "Ana"),
        ("NicknameUpdated", "Anna"),
    ]
    assert chat.customer is not None
    assert chat.customer.nickname == "Anna"


def test_agents_are_told_of_user_data_that_changed_from_outside() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.customer_tells_data(chat.customer_id, {"Order": "7"})
    [note] = stage.take("bot")
    assert (note.kind, note.data["chat"]["userData"]["Order"]) == ("PropertiesUpdated", "7")
