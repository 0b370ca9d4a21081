"""The HTTP port of one bot: a client bound to one host, with one cookie jar, one CSRF token, one password.

Only this file knows httpx. It moves bytes and says what became of a request; it does not know
what a status code means to Bayeux or to GWS.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Literal, Protocol
from urllib.request import Request

import httpx

from chatbot.model.errors import ConnectionLost, ProtocolViolation
from chatbot.model.quoting import Quoting

__all__ = ["MAX_BODY", "Http", "HttpxHttp", "Method", "Reply", "tls_context"]

MAX_BODY = 8 * 1024 * 1024
"""Bytes of one answer, decoded; more is refused."""

Method = Literal["GET", "POST"]

# Jetty closes idle connections after 30 s (reference 2.1); ours go first, so that no request races a close.
_IDLE_CONNECTION_S = 20.0
_CONNECT_S = 5.0

# RFC 6265, 6.1: what a client has to keep at least. A larger one would make servers refuse our headers.
_LARGEST_COOKIE = 4096
# Of all cookies together: some servers refuse longer headers.
_MOST_COOKIES = 50
_MOST_COOKIE_BYTES = 16_384

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_RESERVED_HEADERS = re.compile(
    r"host|authorization|cookie|connection|proxy-.*|content-.*|transfer-encoding", re.IGNORECASE
)
_PATH = re.compile(r"/[!-~]*")


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole HTTP answer.

    Args:
        status: The HTTP status code.
        headers: Names in lower case.
        body: Decoded bytes, at most MAX_BODY.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """Requests to the one server of a bot."""

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """Send one request and read the whole answer, whatever its status.

        Args:
            method: GET or POST.
            path: Path and query below the configured server, starting with a slash.
            content: A JSON body.
            timeout_s: Seconds for everything: connecting, sending, waiting and reading.

        Raises:
            ConnectionLost: No whole answer in time; ``sent`` tells whether it may have arrived.
            ProtocolViolation: The answer is not HTTP, or too large; the request did arrive.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


@cache
def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """The TLS settings of a bot: verified certificates, TLS 1.2 or later.

    Building one costs some 36 ms, so bots with the same ``ca_file`` share it.

    Args:
        ca_file: A PEM file of certificate authorities, instead of the system's. Nothing is taken from
            the environment.
    """
    # not the default context: it writes keys to, and trusts, files that the environment names
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
        return context
    system = ssl.get_default_verify_paths()
    if Path(system.openssl_cafile).is_file():
        context.load_verify_locations(cafile=system.openssl_cafile)
    if Path(system.openssl_capath).is_dir():
        context.load_verify_locations(capath=system.openssl_capath)
    return context


