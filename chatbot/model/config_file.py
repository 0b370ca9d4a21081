"""Reads bots.toml. Every error names file, place, what was found, what was expected and the fix."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from chatbot.model.config import BotSettings, Settings
from chatbot.model.errors import ConfigError

__all__ = ["explain", "keys", "load", "nearest", "unknown_key"]

_BIGGEST_FILE = 1_000_000
# How pydantic says it, and how a reader of the file does.
_WORDS = (
    (r"^(Value error, )", ""),
    (r"^(Input|String|Tuple|Dictionary) should (be |have |match )", "expected "),
    (r" or instance of \w+$", ""),
    (r"valid dictionary", "table"),
    (r"valid tuple", "list"),
    (r" after validation, not", ", found"),
)


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
    known = keys(BotSettings)
    strange = [key for key in defaults if key not in known]
    findings = [unknown_key(str(path), "defaults", key, known) for key in strange]
    if isinstance(bots, dict):
        table["bots"] = _completed(bots, {key: defaults[key] for key in defaults if key not in strange})
    try:
        settings = Settings.model_validate(table)
    except ValidationError as exc:
        findings += _explained(exc, str(path), bots)
    if findings:
        # one mistake in [defaults] is found in every bot
        raise ConfigError("\n".join(dict.fromkeys(findings)))
    return _absolute(settings, path)


def _completed(bots: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {**defaults, **bot} if isinstance(bot, dict) else bot for name, bot in bots.items()}


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
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}  is not UTF-8 text (byte {exc.start})") from exc
    except (ValueError, RecursionError) as exc:  # also absurd numbers, and absurd nesting
        raise ConfigError(f"{path}  is not TOML: {exc}") from exc


def _explained(exc: ValidationError, where: str, bots: object) -> Iterator[str]:
    for error in exc.errors(include_url=False):
        match error["loc"]:
            case ("bots", str(name), key, *_) if isinstance(bots, dict) and key not in bots[name]:
                loc = error["loc"][2:]
                inside = ("bots", name) if error["type"] == "missing" else ("defaults",)
                yield explain({**error, "loc": loc}, where, BotSettings, inside)
            case _:
                yield explain(error, where)


def _absolute(settings: Settings, path: Path) -> Settings:
    """The settings with all relative paths made absolute."""
    folder = path.absolute().parent
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


def explain(
    error: ErrorDetails,
    where: str,
    model: type[BaseModel] = Settings,
    inside: tuple[str, ...] = (),
) -> str:
    """One validation error in one or two lines, in words of the file.

    Args:
        error: What pydantic found.
        where: The file.
        model: What the tables were read as.
        inside: The table that was read, if it was not the whole file.
    """
    *outer, key = error["loc"] or ("",)
    table = _dotted(*inside, *outer)
    match error["type"]:
        case "extra_forbidden":
            found = _table_at(model, outer)
            known = [*keys(found)] if found else []
            return unknown_key(where, table, str(key), [*known, "defaults"] if found is Settings else known)
        case "missing":
            return f"{where}  {_named(table)}needs the key {key!r}{_purpose(str(key))}"
        case _ if _table_at(model, error["loc"]):
            return f"{where}  {_prefix(_dotted(table, key))}{_sentence(error['msg'])}"
        case _:
            return f"{where}  {_named(table)}{key}: {_sentence(error['msg'])}"


def _prefix(table: str) -> str:
    return f"{_named(table).rstrip()}: " if table else ""


def _dotted(*parts: object) -> str:
    return ".".join(str(part) for part in parts if part != "")


def _named(table: str) -> str:
    return f"[{table}] " if table else ""


def _table_at(kind: Any, place: Sequence[int | str]) -> type[BaseModel] | None:
    """The model of the table at this place, as far as the types tell."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not place:
            return kind
        field = keys(kind).get(str(place[0]))
        return _table_at(field.annotation, place[1:]) if field else None
    origin = get_origin(kind)
    if not (isinstance(origin, type) and issubclass(origin, Collection)):
        return _first_table(kind, place)
    return _first_table(kind, place[1:]) if place else None


def _first_table(kind: Any, place: Sequence[int | str]) -> type[BaseModel] | None:
    inner = (_table_at(argument, place) for argument in get_args(kind))
    return next((model for model in inner if model is not None), None)


def _purpose(key: str) -> str:
    if key == "bots":
        return ": at least one table [bots.NAME]"
    return ""


def _sentence(message: str) -> str:
    """Pydantic's message in the words of TOML."""
    for theirs, ours in _WORDS:
        message = re.sub(theirs, ours, message)
    return message


def keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a table, as they stand in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def unknown_key(where: str, table: str, key: str, known: Iterable[str]) -> str:
    """The finding that a table has no such key, with the nearest one."""
    choice = sorted(known)
    closest = nearest(key, choice)
    fix = f"rename {key} to {closest}" if closest else f"known keys: {', '.join(choice) or 'none'}"
    return f"{where}  {_named(table)}has no key {key!r}\n  fix: {fix}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None
