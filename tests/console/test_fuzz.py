"""Whatever is sent to the admin pages: no answer is a fault, and none repeats what was sent."""

import asyncio
import random
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from chatbot.console.admin import Admin, create_admin
from chatbot.console.gate import MOST_BODY
from chatbot.service.supervisor import Service
from chatbot.simulator.server import serve
from tests.console.desk import TOKEN
from tests.service.house import HandClock, bot_at, world

CANARY = "<cAnArY'\"&>"
FORMS = ["/bots/day/drain", "/bots/day/resume", "/bots/day/plugins/p0/pause", "/login", "/logout"]
PATHS = [
    *("/", "/healthz", "/readyz", "/metrics", "/errors", "/login", "/bots/day", "/bots/~3Cb~3E", *FORMS),
    *("/bots/day/chats/x", "/bots/day/chats/x/hand-over", "/bots/day/chats/x/mute", "/static/console.css"),
    *("/api/status", "/api/chats", "/api/why", "/api/wishes", "/static/../gate.py", "/bots/../errors"),
]
METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "",
    "GET\x00",
    "get",
    "X" * 99,
]
KINDS = [
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data",
    "text/plain;",
    "\xff",
]
NAMES = [
    "host",
    "cookie",
    "authorization",
    "origin",
    "content-type",
    "content-length",
    "accept",
    "x-forwarded-proto",
]
ODD = [
    "%2e%2e%2f",
    "..",
    "%00",
    "\x00",
    "~",
    "~2F",
    "%",
    "%zz",
    "//",
    "\\",
    CANARY,
    "é",
    "%ff",
    "a" * 3_000,
    ";",
    ".",
]
WORDS = [
    "localhost",
    "127.0.0.1",
    "evil.test",
    "null",
    "Bearer",
    f"Bearer {TOKEN}",
    "Bearer x",
    "[::1",
    "text/html",
]

odd = st.one_of(st.sampled_from(ODD), st.text(max_size=12))
paths = st.one_of(
    st.sampled_from(PATHS),
    st.tuples(st.sampled_from(PATHS), odd).map("/".join),
    st.lists(odd, max_size=5).map(lambda parts: "/" + "/".join(parts)),
)
queries = st.lists(
    st.tuples(st.sampled_from(["q", "page", "only", "note", "next", "bot", "chat", "event"]), odd), max_size=4
)
values = st.one_of(st.sampled_from([*WORDS, *KINDS]), odd)
headers = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=6)
bodies = st.one_of(
    st.binary(max_size=64),
    st.sampled_from(
        [b"", b"form_token=x", b"{", b"[]", b"[" * 9_000, b'{"do":"drain","bot":"' + CANARY.encode() + b'"}']
    ),
    st.just(b"x" * (MOST_BODY + 1)),
)


@dataclass(frozen=True)
class Asked:
    """One request, as a server hands it on: the path as it stands there after its percent signs."""

    token: str
    method: str
    path: str
    query: list[tuple[str, str]]
    head: list[tuple[str, str]]
    body: bytes


class Answer:
    """What came back."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        self.body += message.get("body", b"")


@cache
def admin(token: str) -> Admin:
    """Two bots that have not begun, one of which has markup for a name."""
    bots = [bot_at("http://127.0.0.1:1", "day", object()), bot_at("http://127.0.0.1:1", "<b>")]
    return create_admin(Service(bots, world=world(), drain_timeout=1), token, HandClock())


def ask(asked: Asked) -> Answer:
    app = admin(asked.token)
    answer = Answer()
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": asked.method,
        "path": asked.path,
        "raw_path": quote(asked.path, errors="replace").encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": "&".join(
            f"{name}={quote(value, errors='replace')}" for name, value in asked.query
        ).encode(),
        "headers": [(name.encode(), value.encode("utf-8", "replace")) for name, value in asked.head],
        "client": ("10.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def within() -> None:
        async with asyncio.timeout(5):
            await app(scope, receive, answer.take)

    asyncio.run(within())
    return answer


def check(answer: Answer) -> None:
    assert 200 <= answer.status < 500 or answer.status == 503  # /readyz of bots that have not begun
    assert b"cAnArY" not in answer.body
    assert b"Traceback" not in answer.body
    assert all(b"cAnArY" not in value for value in answer.headers.values())
    for name in (b"content-security-policy", b"x-content-type-options", b"cache-control"):
        assert name in answer.headers


asked = st.builds(
    Asked, st.sampled_from(["", TOKEN]), st.sampled_from(METHODS), paths, queries, headers, bodies
)
loose = settings(deadline=None, suppress_health_check=[*HealthCheck])


@settings(loose, max_examples=150)
@given(asked)
def test_no_request_is_a_fault_or_is_repeated(asked: Asked) -> None:
    check(ask(asked))


@pytest.mark.long
@settings(loose, max_examples=6_000)
@given(asked)
def test_thousands_of_requests(asked: Asked) -> None:
    check(ask(asked))


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("path", PATHS)
def test_every_page_stands_every_query_and_body(token: str, path: str) -> None:
    """As above, but with a way in: what is refused at the door says little about the house."""
    trusted = [("host", "localhost"), ("authorization", f"Bearer {TOKEN}"), ("accept", "text/html")]
    query = [
        (name, word)
        for name in ("q", "page", "only", "note", "next", "bot", "chat", "event")
        for word in (CANARY,)
    ]
    for method, kind in (("GET", ""), ("POST", KINDS[0]), ("POST", KINDS[1])):
        for body in (b"", CANARY.encode(), b"queue=" + CANARY.encode(), b"[" * 9_000, b"x" * (MOST_BODY + 1)):
            answer = ask(Asked(token, method, path, query, [*trusted, ("content-type", kind)], body))
            check(answer)
            assert (
                answer.status == 413
                or len(body) <= MOST_BODY
                or method == "GET"
                or answer.status in {405, 415}
            )


async def test_no_bytes_at_all_are_a_fault() -> None:
    chance = random.Random(7)
    service = Service([bot_at("http://127.0.0.1:1", "day")], world=world(), drain_timeout=1)
    async with serve(create_admin(service)) as url:
        host, port = url.removeprefix("http://").split(":")
        for _ in range(60):
            line = (
                b"GET "
                + chance.choice(PATHS).encode()
                + chance.randbytes(chance.randrange(9))
                + b" HTTP/1.1\r\nHost: localhost\r\n"
            )
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(
                line
                + chance.choice([b"", b"Content-Length: -1\r\n", b"Cookie: \xff\r\n", b"\x00: x\r\n"])
                + b"Connection: close\r\n\r\n"
            )
            answer = await asyncio.wait_for(reader.read(200_000), 5)
            writer.close()
            assert not answer or answer.split()[1][:1] in {b"2", b"3", b"4"} or b" 503 " in answer[:20]
