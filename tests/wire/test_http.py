"""The HTTP port over real sockets: what each request carries, to whom, and what its answer becomes."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from chatbot.model.errors import ConnectionLost
from chatbot.wire.http import HttpxHttp, Reply, tls_context
from tests.wire.certificates import Certificates, make
from tests.wire.raw_server import RawServer, answer, hang, serving

CANARY = "canary-päss:word"
BASIC = "Basic " + b64encode(f"concierge:{CANARY}".encode()).decode()


@asynccontextmanager
async def talking(*plays: bytes) -> AsyncIterator[tuple[RawServer, HttpxHttp]]:
    async with serving(*plays) as server, aclosing(client(server.url)) as http:
        yield server, http


def client(url: str, *, tls: ssl.SSLContext | None = None, proxy: str | None = None) -> HttpxHttp:
    return HttpxHttp(url, credentials=("concierge", CANARY), tls=tls, proxy=proxy)


async def get(http: HttpxHttp, path: str = "/api/v2/me") -> Reply:
    return await http.request("GET", path, timeout_s=5.0)


async def post(http: HttpxHttp, path: str = "/api/v2/me/chats/1") -> Reply:
    return await http.request("POST", path, content=b'{"a":1}', timeout_s=5.0)


async def test_request_is_plain_http_with_path_body_and_whole_answer() -> None:
    said = answer(b'{"statusCode":0}', "X-Some-Thing: 1", status="202 Accepted")
    async with talking(said) as (server, http):
        reply = await post(http, "/api/v2/me/chats/A?fields=*")
    (request,) = server.requests
    assert (request.line, request.body) == ("POST /api/v2/me/chats/A?fields=* HTTP/1.1", b'{"a":1}')
    assert (reply.status, reply.headers["x-some-thing"], reply.body) == (202, "1", b'{"statusCode":0}')
    names = ("Host", "Accept", "Accept-Encoding", "Content-Type", "User-Agent")
    assert [request.all(name) for name in names] == [
        [f"127.0.0.1:{server.port}"],
        ["application/json"],
        ["identity"],
        ["application/json"],
        ["chatbot"],
    ]


async def test_path_prefix_of_the_server_comes_before_each_path() -> None:
    async with serving() as server, aclosing(client(server.url + "/genesys/")) as http:
        await get(http)
    assert server.requests[0].line == "GET /genesys/api/v2/me HTTP/1.1"


async def test_requests_one_after_another_share_a_connection() -> None:
    async with talking() as (server, http):
        for _ in range(3):
            await get(http)
        assert server.connections == 1


async def test_requests_at_the_same_time_do_not_wait_for_each_other() -> None:
    """The library's own pool would let 100 through."""
    gate = asyncio.Event()
    async with serving() as server, aclosing(client(server.url)) as http:

        async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(server.requests) == 101:
                gate.set()
            await gate.wait()
            writer.write(answer())

        server.script.extend([held] * 101)
        replies = await asyncio.gather(*(get(http) for _ in range(101)))
        assert [reply.status for reply in replies] == [200] * 101


async def test_password_goes_with_every_request() -> None:
    async with talking(answer(status="401 Unauthorized")) as (server, http):
        await get(http)
        await post(http)
        await get(http)
    assert [request.all("Authorization") for request in server.requests] == [[BASIC]] * 3


async def test_client_without_credentials_sends_none() -> None:
    async with serving() as server, aclosing(HttpxHttp(server.url)) as http:
        await get(http)
    assert server.requests[0].all("Authorization") == []


def csrf(name: str, token: str) -> list[str]:
    return [f"X-CSRF-HEADER: {name}", f"X-CSRF-TOKEN: {token}"]


