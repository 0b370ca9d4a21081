"""What a service is doing at this moment, as plain values: for the console and for ``chatbot status``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from chatbot.bot.live import LiveChat
from chatbot.bot.runner import BotRunner
from chatbot.hooks.breaker import Breaker, BreakerState
from chatbot.hooks.run import HookRun
from chatbot.service.supervisor import Service

__all__ = [
    "BotStatus",
    "ChatStatus",
    "HookStatus",
    "Person",
    "PluginStatus",
    "ServiceStatus",
    "bot_status",
    "chat_status",
    "status_of",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a chat.

    Args:
        nickname: As the server shows it.
        type: Customer, Agent, or another word of the server.
        is_bot: Whether it is this bot.
    """

    nickname: str
    type: str
    is_bot: bool


@dataclass(frozen=True, slots=True)
class HookStatus:
    """A hook that runs.

    Args:
        plugin: The plugin's name.
        hook: The hook's name.
        trigger: For which event, as the journal names it.
        is_waiting: It waits for the server or the customer.
    """

    plugin: str
    hook: str
    trigger: str
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class ChatStatus:
    """One chat of a bot.

    Args:
        id: Its id.
        state: The server's word for its state; empty if it is not known.
        people: Who takes part.
        started_at: Since when the bot is in it.
        muted: Why the bot does not talk to the customer; empty if it may.
        is_held: An operator has silenced the bot.
        human: The human agent who has it.
        owed_s: How long the customer has waited for an answer; 0 if it does not.
        waiting: Lines that were heard, and not handed on yet.
        hooks: What runs.
        open: Operations whose outcome is not known yet.
    """

    id: str
    state: str
    people: tuple[Person, ...]
    started_at: datetime | None
    muted: str
    is_held: bool
    human: str
    owed_s: float
    waiting: int
    hooks: tuple[HookStatus, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One plugin of a bot.

    Args:
        name: Its name.
        breaker: Whether it is asked.
        is_paused: An operator wants it not to be asked.
    """

    name: str
    breaker: BreakerState
    is_paused: bool


@dataclass(frozen=True, slots=True)
class BotStatus:
    """One bot.

    Args:
        name: Its name in bots.toml.
        mode: ``live`` or ``shadow``.
        problems: Why it is not ready; empty if it is.
        is_draining: It takes no more chats.
        chats: How many it has.
        plugins: In call order.
    """

    name: str
    mode: str
    problems: tuple[str, ...]
    is_draining: bool
    chats: int
    plugins: tuple[PluginStatus, ...]

    @property
    def state(self) -> str:
        """In a word."""
        if self.problems:
            return "not ready"
        if self.is_draining:
            return "draining" if self.chats else "drained"
        return "in shadow" if self.mode == "shadow" else "ready"


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """All bots.

    Args:
        bots: In the order of bots.toml.
    """

    bots: tuple[BotStatus, ...]

    @property
    def is_ready(self) -> bool:
        """Whether every bot is."""
        return not any(bot.problems for bot in self.bots)


def status_of(service: Service) -> ServiceStatus:
    """All bots, without their chats one by one."""
    problems = service.problems()
    return ServiceStatus(tuple(bot_status(bot, problems[bot.name]) for bot in service.bots))


def bot_status(bot: BotRunner, problems: list[str]) -> BotStatus:
    """One bot.

    Args:
        bot: The bot.
        problems: Why it is not ready.
    """
    return BotStatus(
        name=bot.name,
        mode=bot.settings.mode,
        problems=tuple(problems),
        is_draining=bot.wishes.draining,
        chats=bot.chats,
        plugins=tuple(_plugins(bot.breakers.values())),
    )


def _plugins(breakers: Iterable[Breaker]) -> Iterator[PluginStatus]:
    for breaker in breakers:
        yield PluginStatus(breaker.plugin, breaker.state, breaker.is_paused)


def chat_status(chat: LiveChat, monotonic: float) -> ChatStatus:
    """One chat.

    Args:
        chat: The chat.
        monotonic: The time now, in monotonic seconds.
    """
    mine = chat.me.participant_id if chat.me is not None else None
    return ChatStatus(
        id=chat.id,
        state=str(chat.resource.state or ""),
        people=tuple(
            Person(one.nickname, str(one.type), is_bot=one.participant_id == mine)
            for one in chat.resource.participants or ()
        ),
        started_at=chat.started_at,
        muted=chat.ownership.muted,
        is_held=chat.ownership.is_held,
        human=chat.human.nickname if chat.human is not None else "",
        owed_s=max(0.0, monotonic - chat.due.owed_since) if chat.due.owed_since else 0.0,
        waiting=len(chat.order.waiting()) + len(chat.unordered),
        hooks=tuple(map(_hook_status, sorted(chat.runs, key=lambda run: (run.plugin, run.hook)))),
        open=tuple(f"{one.action.operation} ({one.state})" for one in chat.outbox.open),
    )


def _hook_status(run: HookRun) -> HookStatus:
    return HookStatus(run.plugin, run.hook, run.trigger, is_waiting=run.is_waiting)
