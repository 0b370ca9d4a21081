"""How long the hooks of one bot take, and how they end."""

from __future__ import annotations

from collections import Counter, defaultdict

from chatbot.bot.histogram import Histogram
from chatbot.hooks.trace import HookCall, Outcome, Record

__all__ = ["HookMeasures"]


class HookMeasures:
    """Measures hook calls (Observer). As many series as there are plugins, hooks and outcomes, and no more.

    Attributes:
        seconds: Time of their own, by plugin and hook: without waiting for the server or the customer.
        outcomes: How calls ended, by plugin, hook and outcome.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
        self.outcomes: Counter[tuple[str, str, Outcome]] = Counter()

    def observe(self, record: Record) -> None:
        """See Observer."""
        if not isinstance(record, HookCall):
            return
        self.outcomes[record.plugin, record.hook, record.outcome] += 1
        if record.outcome != "skipped":
            self.seconds[record.plugin, record.hook].add(record.seconds - record.waited_s)
