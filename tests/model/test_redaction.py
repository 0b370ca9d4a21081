"""What a log may show of objects and exceptions: nothing that a customer or a server has said."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chatbot.model.actions import SendMessage, UpdateUserData
from chatbot.model.codes import Code
from chatbot.model.errors import ConfigError, NotAllowed, Refused
from chatbot.model.events import TextReceived
from chatbot.model.findings import Finding
from chatbot.model.quoting import Quoting
from chatbot.model.redaction import fault_of, redacted, redacted_argument, traceback_of
from chatbot.model.resources import Participant
from chatbot.model.words import ChatState

WORDS = "canary, my card is 4111"
ANY = Exception
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = TextReceived(
    bot="maid", chat_id="c1", index=3, received_at=NOW, text=WORDS, sender=Participant(nickname=WORDS)
)


class Odd(Exception):
    """An exception with words of its own."""

    def __str__(self) -> str:
        return WORDS


class Strict(BaseModel):
    number: int


def caught(fault: Callable[[], Any]) -> Exception:
    with pytest.raises(ANY) as info:
        fault()
    return info.value


def raiser(exc: BaseException) -> Callable[[], Any]:
    def fault() -> None:
        raise exc

    return fault


def lookup() -> str:
    nothing: dict[str, str] = {}
    return nothing[WORDS]


def chained() -> None:
    try:
        lookup()
    except KeyError as exc:
        raise RuntimeError(WORDS) from exc


def in_the_middle() -> None:
    try:
        lookup()
    except KeyError:
        raiser(RuntimeError(WORDS))()


def noted() -> None:
    error = ValueError(WORDS)
    error.add_note(WORDS)
    raise error


FAULTS: dict[str, Callable[[], Any]] = {
    "words": raiser(ValueError(WORDS)),
    "key": lambda: {}[WORDS],
    "several": raiser(ValueError(1, WORDS, [WORDS])),
    "object": raiser(ValueError(TEXT)),
    "bytes": raiser(ValueError(WORDS.encode())),
    "group": raiser(ExceptionGroup(WORDS, [ValueError(WORDS), ExceptionGroup(WORDS, [KeyError(WORDS)])])),
    "cause": chained,
    "context": in_the_middle,
    "note": noted,
    "odd": raiser(Odd()),
    "syntax": lambda: ast.literal_eval(f"{WORDS}("),
    "decode": lambda: b"\xff".decode() + WORDS,
    "pydantic": lambda: Strict.model_validate({"number": WORDS}),
    "attribute": lambda: getattr(TEXT, WORDS),
    "file": lambda: Path(f"/nowhere/{WORDS}").read_text(encoding="utf-8"),
    "server": raiser(Refused(Quoting("status code 6", WORDS), action="Accept")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_exception_tells_where_and_what_kind_and_none_of_its_words(name: str) -> None:
    exc = caught(FAULTS[name])
    shown = f"{fault_of(exc)}\n{traceback_of(exc)}"
    assert "canary" not in shown
    assert "4111" not in shown
    assert type(exc).__name__ in traceback_of(exc)
    assert "Traceback (most recent call last):" in shown
    assert f'File "{__file__}", line ' in shown


def test_a_traceback_keeps_the_source_and_the_causes() -> None:
    lines = [line.strip() for line in traceback_of(caught(chained)).splitlines()]
    assert "return nothing[WORDS]" in lines
    assert f"KeyError: <{len(WORDS)} characters>" in lines
    assert "The above exception was the direct cause of the following exception:" in lines
    assert lines[-1] == f"RuntimeError: <{len(WORDS)} characters>"


def test_a_group_tells_each_of_its_own() -> None:
    shown = traceback_of(caught(FAULTS["group"]))
    assert [line for line in shown.splitlines() if " of " in line] == [
        "  ---- 1 of 2 ----",
        "  ---- 2 of 2 ----",
        "    ---- 1 of 1 ----",
    ]
    assert "    KeyError: <" in shown


def test_causes_that_go_round_come_to_an_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert len(traceback_of(first).splitlines()) < 10


@pytest.mark.parametrize(
    ("exc", "line"),
    [
        (ValueError(), "ValueError"),
        (ValueError("four"), "ValueError: <4 characters>"),
        (OSError(2, "said", WORDS), "FileNotFoundError: [Errno 2] No such file or directory"),
        (TimeoutError(), "TimeoutError"),
        (Refused(Quoting("status code 6", "no"), action="Accept"), "CB320 status code 6: <2 characters>"),
    ],
    ids=str,
)
def test_an_exception_in_one_line(exc: BaseException, line: str) -> None:
    assert fault_of(exc).partition(" ")[2] == line.partition(" ")[2]


def test_what_we_say_ourselves_is_shown() -> None:
    error = NotAllowed("Accept", needed="Accept", have=(), reason="a human agent has the chat")
    assert "a human agent has the chat" in fault_of(error)
    finding = Finding(Code.WRONG_VALUE, "is odd")
    assert "is odd" in fault_of(ConfigError(finding))
    assert redacted_argument(finding) is finding


def test_an_event_is_shown_by_its_type_and_its_fields() -> None:
    shown = redacted(TEXT)
    assert shown.startswith("TextReceived(bot=maid, chat_id=c1, received_at=")
    assert "index=3" in shown
    assert f"text=<{len(WORDS)} characters>" in shown
    assert "canary" not in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (SendMessage(text=WORDS), f"SendMessage(text=<{len(WORDS)} characters>)"),
        ({"Name": "Ana"}, "{<4 characters>: <3 characters>}"),
        (["Ana", 3, None], "[<3 characters>, 3, None]"),
        (b"Ana", "<3 bytes>"),
        (object(), "<object>"),
        (ChatState.CHATTING, str(ChatState.CHATTING)),
        (range(1000), "[" + ", ".join(map(str, range(20))) + "]"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_shown_without_its_texts(value: object, shown: str) -> None:
    assert redacted(value) == shown


def test_user_data_is_shown_by_its_size() -> None:
    assert "canary" not in redacted(UpdateUserData(user_data={"note": WORDS, "deep": [{"x": WORDS}]}))


@pytest.mark.parametrize("value", ["maid", 3, 0.5, None, ChatState.CHATTING, NOW, Path("/var/x")])
def test_what_somebody_chose_to_log_stays(value: object) -> None:
    assert redacted_argument(value) is value


def test_a_sentence_that_quotes_a_server_is_shown_without_the_words() -> None:
    assert redacted_argument(Quoting("status code 6", WORDS)) == f"status code 6: <{len(WORDS)} characters>"


def test_the_reader_of_settings_tells_no_value() -> None:
    with pytest.raises(ValidationError) as info:
        Strict.model_validate({"number": WORDS})
    assert WORDS in str(info.value)  # what is kept out of a log
    assert fault_of(info.value) == "ValidationError"
    assert sys.exc_info() == (None, None, None)
