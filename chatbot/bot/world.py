"""What changes with the world, for all bots of a process."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatbot.bot.connection import OpenHttp, open_http
from chatbot.bot.ports import KeepReport
from chatbot.bot.presence import Colleagues
from chatbot.bot.shadow import Shadow
from chatbot.hooks.trace import Observer
from chatbot.model.clock import Clock, Rng, RunInThread
from chatbot.model.tracing import NO_TRACER, Tracer
from chatbot.wire.entrance import Entrance

__all__ = ["World"]


@dataclass(frozen=True, slots=True)
class World:
    """What changes with the world, for all bots of a process.

    Args:
        clock: Time.
        rng: Chance.
        run_in_thread: Worker threads.
        open_http: The transport of each bot.
        colleagues: The bots of the process.
        entrance: Where they log in, one after the other.
        observer: Told what comes, what is called and what is performed.
        tells_all: As Parts says.
        tracer: Makes the spans of traces.
        shadow: Shows what bots in shadow would do.
        reports: Keeps the reports of chats, if anybody does.
    """

    clock: Clock
    rng: Rng
    run_in_thread: RunInThread
    open_http: OpenHttp = open_http
    colleagues: Colleagues = field(default_factory=Colleagues)
    entrance: Entrance = field(default_factory=Entrance)
    observer: Observer | None = None
    tells_all: bool = False
    tracer: Tracer = NO_TRACER
    shadow: Shadow = field(default_factory=Shadow)
    reports: KeepReport | None = None
