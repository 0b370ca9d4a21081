import re

import pytest

from chatbot.simulator.status import OperationError
from tests.simulator.stage import Stage


def test_a_chat_has_an_id_for_either_side() -> None:
    stage = Stage()
    chat = stage.request()
    assert re.fullmatch("0000[0-9A-F]{12}", chat.id)
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", chat.customer_id)
    assert stage.world.chat(chat.id) is stage.world.chat(chat.customer_id) is chat


def test_an_unknown_chat_is_code_6() -> None:
    with pytest.raises(OperationError) as caught:
        Stage().world.chat("nowhere")
    assert caught.value.status == 6


def test_participant_ids_are_16_hex_characters() -> None:
    [customer] = Stage().request().participants
    assert re.fullmatch("[0-9A-F]{16}", customer.id)


def test_a_planned_failure_is_for_one_operation_of_one_agent_once() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva")
    stage.world.fail_next("SendMessage", "eva")
    for username in ("bot", "eva", "eva"):
        stage.do(username, chat, "SendMessage", text=username)
    assert stage.customer_texts(chat) == ["bot", "eva"]
    assert "Error" in stage.kinds("eva")


def test_finished_chats_are_put_away_but_can_still_be_looked_at() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "Complete")
    assert stage.world._scene.active == []
    assert stage.world.chats() == [chat]
    assert stage.world.messages_of("bot", chat.id)
