"""``chatbot check``: everything that can be known before a bot logs in; with ``--online``, the login too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click

from chatbot.bot.connection import connect
from chatbot.bot.runner import World
from chatbot.cli.common import USAGE, configured, load_settings, printable
from chatbot.model.config import BotSettings, Settings
from chatbot.model.errors import ConfigError, WireError
from chatbot.service.supervisor import assemble, check_journal
from chatbot.service.system import system_world

__all__ = ["command"]

_FINDINGS, _OFFLINE = 1, 3
_BETTER = 'fix: password = { env = "NAME" }, or { file = "path" }'


@click.command("check")
@click.option("--online", is_flag=True, help="Log in to each server, and out again.")
@configured
def command(config: Path, *, online: bool) -> None:
    """Check bots.toml, its plugins and their hooks, and the place of its journal.

    Exit codes: 0 fine, 1 findings, 2 bots.toml cannot be used, 3 a server cannot be reached or
    refuses the login (with --online).
    """
    settings = load_settings(config)
    for warning in _warnings(settings):
        click.echo(f"warning: {warning}", err=True)
    _, findings = assemble(settings, system_world(), str(config))
    findings += check_journal(settings, str(config))
    for finding in findings:
        click.echo(printable(finding), err=True)
    if findings:
        raise SystemExit(_FINDINGS)
    if online:
        raise SystemExit(asyncio.run(_online(settings)))
    click.echo(f"{config}: {len(settings.bots)} bots, no findings")


def _warnings(settings: Settings) -> Iterator[str]:
    """What works, and still should not stay so."""
    yield from _shared_logins(settings)
    for name, bot in settings.bots.items():
        if bot.password.plain is not None:
            yield f"[bots.{name}] holds its password\n  {_BETTER}"
            continue
        try:
            bot.password.read()
        except ConfigError as error:
            yield f"[bots.{name}] password: {error}"


def _shared_logins(settings: Settings) -> Iterator[str]:
    agents: dict[tuple[str, str], str] = {}
    for name, bot in settings.bots.items():
        other = agents.setdefault((bot.server, bot.username), name)
        if other != name:
            both = f"[bots.{other}] and [bots.{name}]"
            yield f"{both} are one agent, {bot.username!r}: each may end the other's session"


async def _online(settings: Settings) -> int:
    world = system_world()
    codes = [await _try_login(name, bot, world) for name, bot in settings.bots.items()]
    return max(codes, default=0)


async def _try_login(name: str, bot: BotSettings, world: World) -> int:
    """One login by ``GET /me``, and no more: a session of a running bot must not end by a check."""
    try:
        connection = connect(name, bot, clock=world.clock, rng=world.rng)
    except ConfigError as error:
        click.echo(f"[bots.{name}]  {error}", err=True)
        return USAGE
    try:
        await connection.platform.session.log_in()
    except WireError as error:
        click.echo(f"[bots.{name}]  {bot.server}: {printable(str(error))}", err=True)
        return _OFFLINE
    finally:
        await connection.http.aclose()
    click.echo(f"[bots.{name}]  logged in to {bot.server} as {bot.username}")
    return 0
