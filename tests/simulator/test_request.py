import pytest

from chatbot.simulator.request import Parameters
from chatbot.simulator.status import OperationError


def status_of(body: dict[str, object], method: str, *args: object) -> int:
    with pytest.raises(OperationError) as caught:
        getattr(Parameters(body), method)(*args)
    return int(caught.value.status)


@pytest.mark.parametrize(
    ("method", "good"),
    [("text", "x"), ("data", {"a": 1}), ("words", ["a", "b"]), ("optional_text", "x")],
)
def test_good_values_come_through(method: str, good: object) -> None:
    assert getattr(Parameters({"it": good}), method)("it") == good


@pytest.mark.parametrize(
    ("method", "value", "expected"),
    [
        ("text", None, 1),
        ("text", "", 1),
        ("text", 5, 10),
        ("data", None, 1),
        ("data", "x", 10),
        ("words", [], 1),
        ("words", "x", 10),
        ("words", [1], 10),
        ("optional_text", [], 10),
    ],
)
def test_bad_values_are_refused_by_code(method: str, value: object, expected: int) -> None:
    assert status_of({"it": value}, method, "it") == expected


def test_a_choice_allows_its_words_only() -> None:
    assert Parameters({"it": "A"}).choice("it", ("A", "B")) == "A"
    assert Parameters({}).choice("it", ("A", "B")) is None
    assert status_of({"it": "C"}, "choice", "it", ("A", "B")) == 10


def test_the_first_spelling_that_is_there_counts() -> None:
    assert Parameters({"userUri": "b", "targetPath": "a"}).first("targetUri", "targetPath", "userUri") == "a"
    assert Parameters({}).first("targetUri") is None
