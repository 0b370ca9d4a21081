"""Who has ended a chat, and why: by what was seen."""

import pytest

from chatbot.bot.causes import GONE, Cause, Facts, cause_of
from chatbot.bot.journal import Key, OperationRecord
from chatbot.model.policy import FALLBACK


def did(operation: str, plugin: str = "faq", base: int = 8) -> OperationRecord:
    return OperationRecord(Key("c1", "7:print", plugin, "on_text", 0), operation, "", "", "confirmed", base)


DONE = "Completed"
CASES: dict[str, tuple[Facts, Cause]] = {
    "nothing was seen but the end": (Facts(DONE), Cause("system", "completed", DONE)),
    "the server took it away": (Facts("Revoked"), Cause("system", "revoked", "Revoked")),
    "it is not there any more": (Facts(GONE), Cause("unknown", "gone", GONE, is_abnormal=True)),
    "the customer left": (Facts(DONE, left_at=9), Cause("customer", "customer_left", DONE)),
    "the bot tidied up after the customer": (
        Facts(DONE, left_at=9, last=did("Complete", "", base=9)),
        Cause("customer", "customer_left", DONE),
    ),
    "the customer was made to leave": (
        Facts(DONE, left_at=9, last=did("Complete")),
        Cause("bot", "completed", DONE),
    ),
    "the customer did not wait for a transfer": (
        Facts(DONE, left_at=9, last=did("Transfer")),
        Cause("customer", "customer_left", DONE),
    ),
    "a plugin completed it": (Facts(DONE, last=did("LeaveAndComplete")), Cause("bot", "completed", DONE)),
    "a plugin left it": (Facts(DONE, last=did("Leave")), Cause("bot", "left", DONE)),
    "a plugin transferred it": (
        Facts("Revoked", last=did("Transfer")),
        Cause("bot", "transferred", "Revoked"),
    ),
    "the fallback transferred it": (
        Facts(GONE, last=did("Transfer", FALLBACK), fallback="no answer"),
        Cause("bot", "handed_over", "no answer", is_abnormal=True),
    ),
    "an operator had it transferred": (
        Facts(DONE, last=did("Transfer", FALLBACK), fallback="operator", was_wished=True),
        Cause("bot", "handed_over", "operator"),
    ),
    "the bot was put out of it, and tidied up": (
        Facts(DONE, last=did("Complete", "")),
        Cause("system", "completed", DONE),
    ),
    "the fallback came to nothing": (Facts(DONE, fallback="no answer"), Cause("system", "completed", DONE)),
    "the bot made room for a human": (
        Facts(DONE, last=did("Leave", ""), has_human=True, is_muted=True),
        Cause("agent", "taken_over", DONE),
    ),
    "a plugin left a human alone with it": (
        Facts(DONE, last=did("Leave"), has_human=True, is_muted=True),
        Cause("bot", "left", DONE),
    ),
    "a human had it": (Facts(DONE, has_human=True, is_muted=True), Cause("agent", "taken_over", DONE)),
    "a human was in it": (Facts(DONE, has_human=True), Cause("agent", "completed", DONE)),
    "the bot was stopped": (Facts(GONE, was_stopped=True), Cause("system", "stopped", GONE)),
    "the bot was stopped beside a human": (
        Facts(GONE, was_stopped=True, has_human=True),
        Cause("system", "stopped", GONE),
    ),
    "the bot had crashed": (
        Facts(DONE, has_crashed=True),
        Cause("system", "completed", DONE, is_abnormal=True),
    ),
    "hooks had crashed": (Facts(DONE, is_dead=True), Cause("system", "completed", DONE, is_abnormal=True)),
    "it was rejected": (
        Facts("Revoked", was_in=False, last=did("Reject")),
        Cause("bot", "rejected", "Revoked", was_refused=True),
    ),
    "it could not be accepted": (
        Facts("Revoked", was_in=False, accept_failed=True),
        Cause("system", "accept_failed", "Revoked", was_refused=True),
    ),
    "it was accepted, and could not be joined": (
        Facts(DONE, was_in=False, last=did("Complete", "")),
        Cause("system", "accept_failed", DONE, was_refused=True),
    ),
    "the offer was withdrawn": (Facts("Revoked", was_in=False), Cause("system", "revoked", "Revoked")),
    "the offer was rung out at a stop": (
        Facts(GONE, was_in=False, was_stopped=True),
        Cause("system", "stopped", GONE),
    ),
    "an offer that is gone": (
        Facts(GONE, was_in=False),
        Cause("unknown", "gone", GONE, is_abnormal=True),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cause_follows_from_what_was_seen(case: str) -> None:
    facts, cause = CASES[case]
    assert cause_of(facts) == cause
