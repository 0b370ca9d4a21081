import pytest
from pydantic import ValidationError

from chatbot.model.config_care import FallbackSettings


def test_a_customer_goes_to_exactly_one_place() -> None:
    assert FallbackSettings(queue="Support").give_up_after == 60.0
    for wrong in ({}, {"queue": "Support", "target": "agent:helena"}, {"queue": "Support", "say": ""}):
        with pytest.raises(ValidationError):
            FallbackSettings.model_validate(wrong)
