"""What a plugin holds after an action was accepted: the promise of an effect."""

from __future__ import annotations

import asyncio
from typing import Literal

from chatbot.hooks.run import current_run
from chatbot.model.actions import Action
from chatbot.model.errors import Refused, Unconfirmed
from chatbot.model.quoting import Quoting

__all__ = ["Receipt"]


class Receipt:
    """An operation that the server has accepted (status code 0, or 7: in part).

    Attributes:
        action: The operation.
        reference_id: Ties it to later notifications, where the server gave one.
        partly: The server did only a part of it.
        is_shadow: It was not sent, for the bot runs in shadow: its effect is not waited for.
    """

    def __init__(self, action: Action) -> None:
        self.action = action
        self.reference_id: str | None = None
        self.partly = False
        self.is_shadow = False
        self._settled = asyncio.Event()
        self._failure: str | None = None

    @property
    def failure(self) -> str | None:
        """Why it failed; None if it did not."""
        return self._failure

    @property
    def state(self) -> Literal["accepted", "confirmed", "failed"]:
        """How far it has come. Where no effect is documented it stays ``accepted``."""
        if not self._settled.is_set():
            return "accepted"
        return "confirmed" if self._failure is None else "failed"

    async def confirmed(self, timeout: float) -> Receipt:  # noqa: ASYNC109 (the contract's name)
        """Wait until the effect was seen. Returns at once where no effect is documented, and in shadow.

        Args:
            timeout: Seconds.

        Raises:
            Refused: The server reported that the operation failed.
            Unconfirmed: The effect was not seen in time; it may still come.
        """
        if self.action.effect is None or self.is_shadow:
            return self
        run = current_run.get()
        if run is None:
            await self._wait(timeout)
        else:
            with run.waiting():
                await self._wait(timeout)
        if self._failure is not None:
            name = self.action.operation
            raise Refused(Quoting(f"{name} failed", self._failure), action=name)
        return self

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        except TimeoutError:
            name = self.action.operation
            raise Unconfirmed(f"{name} showed no effect within {seconds:g} s", action=name) from None

    def confirm(self) -> None:
        """Its effect was seen. Only the bot calls this."""
        self._settled.set()

    def fail(self, message: str) -> None:
        """The server reported its failure. Only the bot calls this."""
        self._failure = message or "no reason given"
        self._settled.set()
