"""Somebody else's words after ours: whole for people, by their length for a log."""

import pytest

from chatbot.model.quoting import Quoting, after, length_of


@pytest.mark.parametrize(
    ("text", "whole", "masked"),
    [
        (
            Quoting("status code 6", "no such chat"),
            "status code 6: no such chat",
            "status code 6: <12 characters>",
        ),
        (Quoting("", "no such chat"), "no such chat", "<12 characters>"),
        (
            after("Accept was refused", Quoting("status code 6", "Zoë")),
            "Accept was refused: status code 6: Zoë",
            "Accept was refused: status code 6: <3 characters>",
        ),
        (
            after("Accept was refused", Quoting("", "no")),
            "Accept was refused: no",
            "Accept was refused: <2 characters>",
        ),
    ],
)
def test_a_text_is_whole_and_knows_what_a_log_may_show(text: str, whole: str, masked: str) -> None:
    assert isinstance(text, Quoting)
    assert (text, str(text), text.masked) == (whole, whole, masked)
    assert type(f"{text}") is str


def test_what_quotes_nobody_stays_plain() -> None:
    text = after("it came to nothing", "no answer within 10 s")
    assert (text, isinstance(text, Quoting)) == ("it came to nothing: no answer within 10 s", False)


def test_a_length_stands_for_a_text() -> None:
    assert length_of("") == "<0 characters>"
