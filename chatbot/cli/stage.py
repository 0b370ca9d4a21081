"""Sets the stage for demo and dev: a simulator that knows the bots, and bots that know the simulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from chatbot.model.config import BotSettings, SecretSource, Settings
from chatbot.simulator.app import Simulator

__all__ = ["HUMAN", "on_stage", "simulator_for"]

HUMAN = "Helena"
_HUMAN_USERNAME = "helena (simulated)"
_GREETING = f"Hello, this is {HUMAN}. How can I help you?"


def simulator_for(settings: Settings) -> Simulator:
    """A contact centre in which the bots are agents, and a human answers all queues they hand over to."""
    simulator = Simulator()
    for bot in settings.bots.values():
        simulator.world.add_agent(bot.username, nickname=bot.nickname)
    queues = ("default", *sorted(set(_queues(settings))))
    simulator.world.add_agent(
        _HUMAN_USERNAME, nickname=HUMAN, human=True, queues=queues, auto_answer=_GREETING
    )
    return simulator


def on_stage(settings: Settings, server: str) -> Settings:
    """The same bots, at the simulator; their real server, password and journal are not touched.

    Nothing is kept: chats of a simulator end with it.
    """
    update = {
        "server": server,
        "password": SecretSource(plain=SecretStr("stage")),
        "ca_file": None,
        "proxy": None,
        "notifications_path": BotSettings.model_fields["notifications_path"].default,
    }
    bots = {name: bot.model_copy(update=update) for name, bot in settings.bots.items()}
    service = settings.service.model_copy(update={"journal": ":memory:"})
    return settings.model_copy(update={"bots": bots, "service": service})


def _queues(settings: Settings) -> Iterator[str]:
    """The queues that settings of plugins name: where the contract says "queue", a name follows."""
    for bot in settings.bots.values():
        for table in bot.plugin.values():
            yield from _queues_in(table)


def _queues_in(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _queues_in(item)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "queue" and isinstance(inner, str):
                yield inner
            else:
                yield from _queues_in(inner)
