"""What people see of a line."""

from datetime import UTC, datetime

import pytest

from chatbot.cli.shown import name, plain, told, transcript
from chatbot.simulator.customer import CustomerLine

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


def line(kind: str, text: str = "", nickname: str = "Eva", sender: str = "Agent") -> CustomerLine:
    return CustomerLine(7, kind, nickname, sender, text)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (line("Text", "hello"), "Eva: hello"),
        (line("Text", "[bold]<b>%s"), "Eva: [bold]<b>%s"),
        (line("Text", "one\ntwo"), "Eva: one\n          two"),
        (line("Text", "\x1b[2Jx\r\u202e"), "Eva: \\x1b[2Jx\\r\\u202e"),
        (line("Text", "x", nickname="E\x1bva\n12:00:00  Bot"), "E\\x1bva\\n12:00:00  Bot: x"),
        (line("PushUrl", "https://a.example"), "Eva shows https://a.example"),
        (line("Notice", "soon"), "Eva notes: soon"),
        (line("ParticipantJoined"), "Eva joined"),
        (line("ParticipantLeft"), "Eva left"),
        (line("NicknameUpdated", "Eva"), "now called Eva"),
        (line("Odd\x07Thing"), "Eva Odd\\x07Thing"),
    ],
)
def test_a_line_is_told_and_cannot_steer_the_terminal(said: CustomerLine, shown: str) -> None:
    assert plain(told(said, NOON)) == f"12:00:00  {shown}"


@pytest.mark.parametrize("kind", ["TypingStarted", "TypingStopped"])
def test_typing_is_not_told_line_by_line(kind: str) -> None:
    assert told(line(kind), NOON) == []


def test_agents_and_customers_and_what_happens_have_a_style_each() -> None:
    lines = [line("Text", "a"), line("Text", "b", "Ana", "Customer"), line("ParticipantLeft")]
    assert [told(one, NOON)[1][0] for one in lines] == ["agent", "customer", "event"]


def test_a_transcript_has_indexes_and_all_lines() -> None:
    assert (
        transcript([line("TypingStarted"), line("Text", "hi")])
        == "     7  Eva began to type\n     7  Eva: hi"
    )
    assert transcript([]) == "  (nothing)"


def test_a_name_is_one_line() -> None:
    assert name("a\tb\nc\x00") == "a\\tb\\nc\\x00"
