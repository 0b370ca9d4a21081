from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from chatbot import (
    CustomNoticeReceived,
    Event,
    NicknameUpdated,
    NoticeReceived,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRejoined,
    TextReceived,
    TranscriptSaved,
    TypingStarted,
    TypingStopped,
    UnknownMessage,
    UrlPushed,
    Visibility,
)
from chatbot.model.events import TranscriptEvent
from chatbot.model.parse import parse_line, parse_lines
from chatbot.model.words import LineType, ParticipantType
from tests.model.payloads import ABOUT, notification, parsed, sample

EAST = timezone(timedelta(hours=2))
WEST = timezone(timedelta(hours=-8))


def agent(participant_id: str, nickname: str = "TestName", **fields: str) -> Participant:
    return Participant(type=ParticipantType.AGENT, nickname=nickname, participant_id=participant_id, **fields)


def customer(participant_id: str, nickname: str = "PersonP") -> Participant:
    return Participant(type=ParticipantType.CUSTOMER, nickname=nickname, participant_id=participant_id)


def at(
    chat_id: str | None, index: int | None, sender: Participant, timestamp: datetime | None
) -> dict[str, Any]:
    return {"chat_id": chat_id, "index": index, "sender": sender, "timestamp": timestamp, **ABOUT}


TYPIST = agent("007352CE764002A3")
USER = "4ff5b43c856d4cb2a3d6c20a88740257"
NEWER = {"uri": f"http://localhost:8090/api/v2/users/{USER}", "path": f"/users/{USER}"}
AFTERNOON = datetime(2013, 12, 27, 13, 16, 41, 0, WEST)

LINES: dict[str, list[Event]] = {
    "notif_accept_3_history_partial": [
        ParticipantJoined(**at("0000Na9B26EF002X", 1, customer("009052C5E6D6004A"), AFTERNOON)),
        ParticipantJoined(
            **at(
                "0000Na9B26EF002X",
                2,
                agent("009052C5E743004C", "Marat"),
                AFTERNOON + timedelta(milliseconds=18),
            )
        ),
    ],
    "notif_message_text_with_inner_type": [
        TextReceived(
            text="How may I help you?",
            message_type="Greeting",
            **at(
                "0000Wa9CAM6W00FN",
                3,
                agent("007352CE72D50290"),
                datetime(2014, 1, 9, 11, 58, 12, 35000, EAST),
            ),
        )
    ],
    "notif_message_to_agents": [
        TextReceived(
            text="text for agents",
            visibility=Visibility.AGENTS,
            **at("0000Wa9CAM6W00FY", 6, TYPIST, datetime(2014, 1, 9, 12, 13, 15, 31000, EAST)),
        )
    ],
    "notif_typing_started": [
        TypingStarted(**at("0000Wa9CAM6W00FY", 4, TYPIST, datetime(2014, 1, 9, 12, 13, 15, 9000, EAST)))
    ],
    "notif_typing_started_to_agents": [
        TypingStarted(
            visibility=Visibility.AGENTS,
            **at("0000Wa9CAM6W00FY", 4, TYPIST, datetime(2014, 1, 9, 12, 13, 15, 9000, EAST)),
        )
    ],
    "notif_typing_stopped": [
        TypingStopped(**at("0000Wa9CAM6W00FY", 5, TYPIST, datetime(2014, 1, 9, 12, 13, 15, 31000, EAST)))
    ],
    "notif_typing_preview_constructed": [
        TypingStarted(
            text="I would like to",
            **at(
                "0000Na9B26EF002X",
                8,
                customer("009052C5E6D6004A"),
                datetime(2014, 1, 9, 12, 13, 15, 9000, EAST),
            ),
        )
    ],
    "notif_push_url": [
        UrlPushed(
            url="http://www.genesys.com",
            **at("0001Ea9Q8UVY000T", 4, agent("00AF537487AF0004"), datetime(2014, 5, 15, 9, 24, tzinfo=UTC)),
        )
    ],
    "notif_custom_notice": [
        CustomNoticeReceived(
            notice_text="notice text",
            **at(
                "0000RaB4Q006001F",
                4,
                agent("0093564DA4BB0039", **NEWER),
                datetime(2015, 11, 19, 10, 30, 20, tzinfo=UTC),
            ),
        )
    ],
    "notif_nickname_updated": [
        NicknameUpdated(
            notice_text="NewNickname",
            **at(
                "0000RaB4Q006001A",
                5,
                agent("0093564DA4BB0039", "NewNickname", **NEWER),
                datetime(2017, 3, 27, 9, 47, 5, tzinfo=UTC),
            ),
        )
    ],
    "notif_transcript_save_done_constructed": [
        TranscriptSaved(**at("0000Na9B26EF002X", None, Participant(), None))
    ],
    # the successor's: the shape of its log is known, its chat is named otherwise
    "contrast_workspace_v3_messages": [
        ParticipantJoined(**at(None, 1, customer("00935AFD8ACE0006", "John Smith"), None)),
        ParticipantJoined(
            **at(
                None,
                2,
                Participant(
                    type=ParticipantType.EXTERNAL,
                    nickname="PoD service",
                    participant_id="00935AFD8AD10008",
                ),
                datetime(2018, 5, 17, 13, 59, 45, tzinfo=UTC),
            )
        ),
    ],
}


