"""The choke point: every operation of every plugin passes ``perform``, one at a time in each chat.

It refuses what the chat does not allow, sends, and decides by what became of the request whether
to send again: never while the customer might read it twice.
"""

from __future__ import annotations

import logging
from contextlib import nullcontext

from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.verify import can_verify, took_effect
from chatbot.hooks.receipt import Receipt
from chatbot.hooks.run import current_run
from chatbot.model.actions import (
    Action,
    AttachUserData,
    DeleteUserData,
    Leave,
    SetDisposition,
    UpdateUserData,
)
from chatbot.model.answers import StatusCode
from chatbot.model.capabilities import refusal
from chatbot.model.errors import (
    ActionError,
    ChatGone,
    NotAllowed,
    RateLimited,
    Refused,
    Unconfirmed,
    WireError,
)
from chatbot.wire.outcomes import Accepted, Gone, Later, NotSent, Outcome, Refusal, SessionFault, Unknown
from chatbot.wire.retry import Backoff, Limits

__all__ = ["Sender"]

log = logging.getLogger(__name__)

_REPEATABLE = (AttachUserData, UpdateUserData, DeleteUserData, SetDisposition)
_READ_AGAIN = frozenset({StatusCode.INVALID_STATE, StatusCode.FORBIDDEN, StatusCode.NOT_FOUND})
_MOST_UNKNOWN = 3
_MOST_LATER = 5
_WAITS = Limits(first_backoff_s=0.5)


class Sender:
    """Performs operations for plugins; the ``ActionSender`` of all handles of a bot.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
    """

    def __init__(self, parts: Parts, pipeline: Pipeline) -> None:
        self._parts = parts
        self._pipeline = pipeline

    async def perform(self, action: Action, chat_id: str | None) -> Receipt:
        """See ActionSender."""
        run = current_run.get()
        with run.waiting() if run is not None else nullcontext():
            receipt = await self._counted(action, chat_id)
        if run is not None:
            run.performed.append(action)
        return receipt

    async def _counted(self, action: Action, chat_id: str | None) -> Receipt:
        result = "failed"
        try:
            receipt = await self._perform(action, chat_id)
            result = "accepted"
        except ActionError as error:
            result = type(error).__name__
            raise
        finally:
            self._parts.counters.actions[action.operation, result] += 1
        return receipt

    async def _perform(self, action: Action, chat_id: str | None) -> Receipt:
        if chat_id is None:
            receipt = Receipt(action)
            await _Delivery(self._parts, self._pipeline, None, receipt).run()
            return receipt
        chat = self._living(chat_id, action)
        async with chat.sending:
            await self._gate(chat, action)
            receipt = chat.receipts.open(action)
            try:
                await _Delivery(self._parts, self._pipeline, chat, receipt).run()
            except ActionError:
                # one that was cancelled stays: its line may still come, and is not the next one's
                chat.receipts.drop(receipt)
                raise
        chat.left_by_bot = chat.left_by_bot or isinstance(action, Leave)
        return receipt

    def _living(self, chat_id: str, action: Action) -> LiveChat:
        chat = self._pipeline.chats.get(chat_id)
        if chat is None or chat.ended or chat.is_over:
            raise ChatGone(f"chat {chat_id} has ended", action=action.operation)
        return chat

    async def _gate(self, chat: LiveChat, action: Action) -> None:
        """Refuse what the chat does not allow; read it once more first, for its list may be old."""
        self._living(chat.id, action)
        if refusal(chat.resource, type(action)) is None:
            return
        try:
            resource = await self._parts.platform.chat(chat.id)
        except WireError as error:
            log.debug("capabilities cannot be read again: %s", error)
            resource = None
        self._living(chat.id, action)
        if resource is not None:
            self._pipeline.update(resource)
            self._living(chat.id, action)
        reason = refusal(chat.resource, type(action))
        if reason is not None:
            have = chat.resource.capabilities or ()
            raise NotAllowed(action.operation, needed=action.needs[0], have=have, reason=reason)


