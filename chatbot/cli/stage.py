"""Sets the stage for demo and dev: a simulator that knows the bots, and bots that know the simulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pydantic import SecretStr, ValidationError

from chatbot.model.codes import Code
from chatbot.model.config import BotSettings, SecretSource, Settings
from chatbot.model.config_words import explain, mistakes
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding
from chatbot.model.nearest import nearest
from chatbot.model.section import Section
from chatbot.simulator.app import Simulator

__all__ = ["HUMAN", "in_shadow", "invite", "kept", "on_stage", "only", "simulator_for"]

HUMAN = "Helena"
_HUMAN_USERNAME = "helena (simulated)"
_GREETING = f"Hello, this is {HUMAN}. How can I help you?"


def simulator_for(settings: Settings) -> Simulator:
    """A contact centre in which the bots are agents, and a human answers all queues they hand over to."""
    simulator = Simulator()
    simulator.world.add_agent(_HUMAN_USERNAME, nickname=HUMAN, human=True, auto_answer=_GREETING)
    invite(simulator, settings)
    return simulator


def invite(simulator: Simulator, settings: Settings) -> None:
    """Let the bots of these settings in, and no others; the human answers their queues too.

    Who is there already stays as it is, with its chats.
    """
    agents = simulator.world.agents
    bots = {bot.username: bot for bot in settings.bots.values()}
    for agent in agents:
        if not agent.human and agent.username not in bots:
            agent.channels, agent.state = (), "NotReady"
    known = {agent.username for agent in agents}
    for bot in bots.values():
        if bot.username not in known:
            simulator.world.add_agent(bot.username)
        agents.get(bot.username).nickname = bot.nickname
    agents.get(_HUMAN_USERNAME).queues = ("default", *sorted(set(_queues(settings))))
    agents.put_last(_HUMAN_USERNAME)  # who comes to the default queue gets a bot, if one is free


def on_stage(settings: Settings, server: str) -> Settings:
    """The same bots, at the simulator; their real server, password and journal are not touched.

    Nothing is kept: chats of a simulator end with it.
    """
    update = {
        "server": server,
        "mode": "live",
        "password": SecretSource(plain=SecretStr("stage")),
        "ca_file": None,
        "proxy": None,
        "notifications_path": BotSettings.model_fields["notifications_path"].default,
    }
    bots = {name: bot.model_copy(update=update) for name, bot in settings.bots.items()}
    service = settings.service.model_copy(
        update={"journal": ":memory:", "session_reports": "", "shadow_reports": ""}
    )
    return settings.model_copy(update={"bots": bots, "service": service})


def in_shadow(settings: Settings, server: str) -> Settings:
    """The same bots at this server, which they only read.

    Raises:
        ConfigError: The address cannot be used.
    """
    try:
        bots = {
            name: BotSettings.model_validate({**dict(bot), "server": server, "mode": "shadow"})
            for name, bot in settings.bots.items()
        }
    except ValidationError as exc:
        error, *_ = mistakes(exc)
        told = next(explain(error, Section("--server"), BotSettings))
        raise ConfigError(replace(told, message=f"{server!r}: {told.message}")) from exc
    return settings.model_copy(update={"bots": bots})


def kept(settings: Settings, journal: str, drain_timeout: float) -> Settings:
    """The same bots, whose chats the next process goes on with: it finds the session and the journal."""
    bots = {name: bot.model_copy(update={"on_stop": "keep"}) for name, bot in settings.bots.items()}
    update = {"journal": journal, "drain_timeout": drain_timeout}
    service = settings.service.model_copy(update=update)
    return settings.model_copy(update={"bots": bots, "service": service})


def only(settings: Settings, name: str | None) -> Settings:
    """The settings with this one bot; all of them for None.

    Raises:
        ConfigError: There is no such bot.
    """
    if name is None:
        return settings
    if name not in settings.bots:
        raise ConfigError(no_bot(name, settings, "--bot"))
    return settings.model_copy(update={"bots": {name: settings.bots[name]}})


def no_bot(name: str, settings: Settings, file: str) -> Finding:
    """The finding that there is no such bot."""
    closest, known = nearest(name, settings.bots) or "", f"the bots: {', '.join(settings.bots)}"
    return Finding(
        Code.UNKNOWN_BOT, f"there is no bot {name!r} in [bots]", file, expected=known, closest=closest
    )


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
