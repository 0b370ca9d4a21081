"""The admin pages: what an operator and a machine read of a service."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from chatbot import hookimpl
from chatbot.bot.health import Health
from chatbot.bot.journal_writer import GroupCommit
from chatbot.console.admin import create_admin
from chatbot.hooks.breaker import Breaker
from chatbot.service.supervisor import Service
from chatbot.service.watchdog import Watchdog
from chatbot.simulator.app import Simulator
from chatbot.simulator.bayeux_server import Refuse
from chatbot.simulator.customer import Customer
from chatbot.simulator.faults import Action, Answer, Drop, Fault, Match
from chatbot.simulator.options import Options
from chatbot.simulator.server import serve
from tests.service.house import NO_ROOM, HandClock, StoppedClock, at_work, bot_at, no_room, until, world


def health(*, polling: bool = True, entered: bool = True, trouble: str = "") -> Health:
    return Health(logged_in=True, subscribed=True, entered=entered, polling=polling, trouble=trouble)


def browser(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8080")


@pytest.fixture
def service() -> Service:
    """Two bots that have not begun."""
    bots = [bot_at("http://127.0.0.1:1", name) for name in ("day", "night")]
    return Service(bots, world=world(), drain_timeout=1)


@pytest.fixture
async def admin(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(create_admin(service)) as http:
        yield http


async def test_the_process_is_alive_whatever_the_bots_do(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_it_is_ready_when_all_bots_are(admin: httpx.AsyncClient, service: Service) -> None:
    for bot in service.bots:
        bot.health = health()
    answer = await admin.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "bots": {}})


async def test_one_bot_that_is_not_ready_is_named_with_its_reasons(
    admin: httpx.AsyncClient, service: Service
) -> None:
    day, night = service.bots
    day.health = health()
    night.health = health(polling=False, trouble="HTTP 503")
    answer = await admin.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "bots": {"night": ["not polling", "HTTP 503"]}}


async def test_while_the_journal_cannot_be_written_no_bot_is_ready_and_all_pages_say_so() -> None:
    journal = GroupCommit(no_room, asyncio.to_thread, StoppedClock())
    bots = [bot_at("http://127.0.0.1:1", name) for name in ("day", "night")]
    for bot in bots:
        bot.health = health()
    service = Service(bots, world=world(), drain_timeout=1, journal=journal)
    async with at_work(service), browser(create_admin(service)) as http:
        await until(lambda: service.journal_trouble != "")
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {
            "ready": False,
            "bots": {"day": [f"CB510 {NO_ROOM}"], "night": [f"CB510 {NO_ROOM}"]},
        }
        metrics = (await http.get("/metrics")).text.splitlines()
        assert "chatbot_journal_writable 0.0" in metrics
        assert 'chatbot_ready{bot="day"} 0.0' in metrics
        assert f"CB510 {NO_ROOM}" in (await http.get("/")).text


class Broken:
    @hookimpl
    async def on_text(self) -> None: ...


def fail(breaker: Breaker, times: int = 5) -> None:
    for _ in range(times):
        breaker.end("on_text", breaker.begin("on_text") or 0, "error")


async def test_the_breaker_of_each_plugin_is_a_number() -> None:
    clock = HandClock()
    bots = [bot_at("http://127.0.0.1:1", name, Broken(), Broken(), clock=clock) for name in ("day", "night")]
    (day, closed), (night, _) = [[*bot.breakers.values()] for bot in bots]
    fail(day)
    clock.time += 60
    fail(night)
    closed.charge(0.75)
    service = Service(bots, world=world(), drain_timeout=1)
    async with browser(create_admin(service)) as http:
        lines = (await http.get("/metrics")).text.splitlines()
        page = (await http.get("/")).text
    assert [
        line for line in lines if line.startswith(("chatbot_breaker", "chatbot_plugin", "chatbot_loop"))
    ] == [
        'chatbot_breaker_state{bot="day",plugin="p0"} 1.0',
        'chatbot_breaker_state{bot="day",plugin="p1"} 0.0',
        'chatbot_breaker_state{bot="night",plugin="p0"} 2.0',
        'chatbot_breaker_state{bot="night",plugin="p1"} 0.0',
        'chatbot_breaker_opened_total{bot="day",plugin="p0"} 1.0',
        'chatbot_breaker_opened_total{bot="day",plugin="p1"} 0.0',
        'chatbot_breaker_opened_total{bot="night",plugin="p0"} 1.0',
        'chatbot_breaker_opened_total{bot="night",plugin="p1"} 0.0',
        'chatbot_plugin_blocked_seconds_total{bot="day",plugin="p0"} 0.0',
        'chatbot_plugin_blocked_seconds_total{bot="day",plugin="p1"} 0.75',
        'chatbot_plugin_blocked_seconds_total{bot="night",plugin="p0"} 0.0',
        'chatbot_plugin_blocked_seconds_total{bot="night",plugin="p1"} 0.0',
    ]
    assert "breaker half-open" in page
    assert "breaker open" in page


async def test_the_lag_of_the_event_loop_is_told_where_it_is_watched(
    admin: httpx.AsyncClient, service: Service
) -> None:
    now = [0.0]
    dog = service.watchdog = Watchdog(
        monotonic=lambda: now[0], frame_of=lambda _: None, repeat=lambda *_: lambda: None
    )
    with dog.watching(service.bots):
        now[0] = 0.35
        dog.beat()
        page = (await admin.get("/metrics")).text
        lag = page.partition("\nchatbot_loop_lag_seconds ")[2].split()[0]
        assert "at most 250 ms late" in (await admin.get("/")).text
        assert float(lag) == pytest.approx(0.25)


@pytest.mark.parametrize("page", ["/", "/healthz", "/readyz", "/metrics"])
async def test_no_page_is_kept_or_may_load_anything(admin: httpx.AsyncClient, page: str) -> None:
    headers = (await admin.get(page)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; ")


@pytest.mark.parametrize("page", ["/", "/healthz", "/readyz", "/metrics"])
async def test_pages_are_only_read(admin: httpx.AsyncClient, page: str) -> None:
    assert (await admin.post(page)).status_code in {405, 415}
    assert (await admin.put(page)).status_code == 405


async def test_there_is_nothing_else(admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/favicon.ico")).status_code == 404


# with bots at work


@pytest.mark.parametrize(
    "fault",
    [Answer(503), Answer(200, "<html>"), Drop(), Refuse("402::client")],
    ids=["503", "html", "drop", "402"],
)
async def test_a_bot_is_not_ready_from_the_first_failed_poll_until_one_succeeds(fault: Action) -> None:
    simulator = Simulator(Options(poll_timeout=0.05))
    async with serve(simulator.asgi) as server:
        bot = bot_at(server)
        service = Service([bot], world=world(), drain_timeout=1)
        async with at_work(service), browser(create_admin(service)) as admin:
            await until(lambda: bot.health.problems() == [])
            assert (await admin.get("/readyz")).status_code == 200
            simulator.faults.append(Fault(Match(channel="/meta/connect"), fault, times=None))
            await until(lambda: bot.counters.troubles > 0)
            polls = bot.counters.polls
            answer = await admin.get("/readyz")
            assert answer.status_code == 503
            assert "not polling" in answer.json()["bots"]["maid"]
            simulator.faults.clear()
            await until(lambda: bot.counters.polls > polls and bot.health.problems() == [])
            assert (await admin.get("/readyz")).status_code == 200


async def test_chats_of_a_bot_are_counted_while_they_last() -> None:
    async with serve(Simulator().asgi) as server:
        bot = bot_at(server)
        service = Service([bot], world=world(), drain_timeout=1)
        async with at_work(service), browser(create_admin(service)) as admin, Customer(server) as customer:
            await customer.sees_agent()
            assert 'chatbot_chats{bot="maid"} 1.0' in (await admin.get("/metrics")).text
            await customer.ends()
            await until(lambda: bot.chats == 0)
            assert "0 chats now." in (await admin.get("/")).text
