from typing import Any

import pytest

from chatbot.simulator.status import OperationError
from tests.simulator.stage import Stage

LINES: list[tuple[str, dict[str, str], str, str, dict[str, str]]] = [
    ("SendMessage", {"text": "hi"}, "Text", "All", {"text": "hi"}),
    ("SendToAgents", {"text": "hi"}, "Text", "Agents", {"text": "hi"}),
    ("SendUrl", {"url": "http://x"}, "PushUrl", "All", {"url": "http://x"}),
    ("SendStartTypingNotification", {}, "TypingStarted", "All", {}),
    ("SendStartTypingNotification", {"text": "I wo"}, "TypingStarted", "All", {"text": "I wo"}),
    ("SendStopTypingNotification", {}, "TypingStopped", "All", {}),
    ("SendStartTypingToAgentsNotification", {}, "TypingStarted", "Agents", {}),
    ("SendStopTypingToAgentsNotification", {}, "TypingStopped", "Agents", {}),
    ("SendStopTypingToAgentNotification", {}, "TypingStopped", "Agents", {}),
    ("SendCustomNotice", {"noticeText": "n"}, "CustomNotice", "All", {"noticeText": "n"}),
    ("SendCustomNoticeToAgents", {"noticeText": "n"}, "CustomNotice", "Agents", {"noticeText": "n"}),
]


@pytest.mark.parametrize(("operation", "given", "kind", "visibility", "content"), LINES)
def test_each_operation_writes_its_line(
    operation: str, given: dict[str, str], kind: str, visibility: str, content: dict[str, str]
) -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, operation, **given)
    [note] = stage.take("bot")
    [line] = note.data["messages"]
    assert (line["index"], line["type"], line["visibility"]) == (3, kind, visibility)
    assert {key: line[key] for key in ("text", "url", "noticeText") if key in line} == content
    assert (kind in stage.customer_types(chat)) is (visibility == "All")


@pytest.mark.parametrize(
    ("operation", "given", "status"),
    [
        ("SendMessage", {}, 1),
        ("SendMessage", {"text": ["x"]}, 10),
        ("SendMessage", {"text": "x", "treatAs": "Loud"}, 10),
        ("SendToAgents", {}, 1),
        ("SendUrl", {}, 1),
        ("SendCustomNotice", {}, 1),
        ("SendCustomNoticeToAgents", {}, 1),
        ("SendNicknameUpdatedNotice", {}, 1),
        ("AttachUserData", {}, 1),
        ("UpdateUserData", {"userData": "x"}, 10),
        ("DeleteUserData", {}, 1),
        ("SetDisposition", {}, 1),
        ("AddComment", {}, 1),
    ],
)
def test_a_refused_operation_changes_nothing(operation: str, given: dict[str, Any], status: int) -> None:
    stage = Stage()
    chat = stage.chatting()
    with pytest.raises(OperationError) as caught:
        stage.do("bot", chat, operation, **given)
    assert caught.value.status == status
    assert stage.notes == []
    assert chat.user_data == {}


@pytest.mark.parametrize(("option", "kind"), [("Text", "Text"), ("Notice", "Notice")])
def test_system_text_has_the_type_of_the_option(option: str, kind: str) -> None:
    stage = Stage(system_text_type=option)
    chat = stage.chatting()
    stage.do("bot", chat, "SendMessage", text="x", treatAs="System")
    assert stage.kinds() == [f"NewMessages {kind}"]


def test_a_new_nickname_is_in_the_line_and_in_the_list() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "SendNicknameUpdatedNotice", noticeText="Max")
    [line] = stage.take("bot")[0].data["messages"]
    assert (line["type"], line["from"]["nickname"], line["noticeText"]) == ("NicknameUpdated", "Max", "Max")
    assert "Max" in str(stage.world.customer_chat(chat.id)["participants"])


@pytest.mark.parametrize(
    "operation",
    [
        "SendMessage",
        "SendUrl",
        "SendStartTypingNotification",
        "SendStopTypingNotification",
        "SendCustomNotice",
    ],
)
def test_nothing_can_be_said_to_a_customer_who_left(operation: str) -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.world.customer_leaves(chat.id)
    with pytest.raises(OperationError) as caught:
        stage.do("bot", chat, operation, text="x", url="x", noticeText="x")
    assert caught.value.status == 2


def test_a_consultant_may_not_talk_to_the_customer() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.join(chat, "eva", operation="Consult")
    with pytest.raises(OperationError) as caught:
        stage.do("eva", chat, "SendMessage", text="x")
    assert caught.value.status == 3
    stage.do("eva", chat, "SendToAgents", text="psst")
    assert stage.kinds("bot") == ["NewMessages Text"]
    assert stage.customer_texts(chat) == []


def test_user_data_is_told_in_full_after_each_change() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "AttachUserData", userData={"a": 1, "b": None})
    stage.do("bot", chat, "UpdateUserData", userData={"a": "two"})
    stage.do("bot", chat, "DeleteUserData", keys=["b", "never there"])
    told = [note.data["chat"]["userData"] for note in stage.take("bot")]
    assert told == [{"a": 1, "b": None}, {"a": "two", "b": None}, {"a": "two"}]


def test_a_disposition_lives_in_the_user_data() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "SetDisposition", disposition="resolved")
    stage.do("bot", chat, "SetDisposition", disposition="later", dispositionKey="DISP_KEY")
    assert chat.user_data == {"DispositionCode": "resolved", "DISP_KEY": "later"}


def test_a_comment_arrives_with_the_chat() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "AddComment", comment="angry")
    assert stage.take("bot")[0].data["chat"]["comment"] == "angry"


def test_focus_is_accepted_and_nothing_follows() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "SetInFocus")
    stage.do("bot", chat, "InFocus")
    assert stage.notes == []


def test_data_may_still_be_set_after_leaving() -> None:
    stage = Stage()
    chat = stage.chatting()
    stage.do("bot", chat, "Leave")
    stage.do("bot", chat, "SetDisposition", disposition="resolved")
    assert stage.kinds()[-1] == "PropertiesUpdated"
