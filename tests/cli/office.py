"""A service at work in this process, with real sockets, and commands that ask it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from chatbot.cli import main
from chatbot.console.admin import create_admin
from chatbot.model.config_file import load
from chatbot.service.supervisor import Service, build
from chatbot.service.system import system_world
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.cli.programs import ECHO, write
from tests.service.house import at_work, until


@dataclass(frozen=True)
class Office:
    """One bot, its server, and its admin pages.

    Args:
        service: The service.
        simulator: The server's address.
        admin: The address of the admin pages.
        config: Its bots.toml.
    """

    service: Service
    simulator: str
    admin: str
    config: Path

    async def asks(self, *words: str) -> Result:
        """What a command says; it runs in a thread, for the service answers in this one."""
        quiet = ["--log-level", "error"]  # the service logs in this process too
        given = [words[0], "-c", str(self.config), "--admin", self.admin, *quiet, *words[1:]]
        return await asyncio.to_thread(CliRunner().invoke, main, given)

    @property
    def chat(self) -> str:
        """The only chat, as the bot calls it."""
        [chat_id] = self.service.bots[0].live
        return chat_id

    @asynccontextmanager
    async def customer(self) -> AsyncIterator[Customer]:
        async with Customer(self.simulator, nickname="Ana", endpoint="maid", poll_s=0.02) as customer:
            await until(lambda: self.service.bots[0].chats == 1)
            yield customer


@asynccontextmanager
async def office(folder: Path, bot: str = "") -> AsyncIterator[Office]:
    simulator = Simulator()
    simulator.world.add_agent("maid")
    async with serve(simulator.asgi) as url:
        bots = f"""
            service.journal = ":memory:"
            bots.maid = {{ server = "{url}", username = "maid", password = "x", plugins = ["echo"] {bot} }}
        """
        config = write(folder, bots, echo=ECHO)
        service = build(load(config), system_world(), str(config))
        async with at_work(service), serve(create_admin(service)) as admin:
            await until(lambda: not service.problems()["maid"])
            yield Office(service, url, admin, config)
