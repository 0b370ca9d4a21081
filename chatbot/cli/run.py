"""``chatbot run``: production."""

from __future__ import annotations

import asyncio
import os
import resource
from contextlib import suppress
from pathlib import Path

from chatbot.cli.common import fail, load_settings
from chatbot.cli.running import admin_pages, longest_stop_s, until_signalled
from chatbot.cli.signals import Signals
from chatbot.model.config import Settings
from chatbot.model.errors import ConfigError
from chatbot.service.notify import ServiceManager, telling
from chatbot.service.supervisor import build, check_secrets
from chatbot.service.system import system_watchdog, system_world

__all__ = ["run"]


def run(config: Path, signals: Signals) -> None:
    """Run the bots, and end with the exit code."""
    with suppress(OSError, ValueError):  # whoever has set other limits for this process knows why
        resource.setrlimit(
            resource.RLIMIT_CORE, (0, 0)
        )  # a dump would hold passwords and what customers said
    settings = load_settings(config)
    try:
        check_secrets(settings, str(config))
        code = asyncio.run(_run(settings, str(config), signals))
    except ConfigError as error:
        fail(error)
    raise SystemExit(code)


async def _run(settings: Settings, file: str, signals: Signals) -> int:
    manager = ServiceManager.of(os.environ, os.getpid())
    service = build(settings, system_world(), file, watchdog=system_watchdog())
    async with admin_pages(service, settings.service.admin):
        with telling(manager, service, longest_stop_s(service)):
            code = await until_signalled(service, signals)
    signals.settled(code)
    return code
