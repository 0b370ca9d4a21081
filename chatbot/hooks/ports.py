"""What the handles need from below: two ports that the bot implements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from chatbot.hooks.receipt import Receipt
from chatbot.model.actions import Action
from chatbot.model.config_care import HandoffSettings
from chatbot.model.events import Event, TranscriptEvent
from chatbot.model.resources import ChatResource, Participant

__all__ = ["ActionSender", "ChatView", "ReadLines", "Report"]

E = TypeVar("E", bound=Event)
ReadLines = Callable[[str, int, int | None], Awaitable[list[TranscriptEvent]]]


class ActionSender(Protocol):
    """The one way out: every operation of every plugin passes here."""

    async def perform(self, action: Action, chat_id: str | None) -> Receipt:
        """Do it, or raise an ActionError."""
        ...


class Report(Protocol):
    """What plugins say for the report of one chat."""

    def report(self, result: str | None, attributes: dict[str, Any]) -> None:
        """Set the result, unless it is None, and add attributes."""
        ...


class ChatView(Protocol):
    """What the bot knows of one chat."""

    @property
    def resource(self) -> ChatResource:
        """The newest view of the chat."""
        ...

    @property
    def me(self) -> Participant | None:
        """The bot's own participant, once it is known."""
        ...

    @property
    def started_at(self) -> datetime | None:
        """When the bot was in the chat and knew who else was."""
        ...

    @property
    def memory(self) -> MutableMapping[str, Any]:
        """JSON values that plugins keep for this chat."""
        ...

    @property
    def draft(self) -> Report:
        """For what plugins say of the chat in its report."""
        ...

    async def lines(self, start: int, count: int | None) -> list[TranscriptEvent]:
        """The transcript from an index on."""
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run it until it or the chat ends."""
        ...

    async def wait_for(self, kind: type[E], where: Callable[[E], bool] | None, timeout_s: float) -> E:
        """The next event of this kind for which ``where`` holds."""
        ...

    @property
    def human(self) -> Participant | None:
        """A human agent who is in the chat."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether the chat is no longer this bot's."""
        ...

    @property
    def abandoned(self) -> bool:
        """Whether the customer has left."""
        ...

    @property
    def handoff_settings(self) -> HandoffSettings:
        """How bots.toml wants a chat to be handed over."""
        ...

    async def come_true(self, check: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until this holds; False if it does not in time. Takes no event from anybody."""
        ...

    @property
    def heard(self) -> int:
        """How many texts of customers have come, answered or not."""
        ...

    async def pause(self, seconds: float, *, since: int | None) -> bool:
        """Wait; False as soon as more texts of customers have come than that, if it is given."""
        ...
