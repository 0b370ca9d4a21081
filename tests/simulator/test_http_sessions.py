import base64
from typing import Any

import pytest

from chatbot.simulator.agents import Agents
from chatbot.simulator.http_sessions import Credentials, Denial, DeniedError, HttpSession, HttpSessions
from chatbot.simulator.options import Options
from chatbot.simulator.tokens import CountingTokens
from tests.simulator.stage import Clock


class Gate:
    """Sessions with one agent, `bot` with password `x`, and a human."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        settings = Options(**options)
        agents = Agents(settings, CountingTokens())
        agents.add("bot", password="x")
        agents.add("eva", human=True)
        self.sessions = HttpSessions(settings, agents, self.clock, CountingTokens())

    def enter(self, method: str = "GET", user: str | None = "bot:x", **given: Any) -> HttpSession:
        header = None if user is None else "Basic " + base64.b64encode(user.encode()).decode()
        fields = {"cookie": None, "csrf_token": None, **given}
        return self.sessions.admit(Credentials(method, header, **fields))

    def denied(self, *args: Any, **given: Any) -> Denial:
        with pytest.raises(DeniedError) as caught:
            self.enter(*args, **given)
        return caught.value.denial


def test_a_read_with_credentials_opens_a_session_that_the_cookie_continues() -> None:
    gate = Gate()
    session = gate.enter()
    assert session.username == "bot"
    assert gate.enter(cookie=session.id) is session
    assert gate.enter(user=None, cookie=session.id) is session
    assert gate.enter() is not session


@pytest.mark.parametrize("user", ["bot:wrong", "nobody:x", "eva:x", "", None])
def test_refused_credentials(user: str | None) -> None:
    assert Gate().denied(user=user) is Denial.CREDENTIALS


@pytest.mark.parametrize("header", ["Bearer abc", "Basic !!!", "Basic /w=="])
def test_odd_headers_are_refused(header: str) -> None:
    with pytest.raises(DeniedError):
        Gate().sessions.admit(Credentials("GET", header, None, None))


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_write_needs_the_token_of_its_session(token: str | None) -> None:
    gate = Gate()
    session = gate.enter()
    assert gate.denied("POST", cookie=session.id, csrf_token=token) is Denial.CSRF
    assert gate.enter("POST", cookie=session.id, csrf_token=session.csrf_token) is session


def test_cometd_may_be_exempt() -> None:
    gate = Gate(csrf_on_cometd=False)
    session = gate.enter()
    assert gate.enter("POST", cookie=session.id, is_cometd=True) is session
    assert gate.denied("POST", cookie=session.id) is Denial.CSRF


def test_without_protection_nothing_is_asked() -> None:
    assert Gate(csrf=False).enter("POST").username == "bot"


@pytest.mark.parametrize("opens", [True, False])
def test_whether_a_write_without_cookie_opens_a_session(*, opens: bool) -> None:
    gate = Gate(post_creates_session=opens)
    if opens:
        assert gate.enter("POST").username == "bot"
    else:
        assert gate.denied("POST") is Denial.CSRF


def test_a_write_with_a_dead_cookie_has_lost_its_session_but_a_read_begins_anew() -> None:
    gate = Gate()
    session = gate.enter()
    assert gate.sessions.end("bot") == [session]
    assert gate.denied("POST", cookie=session.id, csrf_token=session.csrf_token) is Denial.SESSION
    assert gate.denied(user=None, cookie=session.id) is Denial.CREDENTIALS
    assert gate.enter(cookie=session.id) is not session


def test_logging_out_ends_one_session_only() -> None:
    gate = Gate()
    one, other = gate.enter(), gate.enter()
    assert gate.sessions.log_out(one.id) == [one]
    assert gate.enter(cookie=other.id) is other


def test_the_sessions_of_others_stay() -> None:
    gate = Gate()
    session = gate.enter()
    assert gate.sessions.end("eva") == []
    assert gate.sessions.end() == [session]


def test_an_idle_session_expires() -> None:
    gate = Gate(session_idle=1800)
    session = gate.enter()
    gate.clock.advance(1800)
    assert gate.sessions.expire() == []
    gate.clock.advance(1)
    assert gate.sessions.expire() == [session]


def test_use_keeps_a_session() -> None:
    gate = Gate(session_idle=1800)
    session = gate.enter()
    gate.clock.advance(1700)
    gate.enter(cookie=session.id)
    gate.clock.advance(1700)
    assert gate.sessions.expire() == []


def test_a_rotated_token_replaces_the_old_one() -> None:
    gate = Gate()
    session = gate.enter()
    old = session.csrf_token
    gate.sessions.rotate_csrf()
    assert gate.denied("POST", cookie=session.id, csrf_token=old) is Denial.CSRF


def test_the_claimed_name_comes_from_cookie_or_header() -> None:
    gate = Gate()
    session = gate.enter()
    header = "Basic " + base64.b64encode(b"claimed:x").decode()
    assert gate.sessions.name(None, session.id) == "bot"
    assert gate.sessions.name(header, None) == "claimed"
    assert gate.sessions.name(None, None) == ""
