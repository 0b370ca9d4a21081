"""The admin pages of a service: is it alive, is it ready, what has it counted (design 4.6)."""

from __future__ import annotations

import html
from collections.abc import Iterator

from prometheus_client.core import CollectorRegistry, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chatbot.hooks.breaker import Breaker, BreakerState
from chatbot.service.supervisor import Service

__all__ = ["create_admin"]

_STATES: tuple[BreakerState, ...] = ("closed", "half-open", "open")
_SAFE = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}


class ServiceMetrics:
    """What the bots have counted, in the terms of Prometheus.

    Args:
        service: The bots.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """All metrics, read at this moment."""
        yield from self._gauges()
        yield from self._plain_counters()
        yield from self._labelled_counters()
        yield from self._breakers()
        yield from self._watchdog()

    def _gauges(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("chatbot_ready", "1 if the bot is ready", labels=["bot"])
        chats = GaugeMetricFamily("chatbot_chats", "Chats the bot has now", labels=["bot"])
        journal = GaugeMetricFamily(
            "chatbot_journal_writable",
            "1 if what must survive a crash can be written",
            value=0.0 if self._service.journal_trouble else 1.0,
        )
        problems = self._service.problems()
        for bot in self._service.bots:
            ready.add_metric([bot.name], 0.0 if problems[bot.name] else 1.0)
            chats.add_metric([bot.name], bot.chats)
        yield from (journal, ready, chats)

    def _plain_counters(self) -> Iterator[Metric]:
        texts = {
            "polls": "Polls that succeeded",
            "troubles": "Failures of the connection",
            "deaf": "Things found by asking the server, and in no notification",
            "sessions": "CometD sessions begun",
            "gaps": "Lines that the server does not show although it shows later ones",
            "rewinds": "Transcripts that had lost their end",
            "unseen": "Operations that were accepted, and whose line was not there",
            "fuzzy_matches": "Own lines whose words the server had changed",
            "replay_mismatches": "Hooks that proposed other words when they were run again after a crash",
            "dead_letters": "Events whose hooks ended in a crash each time",
            "takeovers": "Human agents who came into a chat of the bot",
        }
        for field, text in texts.items():
            family = CounterMetricFamily(f"chatbot_{field}", text, labels=["bot"])
            for bot in self._service.bots:
                family.add_metric([bot.name], getattr(bot.counters, field))
            yield family

    def _labelled_counters(self) -> Iterator[Metric]:
        texts = {
            "events": ("Events handed to plugins", ["event"]),
            "hook_failures": ("Hooks that raised or overran", ["plugin"]),
            "actions": ("Operations by their result", ["action", "result"]),
            "handed_over": ("Customers handed to somebody else, by reason", ["reason"]),
            "session_reports": ("Reports of chats, written to their file or lost", ["result"]),
            "guards": ("Guards that warned or stopped a bot", ["guard", "step"]),
        }
        for field, (text, labels) in texts.items():
            family = CounterMetricFamily(f"chatbot_{field}", text, labels=["bot", *labels])
            for bot in self._service.bots:
                for key, count in sorted(getattr(bot.counters, field).items()):
                    family.add_metric([bot.name, *(key if isinstance(key, tuple) else (key,))], count)
            yield family

    def _breakers(self) -> Iterator[Metric]:
        labels = ["bot", "plugin"]
        state = GaugeMetricFamily(
            "chatbot_breaker_state", "0 if the plugin is asked, 1 if for a try, 2 if not", labels=labels
        )
        opened = CounterMetricFamily(
            "chatbot_breaker_opened", "Plugins that were no longer asked, for they only failed", labels=labels
        )
        blocked = CounterMetricFamily(
            "chatbot_plugin_blocked_seconds",
            "Time for which a plugin has blocked the event loop",
            labels=labels,
        )
        for breaker in _breakers(self._service):
            names = [breaker.bot, breaker.plugin]
            state.add_metric(names, _STATES.index(breaker.state))
            opened.add_metric(names, breaker.opened)
            blocked.add_metric(names, breaker.blocked_s)
        yield from (state, opened, blocked)

    def _watchdog(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "chatbot_loop_lag_seconds", "How late the event loop was at worst within the last minute"
        )
        if self._service.watchdog is not None:
            lag.add_metric([], self._service.watchdog.worst_lag_s)
        yield lag


def _breakers(service: Service) -> list[Breaker]:
    return [breaker for bot in service.bots for breaker in bot.breakers.values()]


def create_admin(service: Service) -> Starlette:
    """The admin application of a service."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServiceMetrics(service))

    async def healthz(_: Request) -> Response:
        """The process lives."""
        return PlainTextResponse("ok\n", headers=_SAFE)

    async def readyz(_: Request) -> Response:
        """Every bot is ready, or why not."""
        problems = {name: reasons for name, reasons in service.problems().items() if reasons}
        body = {"ready": not problems, "bots": problems}
        return JSONResponse(body, status_code=503 if problems else 200, headers=_SAFE)

    async def metrics(_: Request) -> Response:
        """Prometheus text."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers=_SAFE)

    async def console(_: Request) -> Response:
        """A page for people."""
        return HTMLResponse(_page(service), headers=_SAFE)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Route("/", console),
        ]
    )


def _page(service: Service) -> str:
    problems = service.problems()
    rows = "".join(
        f"<tr><td>{html.escape(bot.name)}</td><td>{_state(problems[bot.name])}</td><td>{bot.chats}</td></tr>"
        for bot in service.bots
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>chatbot</title><h1>chatbot</h1>"
        f"<table><tr><th>bot</th><th>state</th><th>chats</th></tr>{rows}</table>{_breaker_table(service)}"
    )


def _breaker_table(service: Service) -> str:
    """The plugins that are not asked, or only for a try; nothing if all are."""
    rows = "".join(
        f"<tr><td>{html.escape(one.bot)}</td><td>{html.escape(one.plugin)}</td><td>{one.state}</td></tr>"
        for one in _breakers(service)
        if one.state != "closed"
    )
    return f"<table><tr><th>bot</th><th>plugin</th><th>breaker</th></tr>{rows}</table>" if rows else ""


def _state(problems: list[str]) -> str:
    return html.escape("; ".join(problems)) or "ready"
