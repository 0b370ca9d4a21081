"""Lines of the log: what they are about, and what they do not tell."""

import asyncio
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from chatbot.bot.place import Place, where
from chatbot.cli.log import (
    JsonLines,
    Lines,
    TextLines,
    hide_texts,
    log_as,
    logged_as,
    tell_all,
    trace_by,
    use_format,
)
from chatbot.hooks.run import HookRun, current_run
from chatbot.model.errors import Refused
from chatbot.model.events import TextReceived
from chatbot.model.quoting import Quoting

WORDS = "canary, my card is 4111"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = TextReceived(bot="maid", chat_id="c1", index=12, received_at=NOW, text=WORDS)


def record(message: object, *arguments: object, name: str = "chatbot.x") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, __file__, 1, message, arguments, None)


@pytest.fixture
def _in_a_chat() -> Iterator[None]:
    token = where.set(Place("maid", "c1", "12:TextReceived:1:2:3:0"))
    yield
    where.reset(token)


@pytest.fixture
def _in_a_hook(_in_a_chat: None) -> Iterator[None]:
    token = current_run.set(HookRun("greeter", "on_text+1", TEXT, "13:TextReceived:1:2:3:0"))
    yield
    current_run.reset(token)


def fault(text: str) -> None:
    raise ValueError(text)


def failed(text: str) -> logging.LogRecord:
    told = record("it failed")
    try:
        fault(text)
    except ValueError:
        told.exc_info = sys.exc_info()
    return told


@pytest.mark.usefixtures("_in_a_chat")
def test_a_line_says_when_how_bad_where_and_what() -> None:
    line = TextLines().format(record("%d lines are missing", 2))
    when, rest = line[:23], line[23:]
    assert when[4] == when[7] == "-"
    assert rest == " WARNING [maid/c1/12] 2 lines are missing"


@pytest.mark.usefixtures("_in_a_hook")
def test_a_line_of_a_hook_says_which_and_for_what() -> None:
    line = TextLines(ids=lambda: ("a" * 32, "b" * 16)).format(record("odd"))
    assert line[24:] == f"WARNING [maid/c1/13 greeter.on_text trace={'a' * 32}] odd"


def test_a_line_about_no_bot_has_no_place() -> None:
    assert TextLines().format(record("stopped")).endswith(" WARNING stopped")


def test_no_text_can_pass_for_another_fact() -> None:
    forged = "x\n2030-01-01 00:00:00,000 ERROR   [maid] all is lost"
    lines = TextLines(with_texts=True)
    for line in (lines.format(record("%s", forged)), lines.format(failed(forged))):
        assert all(further.startswith("    ") for further in line.splitlines()[1:])


@pytest.mark.parametrize(("with_texts", "last"), [(True, "boom"), (False, "<4 characters>")])
def test_a_fault_keeps_its_traceback(last: str, *, with_texts: bool) -> None:
    lines = TextLines(with_texts=with_texts).format(failed("boom")).splitlines()
    assert lines[0].endswith("it failed")
    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[-1] == f"    ValueError: {last}"


@pytest.mark.usefixtures("_in_a_hook")
def test_a_line_for_machines_is_one_object() -> None:
    lines = JsonLines(ids=lambda: ("a" * 32, "b" * 16))
    fact = json.loads(lines.format(record("said %s", "\n\x1b\u2028")))
    assert datetime.fromisoformat(fact["time"]).tzinfo == UTC
    assert fact.pop("time").endswith("Z")
    assert fact == {
        "level": "warning",
        "logger": "chatbot.x",
        "message": "said \n\x1b\u2028",
        "bot": "maid",
        "chat": "c1",
        "event": "13",
        "plugin": "greeter",
        "hook": "on_text",
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
    }


def test_a_line_for_machines_is_plain_ascii_on_one_line_and_holds_the_traceback() -> None:
    line = JsonLines(with_texts=True).format(failed("boom\u2028\x1b"))
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["traceback"].endswith("ValueError: boom\u2028\x1b")
    masked = json.loads(JsonLines().format(failed("boom\u2028\x1b")))
    assert masked["traceback"].endswith("ValueError: <6 characters>")


def test_a_traceback_that_another_handler_has_written_is_not_taken_over() -> None:
    told = failed(WORDS)
    logging.Formatter().format(told)
    assert told.exc_text is not None
    assert WORDS in told.exc_text
    assert "canary" not in JsonLines().format(told)


