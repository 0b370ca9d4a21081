import pytest

from tests.simulator.stage import Stage


def test_everybody_in_the_conversation_hears_a_line_its_writer_included() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.do("bot", chat, "SendMessage", text="hi")
    assert stage.kinds("bot") == ["NewMessages Text"]
    assert stage.kinds("eva") == ["NewMessages Text"]


def test_only_the_asker_gets_the_number() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.do("bot", chat, "AddComment", comment="x")
    assert "referenceId" in stage.take("bot")[0].data
    assert "referenceId" not in stage.take("eva")[0].data


def test_numbers_can_be_switched_off() -> None:
    stage = Stage(reference_ids="never")
    chat = stage.chatting()
    stage.do("bot", chat, "AddComment", comment="x")
    assert "referenceId" not in stage.take("bot")[0].data


def test_an_invited_agent_hears_nothing_of_the_conversation() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.agent("eva", queues=())
    stage.do("bot", chat, "Invite", targetUri=stage.uri("eva"))
    stage.take("eva")
    stage.do("bot", chat, "SendMessage", text="hi")
    stage.do("bot", chat, "AddComment", comment="x")
    assert stage.kinds("eva") == []


def test_a_supervisors_line_is_a_gap_for_agents() -> None:
    stage = Stage()
    stage.agent("sup", supervisor=True, queues=())
    chat = stage.chatting()
    stage.world.intrude(
        "sup", "bot", chat.id, {"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"}
    )
    stage.do("sup", chat, "Accept")
    stage.do("bot", chat, "SendMessage", text="hi")
    bot = [line["index"] for note in stage.take("bot") for line in note.data.get("messages", [])]
    sup = [line["index"] for note in stage.take("sup") for line in note.data.get("messages", [])]
    assert bot == [4]
    assert sup == [1, 2, 3, 4]


@pytest.mark.parametrize("with_chat", [True, False])
def test_errors_come_bare_or_with_the_chat(*, with_chat: bool) -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.fail_next("SendMessage", message="Request failed", with_chat=with_chat)
    stage.do("bot", chat, "SendMessage", text="lost")
    [note] = stage.take("bot")
    bare = {"notificationType", "errorMessage", "referenceId"}
    assert set(note.data) == (bare | {"messageType", "chat"} if with_chat else bare)
    assert stage.customer_texts(chat) == []


def test_the_save_line_can_be_switched_off() -> None:
    stage = Stage(transcript_save_done=False)
    chat = stage.chatting()
    stage.do("bot", chat, "Complete")
    assert stage.kinds() == ["StatusChange Completed"]
