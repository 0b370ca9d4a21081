"""Hands a chat to a human as one call: data, note, invitation or transfer, and what became of it."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot.hooks.conversation import check_can_wait
from chatbot.hooks.ports import ChatView
from chatbot.hooks.receipt import Receipt
from chatbot.model import actions as do
from chatbot.model.capabilities import allows
from chatbot.model.config_care import HandoffSettings
from chatbot.model.errors import ActionError, Unconfirmed
from chatbot.model.handoff import Accepted, CustomerLeft, Outcome, Queued, Refused, TimedOut

__all__ = ["Destination", "Handoff", "destinations"]

log = logging.getLogger(__name__)

_SUMMARY = "chatbot_summary"
# how long the server may take to tell that a transfer to a queue came to nothing
_QUEUED_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a chat goes: exactly one of the two.

    Args:
        target: The address of an agent.
        queue: The name of a queue.
    """

    target: str | None = None
    queue: str | None = None


def destinations(settings: HandoffSettings, target: str | None, queue: str | None) -> list[Destination]:
    """Where a chat may go, in this order: what the plugin or bots.toml says, and the second choice.

    Raises:
        ValueError: Nobody says where, or the plugin says two at once.
    """
    if target is not None and queue is not None:
        raise ValueError("give target (the address of an agent) or queue (a name), not both")
    first = Destination(target, queue) if target or queue else Destination(settings.target, settings.queue)
    second = Destination(settings.second_target, settings.second_queue)
    found = [one for one in (first, second) if one.target or one.queue]
    if not found:
        raise ValueError("say where to: target= or queue=, or target or queue in [bots.NAME.handoff]")
    return found


@dataclass(slots=True)
class Handoff:
    """One hand-off.

    Args:
        view: What is known of the chat.
        perform: Does an operation in it.
        text: The last words of the bot.
        summary: For the agent.
        data: For the user data.
        wait_s: How long an agent may take, in seconds.

    Raises:
        ValueError: That is no number of seconds.
    """

    view: ChatView
    perform: Callable[[do.Action], Awaitable[Receipt]]
    text: str | None
    summary: str | None
    data: Mapping[str, Any]
    wait_s: float
    _is_noted: bool = False
    _has_come: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.wait_s < math.inf:
            raise ValueError(f"wait is a number of seconds from 0 on, not {self.wait_s!r}")

    async def to(self, places: Sequence[Destination]) -> Outcome:
        """Try these in turn, until somebody has the chat or there is nothing left to hand over.

        Raises:
            RuntimeError: Nobody can wait here; nothing was said or done.
        """
        await check_can_wait(self.view)
        await self._tell_agents_before()
        outcome: Outcome = Refused("there is nobody to hand the chat to")
        for place in places:
            outcome = self._settled() or await self._try(place)
            log.info("hand-off: %s", type(outcome).__name__)
            if not isinstance(outcome, Refused | TimedOut):
                break
        if isinstance(outcome, Accepted) and outcome.by is not None:
            await self._note()
        return outcome

    async def joined(self) -> Outcome:
        """What becomes of one that is under way already: nothing is said or done twice."""
        await self.view.come_true(lambda: self._settled() is not None, self.wait_s)
        return self._settled() or TimedOut(self.wait_s)

    async def _try(self, place: Destination) -> Outcome:
        try:
            if place.target is not None and allows(self.view.resource, do.Invite):
                return await self._invite(place.target)
            return await self._transfer(place)
        except ActionError as error:
            if isinstance(error, Unconfirmed):
                self.text = None  # it may have been said with the transfer
            return self._settled() or Refused(error.text)

    async def _invite(self, target: str) -> Outcome:
        """The bot stays until the agent has come."""
        await self._say_last_words()
        action = do.Invite(target_uri=target)
        try:
            receipt = await self.perform(action)
        except Unconfirmed:
            receipt = Receipt(action)  # whether the agent comes will tell
        return await self._awaited(receipt)

    async def _transfer(self, place: Destination) -> Outcome:
        """The bot leaves with it."""
        action = do.Transfer(target_uri=place.target, queue_name=place.queue, text=self.text)
        receipt = await self.perform(action)
        self.text = None
        wait_s = self.wait_s if place.queue is None else min(self.wait_s, _QUEUED_WITHIN_S)
        if not receipt.is_shadow:
            await self.view.come_true(lambda: self.view.is_over or receipt.failure is not None, wait_s)
        if receipt.failure is not None:
            return Refused(receipt.failure)
        if place.queue is not None:
            return Queued(place.queue)
        return Accepted() if self.view.is_over or receipt.is_shadow else TimedOut(self.wait_s)

    async def _awaited(self, receipt: Receipt) -> Outcome:
        settings = self.view.handoff_settings
        self._has_come, left_s = False, self.wait_s
        for text in (*settings.reassure, None):
            pause_s = left_s if text is None else min(left_s, settings.reassure_every)
            if await self.view.come_true(lambda: self._outcome(receipt) is not None, pause_s):
                break
            if self._has_come:
                return Refused("the agent came, and has left again")
            left_s -= pause_s
            if left_s <= 0:
                break
            await self._say(text)
        return self._outcome(receipt) or TimedOut(self.wait_s)

    def _outcome(self, receipt: Receipt) -> Outcome | None:
        if receipt.is_shadow:
            return self._settled() or Accepted()  # nobody was called
        return self._settled() or (Refused(receipt.failure) if receipt.failure is not None else None)

    def _settled(self) -> Outcome | None:
        """What the chat itself shows: a human has it, or it is over; None if neither."""
        if (human := self.view.human) is not None:
            self._has_come = True
            return Accepted(human)
        return CustomerLeft() if self.view.is_over or self.view.abandoned else None

    # what is said

    async def _say_last_words(self) -> None:
        words, self.text = self.text, None
        await self._say(words)

    async def _say(self, text: str | None) -> None:
        """Words that cannot be said are no reason to keep the chat."""
        try:
            if text:
                await self.perform(do.SendMessage(text=text))
        except ActionError as error:
            log.debug("the customer is not told about the hand-off: %s", error)

    async def _tell_agents_before(self) -> None:
        """The human can do without; the customer cannot do without the human."""
        try:
            if data := self._with_summary():
                await self.perform(do.UpdateUserData(user_data=data))
        except ActionError as error:
            log.warning("the data of a hand-off cannot be set: %s", error)
        if allows(self.view.resource, do.SendToAgents):
            await self._note()

    def _with_summary(self) -> dict[str, Any]:
        return {**self.data, _SUMMARY: self.summary} if self.summary else dict(self.data)

    async def _note(self) -> None:
        """What only agents see, once."""
        if not self.summary or self._is_noted:
            return
        try:
            await self.perform(do.SendToAgents(text=self.summary))
            self._is_noted = True
        except Unconfirmed:
            self._is_noted = True  # perhaps; twice would be worse than not at all: the data have it too
        except ActionError as error:
            log.debug("no note for the agents: %s", error)
