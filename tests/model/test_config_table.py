import pytest
from pydantic import ValidationError

from chatbot.model.config_table import Patience, Seconds, Table


class Sample(Table):
    wait: Seconds = 1.0
    at_most: Patience = 0.0


def test_numbers_are_numbers_of_seconds() -> None:
    assert Sample(wait=2, at_most=3600).wait == 2
    for wrong in ({"wait": "2"}, {"wait": 0}, {"wait": float("inf")}, {"wait": True}, {"at_most": 3601.0}):
        with pytest.raises(ValidationError):
            Sample.model_validate(wrong)


def test_a_key_that_does_not_exist_is_an_error_that_does_not_show_its_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({"wiat": "s3cret"})
    assert "wiat" in str(caught.value)
    assert "s3cret" not in str(caught.value)
