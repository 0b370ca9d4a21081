"""The admin pages of a service: is it alive, is it ready, what has it counted (design 4.6)."""

from __future__ import annotations

import html

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chatbot.console.exposition import MetricsPage
from chatbot.hooks.breaker import Breaker
from chatbot.service.supervisor import Service

__all__ = ["create_admin"]

_SAFE = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}


def _breakers(service: Service) -> list[Breaker]:
    return [breaker for bot in service.bots for breaker in bot.breakers.values()]


def create_admin(service: Service) -> Starlette:
    """The admin application of a service."""

    async def healthz(_: Request) -> Response:
        """The process lives."""
        return PlainTextResponse("ok\n", headers=_SAFE)

    async def readyz(_: Request) -> Response:
        """Every bot is ready, or why not."""
        problems = {name: reasons for name, reasons in service.problems().items() if reasons}
        body = {"ready": not problems, "bots": problems}
        return JSONResponse(body, status_code=503 if problems else 200, headers=_SAFE)

    async def console(_: Request) -> Response:
        """A page for people."""
        return HTMLResponse(_page(service), headers=_SAFE)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", MetricsPage(service).answer),
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
