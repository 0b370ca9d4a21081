"""The metrics that each bot has. Every label has a value from a closed set, or one from bots.toml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from chatbot.bot.histogram import BOUNDS_S, Histogram
from chatbot.bot.runner import BotRunner
from chatbot.bot.survey import Survey
from chatbot.hooks.breaker import Breaker, BreakerState

__all__ = ["FAMILIES", "Family", "Look", "Value", "samples_of"]

_STATES: tuple[BreakerState, ...] = ("closed", "half-open", "open")
_CHECKS = ("logged_in", "subscribed", "entered", "polling", "stopping")
_ENDS = {"counter": "_total", "info": "_info"}


@dataclass(frozen=True, slots=True)
class Look:
    """One bot at one time.

    Args:
        bot: The bot.
        is_ready: Whether it is.
        survey: What waits in its chats.
        now: The time, in monotonic seconds.
    """

    bot: BotRunner
    is_ready: bool
    survey: Survey
    now: float


Value = float | Histogram
_Values = Iterable[tuple[tuple[str, ...], Value]]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric of all bots.

    Args:
        name: Without the end that its type gives it.
        kind: Its type.
        text: What it tells.
        labels: After ``bot``.
        read: Its values of one bot, with those of the labels.
    """

    name: str
    kind: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[Look], _Values]

    def metric(self) -> Metric:
        """Without values."""
        return Metric(f"chatbot_{self.name}", self.text, self.kind)

    def samples(self, look: Look) -> Iterator[Sample]:
        """Of one bot."""
        for values, value in self.read(look):
            labels = dict(zip(("bot", *self.labels), (look.bot.name, *values), strict=True))
            yield from samples_of(self.metric(), labels, value)


def samples_of(metric: Metric, labels: dict[str, str], value: Value) -> Iterator[Sample]:
    """The lines of one value."""
    if not isinstance(value, Histogram):
        yield Sample(metric.name + _ENDS.get(metric.type, ""), labels, value)
        return
    up_to = value.up_to
    for bound, count in zip((*BOUNDS_S, "+Inf"), up_to, strict=True):
        yield Sample(f"{metric.name}_bucket", labels | {"le": str(bound)}, count)
    yield Sample(f"{metric.name}_count", labels, up_to[-1])
    yield Sample(f"{metric.name}_sum", labels, value.total_s)


def _of_bot(read: Callable[[Look], Value]) -> Callable[[Look], _Values]:
    """One value for each bot."""
    return lambda look: [((), read(look))]


def _counted(field: str) -> Callable[[Look], _Values]:
    return lambda look: [((), getattr(look.bot.counters, field))]


def _by(read: Callable[[Look], Mapping[Any, Value]]) -> Callable[[Look], _Values]:
    """A value for each key: a word, or several."""
    return lambda look: [
        (key if isinstance(key, tuple) else (key,), value) for key, value in sorted(read(look).items())
    ]


def _of_plugin(read: Callable[[Breaker], float]) -> Callable[[Look], _Values]:
    return lambda look: [((plugin,), read(breaker)) for plugin, breaker in look.bot.breakers.items()]


def _checks(look: Look) -> _Values:
    return [((name,), float(getattr(look.bot.health, name))) for name in _CHECKS]


def _poll_age(look: Look) -> _Values:
    polled_at = look.bot.counters.polled_at
    return [((), look.now - polled_at)] if polled_at else []


def _failures(look: Look) -> Mapping[str, int]:
    """Of all plugins: what is counted from nothing on can be seen to rise."""
    return {**dict.fromkeys(look.bot.breakers, 0), **look.bot.counters.hook_failures}


def _states(look: Look) -> Counter[str]:
    return look.survey.states