@pytest.mark.parametrize("name", LINES)
def test_the_lines_of_a_sample_become_events(name: str) -> None:
    assert parsed(notification(name)) == LINES[name]


def test_the_transcript_of_the_reference_is_read() -> None:
    person, first = customer("009052BDEE39003C"), agent("009052BDEE4A003E", "Agent1")
    later = [AFTERNOON + timedelta(milliseconds=ms) for ms in (0, 18, 186, 187)]
    found = parse_lines(sample("resource_chat_messages_seed"), chat_id="A", **ABOUT)
    assert found == [
        ParticipantJoined(**at("A", 1, person, later[0])),
        ParticipantJoined(**at("A", 2, first, later[1])),
        TypingStarted(**at("A", 3, person, later[2])),
        TextReceived(text="dddd", **at("A", 4, person, later[3])),
    ]


def test_lines_of_the_customer_side_are_read() -> None:
    chris = customer("1", "Chris")
    assert parse_lines(sample("customer_gws_messages"), chat_id="A", **ABOUT) == [
        ParticipantJoined(**at("A", 1, chris, None)),
        TextReceived(text="hello", **at("A", 2, chris, None)),
    ]


EVERY_TYPE: dict[LineType, tuple[dict[str, Any], type[TranscriptEvent], dict[str, Any]]] = {
    LineType.TEXT: (
        {"text": "hi", "messageType": "Note"},
        TextReceived,
        {"text": "hi", "message_type": "Note"},
    ),
    LineType.PARTICIPANT_JOINED: ({"userData": {"a": 1}}, ParticipantJoined, {}),
    LineType.PARTICIPANT_LEFT: ({}, ParticipantLeft, {}),
    LineType.PARTICIPANT_REJOINED: ({}, ParticipantRejoined, {}),
    LineType.TYPING_STARTED: ({"text": "I wo"}, TypingStarted, {"text": "I wo"}),
    LineType.TYPING_STOPPED: ({}, TypingStopped, {}),
    LineType.PUSH_URL: ({"url": "http://x"}, UrlPushed, {"url": "http://x"}),
    LineType.NOTICE: ({"text": "idle"}, NoticeReceived, {"text": "idle"}),
    LineType.CUSTOM_NOTICE: ({"noticeText": "n"}, CustomNoticeReceived, {"notice_text": "n"}),
    LineType.NICKNAME_UPDATED: ({"noticeText": "Max"}, NicknameUpdated, {"notice_text": "Max"}),
    LineType.TRANSCRIPT_SAVE_DONE: ({}, TranscriptSaved, {}),
}


