"""Reads bots.toml. Every finding names file and line, what was found, what was expected and the fix."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chatbot.model.codes import Code
from chatbot.model.config import BotSettings, Settings
from chatbot.model.config_kinds import keys
from chatbot.model.config_table import FLAWS, Flaw
from chatbot.model.config_words import explain, mistakes, unknown_key
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding
from chatbot.model.section import Section
from chatbot.model.toml_lines import Path as Place
from chatbot.model.toml_lines import locate

__all__ = ["load", "read"]

_BIGGEST_FILE = 1_000_000
# So that the rest of a bot can be looked at whose own are wrong or missing.
_STAND_INS = {"server": "https://gws.invalid", "username": "nobody", "password": {"env": "NOWHERE"}}


def load(path: Path) -> Settings:
    """The settings in this file.

    Raises:
        ConfigError: With a finding for each thing that is wrong.
    """
    settings, findings = read(path)
    if settings is None or findings:
        raise ConfigError(*findings)
    return settings


def read(path: Path) -> tuple[Settings | None, list[Finding]]:
    """What can be used of this file, and what is wrong with the rest.

    Returns:
        The settings without the keys that are wrong, so that more can be looked at; None if that is
        not possible. The findings, in the order in which they stand in the file.
    """
    try:
        table, where = _table(path)
    except ConfigError as error:
        return None, list(error.findings)
    defaults, findings = _defaults(table.pop("defaults", {}), where)
    if isinstance(bots := table.get("bots"), dict):
        table["bots"] = _completed(bots, defaults)
    settings, more = _validated(table, where)
    # one mistake in [defaults] is found in every bot
    findings = sorted(dict.fromkeys([*findings, *more]), key=lambda finding: finding.line or 0)
    return (_absolute(settings, path, where) if settings is not None else None), findings


def _table(path: Path) -> tuple[dict[str, Any], Section]:
    file, text = str(path), _text(path)
    try:
        return tomllib.loads(text), Section(file, (), locate(text))
    except (ValueError, RecursionError) as exc:  # also absurd numbers, and absurd nesting
        reason, line = _syntax(exc, text)
        raise ConfigError(Finding(Code.NOT_TOML, f"is not TOML: {reason}", file, line)) from exc


def _text(path: Path) -> str:
    file = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        fix = "name the file with --config"
        raise ConfigError(Finding(Code.FILE_MISSING, "does not exist", file, fix=fix)) from None
    except OSError as exc:
        unreadable = Finding(Code.FILE_UNREADABLE, f"cannot be read: {exc.strerror}", file)
        raise ConfigError(unreadable) from exc
    if len(data) > _BIGGEST_FILE:
        message = f"is larger than {_BIGGEST_FILE} bytes: not a bots.toml"
        raise ConfigError(Finding(Code.FILE_UNREADABLE, message, file))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        message = f"is not UTF-8 text (byte {exc.start})"
        fix = "save it as UTF-8"
        raise ConfigError(Finding(Code.FILE_UNREADABLE, message, file, line, fix=fix)) from exc


def _syntax(exc: Exception, text: str) -> tuple[str, int | None]:
    """The reader's words, and the line that stands in them."""
    words = str(exc)
    if found := re.search(r" \(at line (\d+), column (\d+)\)$", words):
        return f"{words[: found.start()]} (column {found[2]})", int(found[1])
    return words, len(text.splitlines()) if words.endswith("(at end of document)") else None


def _defaults(defaults: object, where: Section) -> tuple[dict[str, Any], list[Finding]]:
    """What counts for all bots, without what no bot has."""
    if not isinstance(defaults, dict):
        message = "defaults is no table"
        wrong = where.finding(Code.WRONG_VALUE, message, "defaults", expected="expected a table [defaults]")
        return {}, [wrong]
    known = keys(BotSettings)
    strange = [key for key in defaults if key not in known]
    findings = [unknown_key(where.below("defaults"), key, BotSettings) for key in strange]
    return {key: defaults[key] for key in defaults if key not in strange}, findings


