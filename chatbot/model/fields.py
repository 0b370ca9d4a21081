"""Reading fields tolerantly: an odd field costs itself, never its neighbours.

The wire is strict JSON, but its fields vary from server to server (reference 9.2). Each model
says what it understands; what it cannot read is left out, as if it had not been sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

__all__ = ["chat_id_from", "id_from_path", "is_safe_id", "line_index", "line_time", "tolerant"]

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[int | str, ...]

_ROUNDS = 4
_SAFE_ID = re.compile(r"[A-Za-z0-9_~-]{1,64}")
_DIGITS = re.compile(r"\s*[0-9]{1,16}\s*")
_TIME = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)[T ]?\s*(\d\d)\s*:\s*(\d\d)\s*:\s*(\d\d(?:\.\d{1,6})?)\d*\s*(Z|[+-]\d\d:?\d\d)?\s*"
)
_LARGEST_INDEX = 2**53
# From here on a number of seconds would lie beyond the year 5000: it counts milliseconds (reference 1.5).
_MILLISECONDS = 1e11


def tolerant(model: type[Model], value: object) -> Model | None:
    """The value read as this model, without the parts that it cannot read; None if nothing is left."""
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(value)
        except ValidationError as exc:
            places = [error["loc"] for error in exc.errors(include_url=False, include_input=False)]
            value = _without(value, [place for place in places if place])
    return None


def _without(value: object, places: Sequence[Place]) -> object:
    """A copy of a JSON value in which these places are missing."""
    gone = {first for first, *rest in places if not rest}
    deeper: dict[int | str, list[Place]] = {}
    for first, *rest in places:
        if rest:
            deeper.setdefault(first, []).append(tuple(rest))
    if isinstance(value, Mapping):
        return dict(_kept(value.items(), gone, deeper))
    if isinstance(value, list):
        return [kept for _, kept in _kept(enumerate(value), gone, deeper)]
    return None


def _kept(
    items: Iterable[tuple[Any, object]], gone: set[int | str], deeper: Mapping[int | str, list[Place]]
) -> Iterator[tuple[Any, object]]:
    for key, value in items:
        if key not in gone:
            yield key, _without(value, deeper[key]) if key in deeper else value


def line_index(value: object) -> int | None:
    """The index of a transcript line, if it can order lines: a whole number above 0 (reference 8.2)."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < _LARGEST_INDEX else None


def line_time(line: Mapping[str, object]) -> datetime | None:
    """When a transcript line was said: ``timestamp`` in any of its forms, else ``timestampSeconds``.

    A time without an offset counts as UTC (reference 8.4).
    """
    text = line.get("timestamp")
    if isinstance(text, str) and (match := _TIME.fullmatch(text)):
        date, hour, minute, second, offset = match.groups()
        try:
            return datetime.fromisoformat(f"{date}T{hour}:{minute}:{second}{offset or '+00:00'}")
        except ValueError:
            pass
    return _from_number(line.get("timestampSeconds"))


def _from_number(number: object) -> datetime | None:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    try:
        return datetime.fromtimestamp(number / 1000 if abs(number) > _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def is_safe_id(value: object) -> bool:
    """Whether a chat or user id from the wire may become part of a path (reliability 4.2)."""
    return isinstance(value, str) and _SAFE_ID.fullmatch(value) is not None


def id_from_path(value: object, *, below: str = "") -> str | None:
    """The last part of a ``uri`` or ``path``, if it is an id. Hosts in it are never used (reference 2.1).

    Args:
        value: The address, or the id alone.
        below: What the part before the id has to be, e.g. ``chats``; empty for anything.
    """
    if not isinstance(value, str):
        return None
    head, slash, tail = value.rstrip("/").rpartition("/")
    is_there = not below or not slash or _last(head) == below
    return tail if is_there and is_safe_id(tail) else None


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def chat_id_from(data: Mapping[str, object]) -> str | None:
    """The chat that a log update belongs to: ``chatPath`` (newer), else ``chatUri`` (reference 1.6).

    ``/chats/../../x`` is no address of a chat ``x``, and ``/me/chats/`` none of a chat ``chats``.
    """
    return id_from_path(data.get("chatPath"), below="chats") or id_from_path(
        data.get("chatUri"), below="chats"
    )
