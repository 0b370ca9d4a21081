"""``chatbot dev``: write a plugin, talk to it in the browser."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from chatbot.cli.common import configured, fail, load_settings
from chatbot.cli.running import admin_pages, until_signalled
from chatbot.cli.signals import Signals
from chatbot.cli.stage import on_stage, simulator_for
from chatbot.model.config import Settings
from chatbot.model.errors import ConfigError
from chatbot.service.supervisor import build
from chatbot.service.system import system_watchdog, system_world
from chatbot.simulator.server import serve

__all__ = ["command"]


@click.command("dev")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="Of the simulator."
)
@configured
@click.pass_obj
def command(signals: Signals, config: Path, port: int) -> None:
    """Run the bots against the simulator, with a customer page for your browser.

    No Genesys and no password is needed.
    """
    settings = load_settings(config)
    try:
        code = asyncio.run(_dev(settings, port, signals))
    except ConfigError as error:
        fail(error)
    except OSError as error:
        fail(f"port {port} cannot be used: {error.strerror}\n  fix: choose another with --port")
    raise SystemExit(code)


async def _dev(settings: Settings, port: int, signals: Signals) -> int:
    async with serve(simulator_for(settings).asgi, port=port) as server:
        service = build(on_stage(settings, server), system_world(), watchdog=system_watchdog())
        async with admin_pages(service, settings.service.admin) as admin:
            click.echo(f"customer page: {server}/customer")
            if admin:
                click.echo(f"console:       {admin}/")
            code = await until_signalled(service, signals)
    signals.settled(code)
    return code
