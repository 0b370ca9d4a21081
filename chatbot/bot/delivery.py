"""The sending of one operation, until its fate is known.

Decides by what became of the request whether to send again: never while the customer might read it
twice (reliability 2.2).
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from chatbot.bot.gate import check_allowed, check_ours, check_still_allowed, check_still_wanted
from chatbot.bot.live import LiveChat
from chatbot.bot.operation import Operation
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.verify import is_listed, took_effect
from chatbot.bot.view import read_view
from chatbot.model.answers import StatusCode
from chatbot.model.errors import (
    ActionError,
    ChatGone,
    ConnectionLost,
    RateLimited,
    Refused,
    SessionLost,
    Unconfirmed,
    WireError,
)
from chatbot.model.policy import on_unknown
from chatbot.model.quoting import after
from chatbot.wire.outcomes import Accepted, Gone, Later, NotSent, Outcome, Refusal, SessionFault, Unknown
from chatbot.wire.retry import Backoff, Limits

__all__ = ["Delivery"]

log = logging.getLogger(__name__)

_READ_AGAIN = frozenset({StatusCode.INVALID_STATE, StatusCode.FORBIDDEN, StatusCode.NOT_FOUND})
_MOST_UNKNOWN = 10
_MOST_LATER = 10
# A session that others break again and again is a session all the same: so often, and for so long.
_MOST_DENIED = 5
_DENIED_FOR_S = 60.0
# How soon a wait ends after its chat has.
_LOOK_UP_EVERY_S = 1.0
_WAITS = Limits(first_backoff_s=0.5)


class Delivery:
    """Brings one operation to its end.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
        chat: The chat; None for operations that belong to none, which no journal keeps.
        operation: What to send.
    """

    def __init__(self, parts: Parts, pipeline: Pipeline, chat: LiveChat | None, operation: Operation) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._chat = chat
        self._operation = operation
        self._action = operation.action
        self._backoff = Backoff(_WAITS, parts.rng)
        self._unknown = 0
        self._later = 0
        self._denied = 0
        self._denied_at = 0.0

    async def run(self) -> ActionError | None:
        """Send, and again where that is safe. Why it did not happen, or why nobody can say."""
        return await self._settled(self._is_sent_first())

    async def resume(self) -> ActionError | None:
        """Go on with what an earlier run, or an answer that came to nothing, has left open."""
        return await self._settled(self._is_found_out())

    async def _settled(self, first: Coroutine[Any, Any, bool]) -> ActionError | None:
        self._operation.is_on_its_way = True
        try:
            if not await first:
                while not await self._is_sent():
                    pass
        except ActionError as error:
            return self._end(error)
        finally:
            self._operation.is_on_its_way = False
        return None

    def _end(self, error: ActionError) -> ActionError | None:
        """Have the outbox keep how it ended; None if that is what it was to do."""
        if self._chat is None or not self._operation.is_open:
            return error
        is_unknown = self._operation.state == "unknown"
        if is_unknown and isinstance(error, ChatGone) and self._operation.is_done_in(None):
            self._chat.outbox.confirm(self._operation)
            return None
        if is_unknown or isinstance(error, Unconfirmed):
            self._chat.outbox.abandon(self._operation, f"{type(error).__name__}: {error.text}")
        else:
            self._chat.outbox.fail(self._operation, error)
        return error

    async def _is_sent_first(self) -> bool:
        """The intent is durable before the request leaves."""
        if self._chat is not None:
            await self._chat.outbox.intend(self._operation)
        return await self._is_sent(first=True)

    async def _is_found_out(self) -> bool:
        return await self._find_out(ConnectionLost("nobody waited for the answer"))

    async def _is_sent(self, *, first: bool = False) -> bool:
        """Send it once; False if it is to be sent again."""
        if self._chat is not None:
            if not first:
                await check_allowed(self._parts, self._pipeline, self._chat, self._action)
            self._operation.was_listed = self._operation.was_listed or is_listed(self._chat)
        return await self._is_done(await self._perform())

    async def _perform(self) -> Outcome:
        try:
            await self._parts.platform.turn()
        except WireError as error:
            return NotSent(error)
        if self._chat is not None:
            # the journal, and a server in trouble, may have taken their time
            check_still_allowed(self._chat, self._action)
            check_still_wanted(self._chat, self._operation)
        self._operation.sent = True
        if self._chat is None:
            return await self._parts.platform.perform(self._action, None)
        async with self._chat.outbox.asking:
            return await self._parts.platform.perform(self._action, self._chat.id)

    async def _is_done(self, outcome: Outcome) -> bool:
        match outcome:
            case Accepted(reference_id, partly):
                self._accept(reference_id, partly=partly)
                return True
            case NotSent(error):
                await self._wait(error)
            case SessionFault(error) if error.status is not None:
                await self._log_in_again(error)
            case Later(seconds):
                await self._wait_turn(seconds)
            case Unknown(error) | SessionFault(error):
                # a web page under HTTP 200 that asks for a login did nothing, but who knows which it is
                return await self._find_out(error)
            case Refusal(code, message):
                await self._refused(code, message)
            case Gone(_, message):
                raise ChatGone(message, action=self._action.operation, status=404)
        return False

    def _accept(self, reference_id: str | None, *, partly: bool) -> None:
        self._operation.receipt.partly = partly
        if self._chat is not None:
            about = {"chatbot.operation": self._action.operation}
            span = self._parts.tracer.open("chatbot.confirmation", about)
            self._operation.is_awaited_in(span)
            self._chat.outbox.accepted(self._operation, reference_id, self._parts.clock.monotonic())
        else:
            self._operation.receipt.reference_id = reference_id

    async def _log_in_again(self, error: WireError) -> None:
        """The server did nothing, for it did not know who asked. The operation waits for the session."""
        if self._denied == 0:
            self._denied_at = self._parts.clock.monotonic()
        self._denied += 1
        if self._is_denied_for_good(error):
            raise Refused(error.text, action=self._action.operation, status=error.status)
        if self._denied > 1:
            await self._wait(error)
        await self._log_in()

    def _is_denied_for_good(self, error: WireError) -> bool:
        """Whether it is the operation that the server does not take, and no login helps."""
        if error.status == StatusCode.NO_PERMISSION:
            return self._denied > 1
        lasts = self._parts.clock.monotonic() - self._denied_at
        return self._denied >= _MOST_DENIED and lasts >= _DENIED_FOR_S

    async def _log_in(self) -> None:
        # nothing goes out between two logins: a request carries the password too (design 4.6)
        while not await self._renewed():
            self._denied = 0
            if self._chat is not None:
                check_ours(self._chat, self._action)

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
        # a server that names no time, or a past one, is not to be hurried
        wait = self._backoff.failed(self._parts.clock.monotonic())
        await self._pause(max(seconds, wait))

    async def _find_out(self, error: WireError) -> bool:
        """Nobody knows whether it took effect: look, and send again only if it certainly did not."""
        self._unknown += 1
        name, policy = self._action.operation, on_unknown(self._action)
        log.warning("%s was not answered: %s", name, error)
        if self._chat is not None:
            self._chat.outbox.unknown(self._operation)
        if self._chat is not None and policy == "verify":
            shown = await took_effect(self._parts, self._chat, self._operation)
            if shown:
                self._chat.outbox.confirm(self._operation)
                if self._chat.gone:
                    self._pipeline.lose(self._chat)
                return True
            if shown is None:
                raise Unconfirmed(after(f"{name} may or may not have taken effect", error.text), action=name)
        elif policy == "resend":
            await self._wait(error)
            if isinstance(error, SessionLost):
                await self._log_in()
        else:
            raise Unconfirmed(after(f"{name} may or may not have taken effect", error.text), action=name)
        if self._unknown >= _MOST_UNKNOWN:
            raise Unconfirmed(after(f"{name} came to nothing {self._unknown} times", error.text), action=name)
        return False

    async def _refused(self, code: int, message: str) -> None:
        """The server said no. Some codes say that our view of the chat is old."""
        if code in _READ_AGAIN and self._chat is not None:
            await self._read_again(self._chat, is_unknown=code == StatusCode.NOT_FOUND)
        raise Refused(message, action=self._action.operation, status=code)

    async def _read_again(self, chat: LiveChat, *, is_unknown: bool) -> None:
        try:
            resource = await read_view(self._parts.platform, chat)
        except WireError as error:
            log.debug("the chat cannot be read again: %s", error)
            return
        check_ours(chat, self._action)
        if resource is not None:
            self._pipeline.update(resource)
        elif is_unknown:
            self._pipeline.lose(chat)
            raise ChatGone("the server knows no such chat any more", action=self._action.operation)
        else:
            self._pipeline.miss()

    async def _wait(self, error: WireError) -> None:
        log.debug("%s is tried again: %s", self._action.operation, error)
        await self._pause(self._backoff.failed(self._parts.clock.monotonic()))

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than the chat lasts: hooks that wait for the operation hold up its end."""
        clock = self._parts.clock
        until = clock.monotonic() + seconds
        while (rest := until - clock.monotonic()) > 0:
            if self._chat is not None:
                check_ours(self._chat, self._action)
            await clock.sleep(min(rest, _LOOK_UP_EVERY_S))