async def test_csrf_header_is_learned_from_every_answer_and_sent_with_every_post() -> None:
    async with talking(
        answer(b"{}", *csrf("X-CSRF", "one")),
        answer(),
        answer(b"{}", *csrf("X-CSRF", "two")),
        answer(b"", *csrf("X-Other", "three"), status="403 Forbidden"),
    ) as (server, http):
        await get(http)
        await get(http)
        for _ in range(3):
            await post(http)
    found = [(request.all("X-CSRF"), request.all("X-Other")) for request in server.requests]
    assert found == [([], []), ([], []), (["one"], []), (["two"], []), ([], ["three"])]


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "host", "AUTHORIZATION", "Cookie", "Connection", "Proxy-Authorization", "proxy-x"),
        *("Content-Type", "content-length", "Content-X", "Transfer-Encoding"),
        *("", "a b", "a:b", "a\tb", "ä", "a,b", "(x)"),
    ],
)
async def test_csrf_header_may_not_take_the_name_of_another(name: str) -> None:
    async with talking(answer(b"{}", *csrf("X-CSRF", "good")), answer(b"{}", *csrf(name, "evil"))) as (
        server,
        http,
    ):
        await get(http)
        await get(http)
        await post(http)
    (request,) = server.requests[2:]
    assert request.all("X-CSRF") == ["good"]
    assert "evil" not in str(request.headers)


@pytest.mark.parametrize("name", ["Hostess", "Cookie-2", "x-host", "Connections", "Proxying", "Contents"])
async def test_csrf_header_may_have_any_other_name(name: str) -> None:
    async with talking(answer(b"{}", *csrf(name, "good"))) as (server, http):
        await get(http)
        await post(http)
    assert server.requests[1].all(name) == ["good"]


@pytest.mark.parametrize("token", ["", "tökén", "a\tb", "a\x01b"])
async def test_csrf_token_that_cannot_be_a_header_is_not_taken(token: str) -> None:
    async with talking(answer(b"{}", *csrf("X-CSRF", token))) as (server, http):
        await get(http)
        await post(http)
    assert server.requests[1].all("X-CSRF") == []


@pytest.mark.parametrize("half", [["X-CSRF-HEADER: X-CSRF"], ["X-CSRF-TOKEN: x"]])
async def test_half_of_the_csrf_headers_is_none(half: list[str]) -> None:
    async with talking(answer(b"{}", *half)) as (server, http):
        await get(http)
        await post(http)
    assert server.requests[1].all("X-CSRF") == []


async def cookies_after(*cookies: str) -> list[str]:
    """What the second request carries."""
    async with talking(answer(b"{}", *(f"Set-Cookie: {one}" for one in cookies))) as (server, http):
        await get(http)
        await post(http)
    return server.requests[1].all("Cookie")


