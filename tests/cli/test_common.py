"""What all commands share: errors that a person can read."""

import pytest

from chatbot.cli.common import fail, printable
from chatbot.model.codes import Code
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("back\rward", r"back\rward"),
        ("\u202ertl \u2028 \x85", r"\u202ertl \u2028 \x85"),
        ("lone \ud800", r"lone \ud800"),
        ("Grüße, 你好 🙂\ttab", "Grüße, 你好 🙂\ttab"),
    ],
)
def test_control_characters_are_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_an_error_ends_the_program_with_its_text_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        fail(ConfigError(Finding(Code.WRONG_VALUE, "is odd: \x1b[31m", "bots.toml", 3, fix="make it even")))
    assert ended.value.code == 2
    expected = (
        "CB106  bots.toml:3  is odd: \\x1b[31m\n       fix: make it even        more: chatbot explain CB106\n"
    )
    assert capsys.readouterr() == ("", expected)
