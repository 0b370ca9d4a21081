"""The notifications of the simulated server: what they say, and how they may come to harm."""

from __future__ import annotations

import random
from typing import Any

from tests.simulation.bayeux import Bayeux
from tests.simulation.chats import Chat
from tests.simulation.loop import SimLoop
from tests.simulation.options import Faults
from tests.simulation.truth import Line, Truth

__all__ = ["Notices"]


class Notices:
    """Tells the bot what happens in its chats.

    Args:
        loop: For delays.
        bayeux: Hands them to all who are subscribed.
        faults: How often notifications come to harm.
        truth: The record of the run.
        rng: For delays and harm.

    Attributes:
        reference: Names the operation that is being done, where the server does so.
    """

    def __init__(
        self,
        loop: SimLoop,
        bayeux: Bayeux,
        faults: Faults,
        truth: Truth,
        rng: random.Random,
    ) -> None:
        self.reference: dict[str, int] = {}
        self._loop = loop
        self._bayeux = bayeux
        self._faults = faults
        self._truth = truth
        self._rng = rng
        self._free_at = 0.0

    def chat(self, chat: Chat, kind: str, *, participants: bool = True) -> None:
        """Tell how a chat is now."""
        message = {"messageType": "ChatStateChangeMessage", "notificationType": kind}
        self._send({**message, "chat": chat.resource(participants=participants), **self.reference})

    def lines(self, chat: Chat, lines: list[Line]) -> None:
        """Tell new lines of a chat, if the agent is in it."""
        if chat.state != "Chatting":
            return
        self._send(
            {
                "messageType": "MessageLogUpdated",
                "notificationType": "NewMessages",
                "chatUri": f"http://elsewhere:8080/api/v2/chats/{chat.id}",
                "messages": [line.wire for line in lines],
            }
        )

    def again(self, resource: dict[str, Any]) -> None:
        """Tell an old view of a chat once more."""
        self._send(
            {
                "messageType": "ChatStateChangeMessage",
                "notificationType": "StatusChange",
                "chat": resource,
            }
        )

    def _send(self, data: dict[str, Any]) -> None:
        if self._happens("notice dropped"):
            self._truth.note("FAULT", "a notification is dropped")
            return
        self._free_at = max(
            self._free_at, self._loop.time() + self._rng.random() * self._bayeux.options.notice_s
        )
        delay = self._free_at - self._loop.time()
        if self._happens("notice reordered"):
            self._truth.note("FAULT", "a notification is late")
            delay += self._rng.random() * 1.5
        self._loop.later(delay, self._bayeux.push, data)
        if self._happens("notice doubled"):
            self._loop.later(delay + self._rng.random(), self._bayeux.push, data)

    def _happens(self, fault: str) -> bool:
        rate = self._faults.rates.get(fault)
        if rate is None or self._loop.time() > self._faults.until_s or self._rng.random() >= rate:
            return False
        self._truth.counts[fault] += 1
        return True
