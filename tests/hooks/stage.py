"""A chat and a way out for hooks to act on, without a server: they stand behind the two ports."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, TypeVar

from pydantic import BaseModel

from chatbot import Bot, Chat, Event, Participant, Receipt, TextReceived, hookimpl
from chatbot.hooks.instances import StandIn
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.manager import CallResult, Occasion, PluginManager
from chatbot.hooks.run import current_run
from chatbot.model.actions import Action
from chatbot.model.config_care import HandoffSettings
from chatbot.model.errors import ChatbotError
from chatbot.model.events import TranscriptEvent
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState, ParticipantType

E = TypeVar("E", bound=Event)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ABOUT: dict[str, Any] = {"bot": "concierge", "received_at": NOW}
ME = Participant(nickname="Concierge", type=ParticipantType.AGENT, participant_id="2")
ANA = Participant(nickname="Ana", type=ParticipantType.CUSTOMER, participant_id="1")
HELLO = TextReceived(text="Hello", chat_id="A", index=3, sender=ANA, **ABOUT)


class View:
    """What a bot knows of a chat: a ``ChatView``."""

    def __init__(self, resource: ChatResource) -> None:
        self.resource = resource
        self.me: Participant | None = ME
        self.started_at: datetime | None = NOW
        self.memory: dict[str, Any] = {}
        self.transcript: list[TranscriptEvent] = [HELLO]
        self.asked: list[tuple[int, int | None]] = []
        self.human: Participant | None = None
        self.is_over = False
        self.abandoned = False
        self.handoff_settings = HandoffSettings()
        self.gate: asyncio.Event | None = None
        self.spawned: list[Coroutine[Any, Any, object]] = []
        self.coming: list[Event] = []
        self.waits: list[tuple[type[Event], float]] = []
        self.heard = 7
        self.pauses: list[tuple[float, int | None]] = []
        self.is_interrupted = False

    async def lines(self, start: int, count: int | None) -> list[TranscriptEvent]:
        self.asked.append((start, count))
        if self.gate is not None:
            await self.gate.wait()
        return self.transcript

    async def come_true(self, check: Callable[[], bool], timeout_s: float) -> bool:
        return check()

    def spawn(self, coroutine: Coroutine[Any, Any, object]) -> None:
        self.spawned.append(coroutine)

    async def wait_for(self, kind: type[E], where: Callable[[E], bool] | None, timeout_s: float) -> E:
        self.waits.append((kind, timeout_s))
        while self.coming:
            event = self.coming.pop(0)
            if isinstance(event, kind) and (where is None or where(event)):
                return event
        raise TimeoutError

    async def pause(self, seconds: float, *, since: int | None) -> bool:
        self.pauses.append((seconds, since))
        return since is None or not self.is_interrupted


class RecordingSender:
    """An ``ActionSender`` that keeps what is performed, and refuses what a test tells it to."""

    def __init__(self) -> None:
        self.sent: list[tuple[Action, str | None]] = []
        self.refused: dict[type[Action], ChatbotError] = {}
        self.gate: asyncio.Event | None = None

    async def perform(self, action: Action, chat_id: str | None) -> Receipt:
        run = current_run.get()
        with run.waiting() if run is not None else nullcontext():
            if self.gate is not None:
                await self.gate.wait()
            if type(action) in self.refused:
                raise self.refused[type(action)]
        if run is not None:
            run.performed.append(action)
        self.sent.append((action, chat_id))
        return Receipt(action)


class Stage:
    """One chat of one bot."""

    def __init__(self, **resource: Any) -> None:
        fields = {"state": ChatState.CHATTING, "participants": (ANA, ME), **resource}
        self.view = View(ChatResource(id="A", **fields))
        self.sender = RecordingSender()
        self.chat = Chat(self.view, self.sender)
        self.bot = Bot(
            "concierge", nickname="Concierge", chats={"A": self.chat}, sender=self.sender, memory={}
        )

    @property
    def sent(self) -> list[Action]:
        """What was performed on the chat."""
        assert all(chat_id == "A" for _, chat_id in self.sender.sent)
        return [action for action, _ in self.sender.sent]

    async def call(
        self, plugins: PluginManager, event: Event = HELLO, *, hook: str = "", timeout_s: float = 5.0
    ) -> CallResult:
        """Tell the plugins of an event of the chat."""
        name = hook or event.hook
        return await plugins.call(name, Occasion(self.bot, self.chat, event), timeout_s=timeout_s)


Hook = Callable[..., Any]


def hooks(**functions: Hook) -> SimpleNamespace:
    """An object with these functions as its hooks."""
    return SimpleNamespace(**{name: hookimpl(function) for name, function in functions.items()})


def loaded(name: str, plugin: object, settings: BaseModel | None = None) -> LoadedPlugin:
    """A plugin as the loader hands it on."""
    return LoadedPlugin(name, plugin, settings, "")


def per_chat(name: str, plugin: type, settings: BaseModel | None = None) -> LoadedPlugin:
    """The same for a class that has one object for each chat."""
    return LoadedPlugin(name, StandIn(plugin), settings, "", plugin)


def manager(*plugins: LoadedPlugin) -> PluginManager:
    """The plugins of a bot."""
    return PluginManager(list(plugins), run_in_thread=asyncio.to_thread)


def answering(
    answer: object, log: list[str] | None = None, name: str = ""
) -> Callable[[], Awaitable[object]]:
    """A hook that returns this."""

    async def on_anything() -> object:
        if log is not None:
            log.append(name)
        return answer

    return on_anything
