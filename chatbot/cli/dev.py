"""``chatbot dev``: write a plugin, talk to it in the browser, save it, and talk to the new one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from chatbot.cli.common import fail, load_settings
from chatbot.cli.door import Door
from chatbot.cli.process import Order
from chatbot.cli.reload import NotStarted, Place, Reloader
from chatbot.cli.running import until_signalled
from chatbot.cli.signals import Signals
from chatbot.cli.stage import in_shadow, invite, only, simulator_for
from chatbot.cli.watch import Watch, can_watch
from chatbot.model.codes import Code
from chatbot.model.config import Settings
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding
from chatbot.service.supervisor import check_secrets
from chatbot.simulator.app import Simulator
from chatbot.simulator.server import serve

__all__ = ["dev"]

_NO_WATCH = """\
saved files are not noticed, for the package watchfiles is missing
  fix: pip install "chatbot[dev]\""""


def dev(order: Order, port: int, signals: Signals) -> None:
    """Run the bots until a signal, and end with the exit code.

    Args:
        order: What is to be run.
        port: Of the simulator.
        signals: Heard from now on.
    """
    settings = load_settings(Path(order.config))
    try:
        code = asyncio.run(_dev(only(settings, order.bot), order, port, signals))
    except ConfigError as error:
        fail(error)
    except NotStarted as error:
        fail(str(error))
    except OSError as error:
        message = f"port {port} cannot be used: {error.strerror}"
        fail(ConfigError(Finding(Code.ADDRESS_UNUSABLE, message, fix="choose another with --port")))
    raise SystemExit(code)


async def _dev(settings: Settings, order: Order, port: int, signals: Signals) -> int:
    watch = Watch(Path(order.config)) if can_watch() else None
    if watch is None:
        click.echo(_NO_WATCH, err=True)
    door = Door()
    with TemporaryDirectory(prefix="chatbot-", ignore_cleanup_errors=True) as folder:
        journal = str(Path(folder, "journal.sqlite3"))
        async with _at(settings, order, port) as (server, place):
            order = replace(order, server=server, journal=journal)
            code = await until_signalled(Reloader(order, watch, door, place), signals)
    door.close()
    signals.settled(code)
    return code


@asynccontextmanager
async def _at(settings: Settings, order: Order, port: int) -> AsyncIterator[tuple[str, Place]]:
    """Where the bots work."""
    if order.is_shadow:
        settings = in_shadow(settings, order.server)
        check_secrets(settings, order.config)
        server = next(iter(settings.bots.values())).server
        yield server, Shadowing(server)
        return
    simulator = simulator_for(settings)
    async with serve(simulator.asgi, port=port) as server:
        yield server, Staging(simulator, server)


class Staging:
    """The simulator (Place).

    Args:
        simulator: The simulator.
        server: Its address.
    """

    def __init__(self, simulator: Simulator, server: str) -> None:
        self._simulator = simulator
        self._server = server

    def welcome(self, settings: Settings) -> None:
        """See Place."""
        invite(self._simulator, settings)

    def announce(self, admin: str) -> None:
        """See Place."""
        click.echo(f"customer page: {self._server}/customer")
        _tell_console(admin)


class Shadowing:
    """A real server, which is only read (Place).

    Args:
        server: Its address.
    """

    def __init__(self, server: str) -> None:
        self._server = server

    def welcome(self, settings: Settings) -> None:
        """See Place."""

    def announce(self, admin: str) -> None:
        """See Place."""
        click.echo(f"shadow of {self._server}: what plugins do is shown here, and not sent")
        _tell_console(admin)


def _tell_console(admin: str) -> None:
    if admin:
        click.echo(f"console:       {admin}/")
