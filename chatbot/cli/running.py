"""Runs a service until a signal asks it to stop; a second signal ends it at once."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import Protocol

from chatbot.cli.signals import FORCED, Signals
from chatbot.console.admin import create_admin
from chatbot.model.codes import Code
from chatbot.model.config import ServiceSettings
from chatbot.model.config_admin import admin_address, read_token
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding
from chatbot.service.supervisor import Service
from chatbot.simulator.server import bound, serve

__all__ = ["Runs", "admin_pages", "listener_at", "longest_stop_s", "until_signalled"]

log = logging.getLogger(__name__)

# For the last requests, beyond drain_timeout; what has not ended by then never will.
_LAST_RESORT_S = 20.0
# After that, until the process has gone.
_GOING_S = 5.0


class Runs(Protocol):
    """What works until it is stopped."""

    @property
    def drain_timeout(self) -> float:
        """Seconds that it may take to stop."""
        ...

    def stop(self) -> None:
        """Ask it to end well."""
        ...

    async def run(self) -> None:
        """Work until ``stop``."""
        ...


def longest_stop_s(service: Runs) -> float:
    """Seconds from the signal to the end of the process, whatever hooks and servers do."""
    return service.drain_timeout + _LAST_RESORT_S + _GOING_S


async def until_signalled(service: Runs, signals: Signals) -> int:
    """Run the bots; the exit code.

    The first signal lets them leave well, the second does not wait.

    Args:
        service: The bots.
        signals: Ends the process if a hook does not let go.
    """
    loop = asyncio.get_running_loop()
    running = asyncio.current_task()
    stopping = asyncio.Event()
    forced = False

    def on_signal() -> None:
        """Leave well at first, at once the second time."""
        nonlocal forced
        if not stopping.is_set():
            log.info("stopping; a second signal stops at once")
            stopping.set()
            service.stop()
            return
        forced = True
        if running is not None:
            running.cancel()

    signals.hand_on(partial(loop.call_soon_threadsafe, on_signal), service.drain_timeout + _LAST_RESORT_S)
    try:
        await service.run()
    except asyncio.CancelledError:
        if not forced:
            raise
        log.warning("stopped at once")
        return FORCED
    return 0


@asynccontextmanager
async def admin_pages(
    service: Service, settings: ServiceSettings, listener: socket.socket | None = None
) -> AsyncIterator[str]:
    """Serve health, metrics and console where bots.toml says; nowhere, if it says so.

    Args:
        service: The bots.
        settings: Where, and who may see them.
        listener: A socket that has the address already.

    Raises:
        ConfigError: The address, or the token, cannot be used.
    """
    address = settings.admin
    if not address:
        async with nullcontext():
            yield ""
            return
    token = read_token(settings.admin_token)
    server = serve(create_admin(service, token), listener=listener or listener_at(address))
    try:
        url = await server.__aenter__()
    except OSError as exc:
        raise _cannot_be_used(address, exc) from exc
    try:
        yield url
    finally:
        await server.__aexit__(None, None, None)


def listener_at(address: str) -> socket.socket:
    """A socket that has this address of the admin pages.

    Raises:
        ConfigError: It cannot be used.
    """
    try:
        return bound(*admin_address(address))
    except OSError as exc:
        raise _cannot_be_used(address, exc) from exc


def _cannot_be_used(address: str, exc: OSError) -> ConfigError:
    message = f"[service] admin = {address!r} cannot be used: {exc.strerror or exc}"
    fix = 'choose another port, or admin = ""'
    return ConfigError(Finding(Code.ADDRESS_UNUSABLE, message, fix=fix))
