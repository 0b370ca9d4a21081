"""What all commands share: settings, and errors that a person can read."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from chatbot.cli.report import as_text
from chatbot.model.config import Settings
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError, PluginError

__all__ = [
    "USAGE",
    "counted",
    "fail",
    "load_settings",
    "printable",
]

USAGE = 2
"""Exit code for wrong usage or configuration."""


def load_settings(path: Path) -> Settings:
    """The settings of this file; ends the program with exit code 2 if there is something wrong."""
    try:
        return load(path)
    except ConfigError as error:
        fail(error)


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
