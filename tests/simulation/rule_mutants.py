"""Planted bugs that break one rule each: what may be sent, what is kept, who is heard, who waits for whom."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from chatbot.bot import delivery, gate, progress, sender
from chatbot.bot.beginning import Beginning
from chatbot.bot.delivery import Delivery
from chatbot.bot.dispatch import Dispatch
from chatbot.bot.draft import Draft
from chatbot.bot.history import end_of
from chatbot.bot.identity import Identity
from chatbot.bot.instep import InStep
from chatbot.bot.live import LiveChat
from chatbot.bot.memory import KeptMemory
from chatbot.bot.operation import Operation
from chatbot.bot.order import LineOrder
from chatbot.bot.ownership import Ownership
from chatbot.bot.progress import Progress
from chatbot.bot.sender import Sender
from chatbot.bot.waits import Wait
from chatbot.bot.worker import Worker
from chatbot.hooks.manager import CallResult, Occasion
from chatbot.hooks.run import HookRun
from chatbot.model.actions import Action
from chatbot.model.capabilities import refusal
from chatbot.model.events import Event, TranscriptEvent
from chatbot.model.resources import ChatResource
from chatbot.wire.retry import FailureBudget
from chatbot.wire.session import AgentSession
from tests.simulation.mutant import Mutant, constant, happens, harms, turns
from tests.simulation.plan import Plan

__all__ = ["RULE_MUTANTS"]

_is_away = happens("kill", "stop")


def _only_sessions_are_lost(plan: Plan) -> bool:
    """Nothing else keeps answers waiting."""
    return bool(plan.faults.prompt_s and not plan.faults.rates and happens("session lost")(plan))


def _one_is_slow(plan: Plan) -> bool:
    """And nothing else goes wrong."""
    return bool(turns("slow")(plan) and plan.faults.is_quiet)


def _many_in_trouble(plan: Plan) -> bool:
    return happens("trouble")(plan) and len(plan.scripts) > 4


async def _wake_beside(self: Wait, answer: tuple[Event, str] | None = None) -> bool:
    if not self._answer.done():
        self._answer.set_result(answer or (None, ""))
    return True


def _go_on_for_the_same(self: HookRun, event: Event, _trigger: str) -> None:
    self.event = event


def _asks(plan: Plan) -> bool:
    return any(text.startswith("ask") for script in plan.scripts for _, text in script.lines)


def _meets_a_human(plan: Plan) -> bool:
    return plan.on_agent_joined != "stay" and turns("human")(plan)


def _once(self: InStep) -> None:
    if not getattr(self, "_was_lost", False):
        vars(self)["_was_lost"] = True
        self._out_of_step.set()


async def _drain_to_the_end(self: Worker, chat: LiveChat) -> None:
    try:
        while not chat.stalled and await self._step(chat):
            pass
    finally:
        self._dispatch.acquit(chat)
        if not chat.ended:
            chat.progress.flush()
        self._dispatch.flush()


_flush = Progress.flush


def _flush_one_late(self: Progress) -> None:
    is_last = self.phase != "ended" and self._chat.order.next() is None
    if not is_last or vars(self).get("_flushed") != self.phase:
        vars(self)["_flushed"] = self.phase
        _flush(self)


def _refusal_of_the_list(chat: ChatResource, action: type[Action]) -> str | None:
    return None if chat.state is not None and chat.state.is_final else refusal(chat, action)


async def _wait_a_moment(self: Delivery, seconds: float) -> None:
    await self._parts.clock.sleep(0.01)


_tell = Dispatch.tell


async def _tell_one_by_one(self: Dispatch, chat: LiveChat | None, event: Event, trigger: str) -> CallResult:
    async with vars(self).setdefault("_one", asyncio.Lock()):
        return await _tell(self, chat, event, trigger)


def _offer_and_forget(self: LineOrder, lines: Iterable[TranscriptEvent]) -> None:
    for line in lines:
        self.see(line)
        if line.index is not None and line.index > self.cursor:
            self._waiting.setdefault(line.index, line)
    nearest = sorted(self._waiting)[:256]
    self._waiting = {index: self._waiting[index] for index in nearest}
    self.highest = max([min(self.highest, self.cursor), *nearest])


async def _tell_the_log(self: Dispatch, chat: LiveChat | None, event: Event, trigger: str) -> CallResult:
    logging.getLogger("chatbot.bot.dispatch").info("hooks hear %r", getattr(event, "text", ""))
    return await _tell(self, chat, event, trigger)


async def _attempt(self: AgentSession) -> None:
    await self._attempt()


_call = Dispatch.call


async def _call_and_fail(self: Dispatch, hook: str, occasion: Occasion) -> CallResult:
    result = await _call(self, hook, occasion)
    if result.failed:
        raise RuntimeError("a hook has failed")
    return result


_follow = Worker._follow_customer


def _follow_away_only(self: Worker, chat: LiveChat, line: TranscriptEvent) -> None:
    was_abandoned = chat.abandoned
    _follow(self, chat, line)
    chat.abandoned = was_abandoned or chat.abandoned


async def _resume_in_silence(self: Beginning, chat: LiveChat, lines: Sequence[TranscriptEvent]) -> None:
    chat.told_late_to = end_of(lines)
    self._enter(chat)


async def _give_up(self: Sender, chat: LiveChat, read_at: float) -> None:
    for operation in [one for one in chat.outbox.open if sender._is_missed(one, read_at - 10.0)]:
        chat.outbox.abandon(operation, "accepted, and never seen")


def _is_heard(_: Worker, __: TranscriptEvent) -> bool:
    return True


def _forgotten(_: str) -> Draft:
    return Draft()


RULE_MUTANTS = (
    Mutant("sessions-not-reconciled", ((InStep, "lost", _once),), suits=_only_sessions_are_lost),
    Mutant("waiting-hook-beside-others", ((Wait, "wake", _wake_beside),), suits=_asks),
    Mutant("wait-for-the-same-trigger", ((HookRun, "go_on", _go_on_for_the_same),), suits=_asks),
    Mutant("human-talked-over", ((Ownership, "refuses", constant(value="")),), suits=_meets_a_human),
    Mutant("stop-ignored", ((Worker, "drain", _drain_to_the_end),), suits=happens("stop")),
    Mutant("last-checkpoint-late", ((Progress, "flush", _flush_one_late),), suits=_is_away),
    Mutant(
        "capabilities-ignored",
        ((gate, "refusal", constant(value=None)),),
        suits=turns("muted"),
    ),
    Mutant(
        "ownership-ignored",
        (
            (gate, "check_ours", constant(value=None)),
            (delivery, "check_ours", constant(value=None)),
            (gate, "refusal", _refusal_of_the_list),
        ),
        suits=turns("ends", "taken"),
    ),
    Mutant("retry-after-ignored", ((Delivery, "_wait_turn", _wait_a_moment),), suits=harms("429")),
    Mutant("no-brake", ((FailureBudget, "wait", constant(value=0.0)),), suits=_many_in_trouble),
    Mutant("one-hook-at-a-time", ((Dispatch, "tell", _tell_one_by_one),), suits=_one_is_slow),
    Mutant("shed-lines-forgotten", ((LineOrder, "offer", _offer_and_forget),), suits=turns("flood")),
    Mutant("texts-in-the-log", ((Dispatch, "tell", _tell_the_log),)),
    Mutant("many-logins-at-once", ((AgentSession, "log_in", _attempt), (AgentSession, "renew", _attempt))),
    Mutant("failing-hook-ends-the-bot", ((Dispatch, "call", _call_and_fail),), suits=turns("fails")),
    Mutant("two-attempts", ((progress, "MOST_ATTEMPTS", 2),), suits=turns("poison")),
    Mutant("attempts-without-end", ((progress, "MOST_ATTEMPTS", 1000),), suits=turns("poison")),
    Mutant(
        "customer-never-returns", ((Worker, "_follow_customer", _follow_away_only),), suits=turns("returns")
    ),
    Mutant("resumed-in-silence", ((Beginning, "_resume", _resume_in_silence),), suits=_is_away),
    Mutant("memory-not-kept", ((KeptMemory, "news", constant(value=None)),), suits=_is_away),
    Mutant("report-forgotten", ((Draft, "restored", staticmethod(_forgotten)),), suits=_is_away),
    Mutant("said-is-forgotten", ((Operation, "said", property(constant(value=False))),)),
    Mutant("swallowed-for-good", ((Sender, "chase", _give_up),), suits=harms("swallowed")),
    Mutant(
        "any-agent-is-the-bot",
        ((Identity, "is_me", lambda _self, person: person.is_agent),),
        suits=turns("human", "namesake"),
    ),
    Mutant(
        "private-lines-told",
        ((Worker, "_is_heard", _is_heard),),
        suits=turns("human", "namesake", "whispered"),
    ),
)
