"""What a chat needs from the bot that has it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from chatbot.bot.aside import Aside
from chatbot.bot.health import Counters
from chatbot.bot.journal import Journal
from chatbot.bot.ownership import Policy
from chatbot.bot.presence import Colleagues
from chatbot.bot.prints import Times
from chatbot.hooks.ports import ActionSender, ReadLines

__all__ = ["Surroundings"]

C_contra = TypeVar("C_contra", contravariant=True)


class Surroundings(Protocol[C_contra]):
    """What a chat needs from the bot."""

    @property
    def journal(self) -> Journal:
        """The bot's journal."""
        ...

    @property
    def counters(self) -> Counters:
        """What the bot counts."""
        ...

    @property
    def times(self) -> Times:
        """What is known of the times that the server tells."""
        ...

    @property
    def policy(self) -> Policy:
        """What bots.toml says about human agents."""
        ...

    @property
    def colleagues(self) -> Colleagues:
        """The bots of the service."""
        ...

    @property
    def sender(self) -> ActionSender:
        """Performs operations."""
        ...

    @property
    def read(self) -> ReadLines:
        """Reads transcripts."""
        ...

    @property
    def aside(self) -> Aside:
        """Where workers stand whose hooks wait."""
        ...

    def spawn(self, chat: C_contra, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run it until it or the chat ends."""
        ...

    def wake(self, chat: C_contra | None) -> None:
        """A chat has something to do."""
        ...
