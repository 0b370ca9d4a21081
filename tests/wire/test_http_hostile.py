"""The HTTP port against servers that are broken or hostile: a whole answer in time, or one of two errors."""

from __future__ import annotations

import asyncio
import gzip
import socket
import traceback
import tracemalloc
import zlib
from base64 import b64encode
from contextlib import aclosing

import pytest

from chatbot.model.errors import ConnectionLost, ProtocolViolation, WireError
from chatbot.wire.http import MAX_BODY, HttpxHttp, Reply
from tests.wire.raw_server import Play, answer, closing, dripping, flooding, hang, resetting, serving

CANARY = "canary-password"
SECRETS = (CANARY, b64encode(f"concierge:{CANARY}".encode()).decode())
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = b"100000\r\n" + b"x" * 2**20 + b"\r\n"


async def ask(url: str, *, timeout_s: float = 5.0, times: int = 1) -> Reply:
    """The last of so many answers."""
    async with aclosing(HttpxHttp(url, credentials=("concierge", CANARY))) as http:
        for _ in range(times):
            reply = await http.request("POST", "/api/v2/me", content=b"{}", timeout_s=timeout_s)
    return reply


async def error_of(*plays: Play, timeout_s: float = 5.0) -> WireError:
    """What the request raises; no password is in it, nor in what caused it."""
    async with serving(*plays) as server:
        with pytest.raises(WireError) as caught:
            await ask(server.url, timeout_s=timeout_s)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not any(secret in told for secret in SECRETS)
    return caught.value


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "where", ["http://localhost:{port}/x", "http://127.0.0.1:{port}/", "//127.0.0.1:{port}/"]
)
async def test_redirect_to_another_host_or_port_is_not_followed(status: int, where: str) -> None:
    async with serving() as other:
        location = "Location: " + where.format(port=other.port)
        csrf = ["X-CSRF-HEADER: X-CSRF", "X-CSRF-TOKEN: t", "Set-Cookie: S=1; Path=/"]
        async with serving(answer(b"", location, *csrf, status=f"{status} Moved")) as server:
            assert (await ask(server.url)).status == status
        assert (other.connections, other.received) == (0, b"")


@pytest.mark.parametrize(
    "location", ["/api/v2/login", "http://[", "javascript:alert(1)", "file:///etc/passwd", "", "\xff"]
)
async def test_redirect_to_anywhere_is_just_an_answer(location: str) -> None:
    async with serving(answer(b"", f"Location: {location}", status="302 Found")) as server:
        assert (await ask(server.url)).status == 302
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "play",
    [
        hang,
        dripping(b"", b"H"),
        dripping(OK, b"X-Drip: 1\r\n"),
        dripping(OK + b"Content-Length: 100000\r\n\r\n", b"x"),
        dripping(CHUNKED, b"1\r\nx\r\n"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "status", "headers", "body", "chunks", "continue"],
)
async def test_deadline_is_for_the_whole_answer_however_slowly_it_drips(play: Play) -> None:
    async with asyncio.timeout(2.0):
        error = await error_of(play, timeout_s=0.1)
    assert isinstance(error, ConnectionLost)
    assert (error.sent, error.text) == (True, "no answer to POST within 0.1 s")


async def test_client_is_usable_after_a_deadline() -> None:
    async with serving(hang) as server, aclosing(HttpxHttp(server.url)) as http:
        with pytest.raises(ConnectionLost):
            await http.request("GET", "/", timeout_s=0.1)
        assert (await http.request("GET", "/", timeout_s=5.0)).status == 200
        assert server.connections == 2


async def test_server_that_cannot_be_reached_got_nothing_for_certain() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plug:
        port = plug.getsockname()[1]
    with pytest.raises(ConnectionLost, match="cannot connect") as caught:
        await ask(f"http://127.0.0.1:{port}")
    assert not caught.value.sent


