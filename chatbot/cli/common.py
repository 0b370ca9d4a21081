"""What all commands share: options, logging, and errors that a person can read."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from click.core import ParameterSource

from chatbot.bot.parts import where
from chatbot.cli.report import from_here
from chatbot.model.config import Settings
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError, PluginError

__all__ = [
    "USAGE",
    "configured",
    "fail",
    "load_settings",
    "log_as",
    "log_little_unless_asked",
    "logged_as",
    "printable",
]

Command = TypeVar("Command", bound=Callable[..., Any])

USAGE = 2
"""Exit code for wrong usage or configuration."""


def configured(command: Command) -> Command:
    """The options that every command takes."""
    command = click.option(
        "-c",
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("bots.toml"),
        show_default=True,
        help="The configuration.",
    )(command)
    command = click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        callback=_set_level,
        expose_value=False,
        help="How much to log.",
    )(command)
    return click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        callback=_set_format,
        expose_value=False,
        is_eager=True,
        help="Lines for people or for machines.",
    )(command)


def load_settings(path: Path) -> Settings:
    """The settings of this file; ends the program with exit code 2 if there is something wrong."""
    try:
        return load(path)
    except ConfigError as error:
        fail(error)


def log_little_unless_asked() -> None:
    """Log warnings only, where the transcript is what people came for."""
    source = click.get_current_context().get_parameter_source("log_level")
    if source is ParameterSource.DEFAULT:
        logging.getLogger("chatbot").setLevel(logging.WARNING)


def fail(error: ConfigError | PluginError | str, code: int = USAGE) -> NoReturn:
    """End the program with this error and no traceback."""
    told = str(error) if isinstance(error, str) else "\n".join(str(from_here(it)) for it in error.findings)
    click.echo(printable(told), err=True)
    raise SystemExit(code)


def printable(text: str) -> str:
    """The text with control characters shown: what a stranger wrote must not steer a terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


def log_as(kind: str, level: str) -> None:
    """Log in this form, from this level on."""
    _use_format(kind)
    _use_level(level)


def logged_as() -> tuple[str, str]:
    """Form and level of the log, for another process that is to do the same."""
    is_json = any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)
    level = logging.getLogger("chatbot").getEffectiveLevel()
    return "json" if is_json else "text", logging.getLevelName(level)


def _set_format(_: click.Context, __: click.Parameter, value: str) -> None:
    _use_format(value)


def _set_level(_: click.Context, __: click.Parameter, value: str) -> None:
    _use_level(value)


def _use_format(value: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if value == "json" else TextLines())
    logging.basicConfig(handlers=[handler], force=True)


def _use_level(value: str) -> None:
    logging.getLogger("chatbot").setLevel(value.upper())
    # the HTTP library writes whole addresses at INFO
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)


class TextLines(logging.Formatter):
    """One fact a line: when, how bad, which bot and chat, what. Control characters are shown, not sent.

    Further lines of a fact are indented, so that no text can pass for another fact.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(where)s%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        place = where.get()
        record.where = f"[{place}] " if place else ""
        return printable(super().format(record)).replace("\n", "\n    ")


class JsonLines(logging.Formatter):
    """The same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "where": where.get(),
            "message": record.getMessage(),
        }
        if record.exc_text:  # perhaps masked
            fields["traceback"] = record.exc_text
        elif record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields)
