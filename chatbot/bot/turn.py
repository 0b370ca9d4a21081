"""The turn of hooks in the mailbox of their chat: one event in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from chatbot.bot.live import LiveChat
from chatbot.hooks.run import current_run

__all__ = ["LeftAside", "Turn", "nothing"]


class LeftAside(Exception):
    """The mailbox has gone on without this worker: what is still to be done in the chat, another one does."""


def nothing() -> None:
    """Do nothing."""


class Turn:
    """One event in the hands of hooks.

    What has to be done when the hooks have ended is done once: when they have, or earlier, when one of
    them waits or has to be left alone.

    Args:
        chat: The chat.
        then: What has to be done.
        if_left: What has to be done besides, if a hook has left the turn.
    """

    def __init__(
        self, chat: LiveChat, then: Callable[[], None], if_left: Callable[[], None] = nothing
    ) -> None:
        self.is_left = False
        self._chat = chat
        self._worker: asyncio.Task[Any] | None = None
        self._then = then
        self._if_left = if_left

    @property
    def chat_id(self) -> str:
        """See hooks.run.Turn."""
        return self._chat.id

    def end(self) -> None:
        """The event is done with."""
        then, self._then = self._then, nothing
        then()

    def leave(self) -> None:
        """See hooks.run.Turn."""
        if self.is_left:
            return
        self.is_left = True
        self._if_left()
        self.end()
        self._worker = self._chat.leave()

    def disown(self) -> None:
        """See hooks.run.Turn."""
        self.leave()
        if self._worker is not None:
            self._chat.forsake(self._worker)

    async def ask_back(self) -> None:
        """See hooks.run.Turn."""
        run = current_run.get()
        if run is not None:
            await self._chat.waits.turn(run)
