"""Who may see the admin pages, and what counts as their own doing. Pure: knows no HTTP library.

With a token, everything needs it: as ``Authorization: Bearer``, or once in the login form, which begins a
session of the browser. Without one the pages are on loopback only, and the Host header must say so too: a
page of somebody else may have its own name point to this machine (DNS rebinding).
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

from chatbot.model.config_admin import is_loopback

__all__ = ["COOKIE", "SECURE_COOKIE", "SESSION_S", "Access", "Caller", "is_own"]

SESSION_S = 8 * 3600
"""How long a session of a browser lasts, in seconds: one shift."""

COOKIE = "chatbot_session"
SECURE_COOKIE = "__Host-chatbot_session"

_MOST_SESSIONS = 1_000
_MOST_TRIES = 5
_OPEN = "open"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Args:
        session: Ties forms to the browser that they were shown to; empty for a stranger.
        is_program: It has shown the token itself, and needs no proof that a form is its own.
    """

    session: str = ""
    is_program: bool = False

    @property
    def is_trusted(self) -> bool:
        """Whether the pages are for them."""
        return bool(self.session) or self.is_program


@dataclass(slots=True)
class Access:
    """The door of the admin pages.

    Args:
        token: What opens it; empty: being on this machine does.
        monotonic: Tells the time, in seconds.
        random: Makes an unguessable text.
    """

    token: str
    monotonic: Callable[[], float]
    random: Callable[[], str]
    _key: bytes = b""
    _sessions: dict[str, float] = field(default_factory=dict)
    _tries: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._key = self.random().encode()

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who asks, by the headers of a request."""
        if not self.token:
            return Caller(_OPEN if is_loopback(_host_of(headers.get("host", ""))) else "")
        bearer = _bearer(headers)
        if bearer:
            return Caller(is_program=self.is_token(bearer))
        return Caller(self._session_of(headers.get("cookie", "")))

    def has_tried(self, headers: Mapping[str, str]) -> bool:
        """Whether a token was shown, be it right or wrong."""
        return bool(self.token) and bool(_bearer(headers))

    def is_token(self, text: str) -> bool:
        """Whether this is the token, in a time that tells nothing of it."""
        given, wanted = (sha256(word.encode("utf-8", "replace")).digest() for word in (text, self.token))
        return bool(self.token) and hmac.compare_digest(given, wanted)

    # tries

    def may_try(self, address: str) -> bool:
        """Whether this address has few enough tries that failed and are not answered yet."""
        return self._tries[address] < _MOST_TRIES

    def failed(self, address: str) -> None:
        """A try of this address came to nothing."""
        self._tries[address] += 1

    def forgive(self, address: str) -> None:
        """The answer to it has gone out."""
        self._tries[address] -= 1
        if self._tries[address] <= 0:
            del self._tries[address]

    # sessions

    def begin(self) -> str:
        """A new session; what its cookie holds."""
        now = self.monotonic()
        for name in [name for name, ends in self._sessions.items() if ends <= now]:
            del self._sessions[name]
        while len(self._sessions) >= _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        secret = self.random()
        self._sessions[_digest(secret)] = now + SESSION_S
        return secret

    def end(self, caller: Caller) -> None:
        """The session is over, whoever has its cookie."""
        self._sessions.pop(caller.session, None)

    def _session_of(self, cookie: str) -> str:
        now = self.monotonic()
        known = (digest for digest in _digests(cookie) if self._sessions.get(digest, 0) > now)
        return next(known, "")

    # forms

    def form_token(self, caller: Caller) -> str:
        """What a form carries to prove that it was shown to this caller."""
        return hmac.new(self._key, caller.session.encode(), sha256).hexdigest()

    def is_form_token(self, caller: Caller, text: str) -> bool:
        """Whether a form was shown to this caller."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.form_token(caller).encode())


def is_own(headers: Mapping[str, str]) -> bool:
    """Whether no page of somebody else has caused this request, as far as the browser tells.

    What the browser says itself goes before a comparison of names, which a proxy may have changed.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    return bool(host) and host in {headers.get(name, "").lower() for name in ("host", "x-forwarded-host")}


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, text = headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _host_of(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _digests(cookie: str) -> list[str]:
    """Of all that could be a session: other services of this host set cookies too, of any form and name."""
    pairs = (pair.strip().partition("=") for pair in cookie.split(";"))
    return [_digest(value) for name, _, value in pairs if name in {SECURE_COOKIE, COOKIE}]


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest() if secret else ""
