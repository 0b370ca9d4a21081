"""Says what pydantic found wrong with a table, in words of TOML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from chatbot.model.codes import Code
from chatbot.model.config_kinds import keys, kind_of, kind_of_value, table_at
from chatbot.model.config_table import FLAWS, Flaw
from chatbot.model.findings import Finding
from chatbot.model.nearest import nearest
from chatbot.model.section import Section

__all__ = ["explain", "mistakes", "unknown_key"]

# How pydantic says it, and how a reader of the file does.
_WORDS = (
    (r"^(Value error, )", ""),
    (r"^(Input|String|Tuple|Dictionary|List) should (be |have |match )", "expected "),
    (r" or instance of \w+$", ""),
    (r"valid dictionary", "table"),
    (r"valid (tuple|list|set)", "list"),
    (r" after validation, not", ", found"),
)
# With more keys, their kinds are left out: the documentation has them all.
_FEW = 12


def mistakes(exc: ValidationError) -> list[ErrorDetails]:
    """What is wrong. That a list is too short follows, if something in it is wrong."""
    errors = exc.errors(include_url=False)
    places = [error["loc"] for error in errors]
    return [one for one in errors if one["type"] != "too_short" or not _leads_to(one["loc"], places)]


def _leads_to(place: tuple[int | str, ...], places: list[tuple[int | str, ...]]) -> bool:
    return any(place != other and other[: len(place)] == place for other in places)


def explain(error: ErrorDetails, where: Section, model: type[BaseModel]) -> Iterator[Finding]:
    """What one validation error tells.

    Args:
        error: What pydantic found.
        where: The table that was read.
        model: What it was read as.
    """
    place = error["loc"]
    *outer, key = place or ("",)
    match error["type"]:
        case "extra_forbidden":
            yield unknown_key(where.below(*outer), str(key), table_at(model, outer))
        case "missing":
            purpose = ": at least one table [bots.NAME]" if place == ("bots",) else ""
            fix = f"add {key} = ..." if not purpose else ""
            yield where.below(*outer).finding(
                Code.MISSING_KEY, f"needs the key {key!r}{purpose}", key, fix=fix
            )
        case kind if kind == FLAWS:
            yield from (_told(flaw, where.below(*outer), key) for flaw in error["ctx"]["flaws"])
        case _:
            yield _wrong_value(error, where.below(*outer), key)


def _told(flaw: Flaw, where: Section, key: str | int) -> Finding:
    """Of a table, or of a key in it: what a validator of the key says is said of its name."""
    more = {"expected": flaw.expected, "closest": flaw.closest, "fix": flaw.fix}
    if key == "":
        return where.finding(flaw.code, flaw.message, *flaw.key, **more)
    if any(isinstance(part, str) for part in flaw.key):
        return where.below(key).finding(flaw.code, flaw.message, *flaw.key, **more)
    return where.finding(flaw.code, f"{key} {flaw.message}", key, *flaw.key, **more)


def _wrong_value(error: ErrorDetails, where: Section, key: str | int) -> Finding:
    said = _sentence(error["msg"])
    name = f"item {key + 1}" if isinstance(key, int) else key
    place = () if key == "" else (key,)
    if not said.startswith("expected "):
        return where.finding(Code.WRONG_VALUE, f"{name}: {said}".removeprefix(": "), *place)
    # the value itself may be a secret
    is_of_wrong_kind = error["type"].endswith("_type")
    found = f"is a {kind_of_value(error['input'])}" if is_of_wrong_kind else "has a wrong value"
    return where.finding(
        Code.WRONG_VALUE, f"{name} {found}".lstrip(), *place, expected=said, closest=_choice(error)
    )


def _choice(error: ErrorDetails) -> str:
    """Of a few words that are allowed, the one that was probably meant."""
    value = error["input"]
    if error["type"] != "literal_error" or not isinstance(value, str):
        return ""
    return nearest(value, re.findall(r"'([^']*)'", error["ctx"]["expected"])) or ""


def _sentence(message: str) -> str:
    for theirs, ours in _WORDS:
        message = re.sub(theirs, ours, message)
    return message


def unknown_key(where: Section, key: str, model: type[BaseModel] | None) -> Finding:
    """The finding that a table has no such key, with the nearest one.

    Args:
        where: The table.
        key: The key.
        model: What the table was read as, if that is known.
    """
    known = keys(model) if model is not None else {}
    names = sorted([*known, "defaults"] if "bots" in known else known)
    closest = nearest(key, names) or ""
    fix = f"rename {key} to {closest}" if closest else f"remove {key}"
    return where.finding(
        Code.UNKNOWN_KEY,
        f"has no key {key!r}" if where.path else f"there is no key {key!r} at the top of the file",
        key,
        expected=f"accepted here: {_accepted(names, known) or 'nothing'}",
        closest=closest,
        fix=fix,
    )


def _accepted(names: Sequence[str], known: Mapping[str, FieldInfo]) -> str:
    if len(names) > _FEW or "defaults" in names:
        return ", ".join(names)
    return ", ".join(f"{name} ({kind_of(known[name].annotation)})" for name in names)
