"""The CometD matrix, T15: one HTTP session for REST and CometD, behind whatever stands between."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from chatbot.wire.http import tls_context
from tests.interop.bench import Bench
from tests.interop.proxy import forward_proxy

pytestmark = pytest.mark.interop

CREDENTIALS = ("concierge", "päss:word")
DEMANDS = {"basic": "concierge:päss:word", "session": True, "csrf": True}


async def test_t15_cookies_csrf_header_and_password_are_shared_with_rest(bench: Bench) -> None:
    server = await bench.serve()
    await server.demand(**DEMANDS)
    http = bench.http(server, credentials=CREDENTIALS)
    await http.request("GET", "/api/v2/me", timeout_s=5.0)
    async with bench.bot(server, http=http) as bot:
        await bot.until_polled()
        await http.request("GET", "/api/v2/me", timeout_s=5.0)
        await server.publish(5)
        await bot.until_heard(5)
    assert bot.troubles == []
    assert bot.login.calls == 0
    assert len(server.requests("/meta/handshake")) == 1
    rest, poll = (
        [seen for seen in server.seen if seen.method == "GET"][-1],
        server.requests("/meta/connect")[-1],
    )
    assert _cookies(rest.headers) == _cookies(poll.headers)


async def test_t15_bot_that_is_not_logged_in_logs_in_once(bench: Bench) -> None:
    server = await bench.serve()
    await server.demand(**DEMANDS)
    http = bench.http(server, credentials=CREDENTIALS)
    async with bench.bot(server, http=http) as bot:
        await bot.until_session(1)
    assert [error.status for error in bot.troubles] == [401]
    assert bot.login.calls == 1


@pytest.mark.parametrize(("change", "status"), [("rotate", 403), ("log_out", 401)])
async def test_t15_changed_token_or_ended_session_costs_one_login(
    bench: Bench, change: str, status: int
) -> None:
    server = await bench.serve()
    await server.demand(**DEMANDS)
    http = bench.http(server, credentials=CREDENTIALS)
    await http.request("GET", "/api/v2/me", timeout_s=5.0)
    async with bench.bot(server, http=http) as bot:
        await server.until_held()
        await server.call(change)
        await server.publish(1)  # ends the held poll
        await bot.until_trouble()
        await bot.until_polled()
        await server.publish(5, first=1)
        await bot.until_heard(6)
    assert bot.numbers == list(range(6))
    assert [error.status for error in bot.troubles] == [status]
    assert bot.login.calls == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_t15_cookies_are_kept_for_addresses_and_names(bench: Bench, host: str) -> None:
    server = await bench.serve()
    await server.demand(session=True)
    http = bench.http(f"http://{host}:{server.port}")
    await http.request("GET", "/api/v2/me", timeout_s=5.0)
    async with bench.bot(server, http=http) as bot:
        await bot.until_polled()
        await server.publish(5)
        await bot.until_heard(5)
    assert bot.troubles == []


async def test_t15_server_with_a_certificate_of_its_own_authority(bench: Bench, tmp_path: Path) -> None:
    ca, cert, key = _certificates(tmp_path)
    server = await bench.serve(cert=cert, key=key)
    http = bench.http(server, tls=tls_context(ca))
    async with bench.bot(server, http=http) as bot:
        await bot.until_polled()
        await server.publish(5)
        await bot.until_heard(5)
    assert bot.troubles == []


async def test_t15_unknown_authority_is_told_as_trouble(bench: Bench, tmp_path: Path) -> None:
    _, cert, key = _certificates(tmp_path)
    server = await bench.serve(cert=cert, key=key)
    http = bench.http(server, tls=tls_context())
    async with bench.bot(server, http=http) as bot:
        await bot.until_trouble()
    assert "certificate" in str(bot.troubles[0])
    assert server.seen == []


async def test_t15_everything_goes_through_the_proxy(bench: Bench) -> None:
    server = await bench.serve()
    async with forward_proxy() as proxy:
        http = bench.http(server, proxy=proxy.url)
        async with bench.bot(server, http=http) as bot:
            await bot.until_polled()
            await server.publish(5)
            await bot.until_heard(5)
    assert bot.troubles == []
    assert proxy.connections >= 1


def _cookies(headers: object) -> set[str]:
    assert isinstance(headers, dict)
    return set(headers["cookie"].split("; "))


def _certificates(folder: Path) -> tuple[str, str, str]:
    """An authority and a server's certificate from it: the paths of authority, certificate, key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    (folder / "san.cnf").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    sign = ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    steps = (
        ["req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA"],
        ["req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1"],
        [*sign, "-extfile", "san.cnf", "-out", "server.pem"],
    )
    for step in steps:
        subprocess.run([openssl, *step], cwd=folder, check=True, capture_output=True)
    ca, cert, key = (str(folder / name) for name in ("ca.pem", "server.pem", "server.key"))
    return ca, cert, key
