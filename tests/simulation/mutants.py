"""Planted bugs: each breaks the bot at one named place, and the swarm must find it.

A test method that finds nothing proves nothing unless it is seen to find what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from chatbot.bot import delivery, verify
from chatbot.bot.asking import Asking
from chatbot.bot.dispatch import Dispatch
from chatbot.bot.identity import Identity
from chatbot.bot.instep import InStep
from chatbot.bot.journal import NoJournal, Saved
from chatbot.bot.journal_sqlite import SqliteStore
from chatbot.bot.journal_writer import GroupCommit
from chatbot.bot.listening import Listening
from chatbot.bot.live import LiveChat
from chatbot.bot.operation import Operation
from chatbot.bot.order import LineOrder
from chatbot.bot.outbox import Outbox
from chatbot.bot.parts import Parts
from chatbot.bot.prints import Print, Prints
from chatbot.bot.progress import Progress
from chatbot.bot.sender import Sender
from chatbot.bot.worker import Worker
from chatbot.hooks.manager import CallResult
from chatbot.model.errors import WireError
from chatbot.model.events import Event, TextReceived, TranscriptEvent
from chatbot.model.notifications import Batch, SessionStarted, Signal
from chatbot.wire import outcomes, session
from chatbot.wire.outcomes import Outcome, Refusal
from tests.simulation.mutant import Mutant, constant, happens
from tests.simulation.plan import Plan
from tests.simulation.rule_mutants import RULE_MUTANTS

__all__ = ["MUTANTS"]

_is_away = happens("kill", "stop")


def _types_while_away(plan: Plan) -> bool:
    """Somebody types while the bot is away, and no request comes to harm: only then is it judged (I18)."""
    return bool(_is_away(plan) and plan.faults.prompt_s and any(script.types for script in plan.scripts))


def _indexes_come_again(plan: Plan) -> bool:
    """What an earlier life knows under an index is another line now."""
    return _is_away(plan) and happens("failover")(plan)


async def _nothing(*_: Any) -> None:
    """Does nothing."""


async def _false(*_: Any) -> bool:
    return False


_run_hooks = Dispatch.run


async def _cursor_first(self: Dispatch, chat: LiveChat, event: Event, trigger: str) -> CallResult:
    if not isinstance(event, TranscriptEvent):
        return await _run_hooks(self, chat, event, trigger)
    chat.progress.passed(event)
    await chat.progress.save()
    return await self.tell(chat, event, trigger)


async def _unsettled(parts: Parts, chat: LiveChat, operation: Operation) -> bool | None:
    hasty = replace(parts, settings=parts.settings.model_copy(update={"settle_time": 0.0}))
    return await verify.took_effect(hasty, chat, operation)


async def _only_when_told(self: InStep) -> None:
    await self._out_of_step.wait()


def _once(self: InStep) -> None:
    if not getattr(self, "_was_lost", False):
        vars(self)["_was_lost"] = True
        self._out_of_step.set()


_take_signal = Listening._take
_log_in = Listening._log_in


def _take_without_reconcile(self: Listening, signal: Signal) -> None:
    if isinstance(signal, SessionStarted):
        self._parts.health.subscribed = True
        return
    if isinstance(signal, Batch):
        self._parts.health.polling = True  # or the first poll after trouble makes good for it
    _take_signal(self, signal)


async def _log_in_and_reconcile(self: Listening, backoff: Any) -> None:
    await _log_in(self, backoff)
    with suppress(WireError):
        await self._in_step._reconcile(was_lost=True)


_keep_in_step = InStep.run


async def _periodically(self: InStep) -> None:
    await self._until_out_of_step()
    self.lost()
    await _keep_in_step(self)


async def _go_on_at_once(self: Asking, chat: LiveChat) -> bool:
    self._go_on_without(chat)
    return True


_by_status = outcomes._without_envelope


def _forbidden_is_final(status: int, error: WireError) -> Outcome:
    return Refusal(403, "HTTP 403") if status == 403 else _by_status(status, error)


def _hear_exact_only(self: Outbox, line: TranscriptEvent, identity: Identity) -> None:
    known = vars(self).setdefault("_known", set())
    if line.index is None or not identity.is_me(line.sender) or line.index in known:
        return
    for operation in [one for one in self.open if one.may_have_said(line) and one.says(line)][:1]:
        self._count_echo(operation)
        known.add(line.index)
        self.confirm(operation, line)


def _hear_greedily(self: Outbox, line: TranscriptEvent, identity: Identity) -> None:
    if line.index is None or not identity.is_me(line.sender) or not isinstance(line, TextReceived):
        return
    for operation in [one for one in self.open if one.sent and one.leaves_a_line][:1]:
        self._count_echo(operation)
        self.confirm(operation, line)


_offer = LineOrder.offer


def _offer_again(self: LineOrder, lines: Iterable[TranscriptEvent]) -> None:
    lines = list(lines)
    _offer(self, lines)
    self._waiting.update({line.index: line for line in lines if line.index is not None and line.index > 0})


def _index_only(self: Progress, line: TranscriptEvent) -> str:
    return replace(Print.of(line), sender=0, words=0, at_ms=0).code


async def _intent_later(self: Outbox, operation: Operation) -> None:
    self._journal.put(operation.record())


def _load_nothing(self: SqliteStore, bot: str) -> Saved:
    return Saved(run=2)


def _never_rewind(self: Prints, cursor: int, transcript: Sequence[TranscriptEvent]) -> None:
    return None


def _of_nobody(self: GroupCommit, bot: str) -> NoJournal:
    return NoJournal()


MUTANTS = {
    mutant.name: mutant
    for mutant in (
        *RULE_MUTANTS,
        Mutant("no-journal", ((GroupCommit, "of", _of_nobody),)),
        Mutant("journal-not-read", ((SqliteStore, "load", _load_nothing),)),
        Mutant("cursor-before-hooks", ((Dispatch, "run", _cursor_first),)),
        Mutant("no-settle-time", ((delivery, "took_effect", _unsettled),)),
        Mutant("no-periodic-reconcile", ((InStep, "_until_out_of_step", _only_when_told),)),
        Mutant(
            "reconcile-before-subscribe",
            (
                (Listening, "_take", _take_without_reconcile),
                (Listening, "_log_in", _log_in_and_reconcile),
                (InStep, "run", _periodically),
            ),
        ),
        Mutant(
            "no-reconcile",
            ((InStep, "_until_out_of_step", _only_when_told), (InStep, "lost", _once)),
        ),
        Mutant("no-gap-fill", ((Asking, "for_missing", _go_on_at_once),)),
        Mutant("403-is-a-refusal", ((outcomes, "_without_envelope", _forbidden_is_final),)),
        Mutant("greedy-matching", ((Outbox, "hear", _hear_greedily),)),
        Mutant("exact-text-only", ((Outbox, "hear", _hear_exact_only),)),
        Mutant(
            "duplicates-kept",
            ((LineOrder, "offer", _offer_again), (Progress, "is_done", constant(value=False))),
        ),
        Mutant("regression-ignored", ((Prints, "rewind_to", _never_rewind),), suits=happens("failover")),
        Mutant(
            "key-without-fingerprint", ((Progress, "trigger_of", _index_only),), suits=_indexes_come_again
        ),
        Mutant("intent-after-send", ((Outbox, "intend", _intent_later),)),
        Mutant("not-verified-at-resume", ((Sender, "recover", _nothing),)),
        Mutant("retry-without-verify", ((delivery, "took_effect", _false),)),
        Mutant("first-writer-loses", ((Outbox, "earlier", constant(value=None)),)),
        Mutant(
            "old-typing-told",
            ((Worker, "_is_late_typing", staticmethod(constant(value=False))),),
            suits=_types_while_away,
        ),
        Mutant("login-without-end", ((session, "_TRIES", 1000),), suits=happens("login refused")),
    )
}
