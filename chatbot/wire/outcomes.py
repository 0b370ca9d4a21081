"""What became of one operation: accepted, not sent, refused, or nobody knows. Pure.

The sorting is what decides whether a request may be sent again without a customer reading it
twice (reliability 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan

from chatbot.model.answers import Answer, StatusCode, read_answer
from chatbot.model.errors import ConnectionLost, ProtocolViolation, SessionLost, WireError
from chatbot.model.quoting import Quoting
from chatbot.wire.body import decode
from chatbot.wire.http import Reply

__all__ = [
    "Accepted",
    "Gone",
    "Later",
    "NotSent",
    "Outcome",
    "Refusal",
    "SessionFault",
    "Unknown",
    "outcome_of",
    "outcome_of_error",
]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server will do it (code 0), or do it in part (code 7). The effect comes by CometD."""

    reference_id: str | None = None
    partly: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """It certainly did not reach the server. Sending it again is safe."""

    error: WireError


@dataclass(frozen=True, slots=True)
class SessionFault:
    """The server did not know who asked, so it did nothing. Log in and send again."""

    error: WireError


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server said no; nothing was changed."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such chat for this agent."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Later:
    """Too many requests; nothing was done. Wait ``seconds``, 0 to 60."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have taken effect. Look before sending it again."""

    error: WireError


Outcome = Accepted | NotSent | SessionFault | Refusal | Gone | Later | Unknown

_LONGEST_WAIT_S = 60.0
_DEFAULT_WAIT_S = 1.0
_OK, _REDIRECT, _BAD_REQUEST, _SERVER_ERROR = 200, 300, 400, 500
_UNAUTHORIZED, _FORBIDDEN, _PAYMENT, _NOT_FOUND, _TIMEOUT, _TOO_MANY = 401, 403, 402, 404, 408, 429
_DONE = frozenset({StatusCode.OK, StatusCode.PARTLY_DONE})
_UNFINISHED = frozenset({StatusCode.INTERNAL_FAILURE, StatusCode.NOT_FINISHED, StatusCode.NOT_READ})
# 5 may mean "not you" or "not this": whoever asks finds out by GET /me (design 4.5)
_WHO_ARE_YOU = frozenset({StatusCode.NOT_AUTHENTICATED, StatusCode.NO_PERMISSION})


def outcome_of_error(error: WireError) -> Outcome:
    """No whole answer came: the only question is whether the request may have arrived."""
    if isinstance(error, ConnectionLost) and not error.sent:
        return NotSent(error)
    return Unknown(error)


def outcome_of(reply: Reply, *, now: datetime | None = None) -> Outcome:
    """Sort an answer by its HTTP status and its status code.

    Args:
        reply: The answer.
        now: For a Retry-After that is a date.
    """
    if reply.status == _TOO_MANY:
        return Later(retry_after(reply.headers.get("retry-after"), now=now))
    if reply.status >= _SERVER_ERROR or reply.status == _TIMEOUT:
        return Unknown(ProtocolViolation(f"HTTP {reply.status}", status=reply.status))
    try:
        answer = read_answer(decode(reply.body))
    except WireError as error:
        return _without_envelope(reply.status, error)
    if not _is_telling(answer.code, reply.status):
        return _without_envelope(reply.status, ProtocolViolation("no status code", status=reply.status))
    return _by_code(answer)


def _is_telling(code: int | None, status: int) -> bool:
    """Whether the status code says more than the HTTP status. A 401 is a 401 (design 4.6)."""
    if status == _UNAUTHORIZED:
        return code == StatusCode.PASSWORD_EXPIRED
    return code is not None and (code not in _DONE or status < _REDIRECT)


def _by_code(answer: Answer) -> Outcome:
    code = answer.code or 0
    if code in _DONE:
        return Accepted(answer.reference_id, partly=code == StatusCode.PARTLY_DONE)
    told = f"status code {code}"
    text = Quoting(told, answer.message) if answer.message else f"{told}: no reason given"
    if code in _WHO_ARE_YOU:
        return SessionFault(SessionLost(text, status=code))
    if code in _UNFINISHED:
        return Unknown(ProtocolViolation(text, status=code))
    return Refusal(code, text)


def _without_envelope(status: int, error: WireError) -> Outcome:
    """By the HTTP status. A web page asks for a login only if it pretends success; else it tells an error."""
    text = f"HTTP {status}"
    if status < _REDIRECT:
        return SessionFault(error) if isinstance(error, SessionLost) else Unknown(error)
    if status in {_UNAUTHORIZED, _PAYMENT, _FORBIDDEN} or status < _BAD_REQUEST:
        return SessionFault(SessionLost(text, status=status))
    if status == _NOT_FOUND:
        return Gone(status, text)
    return Refusal(status, text)


def retry_after(value: str | None, *, now: datetime | None) -> float:
    """Seconds from a Retry-After header, which is a number or a date; clamped to 0 .. 60."""
    if value is None:
        return _DEFAULT_WAIT_S
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value, now)
    return min(max(seconds, 0.0), _LONGEST_WAIT_S) if not isnan(seconds) else _DEFAULT_WAIT_S


def _until(value: str, now: datetime | None) -> float:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return _DEFAULT_WAIT_S
    if now is None or date.tzinfo is None:
        return _DEFAULT_WAIT_S
    return (date - now.astimezone(UTC)).total_seconds()
