"""The page that asks for the token, once in each browser."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from chatbot.console.access import COOKIE, SECURE_COOKIE, SESSION_S
from chatbot.console.gate import access_of, caller_of, form_of
from chatbot.console.house import House, who
from chatbot.console.notes import Note
from chatbot.console.places import own_page

__all__ = ["Login"]

log = logging.getLogger(__name__)

_WAIT_AFTER_FAILURE_S = 1.0


@dataclass(frozen=True, slots=True)
class Login:
    """Handles logins.

    Args:
        house: What it shares with pages.
        sleep: Waits some seconds.
    """

    house: House
    sleep: Callable[[float], Awaitable[None]]

    def routes(self) -> list[Route]:
        """Where it is."""
        return [
            Route("/login", self.ask),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Ask for the token."""
        if caller_of(request).is_trusted or not access_of(request).token:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return self._page(request, own_page(request.query_params.get("next", "")))

    async def log_in(self, request: Request) -> Response:
        """Begin a session; a wrong token takes its time."""
        access, address = access_of(request), who(request)
        page = own_page(form_of(request).get("next", ""))
        if not access.may_try(address):
            note = Note("There were too many wrong tokens.", is_good=False, fix="Wait some seconds.")
            return self._page(request, page, note, status=HTTPStatus.TOO_MANY_REQUESTS)
        if not access.is_token(form_of(request).get("token", "").strip()):
            return await self._failed(request, page)
        log.info("console: login from %s", address)
        answer = RedirectResponse(page, HTTPStatus.SEE_OTHER)
        is_secure = _is_secure(request)
        answer.set_cookie(
            SECURE_COOKIE if is_secure else COOKIE,
            access.begin(),
            max_age=SESSION_S,
            secure=is_secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    async def _failed(self, request: Request, page: str) -> Response:
        access, address = access_of(request), who(request)
        log.warning("console: login with a wrong token from %s", address)
        access.failed(address)
        try:
            await self.sleep(_WAIT_AFTER_FAILURE_S)
        finally:
            access.forgive(address)
        note = Note("This is not the token.", is_good=False, fix="It is the admin_token of bots.toml.")
        return self._page(request, page, note, status=HTTPStatus.FORBIDDEN)

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        access_of(request).end(caller_of(request))
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        for name in (COOKIE, SECURE_COOKIE):
            answer.delete_cookie(name, secure=name == SECURE_COOKIE, httponly=True, samesite="strict")
        return answer

    def _page(
        self, request: Request, page: str, note: Note | None = None, status: int = HTTPStatus.OK
    ) -> Response:
        values = {"title": "Log in", "next": page, "note": note}
        return self.house.look.page(request, "login.html", values, status=status)


def _is_secure(request: Request) -> bool:
    """Whether the browser came by https; who only says so gets a cookie that is of less use to it."""
    told = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return "https" in {request.scope["scheme"], told}
