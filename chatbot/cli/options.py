"""What the options of several commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

__all__ = ["Where", "as_json", "configured", "pairs", "running", "url"]

Command = TypeVar("Command", bound=Callable[..., Any])

Where = tuple[Path, str | None]
"""A bots.toml, and the address of the admin pages, if it is not the one in there."""

# Where nobody talks to the bots but whoever writes them.
_MADE_UP = frozenset({"demo", "dev", "chat", "simulate"})


def _use_format(ctx: click.Context, _: click.Parameter, value: str) -> None:
    from chatbot.cli.log import use_format

    command = ctx.command.name
    use_format(value, with_texts=command in _MADE_UP, for_machines=command == "run")


def _use_level(_: click.Context, __: click.Parameter, value: str) -> None:
    from chatbot.cli.log import use_level

    use_level(value)


def configured(command: Command) -> Command:
    """The options of every command that reads a bots.toml."""
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
        callback=_use_level,
        expose_value=False,
        help="How much to log.",
    )(command)
    return click.option(
        "--log-format",
        type=click.Choice(["auto", "text", "json"]),
        default="auto",
        show_default=True,
        callback=_use_format,
        expose_value=False,
        is_eager=True,
        help="Lines for people or for machines; auto: for machines where run has no terminal.",
    )(command)


def pairs(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, object]:
    """KEY=VALUE, again and again."""
    found: dict[str, object] = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{word!r} is not KEY=VALUE, for example Order=123456.")
        found[key] = value
    return found


def url(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    """An address, if one is given."""
    if given is not None and not given.startswith(("http://", "https://")):
        raise click.BadParameter(f"{given!r} is no address, for example http://127.0.0.1:8090.")
    return given


def running(command: Command) -> Command:
    """The options of every command that asks a running service, as one argument: bots.toml and address."""
    option = click.option(
        "--admin", metavar="URL", callback=url, help="Where its admin pages are, if not as bots.toml says."
    )

    @wraps(command)
    def asked(config: Path, admin: str | None, **given: Any) -> None:
        command((config, admin), **given)

    return configured(option(cast("Command", asked)))


as_json = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or as JSON.",
)