_GAUGES = (
    Family("ready", "gauge", "1 if the bot is ready", (), _of_bot(lambda look: float(look.is_ready))),
    Family("health", "gauge", "What its being ready hangs on: 1 if it is so", ("check",), _checks),
    Family("poll_age_seconds", "gauge", "Time since the last poll that succeeded", (), _poll_age),
    Family("chats", "gauge", "Chats the bot has now", (), _of_bot(lambda look: look.bot.chats)),
    Family("chats_by_state", "gauge", "Chats the bot has now, by their state", ("state",), _by(_states)),
    Family(
        "mailbox_lines",
        "gauge",
        "Lines that are not done with, in all chats",
        (),
        _of_bot(lambda look: look.survey.lines),
    ),
    Family(
        "mailbox_longest",
        "gauge",
        "The most lines of one chat that are not done with",
        (),
        _of_bot(lambda look: look.survey.longest),
    ),
    Family(
        "mailbox_age_seconds",
        "gauge",
        "For how long the oldest thing in a chat has waited for its hooks",
        (),
        _of_bot(lambda look: look.survey.oldest_s),
    ),
    Family(
        "outbox_operations",
        "gauge",
        "Operations whose fate is not known yet",
        (),
        _of_bot(lambda look: look.survey.operations),
    ),
    Family(
        "outbox_age_seconds",
        "gauge",
        "For how long the fate of an operation has not been known, at worst",
        (),
        _of_bot(lambda look: look.survey.unsettled_s),
    ),
)

_COUNTERS = tuple(
    Family(field, "counter", text, (), _counted(field))
    for field, text in {
        "polls": "Polls that succeeded",
        "troubles": "Failures of the connection",
        "deaf": "Things found by asking the server, and in no notification",
        "sessions": "CometD sessions begun: one at the start, the others are reconnects",
        "duplicates": "Lines that were told again, and dropped",
        "gaps_filled": "Lines that nobody had told yet, found in the transcript",
        "gaps": "Lines that the server does not show although it shows later ones",
        "rewinds": "Transcripts that had lost their end",
        "unseen": "Operations that were accepted, and whose line was not there",
        "fuzzy_matches": "Own lines whose words the server had changed",
        "replay_mismatches": "Hooks that proposed other words when they were run again after a crash",
        "dead_letters": "Events whose hooks ended in a crash each time",
        "takeovers": "Human agents who came into a chat of the bot",
    }.items()
)

_BY_LABEL = (
    Family(
        "events",
        "counter",
        "Events handed to plugins",
        ("event",),
        _by(lambda look: look.bot.counters.events),
    ),
    Family(
        "hook_calls",
        "counter",
        "Hooks by how they ended; skipped: the plugin was not asked",
        ("plugin", "hook", "outcome"),
        _by(lambda look: look.bot.measures.outcomes),
    ),
    Family(
        "hook_seconds",
        "histogram",
        "Time that hooks took, without waiting for the server or the customer",
        ("plugin", "hook"),
        _by(lambda look: look.bot.measures.seconds),
    ),
    Family(
        "hook_failures",
        "counter",
        "Hooks that raised or overran",
        ("plugin",),
        _by(_failures),
    ),
    Family(
        "actions",
        "counter",
        "Operations by their result",
        ("action", "result"),
        _by(lambda look: look.bot.counters.actions),
    ),
    Family(
        "action_seconds",
        "histogram",
        "From the call of an operation to its answer, with all tries",
        ("action",),
        _by(lambda look: look.bot.counters.action_seconds),
    ),
    Family(
        "handed_over",
        "counter",
        "Customers handed to somebody else, by reason",
        ("reason",),
        _by(lambda look: look.bot.counters.handed_over),
    ),
    Family(
        "session_reports",
        "counter",
        "Reports of chats, written to their file or lost",
        ("result",),
        _by(lambda look: look.bot.counters.session_reports),
    ),
    Family(
        "guards",
        "counter",
        "Guards that warned or stopped a bot",
        ("guard", "step"),
        _by(lambda look: look.bot.counters.guards),
    ),
    Family(
        "breaker_state",
        "gauge",
        "0 if the plugin is asked, 1 if for a try, 2 if not",
        ("plugin",),
        _of_plugin(lambda breaker: _STATES.index(breaker.state)),
    ),
    Family(
        "breaker_opened",
        "counter",
        "Plugins that were no longer asked, for they only failed",
        ("plugin",),
        _of_plugin(lambda breaker: breaker.opened),
    ),
    Family(
        "plugin_blocked_seconds",
        "counter",
        "Time for which a plugin has blocked the event loop",
        ("plugin",),
        _of_plugin(lambda breaker: breaker.blocked_s),
    ),
)

FAMILIES: tuple[Family, ...] = (*_GAUGES, *_COUNTERS, *_BY_LABEL)
"""All of them, in the order of the page."""
