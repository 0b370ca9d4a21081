"""What all commands share: settings, logging, and errors that a person can read."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import NoReturn

import click
from click.core import ParameterSource

from chatbot.bot.parts import where
from chatbot.cli.report import as_text
from chatbot.model.config import Settings
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError, PluginError

__all__ = [
    "USAGE",
    "counted",
    "fail",
    "load_settings",
    "log_as",
    "log_little_unless_asked",
    "logged_as",
    "printable",
    "use_format",
    "use_level",
]

USAGE = 2
"""Exit code for wrong usage or configuration."""


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
    told = str(error) if isinstance(error, str) else as_text(error.findings)
    click.echo(printable(told), err=True)
    raise SystemExit(code)


def counted(number: int, thing: str) -> str:
    """So many things, in words."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def printable(text: str) -> str:
    """The text with control characters shown: what a stranger wrote must not steer a terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


def log_as(kind: str, level: str) -> None:
    """Log in this form, from this level on."""
    use_format(kind)
    use_level(level)


def logged_as() -> tuple[str, str]:
    """Form and level of the log, for another process that is to do the same."""
    is_json = any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)
    level = logging.getLogger("chatbot").getEffectiveLevel()
    return "json" if is_json else "text", logging.getLevelName(level)


def use_format(value: str) -> None:
    """Log in this form: `text` or `json`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if value == "json" else TextLines())
    logging.basicConfig(handlers=[handler], force=True)


def use_level(value: str) -> None:
    """Log from this level on."""
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