BROKEN: dict[str, Play] = {
    "closed at once": closing(b""),
    "reset at once": resetting(b""),
    "closed in the headers": closing(OK + b"Content-Le"),
    "reset in the headers": resetting(OK + b"Content-Le"),
    "closed in the body": closing(OK + b"Content-Length: 100\r\n\r\n{}"),
    "reset in the body": resetting(OK + b"Content-Length: 100\r\n\r\n{}"),
    "closed in a chunk": closing(CHUNKED + b"5\r\nab"),
    "closed before the last chunk": closing(CHUNKED + b"2\r\n{}\r\n"),
    "no chunk size": closing(CHUNKED + b"zz\r\n{}\r\n"),
    "not http": closing(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "no status": closing(b"HTTP/1.1 \r\n\r\n"),
    "two lengths": closing(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
    "odd length": closing(OK + b"Content-Length: -2\r\n\r\n{}"),
    "header without colon": closing(OK + b"Nonsense\r\n\r\n"),
    "nul in a header": closing(OK + b"X: \x00\r\nContent-Length: 0\r\n\r\n"),
    "huge headers": closing(OK + b"X: " + b"x" * 500_000),
    "endless headers": flooding(OK, b"X-Flood: 1\r\n" * 1000),
}


@pytest.mark.parametrize("play", BROKEN.values(), ids=BROKEN.keys())
async def test_answer_that_is_broken_is_a_lost_connection_and_the_request_may_have_arrived(
    play: Play,
) -> None:
    error = await error_of(play)
    assert isinstance(error, ConnectionLost)
    assert error.sent
    assert error.text.startswith(("the server broke off: ", "connection lost: "))
    assert not error.text.endswith(": ")


async def test_body_without_a_length_ends_with_the_connection() -> None:
    async with serving(closing(OK + b'\r\n{"statusCode":0}')) as server:
        assert (await ask(server.url)).body == b'{"statusCode":0}'


@pytest.mark.parametrize(
    "play",
    [
        flooding(CHUNKED, MEGABYTE),
        flooding(OK + b"\r\n", b"x" * 2**20),
        closing(OK + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1) + b"x" * (MAX_BODY + 1)),
    ],
    ids=["chunks", "no length", "length"],
)
async def test_answer_without_end_is_given_up_at_the_cap(play: Play) -> None:
    error = await error_of(play)
    assert isinstance(error, ProtocolViolation)
    assert (error.text, error.status) == (f"the answer is larger than {MAX_BODY} bytes", 200)


async def test_connection_of_an_answer_that_was_given_up_is_closed() -> None:
    async with serving(flooding(CHUNKED, MEGABYTE)) as server, aclosing(HttpxHttp(server.url)) as http:
        with pytest.raises(ProtocolViolation):
            await http.request("GET", "/", timeout_s=5.0)
        await asyncio.wait_for(server.left.wait(), 2.0)


async def test_answer_as_large_as_the_cap_is_read() -> None:
    async with serving(answer(b"x" * MAX_BODY)) as server:
        assert len((await ask(server.url)).body) == MAX_BODY


def squeezed(body: bytes, encoding: str = "gzip") -> bytes:
    return answer(body, f"Content-Encoding: {encoding}", status="403 Forbidden")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(b"[1]", mtime=0), "gzip"),
        (gzip.compress(b"[1]", mtime=0), " GZip "),
        (gzip.compress(b"[1]", mtime=0), "x-gzip"),
        (zlib.compress(b"[1]"), "deflate"),
        (b"[1]", "identity"),
        (b"[1]", ""),
        (gzip.compress(b"[1]", mtime=0) + b"more", "gzip"),
    ],
)
async def test_compressed_answer_that_was_not_asked_for_is_read(body: bytes, encoding: str) -> None:
    async with serving(squeezed(body, encoding)) as server:
        assert (await ask(server.url)).body == b"[1]"


@pytest.mark.parametrize(
    ("body", "encoding", "text"),
    [
        (gzip.compress(b"0" * (MAX_BODY + 1)), "gzip", f"the answer is larger than {MAX_BODY} bytes"),
        (zlib.compress(b"0" * 50_000_000), "deflate", f"the answer is larger than {MAX_BODY} bytes"),
        (b"not gzip", "gzip", "the answer cannot be decompressed"),
        (gzip.compress(b"[1]", mtime=0)[:-9], "gzip", "the answer was compressed and is not whole"),
        (b"[1]", "br", "the answer has a Content-Encoding that was not asked for"),
        (
            gzip.compress(b"[1]", mtime=0),
            "gzip, gzip",
            "the answer has a Content-Encoding that was not asked for",
        ),
    ],
    ids=["gzip bomb", "deflate bomb", "rubbish", "cut off", "brotli", "twice"],
)
async def test_compressed_answer_that_cannot_be_read_is_a_violation(
    body: bytes, encoding: str, text: str
) -> None:
    error = await error_of(squeezed(body, encoding))
    assert isinstance(error, ProtocolViolation)
    assert (error.text, error.status) == (text, 403)


