import re

import pytest

from chatbot.model.codes import Code, explanation


@pytest.mark.parametrize("code", Code)
def test_a_code_is_two_letters_and_a_number(code: Code) -> None:
    assert re.fullmatch(r"CB[1-5]\d\d", code)


def test_codes_that_are_promised_mean_what_they_are_promised_to() -> None:
    assert (Code.UNKNOWN_KEY, Code.UNKNOWN_HOOK, Code.CAPABILITY_MISSING) == ("CB104", "CB203", "CB310")


def test_an_explanation_is_text_for_a_terminal() -> None:
    lines = str(explanation(Code.UNKNOWN_HOOK)).splitlines()
    assert lines[0] == "a plugin implements a hook that does not exist"
    assert "    async def on_txet(event): ..." in lines
    assert lines[-1].startswith("Fix: ")
