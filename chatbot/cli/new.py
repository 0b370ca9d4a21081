"""``chatbot new``: a project that works at once, with a plugin, a test, and what it takes to run it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from chatbot.cli.common import fail, printable
from chatbot.cli.names import Names, address, plugin_name, words
from chatbot.cli.project import in_the_way, rendered, write

__all__ = ["new"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, if it was not given.

    Args:
        text: The question.
        check: Returns a fit answer, raises ValueError for others.
        default: The answer of those who just press Enter; it may depend on the answers so far.
    """

    text: str
    check: Callable[[str], str]
    default: Callable[[Mapping[str, str]], str]


def _spoken(names: Mapping[str, str]) -> str:
    bot = names["bot"]
    return bot.replace("_", " ").replace("-", " ").strip().capitalize() or bot


_QUESTIONS = {
    "bot": Question("Name of the bot", words, lambda _: "concierge"),
    "plugin": Question("Name of its plugin", plugin_name, lambda _: "hours"),
    "nickname": Question("Nickname that customers see", words, _spoken),
    "server": Question("Address of the server", address, lambda _: "https://gws.example.com"),
    "username": Question("User name of the bot there", words, lambda names: names["bot"]),
}


def new(folder: Path, given: Mapping[str, str | None], *, yes: bool) -> None:
    """Make a project.

    Args:
        folder: Where.
        given: The names that were given; None for the others.
        yes: Whether the others are the defaults, rather than asked.
    """
    _see_that_it_is_free(folder)
    names = _names(given, ask=not yes and somebody_is_there())
    files = rendered(folder.resolve().name, names)
    try:
        write(folder, files)
    except OSError as exc:
        fail(f"{exc.filename or folder}  cannot be written: {exc.strerror or exc}\n  nothing was made")
    click.echo(_told(folder, files))


def somebody_is_there() -> bool:
    """Whether questions would be seen and answered."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _see_that_it_is_free(folder: Path) -> None:
    try:
        others = in_the_way(folder)
    except OSError as exc:
        fail(f"{folder}  cannot be a project: {exc.strerror}\n  fix: name a folder that is new or empty")
    if others:
        shown = ", ".join(others[:_SHOWN]) + (", ..." if len(others) > _SHOWN else "")
        fail(f"{folder}  is not empty: {shown}\n  fix: name a folder that is new or empty")


def _names(given: Mapping[str, str | None], *, ask: bool) -> Names:
    # first what was given: nobody should answer questions for a command that cannot succeed
    names = {name: _checked(name, value) for name, value in given.items() if value is not None}
    for name, question in _QUESTIONS.items():
        if name not in names:
            default = question.default(names)
            names[name] = _asked(name, default) if ask else _checked(name, default)
    return Names(**names)


def _asked(name: str, default: str) -> str:
    answer: str = click.prompt(_QUESTIONS[name].text, default, value_proc=partial(_checked, name))
    return answer


def _checked(name: str, value: str) -> str:
    try:
        return _QUESTIONS[name].check(value)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint=f"--{name}") from exc


def _told(folder: Path, files: Mapping[str, str]) -> str:
    is_here = folder.resolve() == Path.cwd()
    steps = ["pytest", "chatbot demo", "chatbot dev"]
    if not is_here:
        steps = [f"cd {shlex.quote(str(folder))}", "pytest", "chatbot dev"]
    made = "\n".join(f"  {place}" for place in files)
    following = "\n".join(f"  {step}" for step in steps)
    return printable(f"made in {folder}:\n{made}\n\nnext:\n{following}")
