"""What the body of a REST answer says about the operation (reference 2.2 to 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Answer", "StatusCode", "read_answer"]


class StatusCode(IntEnum):
    """The codes of the platform (API/ReturnValues)."""

    OK = 0
    MISSING_PARAMETER = 1
    INVALID_STATE = 2
    FORBIDDEN = 3
    INTERNAL_FAILURE = 4
    NO_PERMISSION = 5
    NOT_FOUND = 6
    PARTLY_DONE = 7
    PASSWORD_EXPIRED = 8
    NOT_FINISHED = 9
    INVALID_INPUT = 10
    READ_ONLY = 11
    NOT_READ = 12
    NOT_CREATED = 13
    NOT_DELETED = 14
    NOT_UPDATED = 15
    NOT_ASSIGNED = 16
    NOT_UNASSIGNED = 17
    EXISTS = 18
    IN_USE = 19
    NOT_AUTHENTICATED = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's envelope.

    Args:
        code: The status code; None if the answer names none. Codes unknown to us stay numbers.
        message: The server's reason, at most 200 characters.
        reference_id: Ties later notifications to this request.
        value: The whole JSON object.
    """

    code: int | None
    message: str
    reference_id: str | None
    value: Mapping[str, object]


def read_answer(value: object) -> Answer:
    """Read the envelope in any of its forms: ``statusCode`` a number or a string, or ``status``."""
    fields = value if isinstance(value, Mapping) else {}
    code = _code(fields.get("statusCode"))
    if code is None:
        code = _code(fields.get("status"))
    message = fields.get("statusMessage") or fields.get("errorDescription") or ""
    return Answer(code, str(message)[:200], reference(fields.get("referenceId")), fields)


def reference(value: object) -> str | None:
    """A reference id as a string: it is a number in all samples, but only compared."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return str(value)


def _code(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if not isinstance(value, str):
        return None
    word = value.strip().lower()
    named: dict[str, int] = {"ok": StatusCode.OK, "error": StatusCode.INTERNAL_FAILURE}
    return named.get(word, int(word) if word.isascii() and word.isdigit() and len(word) < _LONG else None)


_LONG = 10
