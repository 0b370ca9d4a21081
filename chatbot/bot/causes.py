"""Why a bot's part in a chat has ended, and who has ended it, by what was seen. Pure.

Servers tell the end and not its cause. The bot's own operations, the lines of the transcript and what
the journal knows of earlier runs are held against each other; what none of them tells is ``unknown``.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatbot.bot.journal import OperationRecord
from chatbot.model.policy import FALLBACK
from chatbot.model.words import ChatState, EndedBy, EndReason

__all__ = ["GONE", "Cause", "Facts", "cause_of"]

GONE = "gone"
"""Stands for the state of a chat that the server does not list any more."""

_TRANSFER, _LEAVE, _REJECT = "Transfer", "Leave", "Reject"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why it has ended.

    Args:
        by: Who has ended it.
        reason: Why.
        detail: More of that.
        is_abnormal: It should not have ended so.
        was_refused: It never began: the bot rejected it, or could not accept it.
    """

    by: EndedBy
    reason: EndReason
    detail: str = ""
    is_abnormal: bool = False
    was_refused: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen.

    Args:
        state: The last state, or ``GONE``.
        was_in: The bot was in the chat.
        last: The operation by which the bot ended it, if it did; see ``endings.Endings``.
        accept_failed: The bot could not accept the offer.
        left_at: The index of the line by which the last customer left; 0: nobody has.
        has_human: A human agent has the chat.
        is_muted: For that, the bot was silent.
        fallback: Why the bot was to hand the customer over.
        was_wished: An operator wanted it handed over.
        is_dead: Hooks ended in a crash each time.
        was_stopped: The agent's session was ended meanwhile, as at a stop.
        has_crashed: It was over when the bot came back from a crash.
    """

    state: str
    was_in: bool = True
    last: OperationRecord | None = None
    accept_failed: bool = False
    left_at: int = 0
    has_human: bool = False
    is_muted: bool = False
    fallback: str = ""
    was_wished: bool = False
    is_dead: bool = False
    was_stopped: bool = False
    has_crashed: bool = False


def cause_of(facts: Facts) -> Cause:
    """What follows from the facts."""
    by, reason = _of_chat(facts) if facts.was_in else _of_offer(facts)
    is_accident = reason == "gone" or (reason == "handed_over" and not facts.was_wished)
    return Cause(
        by,
        reason,
        detail=facts.fallback if reason == "handed_over" else facts.state,
        is_abnormal=is_accident or facts.is_dead or facts.has_crashed,
        was_refused=reason in {"rejected", "accept_failed"},
    )


def _of_offer(facts: Facts) -> tuple[EndedBy, EndReason]:
    """The bot was never in the chat."""
    if facts.last is not None and facts.last.operation == _REJECT:
        return "bot", "rejected"
    if facts.accept_failed or facts.last is not None:
        return "system", "accept_failed"
    return _of_server(facts)


def _of_chat(facts: Facts) -> tuple[EndedBy, EndReason]:
    if facts.left_at and _left_first(facts):
        return "customer", "customer_left"
    if facts.last is not None and facts.last.key.plugin:
        return _of_bot(facts.last)
    # what the bot does by itself is only tidying up, or making room
    if facts.was_stopped:
        return "system", "stopped"
    if facts.has_human:
        return "agent", "taken_over" if facts.is_muted else "completed"
    return _of_server(facts)


def _left_first(facts: Facts) -> bool:
    """Whether the customer left, and not for what the bot did.

    Who is told that the chat is completed is seen to leave it; a transfer makes nobody leave.
    """
    last = facts.last
    return last is None or last.operation == _TRANSFER or facts.left_at <= last.base


def _of_bot(last: OperationRecord) -> tuple[EndedBy, EndReason]:
    if last.operation == _TRANSFER:
        return "bot", "handed_over" if last.key.plugin == FALLBACK else "transferred"
    return "bot", "left" if last.operation == _LEAVE else "completed"


def _of_server(facts: Facts) -> tuple[EndedBy, EndReason]:
    if facts.was_stopped:
        return "system", "stopped"
    if facts.state == GONE:
        return "unknown", "gone"
    return "system", "completed" if facts.state == ChatState.COMPLETED else "revoked"
