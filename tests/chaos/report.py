"""What a run came to: the count, how quick recovery was, and what it cost."""

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.chaos.checker import History, Line, Violation, check, totals, waits
from tests.chaos.plan import Hurt, Plan


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds until the first reply, counted from a kill -9 and from the start of the next process."""

    from_kill_s: float
    from_start_s: float


@dataclass(slots=True)
class Outcome:
    """All that was seen in a run.

    `away` holds for each kill -9 when it fell, when the next process was started, and when the next mishap
    came (infinity for the last).
    """

    plan: Plan
    histories: list[History] = field(default_factory=list)
    mishaps: Counter[Hurt] = field(default_factory=Counter)
    away: list[tuple[float, float, float]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    transcripts_read: int = 0
    largest_kb: int = 0
    journal_kb: int = 0
    seconds: float = 0.0
    troubles: list[str] = field(default_factory=list)

    def violations(self) -> list[Violation]:
        """Return all that is wrong with any chat."""
        return [violation for history in self.histories for violation in check(history)]


def recoveries(outcome: Outcome) -> list[Recovery]:
    """Return how long each kill -9 was felt; those are left out after which the next mishap came too soon."""
    at = sorted(line.at for history in outcome.histories for line in history.lines if _is_reply(line))
    found = []
    for killed, started, until in outcome.away:
        first = next((moment for moment in at if started < moment < until), None)
        if first is not None:
            found.append(Recovery(first - killed, first - started))
    return found


def lines(outcome: Outcome) -> list[str]:
    """Return the report, one fact a line."""
    said = [line for history in outcome.histories for line in history.lines]
    asked = sum(line.type == "Text" and line.sender == "Customer" for line in said)
    replies = sum(_is_reply(line) for line in said)
    facts = {
        "conversations": f"{len(outcome.histories)}, customer lines {asked}, replies {replies}",
        "mishaps": _words({f"x {kind}": count for kind, count in outcome.mishaps.items()}),
        "requests": f"{outcome.requests}, of which faulted {outcome.faults.total()}",
        "faults": _words({f"x {name}": count for name, count in sorted(outcome.faults.items())}),
        "resync": f"{outcome.transcripts_read} transcripts read",
        "replies after": _latency(outcome),
        **_recovery(outcome),
        "bots": f"at most {outcome.largest_kb / 1024:.0f} MB, journal {outcome.journal_kb} kB",
        "result": _words(totals(outcome.violations())),
        "seconds": f"{outcome.seconds:.1f}",
    }
    return [f"{name:<15}{fact}" for name, fact in facts.items()]


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _latency(outcome: Outcome) -> str:
    seconds = sorted(second for history in outcome.histories for second in waits(history.lines))
    if not seconds:
        return "none"
    return f"median {statistics.median(seconds):.2f} s, max {seconds[-1]:.2f} s"


def _recovery(outcome: Outcome) -> dict[str, str]:
    found = recoveries(outcome)
    if not found:
        return {}
    counted = f"({len(found)} of {outcome.mishaps['kill -9']} kills)"
    return {
        "recovery": f"first reply after the restart: {_spread([r.from_start_s for r in found])} {counted}",
        "from kill": f"first reply after kill -9: {_spread([r.from_kill_s for r in found])}",
    }


def _spread(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.2f} s, max {max(seconds):.2f} s"


def _is_reply(line: Line) -> bool:
    return (line.type, line.sender) == ("Text", "Agent")
