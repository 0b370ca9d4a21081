"""Runs a service until a signal asks it to stop; a second signal ends it at once."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
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
_STUCK = 1
# For the last requests, beyond drain_timeout; what has not ended by then never will.
_LAST_RESORT_S = 20.0


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
            last_resort.start()
            return
        forced = True
        if running is not None:
            running.cancel()

    stopping = asyncio.Event()
    # a thread: the event loop may be what is stuck
    last_resort = threading.Timer(service.drain_timeout + _LAST_RESORT_S, _end_at_once)
    last_resort.daemon = True
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
        last_resort.cancel()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    return 0


def _end_at_once() -> None:
    """As safe as a kill: what has to survive is in the journal."""
    log.critical("a hook does not let go, or blocks the event loop: the process ends without it")
    logging.shutdown()
    os._exit(_STUCK)


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
