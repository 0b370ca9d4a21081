import json

import pytest

from chatbot.simulator.envelope import answer, parse_object, refusal
from chatbot.simulator.options import Options
from chatbot.simulator.status import OperationError


def test_an_answer_has_a_status_code() -> None:
    response = answer(Options(), {"referenceId": 35})
    assert (response.status_code, json.loads(response.body)) == (200, {"statusCode": 0, "referenceId": 35})


@pytest.mark.parametrize(
    ("form", "expected"),
    [("statusCode", {"statusCode": 0}), ("status", {"status": 0}), ("string", {"statusCode": "0"})],
)
def test_odd_forms_of_the_status(form: str, expected: dict[str, object]) -> None:
    options = Options(status_key=form)  # type: ignore[arg-type]
    assert json.loads(answer(options, {}).body) == expected


def test_a_refusal_has_code_and_text_and_the_http_status_of_the_option() -> None:
    response = refusal(Options(error_http_status=409), OperationError(2, "no"))
    assert response.status_code == 409
    assert json.loads(response.body) == {"statusCode": 2, "statusMessage": "no"}


def test_partly_done_is_not_an_error() -> None:
    assert answer(Options(error_http_status=409), {"statusCode": 7}).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff"])
def test_a_body_that_is_no_object_is_code_10(body: bytes) -> None:
    with pytest.raises(OperationError) as caught:
        parse_object(body)
    assert caught.value.status == 10
