"""What all commands share: lines of the log, and errors that a person can read."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from chatbot.bot.parts import where
from chatbot.cli.common import JsonLines, TextLines, fail, log_as, logged_as, printable
from chatbot.model.codes import Code
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding


def record(message: str, *arguments: object, with_fault: bool = False) -> logging.LogRecord:
    exc_info = sys.exc_info() if with_fault else None
    return logging.LogRecord("chatbot.x", logging.WARNING, __file__, 1, message, arguments, exc_info)


@pytest.fixture
def _in_a_chat() -> Iterator[None]:
    token = where.set("maid/1")
    yield
    where.reset(token)


def fault(text: str) -> None:
    raise ValueError(text)


def failed(text: str) -> logging.LogRecord:
    try:
        fault(text)
    except ValueError:
        return record("it failed", with_fault=True)
    raise AssertionError


@pytest.mark.usefixtures("_in_a_chat")
def test_a_line_says_when_how_bad_where_and_what() -> None:
    line = TextLines().format(record("%d lines are missing", 2))
    when, rest = line[:23], line[23:]
    assert when[4] == when[7] == "-"
    assert rest == " WARNING [maid/1] 2 lines are missing"


def test_a_line_about_no_bot_has_no_place() -> None:
    assert TextLines().format(record("stopped")).endswith(" WARNING stopped")


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
    assert TextLines().format(record("%s", text)).endswith(shown)
    assert printable(text) == shown


def test_no_text_can_pass_for_another_fact() -> None:
    forged = "x\n2030-01-01 00:00:00,000 ERROR   [maid] all is lost"
    for line in (TextLines().format(record("%s", forged)), TextLines().format(failed(forged))):
        assert all(further.startswith("    ") for further in line.splitlines()[1:])


def test_a_fault_keeps_its_traceback() -> None:
    lines = TextLines().format(failed("boom")).splitlines()
    assert lines[0].endswith("it failed")
    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[-1] == "    ValueError: boom"


@pytest.mark.usefixtures("_in_a_chat")
def test_a_line_for_machines_is_one_object() -> None:
    fact = json.loads(JsonLines().format(record("said %s", "\n\x1b\u2028")))
    assert fact.pop("time")
    assert fact == {
        "level": "warning",
        "logger": "chatbot.x",
        "where": "maid/1",
        "message": "said \n\x1b\u2028",
    }


def test_a_line_for_machines_is_plain_ascii_on_one_line_and_holds_the_traceback() -> None:
    line = JsonLines().format(failed("boom\u2028\x1b"))
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["traceback"].endswith("ValueError: boom\u2028\x1b")


def test_a_traceback_that_was_masked_stays_so() -> None:
    fault = failed("boom")
    fault.exc_text = "ValueError: ***"
    assert json.loads(JsonLines().format(fault))["traceback"] == "ValueError: ***"
    assert "boom" not in TextLines().format(fault)


def test_an_error_ends_the_program_with_its_text_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        fail(ConfigError(Finding(Code.WRONG_VALUE, "is odd: \x1b[31m", "bots.toml", 3, fix="make it even")))
    assert ended.value.code == 2
    expected = (
        "CB106  bots.toml:3  is odd: \\x1b[31m\n       fix: make it even        more: chatbot explain CB106\n"
    )
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize("kind", ["text", "json"])
@pytest.mark.parametrize("level", ["DEBUG", "WARNING"])
def test_another_process_can_log_alike(kind: str, level: str) -> None:
    log_as(kind, level)
    assert logged_as() == (kind, level)
