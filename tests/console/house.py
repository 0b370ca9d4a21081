"""A service on real sockets for the console: bots at a simulator, all of it watched, and its admin pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr

from chatbot import TextReceived, hookimpl
from chatbot.bot.journal import NoJournal
from chatbot.bot.runner import BotRunner
from chatbot.console.admin import Admin, create_admin
from chatbot.hooks.loader import LoadedPlugin
from chatbot.model.config import BotSettings, SecretSource
from chatbot.service.recorder import Recorder
from chatbot.service.supervisor import Service
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.service.house import QuickClock, at_work, until, world

EVIL = '<img src=x onerror="document.title=`owned`">\'"&{{7*7}}'
"""What must be shown as it is, wherever it comes from."""


class Greeter:
    """Says hello, declines the rest, and fails when it is told to."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str | None:
        if "fail" in event.text:
            raise ValueError(EVIL)
        return f"Hello! {event.text}" if "hello" in event.text.lower() else None


class Echo:
    """Answers everything."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"You said: {event.text}"


@dataclass
class Stage:
    """What is on stage.

    Attributes:
        url: Of the console.
        server: Of the simulator.
        service: The bots.
        simulator: Where they are.
        admin: Their pages.
    """

    url: str
    server: str
    service: Service
    simulator: Simulator
    admin: Admin

    @property
    def bot(self) -> BotRunner:
        return self.service.bots[0]

    @property
    def chat(self) -> str:
        """The only chat of the first bot."""
        (chat_id,) = self.bot.live
        return chat_id

    def customer(self, nickname: str = "Ana", **settings: Any) -> Customer:
        return Customer(self.server, nickname=nickname, endpoint="maid", poll_s=0.02, **settings)


def _bot(
    server: str, recorder: Recorder, name: str, *plugins: tuple[str, object], **settings: Any
) -> BotRunner:
    loaded = [LoadedPlugin(plugin, hooks, None, "") for plugin, hooks in plugins]
    login = {"server": server, "username": "maid", "password": SecretSource(plain=SecretStr("x"))}
    watched = replace(world(), observer=recorder)
    return BotRunner(name, BotSettings(**{**login, **settings}), loaded, watched, NoJournal())


@asynccontextmanager
async def stage(token: str = "", **settings: Any) -> AsyncIterator[Stage]:
    """One bot at work, one that cannot reach its server, and one whose name is markup."""
    simulator = Simulator()
    async with serve(simulator.asgi) as server:
        recorder = Recorder(QuickClock())
        plugins = (("greeter", Greeter()), (EVIL, Echo()))
        bots = [
            _bot(server, recorder, "concierge", *plugins, **settings),
            _bot("http://127.0.0.1:1", recorder, EVIL, *plugins),
        ]
        service = Service(bots, world=world(), drain_timeout=1)
        service.recorder = recorder
        admin = create_admin(service, token)
        async with at_work(service), serve(admin) as url:
            await until(lambda: bots[0].health.problems() == [])
            yield Stage(url, server, service, simulator, admin)
    await asyncio.sleep(0)
