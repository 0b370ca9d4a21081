"""What the fixture ``chatbot`` is: starts bots and customers, and lets time pass."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr, ValidationError

from chatbot.hooks.loader import LoadedPlugin
from chatbot.model.config import BotSettings, SecretSource, Settings
from chatbot.model.config_words import explain, mistakes
from chatbot.model.errors import ConfigError, PluginError
from chatbot.model.section import Section
from chatbot.simulator.app import Simulator
from chatbot.testing.conditions import Conditions, Trouble
from chatbot.testing.network import ADDRESS
from chatbot.testing.project import Project
from chatbot.testing.report import TalkError, picture
from chatbot.testing.stage import BEGINNING, Stage
from chatbot.testing.staged_bot import StagedBot
from chatbot.testing.staged_customer import StagedCustomer

__all__ = ["Kit"]


class Kit:
    """The fixture ``chatbot``: a contact centre in virtual time, for one test.

    Args:
        project: Where plugins and bots.toml are.
        conditions: What the markers of the test say.
    """

    def __init__(self, project: Project, conditions: Conditions) -> None:
        self._project = project
        self._conditions = conditions
        self._stage_or_none: Stage | None = None
        self._test: asyncio.Task[object] | None = None
        self._in_vain = ""
        self._bots: list[StagedBot] = []
        self._dates: list[datetime] = []

    # bots

    async def start(
        self,
        *plugins: Any,
        name: str = "bot",
        options: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> StagedBot:
        """Start a bot with these plugins; returns when it is ready.

        Args:
            plugins: In call order: names as in bots.toml, modules, classes, or objects with hooks. A pair
                ``(plugin, {"key": value})`` has its own settings.
            name: The bot's name; each bot of a test needs another.
            options: Keys of ``[bots.NAME]`` in bots.toml, as ``{"on_agent_joined": "leave"}``.
            settings: Of the plugin, if there is just one.

        Raises:
            ConfigError: Settings or options are wrong.
            PluginError: A plugin cannot be loaded.
            TalkError: The bot does not become ready.
        """
        __tracebackhide__ = True
        if settings and len(plugins) != 1:
            raise TypeError("settings are for one plugin: give several as pairs (plugin, settings)")
        try:
            loaded = [self._load(plugin, settings) for plugin in plugins]
            return await self._begin(name, _settings(name, options or {}), loaded)
        except (ConfigError, PluginError) as error:
            raise error.with_traceback(None) from error.__cause__

    async def start_bot(self, name: str) -> StagedBot:
        """Start a bot as bots.toml has it, only at the simulator; returns when it is ready.

        Args:
            name: Of its table ``[bots.NAME]``.

        Raises:
            ConfigError: There is no such bot, or something is wrong with bots.toml.
            PluginError: A plugin cannot be loaded.
            TalkError: The bot does not become ready.
        """
        __tracebackhide__ = True
        here = {"server": ADDRESS, "password": _PASSWORD, "ca_file": None, "proxy": None, "on_stop": "keep"}
        try:
            settings, plugins = self._project.bot(name)
            return await self._begin(name, settings.model_copy(update=here), plugins)
        except (ConfigError, PluginError) as error:
            raise error.with_traceback(None) from error.__cause__

    def _load(self, plugin: object, settings: Mapping[str, Any]) -> LoadedPlugin:
        if isinstance(plugin, tuple):
            plugin, settings = plugin
        return self._project.plugin(plugin, settings)

    async def _begin(self, name: str, settings: BotSettings, plugins: list[LoadedPlugin]) -> StagedBot:
        if name in {bot.name for bot in self._bots}:
            raise ValueError(f"there is a bot {name!r} already: give this one another name")
        stage = await self._stage()
        stage.simulator.world.add_agent(settings.username, nickname=settings.nickname)
        bot = StagedBot(stage, settings, plugins, name)
        self._bots.append(bot)
        await bot.start()
        return bot

    # customers

    async def customer(
        self,
        nickname: str = "Ana",
        *,
        bot: StagedBot | None = None,
        queue: str = "",
        subject: str = "",
        user_data: Mapping[str, Any] | None = None,
    ) -> StagedCustomer:
        """Let a customer come; returns when nothing more happens for now.

        Args:
            nickname: Who.
            bot: Whose queue; the first bot's, if neither bot nor queue is given.
            queue: Which queue.
            subject: Of the chat.
            user_data: Attached to the chat.
        """
        stage = await self._stage()
        endpoint = queue or (bot or self._bots[0]).username if self._bots or bot else queue
        chat_id = stage.simulator.world.request_chat(nickname, subject, endpoint, dict(user_data or {}))
        customer = StagedCustomer(stage, nickname, chat_id, is_bot=self._is_bot, picture=self.picture)
        await stage.settle()
        return customer

    def _is_bot(self, username: str) -> bool:
        return username in {bot.username for bot in self._bots}

    async def human(
        self, nickname: str, *, queues: tuple[str, ...] = ("default",), says: str | None = None
    ) -> None:
        """Have a human agent at work who serves these queues.

        Args:
            nickname: Who; also the login, as in the target of a transfer.
            queues: What is served.
            says: Accept every offer at once, and say this; None: let it ring.
        """
        world = (await self._stage()).simulator.world
        world.add_agent(nickname, nickname=nickname, human=True, queues=queues, auto_answer=says)

    # time and trouble

    async def sleep(self, seconds: float) -> None:
        """Let time pass: it takes no time."""
        stage = await self._stage()
        await stage.until(_never, seconds)

    async def at(self, date: datetime | str) -> None:
        """Let it be this date and time, for event and platform; timers go on as they were.

        Args:
            date: Aware, or as text: ``"2026-12-24T18:30+01:00"``.

        Raises:
            ValueError: It has no time zone.
        """
        moment = datetime.fromisoformat(date) if isinstance(date, str) else date
        if moment.tzinfo is None:
            raise ValueError(f"{date} has no time zone: write it as 2026-12-24T18:30+01:00")
        (await self._stage()).time.set(moment)

    async def fault(self, name: str, **about: Any) -> None:
        """Let something go wrong from now on: see the marker ``chatbot_faults`` for names.

        Raises:
            ValueError: There is no such fault.
        """
        Trouble(name, about).strike((await self._stage()).simulator)

    @property
    def longest_step_s(self) -> float:
        """Seconds of real time for which the event loop has worked without a pause; most of all so far."""
        return self._stage_or_none.time.longest_step_s if self._stage_or_none is not None else 0.0

    @property
    def now(self) -> datetime:
        """The date and time in the test."""
        return self._stage_or_none.time.now() if self._stage_or_none is not None else BEGINNING

    @property
    def simulator(self) -> Simulator:
        """The platform, for what has no verb here; there once a bot or a customer is.

        Raises:
            RuntimeError: Nothing was started yet.
        """
        if self._stage_or_none is None:
            raise RuntimeError("the simulator is there once a bot or a customer is: start one first")
        return self._stage_or_none.simulator

    def picture(self) -> str:
        """How the talk has gone so far: transcripts, hooks, actions."""
        chats = self._stage_or_none.simulator.world.chats() if self._stage_or_none is not None else []
        return picture(chats, self._bots, BEGINNING)

    # its life

    async def _stage(self) -> Stage:
        stage = self._stage_or_none
        if stage is None:
            stage = Stage(self._conditions.options)
            await stage.open()
            stage.time.gives_up = self._give_up
            self._stage_or_none = stage
            for trouble in self._conditions.troubles:
                trouble.strike(stage.simulator)
        elif not stage.is_of_this_loop:
            raise RuntimeError(
                "the fixture chatbot is used in two event loops\n"
                "  fix: give the test, and the fixtures that use it, the same loop_scope"
            )
        return stage

    async def __aenter__(self) -> Self:
        """Nothing yet: the stage is opened when it is first used."""
        self._test = asyncio.current_task()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all bots. A hook that failed fails the test; a test that failed shows how the talk went."""
        if error is not None:
            self._explain(error)
        picture = self.picture() if self._in_vain else ""
        stage = self._stage_or_none
        if stage is None:
            return
        try:
            for bot in self._bots:
                if bot.is_running:
                    await bot.stop()
        finally:
            await stage.close()
            self._stage_or_none = None
        bots, self._bots = self._bots, []
        if self._in_vain and isinstance(error, asyncio.CancelledError):
            why, self._in_vain = self._in_vain, ""
            raise TalkError(f"{why}\n\n{picture}").with_traceback(trace) from None
        if error is None:
            _see_that_no_hook_failed(bots)

    def abandon(self) -> None:
        """The test has not come so far as to end it."""
        if self._stage_or_none is not None:
            self._stage_or_none.abandon()

    def _give_up(self, why: str) -> bool:
        """The test waits in vain."""
        if self._test is None or self._in_vain:
            return False
        self._in_vain = why
        self._test.cancel()
        return True

    def _explain(self, error: BaseException) -> None:
        if self._bots and not isinstance(error, TalkError | ConfigError | PluginError):
            error.add_note(f"\n{self.picture()}")


_PASSWORD = SecretSource(plain=SecretStr("simulated"))


def _settings(name: str, options: Mapping[str, Any]) -> BotSettings:
    """The settings of a bot, checked as bots.toml is."""
    own = {"server": ADDRESS, "username": name, "password": "simulated", "on_stop": "keep"}
    try:
        return Settings.model_validate({"bots": {name: {**own, **options}}}).bots[name]
    except ValidationError as exc:
        where = Section("the options of the test")
        findings = [it for error in mistakes(exc) for it in explain(error, where, Settings)]
        raise ConfigError(*findings) from None


def _see_that_no_hook_failed(bots: list[StagedBot]) -> None:
    for call in (call for bot in bots for call in bot.errors):
        raise TalkError(
            f"{call.plugin}.{call.hook} {call.why}\n  a test that wants this takes it out: bot.errors.pop()"
        ) from call.error


def _never() -> None:
    return None
