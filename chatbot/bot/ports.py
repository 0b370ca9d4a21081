"""What a bot needs from below."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol

from chatbot.model.events import SessionReport
from chatbot.model.notifications import Signal

__all__ = ["KeepReport", "NotificationSource"]

KeepReport = Callable[[SessionReport], Awaitable[bool]]
"""Keeps the report of a chat; whether that was possible. Never raises, and does not take long."""


class NotificationSource(Protocol):
    """Where notifications come from: CometD on httpx, aiocometd, or a fake."""

    def signals(self) -> AsyncGenerator[Signal, None]:
        """Batches, new sessions and troubles, in order; see ``wire.cometd.CometdSource.signals``."""
        ...

    async def aclose(self) -> None:
        """Tell the server that we leave, and keep nothing open."""
        ...
