import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from chatbot.model.config_kinds import keys, kind_of, kind_of_value, table_at


class Inner(BaseModel):
    text: str = ""


class Model(BaseModel):
    count: int = Field(1, alias="number")
    inner: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}
    one: Inner | None = None


def test_keys_are_those_of_the_file() -> None:
    assert list(keys(Model)) == ["number", "inner", "named", "one"]


@pytest.mark.parametrize(
    ("annotation", "word"),
    [
        (bool, "boolean"),
        (float | None, "number"),
        (Annotated[int, Field(gt=0)], "number"),
        (SecretStr, "string"),
        (Path | str, "string"),
        (tuple[str, ...] | str, "list or string"),
        (Mapping[str, Any], "table"),
        (Inner, "table"),
        (dt.date, "date"),
        (Literal["a", "b"], '"a" or "b"'),
        (Any, "value"),
    ],
)
def test_what_a_key_takes_is_said_in_words_of_toml(annotation: Any, word: str) -> None:
    assert kind_of(annotation) == word


@pytest.mark.parametrize(
    ("value", "word"),
    [(True, "boolean"), (1, "number"), ("", "string"), ([], "list"), ({}, "table"), (None, "value")],
)
def test_what_a_value_is_is_said_in_words_of_toml(value: object, word: str) -> None:
    assert kind_of_value(value) == word


@pytest.mark.parametrize(
    ("place", "model"),
    [
        ((), Model),
        (("inner", 0), Inner),
        (("named", "x"), Inner),
        (("one",), Inner),
        (("inner",), None),
        (("number",), None),
        (("nothing", 0), None),
    ],
)
def test_the_model_of_a_table_is_found_by_its_place(
    place: tuple[str | int, ...], model: type[BaseModel] | None
) -> None:
    assert table_at(Model, place) is model