class HttpxHttp:
    """The port on httpx.

    Args:
        server: Scheme, host, port and perhaps a path prefix, without ``/api/v2``.
        credentials: User name and password, sent as HTTP Basic with every request (reference 4.1),
            and to nobody else: there are no redirects and no absolute addresses.
        tls: For https; None means that of the system's certificate authorities.
        proxy: The address of an HTTP proxy. Proxies of the environment are ignored.
        transport: What takes the requests, instead of the network.
    """

    def __init__(
        self,
        server: str,
        *,
        credentials: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._server = server.rstrip("/")
        self._csrf: tuple[str, str] | None = None
        self._cookies = httpx.Cookies(_cookie_jar())
        # identity: a decompressed chunk can be a thousand times what came (see _decoded)
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "chatbot",
            **({"Authorization": _basic(*credentials)} if credentials else {}),
        }
        # the transport alone: a client on top would copy the cookies into a jar with rules of its own
        self._transport = transport or httpx.AsyncHTTPTransport(
            limits=httpx.Limits(keepalive_expiry=_IDLE_CONNECTION_S),
            verify=(tls or tls_context()) if httpx.URL(server).scheme == "https" else False,
            proxy=proxy,
            trust_env=False,
        )

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        """See Http.request."""
        if not _PATH.fullmatch(path):
            raise ValueError(f"not a path below the server: {path!r}")
        request = self._request(method, path, content)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange(request)
        except TimeoutError as exc:
            raise ConnectionLost(f"no answer to {method} within {timeout_s:g} s") from exc
        except httpx.ProxyError as exc:
            raise ConnectionLost(Quoting("cannot connect by the proxy", _why(exc)), sent=False) from exc
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            raise ConnectionLost(f"cannot connect: {_why(exc)}", sent=False) from exc
        except httpx.RemoteProtocolError as exc:
            raise ConnectionLost(Quoting("the server broke off", _why(exc))) from exc
        except httpx.HTTPError as exc:
            raise ConnectionLost(Quoting("connection lost", _why(exc))) from exc

    async def aclose(self) -> None:
        """See Http.aclose."""
        await self._transport.aclose()

    def forget(self) -> None:
        """Be a stranger to the server, without cookies and CSRF token; the next login begins a session."""
        self._csrf = None
        self._cookies = httpx.Cookies(_cookie_jar())

    def _request(self, method: Method, path: str, content: bytes | None) -> httpx.Request:
        headers = dict(self._headers)
        if method == "POST":
            headers["Content-Type"] = "application/json"
            if self._csrf is not None:
                headers[self._csrf[0]] = self._csrf[1]
        times = httpx.Timeout(None, connect=_CONNECT_S).as_dict()
        url = self._server + path
        request = httpx.Request(method, url, headers=headers, content=content, extensions={"timeout": times})
        self._cookies.set_cookie_header(request)
        return request

    async def _exchange(self, request: httpx.Request) -> Reply:
        response = await self._transport.handle_async_request(request)
        response.request = request
        try:
            self._learn_csrf(response.headers)
            self._cookies.extract_cookies(response)
            body = await _body(response)
        finally:
            await response.aclose()
        return Reply(response.status_code, dict(response.headers), body)

    def _learn_csrf(self, headers: httpx.Headers) -> None:
        """Take the newest CSRF header from any answer (reference 3.2; allowed names: design 4.6)."""
        name, token = headers.get("X-CSRF-HEADER"), headers.get("X-CSRF-TOKEN")
        if not name or not token or not _TOKEN.fullmatch(name) or _RESERVED_HEADERS.fullmatch(name):
            return
        if token.isascii() and token.isprintable():
            self._csrf = (name, token)


def _basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


def _cookie_jar() -> CookieJar:
    """A jar of its own for each bot; a shared one makes agents log each other out (reference 4.5).

    Genesys' own JavaScript client has to ignore ``Secure`` to work over plain http inside a data
    centre; a jar that obeyed it would drop the session silently. The jar serves one host only.
    """
    return _BoundedJar(_CookiePolicy(secure_protocols=("https", "http")))


class _BoundedJar(CookieJar):
    """Does not grow for ever: the cookie set longest ago goes first."""

    def __init__(self, policy: DefaultCookiePolicy) -> None:
        super().__init__(policy)
        self._sizes: dict[tuple[str, str, str], int] = {}

    def set_cookie(self, cookie: Cookie) -> None:
        place = (cookie.domain, cookie.path, cookie.name)
        self._sizes.pop(place, None)
        self._sizes[place] = len(cookie.name) + len(cookie.value or "")
        super().set_cookie(cookie)
        while len(self._sizes) > _MOST_COOKIES or sum(self._sizes.values()) > _MOST_COOKIE_BYTES:
            oldest = next(iter(self._sizes))
            del self._sizes[oldest]
            with suppress(KeyError):  # it may have expired
                self.clear(*oldest)


class _CookiePolicy(DefaultCookiePolicy):
    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        text = cookie.name + (cookie.value or "")
        can_be_sent = text.isascii() and text.isprintable() and len(text) <= _LARGEST_COOKIE
        return can_be_sent and super().set_ok(cookie, request)


async def _body(response: httpx.Response) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_large(response.status_code)
    return _decoded(bytes(body), encoding, response.status_code)


def _decoded(body: bytes, encoding: str, status: int) -> bytes:
    """Undo a Content-Encoding that we did not ask for, without trusting its size."""
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise ProtocolViolation("the answer has a Content-Encoding that was not asked for", status=status)
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        decoded = unpacking.decompress(body, MAX_BODY + 1)
    except zlib.error as exc:
        raise ProtocolViolation("the answer cannot be decompressed", status=status) from exc
    if len(decoded) > MAX_BODY:
        raise _too_large(status)
    if body and not unpacking.eof:
        raise ProtocolViolation("the answer was compressed and is not whole", status=status)
    return decoded


def _too_large(status: int) -> ProtocolViolation:
    return ProtocolViolation(f"the answer is larger than {MAX_BODY} bytes", status=status)


def _why(exc: httpx.HTTPError) -> str:
    """The reason in a few words; the class where the library says nothing."""
    return str(exc) or type(exc).__name__
