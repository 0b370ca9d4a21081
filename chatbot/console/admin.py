"""The admin pages of a service: is it alive, is it ready, what has it counted; and the console (4.6)."""

from __future__ import annotations

import secrets

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chatbot.console.access import Access
from chatbot.console.api import api_routes
from chatbot.console.exposition import MetricsPage
from chatbot.console.forms import Forms
from chatbot.console.gate import Gate, caller_of
from chatbot.console.house import House, open_house
from chatbot.console.login import Login
from chatbot.console.pages import Pages
from chatbot.model.clock import Clock
from chatbot.service.supervisor import Service
from chatbot.service.system import SystemClock

__all__ = ["Admin", "create_admin"]

_WORDS = {
    404: ("There is no such page", "A chat that ended long ago is forgotten, and so is its page."),
    405: ("This page cannot be used like that", "Go back, and use its buttons."),
}
_OTHER = ("This cannot be done", "Go back, load the page again, and repeat it.")


class Admin(Starlette):
    """The admin pages, as one application.

    Args:
        service: The bots.
        access: Who may see the pages.
        clock: Tells the time.
    """

    def __init__(self, service: Service, access: Access, clock: Clock) -> None:
        house = open_house(service)
        routes = [
            *_probes(service),
            *Login(house, clock.sleep).routes(),
            *Pages(house).routes(),
            *Forms(house).routes(),
            *api_routes(service),
        ]
        super().__init__(
            routes=routes,
            middleware=[Middleware(Gate, access=access, sleep=clock.sleep)],
            exception_handlers={HTTPException: lambda request, error: _refused(house, request, error)},
        )
        # a redirect to the same path without its slash would repeat what a stranger wrote
        self.router.redirect_slashes = False
        self._live = house.live

    def hold_polls(self, *, allowed: bool) -> None:
        """Let pages listen for changes, or send all of them away: for a server that is going to stop."""
        self._live.set_open(is_open=allowed)


def create_admin(service: Service, token: str = "", clock: Clock | None = None) -> Admin:
    """The admin application of a service.

    Args:
        service: The bots.
        token: What opens it; empty: it is for this machine only, and asks for none.
        clock: Tells the time; the system's, if not given.
    """
    clock = clock or SystemClock()
    access = Access(token, clock.monotonic, lambda: secrets.token_urlsafe(32))
    return Admin(service, access, clock)


def _probes(service: Service) -> list[Route]:
    async def healthz(_: Request) -> Response:
        """The process lives."""
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        """Every bot is ready, or why not; strangers are not told why."""
        problems = {name: reasons for name, reasons in service.problems().items() if reasons}
        body: dict[str, object] = {"ready": not problems}
        if caller_of(request).is_trusted:
            body["bots"] = problems
        return JSONResponse(body, status_code=503 if problems else 200)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", MetricsPage(service).answer),
    ]


def _refused(house: House, request: Request, error: Exception) -> Response:
    """What is said instead of a page: nothing of what was asked is repeated."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    title, hint = _WORDS.get(status, _OTHER)
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse(f"{title}.\n", status, headers=headers)
    answer = house.look.page(request, "lost.html", {"title": title, "hint": hint}, status=status)
    answer.headers.update(headers or {})
    return answer
