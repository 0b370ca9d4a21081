"""What the bots of a service have counted, in the terms of Prometheus.

Walks all chats and all bots in small steps: a service with thousands of chats, or hundreds of bots, must
not hold up its hooks each time somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import islice

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from chatbot.bot.runner import BotRunner
from chatbot.bot.survey import Survey
from chatbot.console.families import FAMILIES, Look, Value, samples_of
from chatbot.service.supervisor import Service

__all__ = ["ServiceMetrics"]

# what is done between two turns of the event loop
_MOST_CHATS = 100
_MOST_SAMPLES = 100


class ServiceMetrics:
    """All metrics of a service.

    Args:
        service: The bots.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._process = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._process)

    def collect(self) -> Iterator[Metric]:
        """All at once, each whole (Collector)."""
        found: dict[str, Metric] = {}
        for part in self.steps():
            if part is not None and part is not found.setdefault(part.name, part):
                found[part.name].samples += part.samples
        yield from found.values()

    def steps(self) -> Iterator[Metric | None]:
        """Bit by bit, in steps that take a millisecond or two: parts of metrics, or nothing yet."""
        looks: list[Look] = []
        for bot in self._service.bots:
            survey = Survey()
            yield from self._walk(bot, survey)
            looks.append(self._look(bot, survey))
        for family in FAMILIES:
            yield from _in_parts(family.metric(), (family.samples(look) for look in looks))
        yield from self._of_service()
        yield from self._process.collect()

    def _walk(self, bot: BotRunner, survey: Survey) -> Iterator[None]:
        chats = iter([*bot.live.values()])
        while some := [*islice(chats, _MOST_CHATS)]:
            now = self._service.monotonic()
            for chat in some:
                survey.add(chat, now)
            yield None

    def _look(self, bot: BotRunner, survey: Survey) -> Look:
        now = self._service.monotonic()
        # as bot.problems() says, which walks all chats in one go
        is_stuck = survey.oldest_s > bot.settings.stuck_after
        is_ready = not (self._service.journal_trouble or bot.health.problems(now) or is_stuck)
        return Look(bot, is_ready, survey, now)

    def _of_service(self) -> Iterator[Metric]:
        journal, watchdog = self._service.journal, self._service.watchdog
        yield _one("build", "info", "The version that runs", 1.0, version=version("chatbot"))
        text = "1 if what must survive a crash can be written"
        yield _one("journal_writable", "gauge", text, 0.0 if self._service.journal_trouble else 1.0)
        text = "Units that were put into the journal, and are not durable yet"
        yield _one("journal_queue", "gauge", text, journal.queued if journal is not None else None)
        text = "How long a commit of the journal took"
        yield _one(
            "journal_commit_seconds", "histogram", text, journal.commits if journal is not None else None
        )
        text = "How late the event loop was at worst within the last minute"
        yield _one("loop_lag_seconds", "gauge", text, watchdog.worst_lag_s if watchdog is not None else None)


def _one(name: str, kind: str, text: str, value: Value | None, **labels: str) -> Metric:
    metric = Metric(f"chatbot_{name}", text, kind)
    if value is not None:
        metric.samples = [*samples_of(metric, labels, value)]
    return metric


def _in_parts(metric: Metric, of_bots: Iterable[Iterable[Sample]]) -> Iterator[Metric]:
    part = _empty(metric)
    for samples in of_bots:
        part.samples.extend(samples)
        if len(part.samples) >= _MOST_SAMPLES:
            yield part
            part = _empty(metric)
    yield part


def _empty(metric: Metric) -> Metric:
    return Metric(metric.name, metric.documentation, metric.type)
