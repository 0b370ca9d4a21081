"""The choke point: every operation of every plugin passes ``perform``, one at a time in each chat.

It refuses what the chat does not allow, keeps the intent in the journal, and has it delivered. What
was sent outlives the hook that asked for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Protocol

from chatbot.bot.delivery import Delivery
from chatbot.bot.gate import check_allowed, check_ours, check_talk
from chatbot.bot.guards import Guards
from chatbot.bot.journal import Key, OperationRecord
from chatbot.bot.live import LiveChat
from chatbot.bot.operation import Operation, name_of, tagged
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.view import is_told_late
from chatbot.hooks.receipt import Receipt
from chatbot.hooks.run import DISOWNED, HookRun, current_run
from chatbot.hooks.trace import Deed
from chatbot.model.actions import Accept, Action, Consult, Invite, Leave, Transfer
from chatbot.model.codes import Code
from chatbot.model.errors import ActionError, ChatGone, NotAllowed, RateLimited, Refused, Unconfirmed
from chatbot.model.policy import FALLBACK, is_fleeting
from chatbot.model.quoting import Quoting

__all__ = ["Sender"]

log = logging.getLogger(__name__)

# How long the line of an accepted operation may take to be seen (reliability 2.2).
_SEEN_WITHIN_S = 10.0
_MOST_REFUSED = 50


class Tasks(Protocol):
    """Who owns what runs beside the hooks."""

    def deliver(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """Run it to its end, whoever still waits for it."""
        ...

    async def review(self, chat: LiveChat, action: Action) -> Action:
        """What plugins make of it."""
        ...


class Sender:
    """Performs operations for plugins; the ``ActionSender`` of all handles of a bot.

    Args:
        parts: The bot's parts.
        pipeline: Where the chats are.
        tasks: Owns deliveries.
        guards: Stop a bot that talks too much.
    """

    def __init__(self, parts: Parts, pipeline: Pipeline, tasks: Tasks, guards: Guards) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._tasks = tasks
        self._guards = guards

    async def perform(self, action: Action, chat_id: str | None) -> Receipt:
        """See ActionSender."""
        run = current_run.get()
        if run is None:
            return await self._counted(action, chat_id, None)
        if isinstance(action, Consult | Invite | Transfer):
            run.calls_in = True  # whoever comes may be there before the answer
        with run.waiting():
            receipt = await self._in_turn(action, chat_id, run)
        run.performed.append(action)
        return receipt

    async def _in_turn(self, action: Action, chat_id: str | None, run: HookRun) -> Receipt:
        """A hook of which another part waits has no turn: it gets it for this."""
        if run.is_disowned:
            have = chat.resource.capabilities if (chat := self._pipeline.chats.get(chat_id or "")) else None
            raise NotAllowed(
                action.operation,
                needed=action.operation,
                have=have or (),
                reason=DISOWNED,
                code=Code.HOOK_OVER,
            )
        if run.turn is None or not run.has_to_ask_back:
            return await self._counted(action, chat_id, run)
        await run.turn.ask_back()
        try:
            return await self._counted(action, chat_id, run)
        finally:
            run.give_back()

    async def _counted(self, action: Action, chat_id: str | None, run: HookRun | None) -> Receipt:
        result, began = "failed", self._parts.clock.monotonic()
        about = {
            "chatbot.bot": self._parts.name,
            "chatbot.chat": chat_id or "",
            "chatbot.operation": action.operation,
        }
        with self._parts.tracer.span("chatbot.action", about) as span:
            try:
                receipt = await self._perform(action, chat_id, run)
                result = "shadow" if receipt.is_shadow else "accepted"
                self._observed(Deed(action, chat_id, receipt=receipt, **self._about(run, began)))
            except ActionError as error:
                result = type(error).__name__
                span.fail(error)
                self._observed(Deed(action, chat_id, error=error, **self._about(run, began)))
                await self._let_others_run(run)
                raise
            finally:
                span.note("chatbot.result", result)
                self._count(name_of(action), result, began)
        return receipt

    def _count(self, name: str, result: str, began: float) -> None:
        counters = self._parts.counters
        counters.actions[name, result] += 1
        counters.action_seconds[name].add(self._parts.clock.monotonic() - began)

    def _observed(self, deed: Deed) -> None:
        if self._parts.observer is not None:
            self._parts.observer.observe(deed)

    def _about(self, run: HookRun | None, began: float) -> dict[str, Any]:
        plugin, hook, trigger = (run.plugin, run.hook, run.trigger) if run is not None else ("", "", "")
        seconds = self._parts.clock.monotonic() - began
        return {
            "plugin": plugin,
            "hook": hook,
            "trigger": trigger,
            "bot": self._parts.name,
            "seconds": seconds,
        }

    async def _let_others_run(self, run: HookRun | None) -> None:
        """What is refused takes no time: who asks again and again must not keep others from their turn."""
        if run is not None:
            run.refused += 1
            if run.refused > _MOST_REFUSED:
                run.cut("what it asks for is refused again and again")
        await self._parts.clock.sleep(0)

    async def _perform(self, action: Action, chat_id: str | None, run: HookRun | None) -> Receipt:
        _check_is_no_review(run, action)
        if chat_id is None:
            return self._shown(None, action, run) or await self._perform_outside(action)
        chat = self._pipeline.chats.get(chat_id)
        if chat is None:
            raise ChatGone(f"chat {chat_id} has ended", action=action.operation)
        key = _key(chat, run, action)
        before = chat.outbox.earlier(key)
        if before is not None:
            return self._replayed(chat, action, before)
        await is_told_late(self._parts.platform, chat)
        # who is cancelled while it waits for its turn has sent nothing; after that it is on its way
        check_ours(chat, action)
        check_talk(chat, action)
        self._guards.check(chat, action, run)
        await chat.sending.acquire()
        try:
            await check_allowed(self._parts, self._pipeline, chat, action)
            if self._parts.plugins.hooks("on_action"):
                action = await self._tasks.review(chat, action)
                check_ours(chat, action)
                check_talk(chat, action)
            if receipt := self._shown(chat, action, run):
                chat.sending.release()
                return receipt
            said = tagged(action, key) if self._parts.settings.tag_messages else action
            operation = chat.outbox.begin(key, said, base=chat.order.highest)
            operation.begun_at = self._parts.clock.monotonic()
        except BaseException:
            chat.sending.release()
            raise
        await asyncio.shield(self._tasks.deliver(self._deliver(chat, operation)))
        if operation.error is not None:
            raise operation.error
        return operation.receipt

    def _shown(self, chat: LiveChat | None, action: Action, run: HookRun | None) -> Receipt | None:
        """In shadow the way of an action ends here."""
        shadow = self._parts.shadow
        if shadow is None:
            return None
        if chat is not None and action.customer_sees:
            chat.settle_up()
        return shadow.perform(self._parts.name, chat.id if chat is not None else None, action, run)

    async def _perform_outside(self, action: Action) -> Receipt:
        operation = Operation(Key("", "", "", "", 0), action)
        error = await Delivery(self._parts, self._pipeline, None, operation).run()
        if error is not None:
            raise error
        return operation.receipt

    async def _deliver(self, chat: LiveChat, operation: Operation) -> None:
        try:
            operation.error = await Delivery(self._parts, self._pipeline, chat, operation).run()
        finally:
            chat.sending.release()
        if operation.error is None:
            chat.left_by_bot = chat.left_by_bot or isinstance(operation.action, Leave)
            chat.is_accepted = chat.is_accepted or isinstance(operation.action, Accept)
            if operation.action.customer_sees and operation.key.plugin != FALLBACK:
                chat.settle_up()

    # what is left of before

    def _replayed(self, chat: LiveChat, action: Action, before: OperationRecord) -> Receipt:
        """The first to write a key wins: what was sent before the crash is the result (design 5)."""
        operation = Operation(before.key, action)
        # the setting may have been another then
        with_tag = Operation(before.key, tagged(action, before.key))
        is_same = operation.is_same_as(before) or with_tag.is_same_as(before)
        # where plugins put other words in their place, those of the hook tell nothing
        if not is_same and not self._parts.plugins.hooks("on_action"):
            self._parts.counters.replay_mismatches += 1
            log.info("%s was sent before the crash, in other words: it stands", action.operation)
        for other in chat.outbox.open:
            if other.key == before.key:
                return other.receipt
        if before.state == "confirmed":
            operation.receipt.confirm()
            return operation.receipt
        raise _error_of(before, action.operation)

    async def recover(self, chat: LiveChat) -> None:
        """Settle what an earlier run has left open, before anything else is said."""
        async with chat.sending:
            for operation in [one for one in chat.outbox.open if one.accepted_at == 0]:
                operation.begun_at = self._parts.clock.monotonic()
                if operation.state == "accepted":
                    operation.accepted_at = self._parts.clock.monotonic()
                elif not operation.key.plugin:
                    chat.outbox.abandon(operation, "the bot decides anew")
                else:
                    await Delivery(self._parts, self._pipeline, chat, operation).resume()

    async def chase(self, chat: LiveChat, read_at: float) -> None:
        """What was accepted long ago, and is not in a transcript read at this time, was swallowed.

        It is sent again where the server is known to show the bot its own lines of that kind, and no line
        was taken for that of another operation.
        """
        since = read_at - max(_SEEN_WITHIN_S, self._parts.settings.settle_time)
        for operation in [one for one in chat.outbox.open if _is_missed(one, since)]:
            name = operation.action.operation
            log.warning("%s was accepted, and its line is not there", name)
            chat.report("unseen", f"{name} for {operation.key.trigger}")
            self._parts.counters.unseen += 1
            is_shown = self._parts.counters.echoes[operation.kind_of_line] > 0
            if not is_shown or chat.outbox.is_doubtful or operation.was_chased:
                chat.outbox.abandon(operation, "accepted, and never seen")
                continue
            operation.was_chased = True
            async with chat.sending:
                await Delivery(self._parts, self._pipeline, chat, operation).resume()


def _check_is_no_review(run: HookRun | None, action: Action) -> None:
    """See that nobody acts who is asked about an action: one would lead to the next, or wait for itself."""
    if run is not None and run.is_review:
        reason = f"plugin {run.plugin} is asked about another action, and may not act meanwhile"
        raise NotAllowed(
            action.operation,
            needed=next(iter(action.needs), ""),
            have=(),
            reason=reason,
            code=Code.ACTS_IN_REVIEW,
        )


def _is_missed(operation: Operation, since: float) -> bool:
    return operation.state == "accepted" and 0 < operation.accepted_at <= since and operation.leaves_a_line


def _key(chat: LiveChat, run: HookRun | None, action: Action) -> Key:
    if run is None or not run.trigger or is_fleeting(action):
        # what no journal keeps takes no number: a hook may show typing in one run, and not in the next
        return Key(chat.id, chat.progress.name("unasked"), "", "", 0)
    elsewhere = run.event.chat_id if run.event is not None and run.event.chat_id != chat.id else None
    trigger = f"{elsewhere}/{run.trigger}" if elsewhere else run.trigger
    # counted by kind: a hook that takes another way the second time finds what it had done
    kind = type(action).__name__
    return Key(chat.id, trigger, run.plugin, f"{run.hook}:{kind}", run.next_ordinal(kind))


def _error_of(record: OperationRecord, operation: str) -> ActionError:
    kind, _, said = record.reason.partition(": ")
    words = Quoting("", said)
    match kind:
        case "ChatGone":
            return ChatGone(words, action=operation)
        case "RateLimited":
            return RateLimited(words, action=operation, retry_after=0.0)
        case "Refused" | "NotAllowed":
            return Refused(words, action=operation)
        case _:
            return Unconfirmed(Quoting("", record.reason), action=operation)
