"""The door: tokens, sessions, forms, and whose request it is."""

from collections.abc import Callable
from itertools import count

import pytest

from chatbot.console.access import COOKIE, SECURE_COOKIE, SESSION_S, Access, Caller, is_own

TOKEN = "a-token-of-enough-characters"


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def door(now: list[float]) -> Callable[[str], Access]:
    numbers = count()
    return lambda token: Access(token, lambda: now[0], lambda: f"secret{next(numbers)}")


def caller(access: Access, **headers: str) -> Caller:
    return access.caller({name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("host", "is_trusted"),
    [
        ("127.0.0.1:8080", True),
        ("localhost", True),
        ("[::1]:8080", True),
        ("evil.test", False),
        ("127.0.0.1.evil.test", False),
        ("", False),
        ("[::1", False),
        ("localhost@evil.test", False),
    ],
)
def test_without_a_token_the_browser_must_have_asked_this_machine(
    door: Callable[[str], Access], host: str, *, is_trusted: bool
) -> None:
    assert caller(door(""), host=host).is_trusted is is_trusted


@pytest.mark.parametrize(
    ("header", "is_trusted"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        ("Bearer", False),
        ("Bearer \xff\ud800", False),
        (f"Bearer {TOKEN}x", False),
    ],
)
def test_with_a_token_a_program_must_show_it(
    door: Callable[[str], Access], header: str, *, is_trusted: bool
) -> None:
    assert caller(door(TOKEN), authorization=header, host="localhost").is_trusted is is_trusted


def test_the_empty_text_is_never_the_token(door: Callable[[str], Access]) -> None:
    assert not door("").is_token("")


@pytest.mark.parametrize("name", [COOKIE, SECURE_COOKIE])
def test_a_session_lasts_a_shift_and_ends_when_it_is_told_to(
    door: Callable[[str], Access], now: list[float], name: str
) -> None:
    access = door(TOKEN)
    cookie = f"other=1; {name}={access.begin()}"
    assert caller(access, cookie=cookie).is_trusted
    now[0] = SESSION_S - 1.0
    assert caller(access, cookie=cookie).is_trusted
    now[0] = SESSION_S
    assert not caller(access, cookie=cookie).is_trusted
    again = f"{name}={access.begin()}"
    access.end(caller(access, cookie=again))
    assert not caller(access, cookie=again).is_trusted


@pytest.mark.parametrize("cookie", ["", COOKIE, f"{COOKIE}=", f"{COOKIE}=x; {COOKIE}=\x00", "\ud800", "=;=;"])
def test_no_other_cookie_is_a_session(door: Callable[[str], Access], cookie: str) -> None:
    access = door(TOKEN)
    access.begin()
    assert not caller(access, cookie=cookie).is_trusted


def test_sessions_are_not_kept_without_end(door: Callable[[str], Access]) -> None:
    access = door(TOKEN)
    first, *_, last = [access.begin() for _ in range(1_001)]
    assert not caller(access, cookie=f"{COOKIE}={first}").is_trusted
    assert caller(access, cookie=f"{COOKIE}={last}").is_trusted


def test_a_form_is_of_the_session_that_it_was_shown_to(door: Callable[[str], Access]) -> None:
    access = door(TOKEN)
    one, other = Caller("one"), Caller("other")
    assert access.is_form_token(one, access.form_token(one))
    assert not access.is_form_token(other, access.form_token(one))
    assert not door(TOKEN).is_form_token(one, access.form_token(one))
    assert not access.is_form_token(one, "\ud800")


def test_an_address_may_not_try_without_end(door: Callable[[str], Access]) -> None:
    access = door(TOKEN)
    for _ in range(5):
        assert access.may_try("10.0.0.1")
        access.failed("10.0.0.1")
    assert not access.may_try("10.0.0.1")
    assert access.may_try("10.0.0.2")
    access.forgive("10.0.0.1")
    assert access.may_try("10.0.0.1")


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site", "origin": "http://here", "host": "here"}, False),
        ({"origin": "http://here:1", "host": "here:1"}, True),
        ({"origin": "http://HERE", "host": "here"}, True),
        ({"origin": "http://here:2", "host": "here:1"}, False),
        ({"origin": "null", "host": "here"}, False),
        ({"origin": "http://[", "host": "here"}, False),
        ({"origin": "https://outside", "host": "inside", "x-forwarded-host": "outside"}, True),
        ({"origin": "", "host": ""}, False),
    ],
)
def test_whose_request_it_is(headers: dict[str, str], *, own: bool) -> None:
    assert is_own(headers) is own


@pytest.mark.parametrize(
    "cookie", ['prefs={{"a":1}}; {}', "a b=c; {}", "{}; x=[1,2]", "{0}; {1}=tossed", "{1}=tossed; {0}"]
)
def test_cookies_of_other_services_on_this_host_end_no_session(
    door: Callable[[str], Access], cookie: str
) -> None:
    access = door(TOKEN)
    own = f"{COOKIE}={access.begin()}"
    assert caller(access, cookie=cookie.format(own, COOKIE)).is_trusted
    access.end(caller(access, cookie=own))
    assert not caller(access, cookie=cookie.format(own, COOKIE)).is_trusted