@pytest.mark.parametrize(
    ("cookies", "sent"),
    [
        (["JSESSIONID=1; Path=/api/v2; HttpOnly"], ["JSESSIONID=1"]),
        (["JSESSIONID=1; Path=/; Secure; HttpOnly"], ["JSESSIONID=1"]),
        (["JSESSIONID=1"], ["JSESSIONID=1"]),
        (["JSESSIONID=1; Path=/", "AWSELB=2; Path=/"], ["JSESSIONID=1; AWSELB=2"]),
        (["JSESSIONID=1; Path=/; Max-Age=0"], []),
        (["JSESSIONID=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], []),
    ],
    ids=str,
)
async def test_cookies_are_kept_also_secure_ones_over_plain_http_and_by_address(
    cookies: list[str], sent: list[str]
) -> None:
    """Reference 4.5: a jar that obeyed ``Secure`` would lose the session silently."""
    assert await cookies_after(*cookies) == sent


async def test_newer_cookie_replaces_the_older() -> None:
    async with talking(
        answer(b"{}", "Set-Cookie: S=1; Path=/"), answer(b"{}", "Set-Cookie: S=2; Path=/")
    ) as (
        server,
        http,
    ):
        for _ in range(3):
            await post(http)
    assert [request.all("Cookie") for request in server.requests] == [[], ["S=1"], ["S=2"]]


@pytest.mark.parametrize(("size", "count"), [(1, 50), (3000, 5)], ids=["many small ones", "few large ones"])
async def test_cookies_are_bounded_and_the_one_set_longest_ago_goes_first(size: int, count: int) -> None:
    cookies = [answer(b"{}", f"Set-Cookie: C{number}={'x' * size}; Path=/") for number in range(60)]
    again = answer(b"{}", f"Set-Cookie: C{60 - count}={'y' * size}; Path=/")
    async with talking(*cookies, again, cookies[0]) as (server, http):
        for _ in range(63):
            await post(http)
    (sent,) = server.requests[62].all("Cookie")
    names = {one.partition("=")[0] for one in sent.split("; ")}
    kept = {f"C{number}" for number in range(60 - count, 60)} - {f"C{61 - count}"}
    assert names == kept | {"C0"}


async def test_two_clients_never_share_cookies_or_tokens() -> None:
    said = answer(b"{}", "Set-Cookie: S=1; Path=/", *csrf("X-CSRF", "one"))
    async with talking(said) as (server, one), aclosing(client(server.url)) as other:
        await get(one)
        await post(other)
        await post(one)
    assert [(r.all("Cookie"), r.all("X-CSRF")) for r in server.requests[1:]] == [([], []), (["S=1"], ["one"])]


def test_neither_keys_nor_authorities_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificates: Certificates
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    tls_context.cache_clear()
    system, own = tls_context(), tls_context(str(certificates.authority))
    tls_context.cache_clear()
    assert (system.keylog_filename, own.keylog_filename) == (None, None)
    ours = own.get_ca_certs()
    assert len(ours) == 1
    assert ours[0] not in system.get_ca_certs()
    for context in (system, own):
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2


PROXY_VARIABLES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as proxy:
        for name in PROXY_VARIABLES:
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with talking() as (server, http):
            await get(http)
    assert (len(server.requests), proxy.connections) == (1, 0)


async def test_proxy_of_the_configuration_is_used() -> None:
    async with serving() as server, serving() as proxy:
        async with aclosing(client(server.url, proxy=proxy.url)) as http:
            await get(http)
        assert proxy.requests[0].line == f"GET {server.url}/api/v2/me HTTP/1.1"
        assert server.connections == 0


async def test_proxy_that_refuses_a_tunnel_gets_no_password() -> None:
    async with serving(answer(status="403 Forbidden")) as proxy:
        async with aclosing(client("https://gws.example", proxy=proxy.url)) as http:
            with pytest.raises(ConnectionLost) as caught:
                await get(http)
        assert proxy.requests[0].line.startswith("CONNECT gws.example:443 ")
        assert (caught.value.sent, BASIC.encode() in proxy.received) == (False, False)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make(tmp_path_factory.mktemp("certificates"))


async def test_server_of_the_own_authority_is_trusted(certificates: Certificates) -> None:
    tls = tls_context(certificates.authority)
    async with (
        serving(tls=certificates.server("here")) as server,
        aclosing(client(server.url, tls=tls)) as http,
    ):
        assert (await get(http)).status == 200
    assert server.requests[0].all("Authorization") == [BASIC]


@pytest.mark.parametrize(
    ("shown", "trusts_authority"),
    [("here", False), ("unsigned", False), ("unsigned", True), ("elsewhere", True)],
)
async def test_server_that_is_not_trusted_gets_no_request_and_no_password(
    certificates: Certificates, shown: str, *, trusts_authority: bool
) -> None:
    contexts = [tls_context(certificates.authority)] if trusts_authority else [tls_context(), None]
    async with serving(tls=certificates.server(shown)) as server:
        for tls in contexts:
            async with aclosing(client(server.url, tls=tls)) as http:
                with pytest.raises(ConnectionLost, match="certificate") as caught:
                    await get(http)
            assert not caught.value.sent
    assert (server.requests, server.received) == ([], b"")


def test_old_versions_of_tls_are_refused_and_settings_are_shared() -> None:
    assert tls_context().minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls_context() is tls_context()
    assert tls_context().verify_mode is ssl.CERT_REQUIRED


async def test_cancelled_request_leaves_no_connection_open() -> None:
    async with serving(hang) as server, aclosing(client(server.url)) as http:
        task = asyncio.create_task(get(http))
        await server.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.left.wait(), 2.0)
