"""``chatbot simulate``: only the simulator."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click
from click.core import ParameterSource

from chatbot.cli.common import fail, load_settings
from chatbot.cli.stage import simulator_for
from chatbot.model.codes import Code
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding
from chatbot.simulator.app import Simulator
from chatbot.simulator.server import serve

__all__ = ["simulate"]


def simulate(config: Path, host: str, port: int) -> None:
    """Run the simulator until a signal."""
    source = click.get_current_context().get_parameter_source("config")
    is_asked_for = source is not ParameterSource.DEFAULT or config.exists()
    simulator = simulator_for(load_settings(config)) if is_asked_for else Simulator()
    try:
        asyncio.run(_simulate(simulator, host, port))
    except OSError as error:
        message = f"{host}:{port} cannot be used: {error.strerror}"
        fail(ConfigError(Finding(Code.ADDRESS_UNUSABLE, message, fix="choose another with --port")))


async def _simulate(simulator: Simulator, host: str, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with serve(simulator.asgi, host, port) as url:
        click.echo(f"simulator ready at {url}\ncustomer page: {url}/customer")
        await stopped.wait()
