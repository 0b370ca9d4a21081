"""``chatbot run``: production."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click
from pydantic import ValidationError

from chatbot.bot.shadow import Shadow
from chatbot.cli.common import fail, load_settings
from chatbot.cli.log import hide_texts, tell_all, trace_by
from chatbot.cli.running import admin_pages, longest_stop_s, until_signalled
from chatbot.cli.signals import Signals
from chatbot.model.config import ServiceSettings, Settings
from chatbot.model.config_admin import admin_address, is_loopback
from chatbot.model.errors import ConfigError
from chatbot.service.notify import ServiceManager, telling
from chatbot.service.supervisor import build, check_secrets
from chatbot.service.system import system_watchdog, system_world
from chatbot.service.tracing import system_tracer

__all__ = ["run"]

log = logging.getLogger(__name__)
# The credential that has the token of pages that other machines reach, if bots.toml names none.
_CREDENTIAL = "admin_token"


def run(config: Path, signals: Signals, admin: str | None, *, with_texts: bool = False) -> None:
    """Run the bots, and end with the exit code.

    Args:
        config: The configuration.
        signals: Ask the bots to stop.
        admin: Where the admin pages are, if not where the configuration says.
        with_texts: The log may show what customers and servers say.
    """
    # a core dump would hold passwords, and what customers said; whoever has forbidden to set limits knows why
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    settings = _settings(config, admin)
    tell_all()
    if with_texts:
        hide_texts(hidden=False)
        log.warning("this log shows what customers say (--show-texts)")
    try:
        check_secrets(settings, str(config))
        code = asyncio.run(_run(settings, str(config), signals, with_texts=with_texts))
    except ConfigError as error:
        fail(error)
    raise SystemExit(code)


def _settings(config: Path, admin: str | None) -> Settings:
    settings = load_settings(config)
    if admin is None:
        return settings
    given = {**settings.service.model_dump(exclude_none=True), "admin": admin}
    try:
        if admin and not is_loopback(admin_address(admin)[0]):
            # as in a container; bots.toml is used elsewhere too, and need not know of it
            given.setdefault("admin_token", {"credential": _CREDENTIAL})
        service = ServiceSettings.model_validate(given)
    except ValueError as exc:
        said = exc.errors()[0]["msg"] if isinstance(exc, ValidationError) else str(exc)
        why = said.removeprefix("Value error, ")
        raise click.BadParameter(f"{admin!r}: {why}.", param_hint="--admin") from None
    return settings.model_copy(update={"service": service})


async def _run(settings: Settings, file: str, signals: Signals, *, with_texts: bool) -> int:
    manager = ServiceManager.of(os.environ, os.getpid())
    tracer, ids = system_tracer(os.environ)
    trace_by(ids)
    world = replace(system_world(), tracer=tracer, shadow=Shadow(with_texts=with_texts))
    service = build(settings, world, file, watchdog=system_watchdog())
    async with admin_pages(service, settings.service):
        with telling(manager, service, longest_stop_s(service)):
            code = await until_signalled(service, signals)
    signals.settled(code)
    return code
