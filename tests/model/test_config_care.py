import pytest
from pydantic import ValidationError

from chatbot.model.config_care import BreakerSettings, FallbackSettings


def test_a_customer_goes_to_exactly_one_place() -> None:
    assert FallbackSettings(queue="Support").give_up_after == 60.0
    for wrong in ({}, {"queue": "Support", "target": "agent:helena"}, {"queue": "Support", "say": ""}):
        with pytest.raises(ValidationError):
            FallbackSettings.model_validate(wrong)


def test_a_breaker_has_its_limits_without_configuration() -> None:
    assert BreakerSettings() == BreakerSettings(errors=5, timeouts=3, blocked=5.0, cooldown=60.0)
    assert BreakerSettings(errors=0, timeouts=0, blocked=0).blocked == 0


@pytest.mark.parametrize(
    "wrong",
    [{"errors": -1}, {"timeouts": 1.5}, {"blocked": -0.1}, {"cooldown": 0}, {"errors": True}, {"error": 5}],
)
def test_a_limit_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        BreakerSettings.model_validate(wrong)