@pytest.mark.parametrize("word", LineType)
def test_every_type_of_line_has_its_event(word: LineType) -> None:
    fields, kind, expected = EVERY_TYPE[word]
    line = {
        "index": 7,
        "type": str(word),
        "from": {"id": "9", "type": "External"},
        "visibility": "Agents",
    } | fields
    sender = Participant(participant_id="9", type=ParticipantType.EXTERNAL)
    found = parse_line(line, chat_id="A", **ABOUT)
    assert found == kind(visibility=Visibility.AGENTS, **at("A", 7, sender, None), **expected)
    assert type(found) is kind


@pytest.mark.parametrize("word", [word for word in LineType if word not in ("Text", "PushUrl")])
def test_a_line_that_holds_only_its_type_is_enough(word: LineType) -> None:
    kind = EVERY_TYPE[word][1]
    assert parse_line({"type": str(word)}, chat_id=None, **ABOUT) == kind(**ABOUT)


@pytest.mark.parametrize(
    "line",
    [
        {"type": "Text"},
        {"type": "Text", "text": None},
        {"type": "Text", "text": {"odd": 1}},
        {"type": "PushUrl", "url": []},
        {"type": "Attachment", "fileId": "1"},
        {"type": "text", "text": "hi"},
        {"type": 5},
        {"type": None},
        {},
        [],
        "Text",
        None,
        5,
    ],
)
def test_a_line_that_no_event_describes_is_kept_as_it_came(line: object) -> None:
    word = line.get("type") if isinstance(line, dict) else None
    assert parse_line(line, chat_id="A", **ABOUT) == UnknownMessage(
        chat_id="A", type=word if isinstance(word, str) else "", raw=line, **ABOUT
    )


def test_an_unknown_line_still_has_its_place_and_its_sender() -> None:
    line = {
        "type": " Sticker ",
        "index": "9",
        "from": {"id": 1},
        "visibility": "Agents",
        "raw": "x",
        "bot": "y",
    }
    assert parse_line(line, chat_id="A", **ABOUT) == UnknownMessage(
        type="Sticker",
        raw=line,
        visibility=Visibility.AGENTS,
        **at("A", 9, Participant(participant_id="1"), None),
    )


def test_the_wire_cannot_say_which_bot_or_chat_a_line_belongs_to() -> None:
    line = {
        "type": "Text",
        "text": "hi",
        "bot": "other",
        "chat_id": "B",
        "received_at": "2000-01-01",
        "index": 2,
    }
    assert parse_line(line, chat_id="A", **ABOUT) == TextReceived(text="hi", index=2, chat_id="A", **ABOUT)


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "a\ud800b",
        "\u202egpj.exe",
        "x" * 100_000,
        "a" + "\u0301" * 10_000,
        "{0.__class__}",
        "<script>",
    ],
    ids=["NUL", "lone surrogate", "right to left", "100 kB", "combining marks", "template", "markup"],
)
def test_an_odd_text_is_only_a_text(text: str) -> None:
    found = parse_line({"type": "Text", "text": text, "from": {"nickname": text}}, chat_id="A", **ABOUT)
    assert found == TextReceived(text=text, sender=Participant(nickname=text), chat_id="A", **ABOUT)


def test_an_odd_sender_or_visibility_does_not_cost_the_text() -> None:
    line = {"type": "Text", "text": "hi", "from": "Ana", "visibility": 3, "messageType": [], "timestamp": {}}
    assert parse_line(line, chat_id="A", **ABOUT) == TextReceived(text="hi", chat_id="A", **ABOUT)


@pytest.mark.parametrize("messages", [None, {}, "x", 5, {"index": 1}])
def test_messages_that_are_no_list_are_none(messages: object) -> None:
    assert parse_lines({"messages": messages}, chat_id="A", **ABOUT) == []
    assert parse_lines({}, chat_id="A", **ABOUT) == []


def test_a_list_beyond_reason_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.model.parse._MOST_LINES", 3)
    assert len(parse_lines({"messages": [None] * 4}, chat_id="A", **ABOUT)) == 3
