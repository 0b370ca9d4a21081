"""``chatbot dev``: write a plugin, talk to it in the browser, save it, and talk to the new one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from chatbot.cli.common import configured, fail, load_settings, logged_as
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
from chatbot.simulator.app import Simulator
from chatbot.simulator.server import serve

__all__ = ["command"]

_NO_WATCH = """\
saved files are not noticed, for the package watchfiles is missing
  fix: pip install "chatbot[dev]\""""


@click.command("dev")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="Of the simulator."
)
@click.option("--server", help="Only read from this server, and show what the plugins would do there.")
@click.option("--bot", help="Run only this one of [bots].")
@click.option("--show-texts", is_flag=True, help="With --server: show texts and data of customers.")
@configured
@click.pass_obj
def command(  # noqa: PLR0913 (one for each option)
    signals: Signals, config: Path, port: int, server: str | None, bot: str | None, *, show_texts: bool
) -> None:
    """Run the bots against the simulator, with a customer page for your browser.

    They are started again when a plugin or bots.toml is saved. No Genesys and no password is needed, but
    for --server: there the bots log in and listen, and nothing is sent.
    """
    settings = load_settings(config)
    if show_texts and server is None:
        fail("--show-texts needs --server")
    order = Order(
        config=str(config.absolute()),
        server=server or "",
        is_shadow=server is not None,
        bot=bot,
        with_texts=show_texts,
        journal="",
        log=logged_as(),
    )
    try:
        code = asyncio.run(_dev(only(settings, bot), order, port, signals))
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
        server = next(iter(in_shadow(settings, order.server).bots.values())).server
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
