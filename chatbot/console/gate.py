"""Stands before all admin pages: who may come in, what may come in, and what goes out with every answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatbot.console.access import Access, Caller, is_own

__all__ = ["HEADERS", "MOST_BODY", "Gate", "access_of", "caller_of", "form_of"]

log = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""What goes out with every answer, unless it says otherwise itself."""

MOST_BODY = 65_536
"""So many bytes may be sent to a page."""

_BODY_WITHIN_S = 10.0
_WAIT_AFTER_FAILURE_S = 1.0
_MOST_FIELDS = 20
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
# what strangers may see: the login needs its style, and the two probes tell no more than yes or no
_FOR_ALL = frozenset({"/healthz", "/readyz", "/login"})
_STATIC, _API = "/static/", "/api/"
# programs ask for these, and a form is no answer to them
_FOR_PROGRAMS = frozenset({"/metrics"})

_REBOUND = (
    "These pages are for this machine: open them as http://127.0.0.1 or http://localhost.\n"
    "To reach them by another name, set admin_token in [service] of bots.toml.\n"
)
_STRANGER = "The admin token is needed: Authorization: Bearer TOKEN, or log in at /login.\n"


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets requests through to the pages, or answers them itself.

    Args:
        app: The pages.
        access: Who may see them.
        sleep: Waits some seconds.
    """

    app: ASGIApp
    access: Access
    sleep: Callable[[float], Awaitable[None]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI wants."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        send = _with_headers(send)
        headers = _headers_of(scope)
        caller = self.access.caller(headers)
        scope.setdefault("state", {}).update(caller=caller, access=self.access)
        refusal = await self._refusal(scope, headers, caller)
        if refusal is None and scope["method"] == "POST":
            refusal, receive = await self._taken(scope, headers, receive)
        await (refusal or self.app)(scope, receive, send)

    async def _refusal(self, scope: Scope, headers: Mapping[str, str], caller: Caller) -> Response | None:
        """Why it may not come in, before anything of its body is read."""
        if not is_own(headers) and not _is_link(scope, headers):
            return _said(HTTPStatus.FORBIDDEN, "A page of somebody else has asked for this.\n")
        path: str = scope["path"]
        if caller.is_trusted or path in _FOR_ALL or path.startswith(_STATIC):
            return None
        return await self._estranged(scope, headers)

    async def _estranged(self, scope: Scope, headers: Mapping[str, str]) -> Response:
        """What a stranger is answered."""
        path: str = scope["path"]
        if not self.access.token:
            return _said(HTTPStatus.FORBIDDEN, _REBOUND)
        if self.access.has_tried(headers):
            return await self.slowed(scope)
        if scope["method"] == "GET" and "text/html" in headers.get("accept", "") and not _is_api(path):
            return RedirectResponse(f"/login?next={path}" if path.isascii() else "/login", 303)
        return _unauthorized()

    async def slowed(self, scope: Scope) -> Response:
        """What a wrong token is answered, and not at once."""
        address = (scope.get("client") or ("",))[0]
        if not self.access.may_try(address):
            return _said(HTTPStatus.TOO_MANY_REQUESTS, "Too many wrong tokens.\n", {"retry-after": "2"})
        log.warning("console: a wrong token from %s", address or "an unknown address")
        self.access.failed(address)
        try:
            await self.sleep(_WAIT_AFTER_FAILURE_S)
        finally:
            self.access.forgive(address)
        return _unauthorized()

    async def _taken(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive
    ) -> tuple[Response | None, Receive]:
        """Read the body, which must be one that only our own forms, or a program, can send."""
        wanted = _JSON if scope["path"].startswith(_API) else _FORM
        if headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
            return _said(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Expected {wanted}.\n"), receive
        body = await _body(headers, receive)
        if isinstance(body, Response):
            return body, receive
        if wanted == _FORM and not self._is_ours(scope, body):
            text = "This form is too old, or none of ours: go back, load the page again, and repeat it.\n"
            return _said(HTTPStatus.FORBIDDEN, text), receive
        return None, _again(body, receive)

    def _is_ours(self, scope: Scope, body: bytes) -> bool:
        try:
            fields = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS))
        except ValueError:
            return False
        scope["state"]["form"] = fields
        caller: Caller = scope["state"]["caller"]
        return caller.is_program or self.access.is_form_token(caller, fields.get("form_token", ""))


def caller_of(request: Request) -> Caller:
    """Who asks."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def access_of(request: Request) -> Access:
    """Who may ask."""
    access: Access = request.scope["state"]["access"]
    return access


def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form that was sent."""
    form: Mapping[str, str] = request.scope["state"].get("form", {})
    return form


def _headers_of(scope: Scope) -> dict[str, str]:
    """By name; the first of each counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def _is_link(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether somebody has followed a link from elsewhere: they look, and nothing happens by it."""
    return scope["method"] in {"GET", "HEAD"} and headers.get("sec-fetch-mode", "navigate") == "navigate"


def _is_api(path: str) -> bool:
    return path in _FOR_PROGRAMS or path.startswith(_API)


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = headers.get(name, value) if name == "cache-control" else value
        await send(message)

    return with_headers


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes | Response:
    told = headers.get("content-length", "")
    if told.isdecimal() and (len(told) > len(str(MOST_BODY)) or int(told) > MOST_BODY):
        return _too_large()
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            while more and len(body) <= MOST_BODY:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        return _said(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to come.\n", _CLOSE)
    return _too_large() if len(body) > MOST_BODY else bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, and then what comes after it."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def once() -> Message:
        return parts.pop() if parts else await receive()

    return once


_CLOSE = {"connection": "close"}


def _too_large() -> Response:
    return _said(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"More than {MOST_BODY} bytes.\n", _CLOSE)


def _unauthorized() -> Response:
    return _said(HTTPStatus.UNAUTHORIZED, _STRANGER, {"www-authenticate": "Bearer"})


def _said(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status, headers=headers)
