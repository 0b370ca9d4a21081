"""HTTP sessions: cookies, CSRF tokens, Basic authentication. Pure.

Reference sections 3.1 and 3.2. Tells who is calling, or why the call is refused; passwords are compared and
forgotten.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chatbot.simulator.agents import Agents
from chatbot.simulator.options import Options

COOKIE = "JSESSIONID"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Denial(StrEnum):
    """Why a caller is not let in."""

    CREDENTIALS = "credentials"
    SESSION = "session"
    CSRF = "csrf"


class DeniedError(Exception):
    """The caller is not let in."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.value)
        self.denial = denial


@dataclass(slots=True)
class HttpSession:
    """One session of one agent."""

    id: str
    username: str
    csrf_token: str
    used_at: float


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says about its caller."""

    method: str
    authorization: str | None
    cookie: str | None
    csrf_token: str | None
    is_cometd: bool = False

    @property
    def is_safe(self) -> bool:
        """Whether the method changes nothing."""
        return self.method in SAFE_METHODS


class HttpSessions:
    """All HTTP sessions.

    Args:
        options: What is asked of callers.
        agents: Who may log in.
        clock: Epoch seconds.
        token: Makes session ids and CSRF tokens.
    """

    def __init__(
        self, options: Options, agents: Agents, clock: Callable[[], float], token: Callable[[int], str]
    ) -> None:
        self._options = options
        self._agents = agents
        self._clock = clock
        self._token = token
        self.sessions: dict[str, HttpSession] = {}

    def admit(self, who: Credentials) -> HttpSession:
        """Return the session of a caller, a new one if need be; raise `DeniedError` otherwise."""
        username = self._login(who.authorization)
        session = self._find(who.cookie, username)
        if session is None:
            return self._enter(who, username)
        session.used_at = self._clock()
        if self._needs_token(who) and who.csrf_token != session.csrf_token:
            raise DeniedError(Denial.CSRF)
        return session

    def name(self, authorization: str | None, cookie: str | None) -> str:
        """Return who a request claims to come from, unchecked: for records and fault rules only."""
        session = self.sessions.get(cookie or "")
        if session is not None:
            return session.username
        return _decode((authorization or "").partition(" ")[2]).partition(":")[0]

    def end(self, username: str | None = None) -> list[HttpSession]:
        """Forget the sessions of one agent or of all, and return them."""
        return self._forget(lambda session: username in (None, session.username))

    def log_out(self, session_id: str) -> list[HttpSession]:
        """Forget one session, after EndContactCenterSession (3.3), and return it."""
        return self._forget(lambda session: session.id == session_id)

    def expire(self) -> list[HttpSession]:
        """Forget the sessions that were idle too long (2.1), and return them."""
        latest = self._clock() - self._options.session_idle
        return self._forget(lambda session: session.used_at < latest)

    def rotate_csrf(self) -> None:
        """Give every session a new CSRF token; clients read it from any answer (3.2)."""
        for session in self.sessions.values():
            session.csrf_token = self._token(32)

    def _forget(self, is_gone: Callable[[HttpSession], bool]) -> list[HttpSession]:
        gone = [session for session in self.sessions.values() if is_gone(session)]
        for session in gone:
            del self.sessions[session.id]
        return gone

    def _login(self, authorization: str | None) -> str | None:
        """Return the user name of a Basic header; None without one."""
        if authorization is None:
            return None
        scheme, _, encoded = authorization.partition(" ")
        username, _, password = _decode(encoded).partition(":")
        agent = self._agents.login(username, password) if scheme.lower() == "basic" else None
        if agent is None or agent.human:
            raise DeniedError(Denial.CREDENTIALS)
        return agent.username

    def _find(self, cookie: str | None, username: str | None) -> HttpSession | None:
        session = self.sessions.get(cookie or "")
        is_own = session is not None and username in (None, session.username)
        return session if is_own else None

    def _enter(self, who: Credentials, username: str | None) -> HttpSession:
        """A read with credentials opens a session; a write with a dead cookie has lost its own (3.1)."""
        if who.cookie and not who.is_safe:
            raise DeniedError(Denial.SESSION)
        if username is None:
            raise DeniedError(Denial.CREDENTIALS)
        if self._needs_token(who) and not self._options.post_creates_session:
            raise DeniedError(Denial.CSRF)
        session = HttpSession(self._token(32), username, self._token(32), self._clock())
        self.sessions[session.id] = session
        return session

    def _needs_token(self, who: Credentials) -> bool:
        is_exempt = who.is_cometd and not self._options.csrf_on_cometd
        return self._options.csrf and not who.is_safe and not is_exempt


def _decode(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
