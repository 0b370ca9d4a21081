from typing import Any

import pytest

from chatbot.model.answers import Answer, StatusCode, read_answer, reference
from tests.model.payloads import sample


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("response_ok", (0, "", None)),
        ("response_ok_with_reference", (0, "", "35")),
        ("response_error", (2, "(free text)", None)),
        ("response_partial_success", (7, "(free text)", None)),
        ("resource_me_chats_list_constructed", (0, "", None)),
        ("resource_chat_messages_seed", (None, "", None)),
    ],
)
def test_the_envelope_of_a_sample_is_read(name: str, expected: tuple[int | None, str, str | None]) -> None:
    value = sample(name)
    assert read_answer(value) == Answer(*expected, value)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"statusCode": 0}, 0),
        ({"statusCode": "0"}, 0),
        ({"statusCode": " 20 "}, 20),
        ({"status": 0}, 0),
        ({"status": "0"}, 0),
        ({"status": "ok"}, 0),
        ({"status": " OK"}, 0),
        ({"status": "error", "errorDescription": "bad"}, 4),
        ({"statusCode": 999}, 999),
        ({"statusCode": None, "status": 6}, 6),
        ({"statusCode": "what", "status": 6}, 6),
        ({"statusCode": True}, None),
        ({"statusCode": 1.5}, None),
        ({"statusCode": []}, None),
        ({"statusCode": "-1"}, None),
        ({"statusCode": "٣"}, None),
        ({"statusCode": "1" * 5000}, None),
        ({}, None),
        ([], None),
        (None, None),
        ("statusCode", None),
        (0, None),
    ],
)
def test_a_status_is_read_in_any_of_its_forms(value: object, code: int | None) -> None:
    assert read_answer(value).code == code


def test_an_answer_that_is_no_object_says_nothing() -> None:
    assert read_answer(["statusCode", 0]) == Answer(None, "", None, {})


def test_a_reason_is_cut_to_a_line() -> None:
    assert read_answer({"statusCode": 4, "statusMessage": "x" * 1000}).message == "x" * 200


def test_the_reason_may_stand_in_error_description() -> None:
    assert read_answer({"status": "error", "errorDescription": "no"}) == Answer(
        StatusCode.INTERNAL_FAILURE, "no", None, {"status": "error", "errorDescription": "no"}
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [(35, "35"), ("35", "35"), (0, "0"), (True, None), (3.5, None), (None, None), ([], None), ({}, None)],
)
def test_a_reference_id_is_only_compared_so_it_is_a_string(value: Any, expected: str | None) -> None:
    assert reference(value) == expected


def test_the_codes_are_those_of_the_platform() -> None:
    assert [code.value for code in StatusCode] == list(range(21))