def _completed(bots: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {**deepcopy(dict(defaults)), **bot} if isinstance(bot, dict) else bot
        for name, bot in bots.items()
    }


def _validated(table: dict[str, Any], where: Section) -> tuple[Settings | None, list[Finding]]:
    """Read the table, again and again without what is wrong.

    Pydantic looks at a table as a whole only when all of its keys are right.
    """
    findings: list[Finding] = []
    removed: set[Place] = set()
    while True:
        try:
            return Settings.model_validate(table), findings
        except ValidationError as exc:
            errors = mistakes(exc)
        for error in errors:
            findings += () if _is_of_ours(error, removed) else explain(error, where, Settings)
        fresh = {_remove(table, place) for error in errors for place in _places(error)} - removed
        if not fresh - {()}:
            return None, findings
        removed |= fresh


def _is_of_ours(error: ErrorDetails, removed: set[Place]) -> bool:
    """Whether something is missing only because it was removed."""
    place = error["loc"]
    if error["type"] == "missing":
        return place in removed
    lacks = error["type"] == "too_short" or any(flaw.code is Code.NOT_EXACTLY_ONE for flaw in _flaws(error))
    return lacks and any(it[: len(place)] == place for it in removed)


def _places(error: ErrorDetails) -> list[Place]:
    return [(*error["loc"], *flaw.key) for flaw in _flaws(error)] or [error["loc"]]


def _flaws(error: ErrorDetails) -> tuple[Flaw, ...]:
    return error["ctx"]["flaws"] if error["type"] == FLAWS else ()


def _remove(table: dict[str, Any], place: Place) -> Place:
    """Take out the innermost key that is on the way to this place, and tell its path; () if none is.

    What a bot cannot be without gets a stand-in.
    """
    owner, path = _innermost(table, place)
    if not path:
        return path
    key = str(path[-1])
    owner.pop(key, None)
    if key == "plugins":
        owner.pop("plugin", None)  # whose they are is not known then
    if _is_needed(path):
        owner[key] = _STAND_INS[key]
    return path


def _innermost(table: dict[str, Any], place: Place) -> tuple[dict[str, Any], Place]:
    inner: Any = table
    owner, path = table, place[:0]
    for number, part in enumerate(place, 1):
        if isinstance(inner, dict) and (part in inner or _is_needed(place[:number])):
            owner, path = inner, place[:number]
            inner = inner.get(part)
        elif isinstance(inner, list) and isinstance(part, int) and part < len(inner):
            inner = inner[part]
        else:
            break
    return owner, path


def _is_needed(path: Place) -> bool:
    return len(path) == len(("bots", "name", "key")) and path[0] == "bots" and path[2] in _STAND_INS


def _absolute(settings: Settings, path: Path, where: Section) -> Settings:
    """The settings with all relative paths made absolute."""
    folder = path.absolute().parent
    bots = {name: _with_files_below(bot, folder) for name, bot in settings.bots.items()}
    service: dict[str, object] = {}
    if settings.service.journal != ":memory:":
        service["journal"] = str(folder / settings.service.journal)
    if (token := settings.service.admin_token) is not None and token.file is not None:
        service["admin_token"] = token.model_copy(update={"file": folder / token.file})
    service |= {name: path and str(folder / path) for name, path in settings.service.reports.items()}
    absolute = settings.model_copy(
        update={
            "plugin_dirs": tuple(folder / name for name in settings.plugin_dirs),
            "service": settings.service.model_copy(update=service),
            "bots": bots,
        }
    )
    return absolute.read_from(where.lines)


def _with_files_below(bot: BotSettings, folder: Path) -> BotSettings:
    update: dict[str, object] = {}
    if bot.password.file is not None:
        update["password"] = bot.password.model_copy(update={"file": folder / bot.password.file})
    if bot.ca_file is not None:
        update["ca_file"] = folder / bot.ca_file
    return bot.model_copy(update=update)
