"""The parts that everything in one bot shares; put together by ``bot/runner.py``."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatbot.bot.health import Counters, Health
from chatbot.bot.journal import Journal
from chatbot.bot.platform import Platform
from chatbot.bot.ports import KeepReport
from chatbot.bot.shadow import Shadow
from chatbot.bot.wishes import Wishes
from chatbot.hooks.manager import PluginManager
from chatbot.hooks.trace import Observer
from chatbot.model.clock import Clock, Rng
from chatbot.model.config import BotSettings
from chatbot.model.tracing import NO_TRACER, Tracer

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a bot is made of.

    Args:
        name: The bot's name in bots.toml.
        settings: Its settings.
        plugins: Its plugins.
        platform: Its server.
        clock: For waits and times.
        rng: For jitter.
        counters: What it has counted.
        health: Whether it is ready, and why not.
        journal: What survives a crash.
        observer: Told what comes, what is called and what is performed.
        tells_all: Silence is an event even if no plugin has a hook for it.
        tracer: Makes the spans of traces.
        shadow: Shows actions instead of having them sent; None: they are sent.
        wishes: What an operator wants of it.
        reports: Keeps the reports of chats, if anybody does.
    """

    name: str
    settings: BotSettings
    plugins: PluginManager
    platform: Platform
    clock: Clock
    rng: Rng
    counters: Counters
    health: Health
    journal: Journal
    observer: Observer | None = None
    tells_all: bool = False
    tracer: Tracer = NO_TRACER
    shadow: Shadow | None = None
    wishes: Wishes = field(default_factory=Wishes)
    reports: KeepReport | None = None
