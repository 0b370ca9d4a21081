"""What an operator may do to a bot at work: drain it, silence it in a chat, send a customer elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable

from chatbot.bot.fallback import Fallback
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.model.config_care import FallbackSettings

__all__ = ["BY_OPERATOR", "Intervention", "InterventionRefused"]

log = logging.getLogger(__name__)

BY_OPERATOR = "operator"
"""Why a customer is handed over, as user data and metrics have it."""

_SILENCED = "an operator has silenced the bot"
_SENT_ON = "an operator sends the customer elsewhere"


class InterventionRefused(Exception):
    """An operator's wish that cannot be met.

    Args:
        message: What and why.
        fix: What to do instead.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class Intervention:
    """Meets an operator's wishes in one run of a bot.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
        fallback: Hands customers over.
        wake: Called with a chat that has something to do.
    """

    def __init__(
        self, parts: Parts, pipeline: Pipeline, fallback: Fallback, wake: Callable[[LiveChat], None]
    ) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._fallback = fallback
        self._wake = wake

    def mute(self, chat_id: str) -> None:
        """Let nothing more be said to this customer, and stop the hooks that run.

        Raises:
            InterventionRefused: There is no such chat, or the bot is in shadow.
        """
        chat = self._chat(chat_id)
        chat.ownership.hold()
        for run in {*chat.runs, *chat.beside}:
            run.cut(_SILENCED)
        self._changed(chat)

    def unmute(self, chat_id: str) -> None:
        """Take ``mute`` back. A human agent in the chat still has it.

        Raises:
            InterventionRefused: As ``mute`` says.
        """
        chat = self._chat(chat_id)
        chat.ownership.let_go()
        self._changed(chat)

    def hand_over(self, chat_id: str, to: FallbackSettings | None = None) -> None:
        """Send the customer elsewhere; tried again for a while if the server refuses it.

        Args:
            chat_id: The chat.
            to: Where to; None: where ``[bots.NAME.fallback]`` says.

        Raises:
            InterventionRefused: Nobody has said where to, or the chat is not the bot's to give.
        """
        chat = self._chat(chat_id)
        if to is None and self._parts.settings.fallback is None:
            fix = f"name a queue or a target, or give the bot a [bots.{self._parts.name}.fallback]"
            raise InterventionRefused(f"nobody has said where chat {chat_id} is to go", fix)
        if not chat.is_live:
            raise InterventionRefused(
                f"the bot is not in chat {chat_id} yet (it is {chat.resource.state})", "wait until it is"
            )
        if chat.human is not None:
            raise InterventionRefused(f"a human agent has chat {chat_id}", "let the human agent transfer it")
        for run in {*chat.runs, *chat.beside}:
            run.cut(_SENT_ON)
        self._fallback.begin(chat, BY_OPERATOR, chat.progress.name(BY_OPERATOR), to)

    def hand_over_all(self) -> list[str]:
        """Send all customers where the fallback says; the ids of those that are not the bot's to give.

        Raises:
            InterventionRefused: There is no fallback, or the bot is in shadow.
        """
        left = []
        for chat_id, chat in [*self._pipeline.chats.items()]:
            if not chat.is_live or chat.human is not None:
                left.append(chat_id)
                continue
            self.hand_over(chat_id)
        return left

    def _chat(self, chat_id: str) -> LiveChat:
        if self._parts.shadow is not None:
            name = self._parts.name
            raise InterventionRefused(f"bot {name} is in shadow: it does nothing that could be changed")
        chat = self._pipeline.chats.get(chat_id)
        if chat is None or chat.ended:
            raise InterventionRefused(
                f"bot {self._parts.name} has no such chat", "chatbot status lists its chats"
            )
        return chat

    def _changed(self, chat: LiveChat) -> None:
        chat.progress.flush()
        chat.stalled = False
        self._wake(chat)
