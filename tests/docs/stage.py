"""A plugin of a document in a real bot at the simulator, and a customer who talks to it, in virtual time."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from chatbot.testing import Kit, StagedCustomer
from chatbot.testing.conditions import Conditions
from chatbot.testing.project import Project

__all__ = ["talk"]


async def talk(folder: Path, plugin: str, steps: Iterable[tuple[str, str]]) -> None:
    """Run a plugin in a bot, and let a customer, Ana, talk to it.

    Args:
        folder: The project that has the plugin.
        plugin: Its name.
        steps: `Ana: what she says`, `bot: what she hears` (any part of it), `Helena: what a human agent
            says` (or `joins`, or `leaves`), `time: seconds that pass`, `settings: a line of its table`.

    Raises:
        AssertionError: It did not answer so, or a hook of it failed.
    """
    said = [*steps]
    settings = tomllib.loads("\n".join(what for who, what in said if who == "settings"))
    async with Kit(Project(folder), Conditions()) as kit:
        await kit.human("Helena", queues=("Support",), says="Hello, this is Helena.")
        await kit.start(plugin, **settings)
        customer = await kit.customer()
        for who, what in [step for step in said if step[0] != "settings"] or [("Ana", "Hello")]:
            await _step(kit, customer, who, what)
        if not customer.chat.is_over:
            await customer.leaves()


async def _step(kit: Kit, customer: StagedCustomer, who: str, what: str) -> None:
    match who, what:
        case "Ana", text:
            await customer.says(text)
        case "bot", text:
            await customer.hears(text)
        case "time", seconds:
            await kit.sleep(float(seconds))
        case "Helena", "joins":
            await customer.chat.agent_joins()
        case "Helena", "leaves":
            await customer.chat.agent_leaves()
        case "Helena", text:
            await customer.chat.agent_says(text)
        case _:
            raise AssertionError(f"nobody is called {who!r}: there are Ana, Helena, bot and time")