class _Delivery:
    """The sending of one operation, until its fate is known."""

    def __init__(self, parts: Parts, pipeline: Pipeline, chat: LiveChat | None, receipt: Receipt) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._chat = chat
        self._receipt = receipt
        self._action = receipt.action
        self._backoff = Backoff(_WAITS, parts.rng)
        self._unknown = 0
        self._later = 0
        self._denied = 0

    async def run(self) -> None:
        """Send, and again where that is safe.

        Raises:
            ActionError: It did not happen, or nobody can say.
        """
        while True:
            self._check_chat()
            base = self._chat.order.highest if self._chat is not None else 0
            chat_id = self._chat.id if self._chat is not None else None
            outcome = await self._parts.platform.perform(self._action, chat_id)
            if await self._is_done(outcome, base):
                return

    async def _is_done(self, outcome: Outcome, base: int) -> bool:
        """True if it was accepted, False if it is to be sent again."""
        match outcome:
            case Accepted(reference_id, partly):
                self._accept(reference_id, partly=partly)
                return True
            case NotSent(error):
                await self._wait(error)
            case SessionFault(error) if not self._may_be_done(error):
                await self._log_in_again(error)
            case Later(seconds):
                await self._wait_turn(seconds)
            case Unknown(error) | SessionFault(error):
                return await self._find_out(error, base)
            case Refusal(code, message):
                await self._refused(code, message)
            case Gone(_, message):
                raise ChatGone(message, action=self._action.operation, status=404)
        return False

    def _may_be_done(self, error: WireError) -> bool:
        """A web page under HTTP 200: one to log in means that nothing was done, but who knows which it is."""
        return error.status is None and self._chat is not None and can_verify(self._action)

    def _accept(self, reference_id: str | None, *, partly: bool = False) -> None:
        self._receipt.partly = partly
        if self._chat is not None:
            self._chat.receipts.accepted(self._receipt, reference_id)
        else:
            self._receipt.reference_id = reference_id

    async def _log_in_again(self, error: WireError) -> None:
        """The server did nothing, for it did not know who asked. The operation waits for the session."""
        self._denied += 1
        if self._denied > 1:
            if error.status == StatusCode.NO_PERMISSION:
                raise Refused(str(error), action=self._action.operation, status=error.status)
            await self._wait(error)
        # nothing goes out between two logins: a request carries the password too (design 4.6)
        while not await self._renewed():
            self._check_chat()

    async def _renewed(self) -> bool:
        try:
            await self._parts.platform.session.renew()
        except WireError as error:
            log.warning("%s waits for the session: %s", self._action.operation, error)
            await self._wait(error)
            return False
        return True

    async def _wait_turn(self, seconds: float) -> None:
        self._later += 1
        if self._later > _MOST_LATER:
            raise RateLimited(
                "the server asks for fewer requests", action=self._action.operation, retry_after=seconds
            )
        await self._parts.clock.sleep(seconds)

    async def _find_out(self, error: WireError, base: int) -> bool:
        """Nobody knows whether it took effect: look, and send again only if it certainly did not."""
        self._unknown += 1
        name = self._action.operation
        log.warning("%s was not answered: %s", name, error)
        if self._chat is not None and can_verify(self._action):
            shown = await took_effect(self._parts, self._chat, self._receipt, base)
            if shown:
                self._receipt.confirm()
                self._accept(None)
                self._chat.receipts.drop(self._receipt)
                return True
            if shown is None:
                raise Unconfirmed(f"{name} may or may not have taken effect: {error}", action=name)
        elif not isinstance(self._action, _REPEATABLE):
            raise Unconfirmed(f"{name} may or may not have taken effect: {error}", action=name)
        else:
            await self._wait(error)
        if self._unknown >= _MOST_UNKNOWN:
            raise Unconfirmed(f"{name} came to nothing {self._unknown} times: {error}", action=name)
        return False

    async def _refused(self, code: int, message: str) -> None:
        """The server said no. Some codes say that our view of the chat is old."""
        if code in _READ_AGAIN and self._chat is not None:
            await self._read_again(self._chat)
        raise Refused(message, action=self._action.operation, status=code)

    async def _read_again(self, chat: LiveChat) -> None:
        try:
            resource = await self._parts.platform.chat(chat.id)
        except WireError as error:
            log.debug("the chat cannot be read again: %s", error)
            return
        self._check_chat()
        if resource is not None:
            self._pipeline.update(resource)
            return
        self._pipeline.lose(chat)
        raise ChatGone("the server knows no such chat any more", action=self._action.operation)

    def _check_chat(self) -> None:
        if self._chat is not None and self._chat.is_over:
            raise ChatGone(f"chat {self._chat.id} has ended", action=self._action.operation)

    async def _wait(self, error: WireError) -> None:
        log.debug("%s is tried again: %s", self._action.operation, error)
        await self._parts.clock.sleep(self._backoff.failed(self._parts.clock.monotonic()))
