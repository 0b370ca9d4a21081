"""All bots of one bots.toml in one process; what happens to one does not harm the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from chatbot.bot.health import Health
from chatbot.bot.journal import NoJournal
from chatbot.bot.runner import BotRunner, World
from chatbot.hooks.loader import LoadedPlugin, load_plugin
from chatbot.model.config import BotSettings, Settings
from chatbot.model.errors import ConfigError, PluginError
from chatbot.wire.retry import Backoff, Limits

__all__ = ["Service", "assemble", "build", "check_secrets", "load_plugins"]

log = logging.getLogger(__name__)

# A bot that dies of a fault of ours begins again, ever more slowly.
_RESTARTS = Limits(first_backoff_s=2.0, max_backoff_s=60.0, stable_s=300.0)


class Service:
    """Runs bots side by side until it is stopped.

    Args:
        bots: The bots.
        world: For waits between restarts.
        drain_timeout: Seconds for running hooks at the end.
    """

    def __init__(self, bots: Iterable[BotRunner], *, world: World, drain_timeout: float) -> None:
        self.bots = tuple(bots)
        self._world = world
        self._drain_timeout = drain_timeout
        self._stopping = asyncio.Event()

    def problems(self) -> Mapping[str, list[str]]:
        """Why each bot is not ready; empty lists if all are."""
        return {bot.name: bot.health.problems() for bot in self.bots}

    def stop(self) -> None:
        """Ask all bots to leave well; ``run`` then returns."""
        self._stopping.set()
        for bot in self.bots:
            bot.stop()

    async def run(self) -> None:
        """Work until ``stop``."""
        async with asyncio.TaskGroup() as tasks:
            for bot in self.bots:
                tasks.create_task(self._keep_running(bot), name=f"bot {bot.name}")

    async def _keep_running(self, bot: BotRunner) -> None:
        """One of the two borders: a fault of ours in one bot must not end the others."""
        backoff = Backoff(_RESTARTS, self._world.rng)
        while not self._stopping.is_set():
            started = self._world.clock.monotonic()
            try:
                await bot.run(self._drain_timeout)
            except ConfigError as error:
                log.error("bot %s cannot run: %s", bot.name, error)  # noqa: TRY400 (a user's mistake: no traceback)
                bot.health = Health(trouble=str(error))
                await self._stopping.wait()
            except Exception:
                log.exception("bot %s failed and begins again", bot.name)
                bot.health = Health(trouble="it failed, and begins again")
                backoff.succeeded(started)
                await self._pause(backoff.failed(self._world.clock.monotonic()))

    async def _pause(self, seconds: float) -> None:
        """Wait so long, but not beyond ``stop``."""
        async with asyncio.TaskGroup() as tasks:
            waits: list[asyncio.Task[Any]] = [
                tasks.create_task(self._world.clock.sleep(seconds), name="pause"),
                tasks.create_task(self._stopping.wait(), name="stop"),
            ]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()


def load_plugins(name: str, bot: BotSettings, settings: Settings, file: str) -> list[LoadedPlugin]:
    """The plugins of one bot, in call order.

    Raises:
        PluginError: One cannot be found or loaded.
        ConfigError: The settings of one are wrong.
    """
    return [
        load_plugin(
            plugin,
            folders=settings.plugin_dirs,
            table=bot.plugin.get(plugin, {}),
            where=f"{file}  [bots.{name}.plugin.{plugin}]",
        )
        for plugin in bot.plugins
    ]


def build(settings: Settings, world: World, file: str = "bots.toml") -> Service:
    """All bots of a file, with their plugins loaded and checked.

    Raises:
        ConfigError: Everything that is wrong with plugins and their settings, bot by bot.
    """
    bots, findings = assemble(settings, world, file)
    if findings:
        raise ConfigError("\n".join(findings))
    return Service(bots, world=world, drain_timeout=settings.service.drain_timeout)


def assemble(settings: Settings, world: World, file: str) -> tuple[list[BotRunner], list[str]]:
    """The bots that can be made, and what is wrong with the others, each with its place."""
    bots, findings = [], []
    for name, bot in settings.bots.items():
        try:
            bots.append(BotRunner(name, bot, load_plugins(name, bot, settings, file), world, NoJournal()))
        except PluginError as error:
            findings.append(f"{file}  [bots.{name}]  {error}")
        except ConfigError as error:
            findings.append(str(error))
    return bots, findings


def check_secrets(settings: Settings, file: str) -> None:
    """See that every bot's password is there.

    Raises:
        ConfigError: One line for each that is not.
    """
    findings = []
    for name, bot in settings.bots.items():
        try:
            bot.password.read()
        except ConfigError as error:
            findings.append(f"{file}  [bots.{name}] password: {error}")
    if findings:
        raise ConfigError("\n".join(findings))