def test_a_traceback_that_was_masked_stays_so() -> None:
    fault = failed("boom")
    fault.exc_text = "ValueError: ***"
    assert json.loads(JsonLines(with_texts=True).format(fault))["traceback"] == "ValueError: ***"
    assert "boom" not in TextLines(with_texts=True).format(fault)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (record("it came: %s", TEXT), "it came: TextReceived("),
        (record("it came: %s", {"text": WORDS}), "it came: {<4 characters>: <23 characters>}"),
        (record("it came: %r", {"text": WORDS}), "it came: {<4 characters>: <23 characters>}"),
        (record("%(what)s", {"what": [WORDS]}), "[<23 characters>]"),
        (record("it failed: %s", ValueError(WORDS)), "it failed: ValueError: <23 characters>"),
        (record("it failed: %r", ValueError(WORDS)), "it failed: 'ValueError: <23 characters>'"),
        (record(ValueError(WORDS)), "ValueError: <23 characters>"),
        (record(TEXT), "TextReceived("),
        (record("%d", WORDS), f"a line at {__file__}:1 cannot be written"),
        (record("%s and %s", WORDS), f"a line at {__file__}:1 cannot be written"),
        (record("refused: %s", Refused(Quoting("status code 6", WORDS), action="Accept")), "refused: CB"),
        (record("refused: %s", Quoting("status code 6", WORDS)), "refused: status code 6: <23 characters>"),
    ],
    ids=range(12),
)
def test_an_argument_tells_no_text(told: logging.LogRecord, message: str) -> None:
    for lines in (TextLines(), JsonLines()):
        said = lines.said(told)
        assert said.startswith(message)
        assert "canary" not in lines.format(told)


@pytest.mark.usefixtures("_in_a_hook")
@pytest.mark.parametrize("name", ["greeter", "chatbot.greeter", "some.library"])
@pytest.mark.parametrize("shown", [WORDS, repr(WORDS), f"<{WORDS}>"])
def test_the_text_of_the_event_is_not_told_by_any_name(name: str, shown: str) -> None:
    assert "canary" not in TextLines().format(record("the customer says %s", shown, name=name))
    assert WORDS in TextLines(with_texts=True).format(record("%s", shown, name=name))


async def test_asyncio_tells_what_is_wrong_and_not_with_what() -> None:
    loop, told = asyncio.get_running_loop(), list[logging.LogRecord]()
    handler = logging.Handler()
    handler.emit = told.append  # type: ignore[method-assign]
    logging.getLogger("asyncio").addHandler(handler)
    try:
        fault = ValueError(WORDS)
        loop.default_exception_handler({"message": f"Task <{WORDS}>", "exception": fault, "what": WORDS})
    finally:
        logging.getLogger("asyncio").removeHandler(handler)
    (one,) = told
    assert TextLines().said(one) == "Task"
    assert "canary" not in JsonLines().format(one)
    assert "ValueError: <23 characters>" in JsonLines().format(one)


@pytest.mark.parametrize("kind", ["text", "json"])
@pytest.mark.parametrize("level", ["DEBUG", "WARNING"])
def test_another_process_can_log_alike(kind: str, level: str) -> None:
    log_as(kind, level)
    assert logged_as() == (kind, level)


@pytest.mark.parametrize(
    ("is_terminal", "for_machines", "kind"),
    [(True, True, "text"), (False, True, "json"), (False, False, "text"), (True, False, "text")],
)
def test_where_no_terminal_is_lines_are_for_machines(
    kind: str, monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool, for_machines: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    use_format("auto", for_machines=for_machines)
    assert logged_as()[0] == kind


def lines_now() -> Lines:
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler.formatter, Lines)
    return handler.formatter


def test_texts_are_hidden_until_they_are_asked_for() -> None:
    use_format("text")
    assert lines_now().with_texts is False
    hide_texts(hidden=False)
    assert lines_now().with_texts is True
    hide_texts(hidden=True)
    assert lines_now().with_texts is False


def test_a_log_can_tell_the_trace() -> None:
    use_format("json")
    trace_by(lambda: ("a" * 32, "b" * 16))
    assert lines_now().about() == {"trace_id": "a" * 32, "span_id": "b" * 16}


@pytest.fixture
def _hooks_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in (
        (sys, "excepthook"),
        (sys, "unraisablehook"),
        (threading, "excepthook"),
        (warnings, "showwarning"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))


class Dying:
    def __del__(self) -> None:
        raise ValueError(WORDS)


@pytest.mark.usefixtures("_hooks_as_before")
def test_what_python_would_print_is_told_by_the_log(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError(WORDS)

    tell_all()
    thread = threading.Thread(target=fail, name="worker")
    thread.start()
    thread.join()
    del [Dying()][0]
    sys.excepthook(ValueError, ValueError(WORDS), None)
    warnings.showwarning(WORDS, UserWarning, "x.py", 3)
    warnings.showwarning("coroutine 'Plugin.on_text' was never awaited", RuntimeWarning, "x.py", 4)
    assert caplog.messages == [
        "the thread worker failed",
        "an error had nobody to go to",
        "the program failed",
        "UserWarning at x.py:3: <23 characters>",
        "RuntimeWarning at x.py:4: coroutine 'Plugin.on_text' was never awaited",
    ]
    assert "canary" not in "\n".join(map(TextLines().format, caplog.records))
    assert "canary" not in "".join(capsys.readouterr())
