from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from chatbot.model.codes import Code
from chatbot.model.config_table import Flaw, flawed
from chatbot.model.config_words import explain, mistakes, unknown_key
from chatbot.model.findings import Finding
from chatbot.model.section import Section

WHERE = Section("bots.toml", ("plugin", "x"))


class Inner(BaseModel):
    text: str


class Some(BaseModel):
    inner: tuple[Inner, ...] = Field(min_length=1)


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str = "x"
    count: int = Field(1, ge=0, alias="number")
    when: Literal["early", "late"] | None = None
    inner: tuple[Inner, ...] = ()
    words: dict[str, Any] = {}
    key: SecretStr | None = None
    odd: object = None

    @field_validator("text")
    @classmethod
    def _is_polite(cls, value: str) -> str:
        if value == "no":
            raise ValueError("say please")
        if value == "never":
            raise flawed(Flaw(Code.NO_ADDRESS, "is rude", expected="expected manners"))
        return value


def found(**table: Any) -> list[tuple[str, str, str, str]]:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(table)
    findings: list[Finding] = []
    for error in caught.value.errors():
        findings += explain(error, WHERE, Model)
    return [(it.code, it.message.removeprefix("[plugin.x"), it.expected, it.closest) for it in findings]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"text": 1}, ("CB106", "] text is a number", "expected a valid string", "")),
        ({"text": True}, ("CB106", "] text is a boolean", "expected a valid string", "")),
        ({"text": []}, ("CB106", "] text is a list", "expected a valid string", "")),
        ({"inner": 1}, ("CB106", "] inner is a number", "expected a list", "")),
        ({"inner": ["x"]}, ("CB106", ".inner] item 1 is a string", "expected a table", "")),
        ({"inner": [{}]}, ("CB105", "[[plugin.x.inner]] needs the key 'text'", "", "")),
        ({"number": -1}, ("CB106", "] number has a wrong value", "expected greater than or equal to 0", "")),
        ({"when": "erly"}, ("CB106", "] when has a wrong value", "expected 'early' or 'late'", "early")),
        ({"when": 5}, ("CB106", "] when has a wrong value", "expected 'early' or 'late'", "")),
        ({"text": "no"}, ("CB106", "] text: say please", "", "")),
        ({"text": "never"}, ("CB110", "] text is rude", "expected manners", "")),
    ],
)
def test_what_is_wrong_is_said_in_words_of_the_file(
    table: dict[str, Any], expected: tuple[str, str, str, str]
) -> None:
    assert found(**table) == [expected]


def test_what_a_table_takes_is_told_with_kinds() -> None:
    finding = unknown_key(WHERE, "txt", Model)
    assert finding.expected == (
        "accepted here: inner (list), key (string), number (number), odd (value), text (string), "
        'when ("early" or "late"), words (table)'
    )
    assert (finding.closest, finding.fix) == ("text", "rename txt to text")


def test_of_a_table_that_is_not_known_nothing_is_told() -> None:
    assert unknown_key(WHERE, "txt", None).expected == "accepted here: nothing"


def test_a_list_is_not_called_too_short_because_something_in_it_is_wrong() -> None:
    for inner, kinds in (([{"text": 1}], ["string_type"]), ([], ["too_short"])):
        with pytest.raises(ValidationError) as caught:
            Some.model_validate({"inner": inner})
        assert [one["type"] for one in mistakes(caught.value)] == kinds
