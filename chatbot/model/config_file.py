"""Reads bots.toml. Every error names file, place, what was found, what was expected and the fix."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chatbot.model.config import BotSettings, DemoChat, DemoLine, SecretSource, ServiceSettings, Settings
from chatbot.model.errors import ConfigError

__all__ = ["explain", "load", "nearest"]

_BIGGEST_FILE = 1_000_000
_TABLES: dict[str, type[BaseModel]] = {
    "": Settings,
    "service": ServiceSettings,
    "bots": BotSettings,
    "defaults": BotSettings,
    "demo": DemoChat,
    "lines": DemoLine,
    "password": SecretSource,
}


def load(path: Path) -> Settings:
    """The settings in this file.

    Raises:
        ConfigError: One line for each thing that is wrong.
    """
    table = _read(path)
    defaults = table.pop("defaults", {})
    bots = table.get("bots")
    if not isinstance(defaults, dict):
        raise ConfigError(f"{path}  [defaults] is not a table")
    findings = list(_unknown_defaults(path, defaults))
    if isinstance(bots, dict):
        table["bots"] = {
            name: {**defaults, **bot} if isinstance(bot, dict) else bot for name, bot in bots.items()
        }
    try:
        settings = Settings.model_validate(table)
    except ValidationError as exc:
        findings += [explain(error, str(path)) for error in exc.errors(include_url=False)]
    if findings:
        raise ConfigError("\n".join(findings))
    return _absolute(settings, path.absolute().parent)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}  does not exist\n  fix: name the file with --config") from None
    except OSError as exc:
        raise ConfigError(f"{path}  cannot be read: {exc.strerror}") from exc
    if len(data) > _BIGGEST_FILE:
        raise ConfigError(f"{path}  is larger than {_BIGGEST_FILE} bytes: not a bots.toml")
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}  is not UTF-8 text (byte {exc.start})") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{path}  is not TOML: {exc}") from exc


def _unknown_defaults(path: Path, defaults: Mapping[str, object]) -> Iterable[str]:
    for key in defaults:
        if key not in BotSettings.model_fields:
            yield _unknown_key(str(path), "defaults", key, BotSettings)


def _absolute(settings: Settings, folder: Path) -> Settings:
    """The settings with all relative paths made absolute."""
    bots = {name: _with_files_below(bot, folder) for name, bot in settings.bots.items()}
    journal = settings.service.journal
    if journal != ":memory:":
        journal = str(folder / journal)
    return settings.model_copy(
        update={
            "plugin_dirs": tuple(folder / name for name in settings.plugin_dirs),
            "service": settings.service.model_copy(update={"journal": journal}),
            "bots": bots,
        }
    )


def _with_files_below(bot: BotSettings, folder: Path) -> BotSettings:
    update: dict[str, object] = {}
    if bot.password.file is not None:
        update["password"] = bot.password.model_copy(update={"file": folder / bot.password.file})
    if bot.ca_file is not None:
        update["ca_file"] = folder / bot.ca_file
    return bot.model_copy(update=update)


def explain(error: ErrorDetails, where: str, tables: Mapping[str, type[BaseModel]] = _TABLES) -> str:
    """One validation error in one or two lines, in words of the file.

    Args:
        error: What pydantic found.
        where: The file.
        tables: The models of the tables, by their names.
    """
    *outer, key = error["loc"] or ("",)
    table = ".".join(str(part) for part in outer)
    model = tables.get(_kind(outer), Settings)
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(where, table, str(key), model)
        case "missing":
            return f"{where}  {_named(table)} needs the key {key!r}{_purpose(str(key))}"
        case "value_error":
            place = ".".join(str(part) for part in error["loc"])
            return f"{where}  {_named(place)}: {error['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{where}  {_named(table)} {key}: {_sentence(error['msg'])}"


def _kind(outer: list[int | str]) -> str:
    """Which model a place belongs to: the last part that names one."""
    return next((str(part) for part in reversed(outer) if part in _TABLES), "")


def _named(table: str) -> str:
    return f"[{table}]" if table else "at the top"


def _purpose(key: str) -> str:
    if key == "bots":
        return ": at least one table [bots.NAME]"
    return ""


def _sentence(message: str) -> str:
    """Pydantic's message in the words of TOML."""
    words = {"Input should be": "expected", "valid dictionary": "table", "valid tuple": "list"}
    for theirs, ours in words.items():
        message = message.replace(theirs, ours)
    return message


def _unknown_key(where: str, table: str, key: str, model: type[BaseModel]) -> str:
    known = [field.alias or name for name, field in model.model_fields.items()]
    if model is Settings:
        known.append("defaults")
    closest = nearest(key, known)
    fix = f"rename {key} to {closest}" if closest else f"known keys: {', '.join(sorted(known))}"
    return f"{where}  {_named(table)} has no key {key!r}\n  fix: {fix}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None
