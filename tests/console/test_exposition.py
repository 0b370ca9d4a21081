"""How the metrics reach a reader: which format, packed or not, and with turns for others in between."""

import asyncio
import gzip

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain
from starlette.requests import Request

from chatbot.console.admin import create_admin
from chatbot.console.exposition import MetricsPage
from chatbot.hooks.trace import HookCall
from chatbot.service.supervisor import Service
from chatbot.simulator.server import serve
from tests.service.house import bot_at, world

OPEN = "application/openmetrics-text"
PROMETHEUS = f"{OPEN};version=1.0.0;q=0.5,{OPEN};version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"


@pytest.fixture
def service() -> Service:
    """More bots than go into one part."""
    bots = [bot_at("http://127.0.0.1:1", f"bot{number}") for number in range(40)]
    for bot in bots:
        bot.measures.observe(HookCall("faq", "on_text", None, "said", "", seconds=0.2))
    return Service(bots, world=world(), drain_timeout=1)


async def asked(service: Service, **headers: str) -> tuple[str, bytes]:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = await MetricsPage(service).answer(Request({"type": "http", "method": "GET", "headers": raw}))
    return answer.headers["content-type"], bytes(answer.body)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("*/*", "text/plain"),
        (PROMETHEUS, OPEN),
        (OPEN, OPEN),
        (f"{OPEN};q=0.1, text/plain", "text/plain"),
        (f"{OPEN};q=0", "text/plain"),
        (f"{OPEN};q=nan;version=\xff,;;=,", "text/plain"),
        (f"{OPEN};version=abc;escaping=x", OPEN),
    ],
)
async def test_the_reader_gets_the_format_that_it_likes_best(
    service: Service, accept: str, kind: str
) -> None:
    found, body = await asked(service, accept=accept)
    version = "1.0.0" if kind == OPEN else "0.0.4"
    assert found == f"{kind}; version={version}; charset=utf-8"
    assert body.endswith(b"# EOF\n") == (kind == OPEN)


@pytest.mark.parametrize(("accept", "read"), [(OPEN, read_openmetrics), ("", read_plain)])
async def test_a_strict_reader_takes_it_and_finds_all_bots(
    service: Service, accept: str, read: object
) -> None:
    assert callable(read)
    _, body = await asked(service, accept=accept)
    families = {family.name: family for family in read(body.decode())}
    assert len(families["chatbot_ready"].samples) == 40
    assert len(families["chatbot_hook_seconds"].samples) == 40 * 13
    assert body.count(b"# TYPE chatbot_hook_seconds histogram\n") == 1


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("", False),
        ("gzipped", False),
        ("identity", False),
    ],
)
async def test_it_is_packed_for_who_takes_it_packed(
    service: Service, accepted: str, *, is_packed: bool
) -> None:
    _, body = await asked(service, accept_encoding=accepted)
    assert (body[:2] == b"\x1f\x8b") == is_packed
    assert b"chatbot_ready" in (gzip.decompress(body) if is_packed else body)


async def test_others_have_many_turns_while_it_is_made(service: Service) -> None:
    asking = asyncio.create_task(asked(service))
    turns = 0
    while not asking.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 50


async def test_over_a_socket_head_has_no_body_and_nobody_keeps_it(service: Service) -> None:
    async with serve(create_admin(service)) as url, httpx.AsyncClient() as http:
        head = await http.head(f"{url}/metrics")
        full = await http.get(f"{url}/metrics")
    assert (head.status_code, head.content, full.status_code) == (200, b"", 200)
    assert full.headers["content-encoding"] == "gzip"
    assert full.headers["cache-control"] == "no-store"
    assert full.headers["vary"] == "Accept, Accept-Encoding"
    assert "chatbot_build_info{version=" in full.text
