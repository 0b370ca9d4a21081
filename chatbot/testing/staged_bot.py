"""A bot under test: the real one, watched."""

from __future__ import annotations

import asyncio

from chatbot.bot.runner import BotRunner, World
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.run import HookRun
from chatbot.hooks.trace import Deed, Hearing, HookCall, Record
from chatbot.model.config import BotSettings
from chatbot.model.events import SessionReport
from chatbot.simulator.transcript import Visibility
from chatbot.testing.network import InProcess
from chatbot.testing.report import TalkError
from chatbot.testing.stage import Stage
from chatbot.wire.http import Http, HttpxHttp

__all__ = ["StagedBot"]

# Virtual seconds.
_READY_S = 300.0
_DRAIN_S = 10.0
_WRONG = ("failed", "overran")


class StagedBot:
    """One bot of a test.

    Args:
        stage: Where it runs.
        settings: Its settings.
        plugins: Its plugins, in call order.
        name: Its name.

    Attributes:
        name: Its name.
        calls: What became of its hooks, oldest first.
        deeds: What it has done, or was not let do, oldest first.
        unheard: The hooks of events that came, and that none of its plugins has.
        reports: The reports of its chats that have ended, oldest first.
        errors: The calls of hooks that raised or took too long. Whatever is left in here at the end of the
            test fails it: a test that wants a hook to fail takes it out (``bot.errors.pop()``).
    """

    def __init__(self, stage: Stage, settings: BotSettings, plugins: list[LoadedPlugin], name: str) -> None:
        self.name = name
        self.calls: list[HookCall] = []
        self.deeds: list[Deed] = []
        self.errors: list[HookCall] = []
        self.unheard: list[str] = []
        self.reports: list[SessionReport] = []
        self._stage = stage
        self._settings = settings
        self._plugins = plugins
        self._networks: list[InProcess] = []

    @property
    def actions(self) -> list[str]:
        """The operations that the server accepted from it, oldest first."""
        return [deed.action.operation for deed in self.deeds if deed.error is None]

    @property
    def refused(self) -> list[str]:
        """The operations that came to nothing, oldest first."""
        return [deed.action.operation for deed in self.deeds if deed.error is not None]

    def said_in(self, chat_id: str) -> list[str]:
        """What it has said to the customer of this chat, oldest first."""
        lines = self._stage.simulator.world.chat(chat_id).transcript.lines
        mine = (line for line in lines if line.sender.username == self.username and line.type == "Text")
        return [line.content.get("text") or "" for line in mine if line.visibility is Visibility.ALL]

    @property
    def username(self) -> str:
        """Its login."""
        return self._settings.username

    @property
    def is_ready(self) -> bool:
        """Whether it is logged in, subscribed and polling."""
        return not self._runner.problems()

    @property
    def is_running(self) -> bool:
        """Whether it has begun, and not stopped."""
        return hasattr(self, "_task") and not self._task.done()

    @property
    def has_plugins(self) -> bool:
        """Whether it has any."""
        return bool(self._plugins)

    @property
    def listens_to_agents(self) -> bool:
        """Whether ``on_text`` is also for what agents say."""
        return self._settings.listen_to_agents

    @property
    def runs(self) -> list[HookRun]:
        """The calls of hooks that have not ended."""
        return list(self._runner.running) if self.is_running else []

    @property
    def running(self) -> list[str]:
        """The hooks that run now."""
        return [f"{run.plugin}.{run.hook}" for run in self.runs]

    @property
    def stuck(self) -> list[str]:
        """The hooks that were told to end, and have not."""
        return [f"{run.plugin}.{run.hook}" for run in self.runs if run.is_over_time]

    async def start(self) -> None:
        """Begin, or begin again; returns when it is ready.

        Raises:
            TalkError: It does not become ready.
        """
        world = World(
            clock=self._stage.clock,
            rng=self._stage.rng,
            run_in_thread=asyncio.to_thread,
            open_http=self._open_http,
            colleagues=self._stage.colleagues,
            observer=self,
            tells_all=True,
            reports=self._keep,
        )
        journal = self._stage.journal.of(self.name)
        self._runner = BotRunner(self.name, self._settings, self._plugins, world, journal)
        self._task = self._stage.run(self._runner.run(_DRAIN_S), f"bot {self.name}")
        if not await self._stage.until(lambda: self.is_ready or None, _READY_S):
            problems = "; ".join(self._runner.problems())
            raise TalkError(f"bot {self.name!r} does not become ready within {_READY_S:g} s: {problems}")
        await self._stage.settle()

    async def stop(self) -> None:
        """Let it leave well, as at SIGTERM."""
        self._runner.stop()
        await asyncio.wait([self._task])

    async def crash(self) -> None:
        """End it at once, as ``kill -9`` does: nothing that it does from here on reaches the server."""
        for network in self._networks:
            network.is_down = True
        self._networks.clear()
        self._runner.stop()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def restart(self, *, crash: bool = False) -> None:
        """Stop it, and start it again: it takes its chats up where it was.

        Args:
            crash: Stop it as a power cut would.
        """
        await (self.crash() if crash else self.stop())
        await self.start()

    def observe(self, record: Record) -> None:
        """See Observer."""
        match record:
            case HookCall():
                self.calls.append(record)
                if record.outcome in _WRONG:
                    self.errors.append(record)
            case Deed():
                self.deeds.append(record)
            case Hearing(event=event):
                if record.is_unhandled and event.hook not in self.unheard:
                    self.unheard.append(event.hook)

    async def _keep(self, report: SessionReport) -> bool:
        self.reports.append(report)
        return True

    def _open_http(self, settings: BotSettings) -> Http:
        network = InProcess(self._stage.simulator.asgi)
        self._networks.append(network)
        credentials = (settings.username, settings.password.read())
        return HttpxHttp(settings.server, credentials=credentials, transport=network)
