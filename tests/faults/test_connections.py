"""Rows 17, 18, 25 to 27 and 38: cookies, CSRF headers, certificates, plain http and proxies.

Of revoked certificates nobody knows here: no list of them is read (row 25, "revoked-name").
"""

from __future__ import annotations

import asyncio
import json
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.raw import CSRF, Asked, Platform, serving
from tests.faults.stage import Echo, JumpClock, a_bot, at_work, settings, starting
from tests.wire.certificates import Certificates, make
from tests.wire.raw_server import answer

GOOD = "JSESSIONID=canary-cookie-5521"


def posts(platform: Platform) -> list[Asked]:
    return [asked for asked in platform.asked if not asked.what.startswith("GET ")]


COOKIES = [
    *("S=1; Domain=.com", "S=1; Domain=elsewhere.example; Path=/", "S=a\x01b; Path=/", ";;;", "=", ""),
    *(
        "S=" + "x" * 5000 + "; Path=/",
        "S=1; Path=/elsewhere",
        "S=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ),
]


async def test_row_17_a_hostile_cookie_is_dropped_and_the_session_stands(platform: Platform) -> None:
    """The good one is Secure, and is kept although the connection is not."""
    platform.headers = [f"Set-Cookie: {cookie}" for cookie in COOKIES]
    async with at_work(platform) as work:
        await work.goes_on()
    assert [asked.all("Cookie") for asked in platform.asked] == [[], *[[GOOD]] * (len(platform.asked) - 1)]


async def test_row_17_a_cookie_with_a_line_break_adds_no_header(platform: Platform) -> None:
    platform.headers = [
        "Set-Cookie: S=1; Path=/\r\nX-Evil: 1",
        'Set-Cookie: T="a\\015\\012X-Evil: 2"; Path=/',
    ]
    async with at_work(platform) as work:
        await work.goes_on()
    assert [asked for asked in platform.asked if asked.all("X-Evil")] == []
    assert GOOD in platform.asked[-1].all("Cookie")[0]


EVIL = [
    "Host",
    "Authorization",
    "Cookie",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Proxy-X",
    "a b",
    "ä:",
]


async def test_row_18_a_csrf_header_takes_no_other_name(platform: Platform) -> None:
    """Once the good one is known, all answers offer an evil one."""
    async with at_work(platform) as work:
        chat = await work.chat()
        for name in EVIL:
            platform.csrf = [f"X-CSRF-HEADER: {name}", "X-CSRF-TOKEN: evil"]
            platform.says(chat, name)
            await work.until(lambda name=name: chat.said()[-1] == f"You said {name}")
        await work.goes_on(chat)
    assert [asked for asked in platform.asked if "evil" in str(asked.headers)] == []
    assert {tuple(asked.all("X-CSRF")) for asked in posts(platform)} == {(CSRF,)}


async def test_row_18_a_line_break_in_a_csrf_header_adds_none(platform: Platform) -> None:
    platform.csrf = ["X-CSRF-HEADER: X-A\r\nX-Evil: 1", "X-CSRF-TOKEN: t\r\nX-Evil: 2"]
    async with at_work(platform) as work:
        await work.goes_on()
    assert {tuple(asked.all("X-A")) for asked in posts(platform)} == {("t",)}
    assert [asked for asked in platform.asked if asked.all("X-Evil")] == []


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make(tmp_path_factory.mktemp("certificates"))


def old(certificates: Certificates, version: str) -> ssl.SSLContext:
    """A server that speaks nothing newer than this."""
    context = certificates.server("here")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    return context


SERVERS = ["unsigned", "elsewhere", "expired", "TLSv1", "TLSv1_1"]


@pytest.mark.parametrize("server", SERVERS, ids=lambda name: f"row-25-{name}")
async def test_a_server_that_cannot_be_trusted_gets_no_password(
    platform: Platform, certificates: Certificates, server: str
) -> None:
    """The bot says why, stays up and goes on trying."""
    tls = old(certificates, server) if server.startswith("TLS") else certificates.server(server)
    async with starting(platform, tls=tls, ca_file=Path(certificates.authority)) as work:
        await work.until(lambda: work.clock.monotonic() > 20)
        assert (platform.asked, work.running.done()) == ([], False)
        problems = " ".join(work.bot.health.problems())
        assert "not logged in" in problems
        assert "cannot connect" in problems


async def test_row_25_a_server_that_can_be_trusted_gets_it(
    platform: Platform, certificates: Certificates
) -> None:
    tls = certificates.server("here")
    async with at_work(platform, tls=tls, ca_file=Path(certificates.authority)) as work:
        await work.goes_on()


async def test_row_25_the_authorities_of_the_system_do_not_know_a_test(
    platform: Platform, certificates: Certificates
) -> None:
    async with starting(platform, tls=certificates.server("here")) as work:
        await work.until(lambda: work.clock.monotonic() > 5)
        assert platform.asked == []
        assert "certificate verify failed" in " ".join(work.bot.health.problems())


@pytest.mark.parametrize("server", ["http://gws.example.com", "http://10.0.0.1:8090", "HTTP://[2001:db8::1]"])
def test_row_26_no_password_goes_out_in_the_open_unless_that_is_said(server: str) -> None:
    with pytest.raises(ValueError, match="would get the password without encryption"):
        settings(server)
    assert settings(server, allow_plain_http=True).server == server.replace("HTTP", "http")


# proxies


async def test_row_27_a_proxy_of_the_environment_gets_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = Platform()
    async with serving(decoy) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        async with at_work(platform) as work:
            await work.goes_on()
    assert decoy.connections == 0


@asynccontextmanager
async def two_bots(platform: Platform) -> AsyncIterator[None]:
    async with serving(platform) as url, asyncio.TaskGroup() as tasks:
        clock = JumpClock(platform)
        platform.now = clock.monotonic
        ticking = tasks.create_task(clock.run())
        bots = [a_bot(clock, url, [Echo()], name, username=name)[0] for name in ("one", "two")]
        running = [tasks.create_task(bot.run(drain_timeout=1.0)) for bot in bots]
        await platform.until(lambda: not any(bot.health.problems() for bot in bots))
        yield
        for bot in bots:
            bot.stop()
        async with asyncio.timeout(8.0):
            await asyncio.gather(*running)
        ticking.cancel()


async def test_row_38_no_agent_has_the_cookie_or_token_of_another(platform: Platform) -> None:
    def own(asked: Asked) -> bytes:
        cookie, csrf = (
            f"Set-Cookie: S={asked.agent}; Path=/",
            ["X-CSRF-HEADER: X-T", f"X-CSRF-TOKEN: {asked.agent}"],
        )
        return answer(json.dumps({"statusCode": 0, "user": {}}).encode(), cookie, *csrf)

    platform.answers("GET me", own, times=None)
    async with two_bots(platform):
        pass
    for name in ("one", "two"):
        of_one = [asked for asked in platform.asked if asked.agent == name]
        cookies = {part.strip() for asked in of_one for part in ";".join(asked.all("Cookie")).split(";")} - {
            ""
        }
        tokens = {token for asked in of_one for token in asked.all("X-T")}
        assert (cookies, tokens, len(of_one) > 5) == ({f"S={name}", GOOD}, {name}, True)