async def test_answer_without_a_body_needs_no_decompression() -> None:
    async with serving(squeezed(b"")) as server:
        assert (await ask(server.url)).body == b""


async def test_bomb_is_never_unpacked_beyond_the_cap() -> None:
    bomb = squeezed(gzip.compress(b"0" * (8 * MAX_BODY)))
    tracemalloc.start()
    try:
        await error_of(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MAX_BODY


NOT_KEPT = [
    "S=1; Domain=.com",
    "S=1; Domain=com; Path=/",
    "S=1; Domain=elsewhere.example; Path=/",
    "S=1; Path=/elsewhere",
    "S=a\x01b; Path=/",
    "S=" + "x" * 4096 + "; Path=/",
    "S" * 4097 + "=1; Path=/",
    "S=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "",
    ";;;",
    "=",
]


@pytest.mark.parametrize("cookie", NOT_KEPT, ids=lambda cookie: cookie[:40])
async def test_hostile_cookie_is_dropped_and_costs_no_other(cookie: str) -> None:
    async with serving(answer(b"{}", f"Set-Cookie: {cookie}", "Set-Cookie: GOOD=1; Path=/")) as server:
        await ask(server.url, times=2)
    assert server.requests[1].all("Cookie") == ["GOOD=1"]


ODD = [
    "S",
    "=1",
    "S=1; Max-Age=abc; Path=/",
    "S=1; Max-Age=" + "9" * 30,
    "S=1; Expires=Thu, 99 Foo 99999999999 99:99:99 GMT",
    "S=1; Version=99; Port=x",
    'S="1',
    'S="a\\"b"; Path=/',
    "S=ä; Path=/",
    "S=1\tX: 2; Path=/",
    "S=1; Domain=",
    "S=1; Domain=127.0.0.1",
    "S=" + "x" * 4095,
    "S=1; " * 1000,
    "\xff\xfe=\xff",
]


@pytest.mark.parametrize("cookie", ODD, ids=lambda cookie: cookie[:40])
async def test_odd_cookie_never_breaks_a_request_or_adds_a_header(cookie: str) -> None:
    async with serving(answer(b"{}", f"Set-Cookie: {cookie}")) as server:
        assert (await ask(server.url, times=3)).status == 200
    names = {name for request in server.requests for name, _ in request.headers}
    assert "X" not in names
    assert len(server.requests) == 3


async def test_line_break_in_a_cookie_or_token_only_ends_its_header() -> None:
    evil = ["Set-Cookie: S=1; Path=/\r\nX-Evil: 1", "X-CSRF-HEADER: X-A", "X-CSRF-TOKEN: t\r\nX-Evil: 2"]
    async with serving(answer(b"{}", *evil)) as server:
        await ask(server.url, times=2)
    request = server.requests[1]
    assert (request.all("Cookie"), request.all("X-A"), request.all("X-Evil")) == (["S=1"], ["t"], [])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "api",
        "http://elsewhere.example/",
        "https:/x",
        "/a b",
        "/a\r\nX-Evil: 1",
        "/a\n",
        "/a\x00",
        "/ä",
        "/\t",
        "*",
        "?x",
        "@elsewhere.example/",
    ],
)
async def test_anything_but_a_path_below_the_server_is_refused_here(path: str) -> None:
    async with (
        serving() as server,
        aclosing(HttpxHttp(server.url, credentials=("concierge", CANARY))) as http,
    ):
        with pytest.raises(ValueError, match="not a path below the server"):
            await http.request("GET", path, timeout_s=5.0)
        assert server.connections == 0


@pytest.mark.parametrize(
    "path",
    ["//elsewhere.example/x", "/@elsewhere.example/", "/\\elsewhere.example", "/%0d%0aX-Evil:1", "/../x"],
)
async def test_path_that_looks_like_another_host_stays_at_the_server(path: str) -> None:
    async with serving() as server, aclosing(HttpxHttp(server.url)) as http:
        assert (await http.request("GET", path, timeout_s=5.0)).status == 200
    (request,) = server.requests
    assert request.all("Host") == [f"127.0.0.1:{server.port}"]
    assert request.all("X-Evil") == []


async def test_password_is_not_in_the_representation_of_a_client() -> None:
    http = HttpxHttp("http://127.0.0.1:1", credentials=("concierge", CANARY))
    async with aclosing(http):
        assert not any(secret in f"{http!r} {http}" for secret in SECRETS)
