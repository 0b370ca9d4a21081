"""``chatbot run``: production."""

from __future__ import annotations

import asyncio
from pathlib import Path

from chatbot.cli.common import fail, load_settings
from chatbot.cli.running import admin_pages, until_signalled
from chatbot.cli.signals import Signals
from chatbot.model.config import Settings
from chatbot.model.errors import ConfigError
from chatbot.service.supervisor import build, check_secrets
from chatbot.service.system import system_watchdog, system_world

__all__ = ["run"]


def run(config: Path, signals: Signals) -> None:
    """Run the bots, and end with the exit code."""
    settings = load_settings(config)
    try:
        check_secrets(settings, str(config))
        code = asyncio.run(_run(settings, str(config), signals))
    except ConfigError as error:
        fail(error)
    raise SystemExit(code)


async def _run(settings: Settings, file: str, signals: Signals) -> int:
    service = build(settings, system_world(), file, watchdog=system_watchdog())
    async with admin_pages(service, settings.service.admin):
        code = await until_signalled(service, signals)
    signals.settled(code)
    return code
