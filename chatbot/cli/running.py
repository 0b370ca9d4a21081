"""Runs a service until a signal asks it to stop; a second signal ends it at once."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from chatbot.console.admin import create_admin
from chatbot.model.config import admin_address
from chatbot.model.errors import ConfigError
from chatbot.service.supervisor import Service
from chatbot.simulator.server import serve

__all__ = ["admin_pages", "until_signalled"]

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_FORCED = 130


async def until_signalled(service: Service) -> int:
    """Run the bots; the exit code.

    The first SIGTERM or SIGINT lets them leave well, the second does not wait.
    """
    loop = asyncio.get_running_loop()
    running = asyncio.current_task()
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

    stopping = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        await service.run()
    except asyncio.CancelledError:
        if not forced:
            raise
        log.warning("stopped at once")
        return _FORCED
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    return 0


@asynccontextmanager
async def admin_pages(service: Service, address: str) -> AsyncIterator[str]:
    """Serve health, metrics and console at this address; nowhere, if it is empty.

    Raises:
        ConfigError: The address cannot be used.
    """
    if not address:
        async with nullcontext():
            yield ""
            return
    host, port = admin_address(address)
    try:
        server = serve(create_admin(service), host, port)
        url = await server.__aenter__()
    except OSError as exc:
        raise ConfigError(
            f"admin = {address!r} cannot be used: {exc.strerror or exc}\n"
            '  fix: choose another port in [service], or admin = ""'
        ) from exc
    try:
        yield url
    finally:
        await server.__aexit__(None, None, None)
