"""The timeline of a run, as a reader needs it: a head that says what was drawn, and short lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from chatbot.bot.journal import Checkpoint, OperationRecord
from tests.simulation.options import Options
from tests.simulation.plan import Plan

__all__ = ["body", "head", "record"]

_LONGEST = 300
# what stands in every answer and tells nothing
_IDLE = re.compile(
    r'"(?:uri|chatUri|path|chatType|visibility|timestamp|version|minimumVersion)": *"[^"]*",? ?'
    r'|"(?:capabilities|supportedConnectionTypes)": *\[[^]]*\],? ?'
    r'|"(?:timestampSeconds|serial)": *\d+,? ?'
)


def head(plan: Plan) -> Iterator[str]:
    """What the seed has decided."""
    usual = Options()
    unusual = {field.name: getattr(plan.options, field.name) for field in fields(Options)}
    told = (f"{name} {_short(value)}" for name, value in unusual.items() if value != getattr(usual, name))
    yield f"seed      {plan.seed}"
    yield f"server    {', '.join(told)}"
    yield (
        f"bot       on_stop {plan.on_stop}, fallback {plan.has_fallback}, shuffled {plan.shuffles}, "
        f"other words {plan.changes_its_mind}, dressed {plan.dresses}, killed at {plan.kill_at}"
    )
    yield f"faults    until {plan.faults.until_s:.1f} s: {plan.faults.rates}"
    for at_s, name in plan.faults.events:
        yield f"event     {at_s:9.3f}  {name}"
    for number, script in enumerate(plan.scripts, 1):
        lines = ", ".join(f"{text!r} after {delay_s:.1f}" for delay_s, text in script.lines)
        marks = [mark for mark in ("waits", "types", "leaves") if getattr(script, mark)]
        yield f"customer  {script.comes_s:9.3f}  chat{number} says {lines}; {' '.join(marks)}"
    for turn in plan.turns:
        yield f"turn      chat{turn.chat + 1}: {turn.kind}, {turn.after_s:.1f} s after the greeting"


def record(one: object) -> str:
    """One record of the journal."""
    match one:
        case Checkpoint():
            trigger = f", hooks for {one.trigger} ({one.attempts})" if one.trigger else ""
            return f"{one.chat_id} {one.phase} to line {one.cursor}{trigger}"
        case OperationRecord():
            key, why = one.key, f" ({one.reason})" if one.reason else ""
            return f"{key.chat_id} {one.operation} {one.state}{why}: {key.trigger} {key.hook} {key.ordinal}"
    return str(one)


def body(content: bytes | None) -> str:
    """What a request or an answer says."""
    return _IDLE.sub("", (content or b"").decode(errors="replace"))[:_LONGEST]


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else repr(value)
