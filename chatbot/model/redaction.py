"""What a log may show of an object or an exception: of what may hold a customer's words, the length.

Fails closed: what is not known to be harmless is told by its type. Pure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from enum import Enum
from numbers import Number
from pathlib import PurePath
from traceback import StackSummary, walk_tb
from types import TracebackType
from typing import Any

from pydantic import BaseModel

from chatbot.model.errors import ChatbotError
from chatbot.model.findings import Finding
from chatbot.model.quoting import Quoting, length_of

__all__ = ["fault_of", "redacted", "redacted_argument", "traceback_of"]

# Names of places and people of the contact centre, and what numbers and orders things; all else may be
# a customer's.
_PLAIN = frozenset({"bot", "chat_id", "queue_name", "target_uri", "user_id", "participant_id", "id"})
_HARMLESS = (Number, Enum, PurePath, datetime, date, time, timedelta, type, type(None), Finding)
_MOST_SHOWN = 20
_MOST_CAUSES = 10
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n"


def redacted_argument(value: object) -> object:
    """An argument of a log line: a text is what somebody chose to log, and stays."""
    if isinstance(value, Quoting):
        return value.masked
    return value if isinstance(value, str) else _inner(value)


def redacted(value: object) -> str:
    """A value in words, of texts the length."""
    return length_of(value) if isinstance(value, str) and not isinstance(value, Enum) else str(_inner(value))


def _inner(value: object) -> object:
    match value:
        case BaseException():
            return fault_of(value)
        case BaseModel():
            return _model(value)
        case _ if isinstance(value, _HARMLESS):
            return value
        case _:
            return _container(value)


def _container(value: object) -> str:
    match value:
        case Mapping():
            pairs = (f"{redacted(key)}: {redacted(item)}" for key, item in _first(value.items()))
            return "{" + ", ".join(pairs) + "}"
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
        case Sequence() | AbstractSet():
            return "[" + ", ".join(redacted(item) for item in _first(value)) + "]"
        case _:
            return f"<{type(value).__name__}>"


def _first(values: Any) -> list[Any]:
    return [value for _, value in zip(range(_MOST_SHOWN), values, strict=False)]


def _model(model: BaseModel) -> str:
    """An event, an action, a resource, by its type and its fields."""
    fields = (
        f"{name}={value if name in _PLAIN else redacted(value)}"
        for name in type(model).model_fields
        if (value := getattr(model, name, None)) is not None
    )
    return f"{type(model).__name__}({', '.join(fields)})"


def fault_of(exc: BaseException) -> str:
    """An exception in one line: ours as it tells itself to a log, others by type and length."""
    if isinstance(exc, ChatbotError):
        return exc.masked
    name = type(exc).__name__
    if isinstance(exc, OSError) and isinstance(exc.errno, int):
        return f"{name}: [Errno {exc.errno}] {os.strerror(exc.errno)}"
    # not str(): that is foreign code, which may do anything
    words = " ".join(arg for arg in exc.args if isinstance(arg, str))
    return f"{name}: {length_of(words)}" if words else name


def traceback_of(exc: BaseException) -> str:
    """Where it was raised, with files, lines and their source; of what it says, as ``fault_of``."""
    return "\n".join(_chain(exc, _MOST_CAUSES, set()))


def _chain(exc: BaseException, depth: int, seen: set[int]) -> Iterator[str]:
    seen.add(id(exc))
    before, words = _before(exc)
    if before is not None and depth > 0 and id(before) not in seen:
        yield from _chain(before, depth - 1, seen)
        yield words
    yield from _stack(exc.__traceback__)
    yield _last_line(exc)
    if isinstance(exc, BaseExceptionGroup):
        for number, one in enumerate(exc.exceptions[:_MOST_SHOWN] if depth > 0 else (), 1):
            yield f"  ---- {number} of {len(exc.exceptions)} ----"
            yield from (f"  {line}" for text in _chain(one, depth - 1, seen) for line in text.split("\n"))


def _before(exc: BaseException) -> tuple[BaseException | None, str]:
    if exc.__cause__ is not None:
        return exc.__cause__, _CAUSE
    return (None if exc.__suppress_context__ else exc.__context__), _CONTEXT


def _last_line(exc: BaseException) -> str:
    module = type(exc).__module__
    prefix = "" if module in {"builtins", "__main__"} or isinstance(exc, ChatbotError) else f"{module}."
    if isinstance(exc, ChatbotError):
        return f"{type(exc).__name__}: {exc.masked}"
    return prefix + fault_of(exc)


def _stack(tb: TracebackType | None) -> Iterator[str]:
    if tb is None:
        return
    yield "Traceback (most recent call last):"
    for text in StackSummary.extract(walk_tb(tb)).format():
        yield text.rstrip("\n")
