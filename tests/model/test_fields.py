from datetime import UTC, datetime, timedelta, timezone

import pytest

from chatbot.model.fields import chat_id_from, id_from_path, is_safe_id, line_index, line_time, tolerant
from chatbot.model.resources import ChatResource, Participant

EAST = timezone(timedelta(hours=2))
WEST = timezone(timedelta(hours=-8))


@pytest.mark.parametrize(
    ("value", "index"),
    [
        (1, 1),
        ("3", 3),
        (" 3 ", 3),
        (3.0, 3),
        (2**53 - 1, 2**53 - 1),
        (2**53, None),
        (2**63, None),
        (0, None),
        (-1, None),
        ("-1", None),
        (True, None),
        (3.5, None),
        (float("nan"), None),
        (float("inf"), None),
        ("3.0", None),
        ("٣", None),
        ("9" * 5000, None),
        ("", None),
        (None, None),
        ([3], None),
    ],
)
def test_an_index_is_a_whole_number_above_zero_in_any_form(value: object, index: int | None) -> None:
    found = line_index(value)
    assert found == index
    assert type(found) is type(index)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-12-27T13:16:41.000-0800", datetime(2013, 12, 27, 13, 16, 41, 0, WEST)),
        ("2014-01-09 12:13:15.009+0200", datetime(2014, 1, 9, 12, 13, 15, 9000, EAST)),
        ("2014-01-0912:13:15.009+0200", datetime(2014, 1, 9, 12, 13, 15, 9000, EAST)),
        ("2014-01-0912: 13: 15.009+0200", datetime(2014, 1, 9, 12, 13, 15, 9000, EAST)),
        ("2014-01-09 12 : 13 : 15+02:00", datetime(2014, 1, 9, 12, 13, 15, 0, EAST)),
        ("2018-05-17T13:59:45.000Z", datetime(2018, 5, 17, 13, 59, 45, 0, UTC)),
        ("2018-05-17T13:59:45.123456789Z", datetime(2018, 5, 17, 13, 59, 45, 123456, UTC)),
        (" 2018-05-17T13:59:45 ", datetime(2018, 5, 17, 13, 59, 45, 0, UTC)),
        ("2018-02-30T13:59:45Z", None),
        ("2018-05-17T25:59:45Z", None),
        ("2018-05-17T13:59:45+9999", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1526565585, None),
    ],
)
def test_a_timestamp_is_read_in_any_of_its_forms(text: object, expected: datetime | None) -> None:
    found = line_time({"timestamp": text})
    assert found == expected
    assert found is None or found.utcoffset() == (expected and expected.utcoffset())


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1389262395009, datetime(2014, 1, 9, 10, 13, 15, 9000, UTC)),
        (1526565585, datetime(2018, 5, 17, 13, 59, 45, 0, UTC)),
        (100_000_000_000, datetime(5138, 11, 16, 9, 46, 40, 0, UTC)),
        (1526565585.5, datetime(2018, 5, 17, 13, 59, 45, 500000, UTC)),
        (True, None),
        ("1526565585", None),
        (float("nan"), None),
        (float("inf"), None),
        (10**30, None),
        (10**400, None),
        (-(10**30), None),
        (None, None),
    ],
)
def test_seconds_are_milliseconds_if_they_are_too_many(number: object, expected: datetime | None) -> None:
    assert line_time({"timestampSeconds": number}) == expected


def test_the_text_of_a_time_wins_and_its_number_stands_in() -> None:
    both = {"timestamp": "2018-05-17T13:59:45Z", "timestampSeconds": 1}
    assert line_time(both) == datetime(2018, 5, 17, 13, 59, 45, tzinfo=UTC)
    assert line_time(both | {"timestamp": "2018-02-30T13:59:45Z"}) == datetime(
        1970, 1, 1, 0, 0, 1, tzinfo=UTC
    )
    assert line_time({}) is None


@pytest.mark.parametrize("value", ["0000Na9B26EF002G", "0000Wa9CAM6W00J", "a-b_c~d", "x" * 64])
def test_an_id_of_the_platform_may_stand_in_a_path(value: str) -> None:
    assert is_safe_id(value)


HOSTILE = [
    "",
    "../../x",
    "a?b",
    "a#b",
    "%2e%2e",
    "a/b",
    "a\r\nb",
    "a\n",
    "a b",
    ".",
    "é",
    "x" * 65,
    "x" * 10_000,
]


@pytest.mark.parametrize("value", [*HOSTILE, None, 5, ["a"]])
def test_anything_else_may_not(value: object) -> None:
    assert not is_safe_id(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/chats/0000Na9B26EF002G", "0000Na9B26EF002G"),
        ("http://localhost:8080/api/v2/chats/0000Na9B26EF002G", "0000Na9B26EF002G"),
        ("http://localhost:8080/api/v2/me/chats/0000Na9B26EF002G/", "0000Na9B26EF002G"),
        ("http: //localhost: 8080/api/v2/chats/0000Na9B26EF002G", "0000Na9B26EF002G"),
        ("0000Na9B26EF002G", "0000Na9B26EF002G"),
        ("/chats/..", None),
        ("/chats/a?b", None),
        ("/", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_the_last_part_of_an_address_is_an_id(value: object, expected: str | None) -> None:
    assert id_from_path(value) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"chatPath": "/chats/A", "chatUri": "http://x/chats/B"}, "A"),
        ({"chatUri": "http://x/api/v2/chats/B"}, "B"),
        ({"chatPath": "/chats/..", "chatUri": "http://x/chats/B"}, "B"),
        ({"chatPath": "/me/chats/../../B"}, None),
        ({"chatPath": "/me/chats/B/"}, "B"),
        ({"chatPath": "/me/chats/"}, None),
        ({"chatUri": "http://x/chats/a/B"}, None),
        ({"chatUri": "http://chats"}, None),
        ({"chatPath": "B"}, "B"),
        ({"chatPath": 5, "chatUri": None}, None),
        ({}, None),
    ],
)
def test_the_chat_of_a_log_update_is_in_its_path_or_its_uri(
    data: dict[str, object], expected: str | None
) -> None:
    assert chat_id_from(data) == expected


def test_what_cannot_be_read_is_left_out() -> None:
    value = {"nickname": {"odd": 1}, "participantId": "7", "visibility": 5, "uri": []}
    assert tolerant(Participant, value) == Participant(participant_id="7")
    assert value == {"nickname": {"odd": 1}, "participantId": "7", "visibility": 5, "uri": []}


def test_an_odd_member_of_a_list_costs_itself() -> None:
    value = {
        "id": "A",
        "participants": [5, {"nickname": []}, {"nickname": "Ana"}, None],
        "capabilities": [{}, "X"],
    }
    assert tolerant(ChatResource, value) == ChatResource(
        id="A", participants=(Participant(), Participant(nickname="Ana")), capabilities=("X",)
    )


@pytest.mark.parametrize("value", [None, 5, "A", [], {}, {"id": None}])
def test_nothing_is_left_of_what_is_no_such_thing(value: object) -> None:
    assert tolerant(ChatResource, value) is None


def test_a_second_choice_is_taken_when_the_first_is_odd() -> None:
    assert tolerant(Participant, {"participantId": [], "id": "7"}) == Participant(participant_id="7")
