"""All bots of one bots.toml in one process; what happens to one does not harm the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from chatbot.bot.health import Health
from chatbot.bot.journal import NoJournal
from chatbot.bot.journal_file import check_place, is_writable, real
from chatbot.bot.journal_lock import PlaceLock
from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_trace import Trace
from chatbot.bot.journal_writer import GroupCommit
from chatbot.bot.runner import BotRunner, World
from chatbot.hooks.checks import inspected
from chatbot.hooks.loader import LoadedPlugin, load_plugin
from chatbot.hooks.run import was_asked_for
from chatbot.hooks.trace import Watchers
from chatbot.model.codes import Code
from chatbot.model.config import BotSettings, Settings
from chatbot.model.config_admin import read_token
from chatbot.model.errors import ConfigError, PluginError
from chatbot.model.findings import Finding
from chatbot.model.section import Section
from chatbot.service.recorder import Recorder
from chatbot.service.reports import keep_reports
from chatbot.service.shadow_report import ShadowReport, report_of
from chatbot.service.system import WriterThread
from chatbot.service.watchdog import Watchdog
from chatbot.wire.retry import Backoff, Limits

__all__ = [
    "Service",
    "assemble",
    "build",
    "check_journal",
    "check_secrets",
    "check_token",
    "load_plugins",
    "open_journal",
]

log = logging.getLogger(__name__)

# A bot that dies of a fault of ours begins again, ever more slowly.
_RESTARTS = Limits(first_backoff_s=2.0, max_backoff_s=60.0, stable_s=300.0)
_PRUNE_EVERY_S = 3600.0
_NOWHERE = ":memory:"


class Service:
    """Runs bots side by side until it is stopped.

    Args:
        bots: The bots.
        world: For waits between restarts.
        drain_timeout: Seconds for running hooks at the end.
        journal: The journal of all bots, if there is one.
        retention_s: How long ended chats stay in it.

    Attributes:
        watchdog: Watches the event loop while the bots run, if there is one.
        recorder: Keeps what has happened lately.
        has_begun: The bots are at work, or try to be.
        shadow_report: Compares what bots in shadow plan with what humans do; None if no bot is in shadow.
    """

    def __init__(
        self,
        bots: Iterable[BotRunner],
        *,
        world: World,
        drain_timeout: float,
        journal: GroupCommit | None = None,
        retention_s: float = 0.0,
    ) -> None:
        self.bots = tuple(bots)
        self._world = world
        self.drain_timeout = drain_timeout
        self._journal = journal
        self._retention_s = retention_s
        self.watchdog: Watchdog | None = None
        self.recorder = Recorder(world.clock)
        self.has_begun = False
        self.shadow_report: ShadowReport | None = None
        self._stopping = asyncio.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopping.is_set()

    @property
    def journal(self) -> GroupCommit | None:
        """The journal of all bots, if there is one."""
        return self._journal

    @property
    def journal_trouble(self) -> str:
        """Why the journal cannot be written; empty if it can, or if there is none."""
        return self._journal.trouble if self._journal is not None else ""

    def monotonic(self) -> float:
        """The time of the bots' clock, in seconds."""
        return self._world.clock.monotonic()

    def problems(self) -> Mapping[str, list[str]]:
        """Why each bot is not ready; empty lists if all are."""
        of_all = [trouble] if (trouble := self.journal_trouble) else []
        return {bot.name: of_all + bot.problems() for bot in self.bots}

    def stop(self) -> None:
        """Ask all bots to leave well; ``run`` then returns."""
        self._stopping.set()
        for bot in self.bots:
            bot.stop()

    async def run(self) -> None:
        """Work until ``stop``. No bot begins before the journal can be written.

        Raises:
            ConfigError: The journal cannot be used, and only the user can mend it.
        """
        with self.watchdog.watching(self.bots) if self.watchdog is not None else nullcontext():
            await self._work()

    async def _work(self) -> None:
        if self._journal is None:
            await self._run_bots()
            return
        try:
            await self._open(self._journal)
            if self._stopping.is_set():
                return
            async with asyncio.TaskGroup() as tasks:
                writing = tasks.create_task(self._journal.run(), name="journal")
                pruning = tasks.create_task(self._prune(self._journal), name="journal: retention")
                watching = tasks.create_task(self._journal.watch(), name="journal: watch")
                await self._run_bots()
                for task in (pruning, watching):
                    task.cancel()
                await self._journal.close()
                writing.cancel()
        finally:
            await self._journal.close()

    async def _run_bots(self) -> None:
        self.has_begun = True
        if self.shadow_report is None:
            await self._run_each()
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.shadow_report.run(self._world.run_in_thread), name="shadow reports")
            await self._run_each()
            self.shadow_report.close()

    async def _run_each(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for bot in self.bots:
                tasks.create_task(self._keep_running(bot), name=f"bot {bot.name}")

    async def _open(self, journal: GroupCommit) -> None:
        try:
            await self._unless_stopped(journal.open())
        except* ConfigError as group:
            raise group.exceptions[0] from None

    async def _prune(self, journal: GroupCommit) -> None:
        while True:
            await journal.prune(self._retention_s)
            await self._world.clock.sleep(_PRUNE_EVERY_S)

    async def _keep_running(self, bot: BotRunner) -> None:
        """One of the two borders: a fault of ours in one bot must not end the others."""
        backoff = Backoff(_RESTARTS, self._world.rng)
        while not self._stopping.is_set():
            started = self._world.clock.monotonic()
            try:
                await bot.run(self.drain_timeout)
            except ConfigError as error:
                log.error("bot %s cannot run: %s", bot.name, error.brief)  # noqa: TRY400 (a user's mistake: no traceback)
                bot.health = Health(trouble=error.brief)
                await self._stopping.wait()
            except BaseException as exc:
                if was_asked_for(exc):
                    raise
                log.exception("bot %s failed and begins again", bot.name)
                backoff.succeeded(started)
                now = self._world.clock.monotonic()
                wait = backoff.failed(now)
                trouble = f"it failed {_times(backoff.failures)} ({_kind(exc)}) and begins again"
                bot.health = Health(trouble=trouble, next_try_at=now + wait)
                await self._pause(wait)
            else:
                return  # it was asked to leave

    async def _pause(self, seconds: float) -> None:
        """Wait so long, but not beyond ``stop``."""
        await self._unless_stopped(self._world.clock.sleep(seconds))

    async def _unless_stopped(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Wait until it or the service ends."""
        async with asyncio.TaskGroup() as tasks:
            waits: list[asyncio.Task[Any]] = [
                tasks.create_task(coroutine, name="wait"),
                tasks.create_task(self._stopping.wait(), name="stop"),
            ]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()


def _kind(error: BaseException) -> str:
    """The name of what was raised first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def load_plugins(name: str, bot: BotSettings, settings: Settings, file: str) -> list[LoadedPlugin]:
    """The plugins of one bot, in call order.

    Raises:
        PluginError: One or more cannot be found or loaded.
        ConfigError: The settings of one are wrong.
    """
    plugins, errors = _loaded(name, bot, settings, file)
    findings = [finding for error in errors for finding in error.findings]
    if any(isinstance(error, ConfigError) for error in errors):
        raise ConfigError(*findings)
    if findings:
        raise PluginError(*findings)
    return plugins


def _loaded(
    name: str, bot: BotSettings, settings: Settings, file: str
) -> tuple[list[LoadedPlugin], list[ConfigError | PluginError]]:
    """Those that can be loaded, and what is wrong with the others."""
    plugins: list[LoadedPlugin] = []
    errors: list[ConfigError | PluginError] = []
    whole = Section(file, ("bots", name), settings.lines)
    for number, plugin in enumerate(bot.plugins):
        where, table = whole.below("plugin", plugin), bot.plugin.get(plugin, {})
        try:
            plugins.append(load_plugin(plugin, folders=settings.plugin_dirs, table=table, where=where))
        except (ConfigError, PluginError) as error:
            line = settings.lines.at((*whole.path, "plugins", number))
            errors.append(type(error)(*_placed(error, file, line)))
    return plugins, errors


def build(
    settings: Settings, world: World, file: str = "bots.toml", *, watchdog: Watchdog | None = None
) -> Service:
    """All bots of a file, with their plugins loaded and checked.

    Args:
        settings: The file.
        world: Time, chance and threads.
        file: Its name, for errors.
        watchdog: Watches the event loop while they run.

    Raises:
        ConfigError: Everything that is wrong with plugins and their settings, bot by bot.
    """
    journal = open_journal(settings, world)
    recorder, report = Recorder(world.clock), report_of(settings, world.clock.now)
    watched = replace(
        world,
        observer=Watchers(recorder, *filter(None, [report, world.observer])),
        reports=keep_reports(settings),
    )
    bots, findings = assemble(settings, watched, file, journal)
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise ConfigError(*errors)
    for finding in findings:
        log.warning("%s", finding)
    service = Service(
        bots,
        world=world,
        drain_timeout=settings.service.drain_timeout,
        journal=journal,
        retention_s=settings.service.retention,
    )
    service.watchdog, service.recorder, service.shadow_report = watchdog, recorder, report
    return service


def open_journal(settings: Settings, world: World) -> GroupCommit | None:
    """The journal of a file's bots, not open yet; none if nothing is to be kept."""
    if settings.service.journal == _NOWHERE:
        return None
    path = Path(settings.service.journal)
    opening = partial(SqliteStore.open, path, lambda: world.clock.now().timestamp(), trace=Trace())
    return GroupCommit(opening, WriterThread("journal"), world.clock, PlaceLock(path))


def check_journal(settings: Settings, file: str) -> list[Finding]:
    """What is wrong with the journal's place, as far as it can be told without touching it."""
    path = Path(settings.service.journal)
    where = Section(file, ("service",), settings.lines)
    if settings.service.journal == _NOWHERE:
        return []
    try:
        check_place(path)
    except ConfigError as error:
        return [where.finding(it.code, it.message, "journal", fix=it.fix) for it in error.findings]
    for place in (real(path).parent, real(path)):
        if not is_writable(place) and place.exists():
            what = f"journal = {str(path)!r} cannot be used: {place} may not be written"
            fix = "let the user of this service write there, or name another file"
            return [where.finding(Code.JOURNAL_READ_ONLY, what, "journal", fix=fix)]
    return []


def assemble(
    settings: Settings, world: World, file: str, journal: GroupCommit | None = None
) -> tuple[list[BotRunner], list[Finding]]:
    """The bots that can be made, and what is wrong with the others or suspicious, each with its place."""
    bots: list[BotRunner] = []
    findings: list[Finding] = []
    for name, bot in settings.bots.items():
        plugins, found = _inspected(name, bot, settings, file)
        findings += found
        if any(finding.is_error for finding in found):
            continue
        own = journal.of(name) if journal is not None else NoJournal()
        try:
            bots.append(BotRunner(name, bot, plugins, world, own))
        except PluginError as error:
            findings += _placed(error, file, settings.lines.at(("bots", name, "plugins")))
    # a plugin of several bots is told once
    return bots, list(dict.fromkeys(findings))


def _inspected(
    name: str, bot: BotSettings, settings: Settings, file: str
) -> tuple[list[LoadedPlugin], list[Finding]]:
    """The plugins of a bot that can be loaded, and all that is to be said of its plugins."""
    plugins, errors = _loaded(name, bot, settings, file)
    findings = [finding for error in errors for finding in error.findings]
    return plugins, findings + [finding for plugin in plugins for finding in inspected(plugin)]


def _placed(error: ConfigError | PluginError, file: str, line: int | None) -> list[Finding]:
    return [finding.at(file, line) for finding in error.findings]


def check_token(settings: Settings, file: str) -> list[Finding]:
    """What is wrong with the token of the admin pages."""
    where = Section(file, ("service",), settings.lines)
    try:
        read_token(settings.service.admin_token if settings.service.admin else None)
    except ConfigError as error:
        return [
            where.finding(it.code, f"admin_token: {it.message}", "admin_token", fix=it.fix)
            for it in error.findings
        ]
    return []


def check_secrets(settings: Settings, file: str) -> None:
    """See that every bot's password is there, and the token of the admin pages.

    Raises:
        ConfigError: With a finding for each that is not.
    """
    findings = []
    for name, bot in settings.bots.items():
        where = Section(file, ("bots", name), settings.lines)
        try:
            bot.password.read()
        except ConfigError as error:
            findings += [
                where.finding(it.code, f"password: {it.message}", "password", fix=it.fix)
                for it in error.findings
            ]
    findings += check_token(settings, file)
    if findings:
        raise ConfigError(*findings)
