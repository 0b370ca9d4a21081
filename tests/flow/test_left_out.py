"""Plugins that fail or block, over the simulator: what the customer sees, and what the operator sees."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.console.admin import create_admin
from chatbot.service.supervisor import Service
from chatbot.service.system import system_watchdog
from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.service.house import at_work, bot_at, until, world

NAP_S = 0.7


class Naps:
    """Blocks the event loop at a text, once."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    async def on_text(self, event: TextReceived) -> None:
        self.heard.append(event.text)
        if event.text == "nap":
            time.sleep(NAP_S)  # noqa: ASYNC251 (the fault itself)


class Fails:
    """Fails at each text."""

    @hookimpl
    async def on_text(self) -> None:
        raise ZeroDivisionError("a secret of the operator")


class Echo:
    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str:
        return f"You said {event.text}"


@dataclass
class House:
    """A service with its simulator and its pages."""

    server: str
    service: Service
    http: httpx.AsyncClient

    @property
    def state(self) -> str:
        """Of the breaker of the first plugin."""
        return self.service.bots[0].breakers["p0"].state

    async def metric(self, name: str, plugin: str = "") -> float:
        labels = f'{{bot="maid",plugin="{plugin}"}}' if plugin else ""
        lines = (await self.http.get("/metrics")).text.splitlines()
        (value,) = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{name}{labels} ")]
        return float(value)


@asynccontextmanager
async def at_home(*plugins: object, **settings: object) -> AsyncIterator[House]:
    async with serve(Simulator().asgi) as server:
        service = Service([bot_at(server, "maid", *plugins, **settings)], world=world(), drain_timeout=1)
        service.watchdog = system_watchdog()
        transport = httpx.ASGITransport(create_admin(service))
        async with (
            at_work(service),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
        ):
            yield House(server, service, http)


async def hears_only(customer: Customer, *texts: str) -> None:
    """Say these, and hear their echo and nothing else."""
    for text in texts:
        await customer.says(text)
        await customer.hears(f"^You said {text}$")


def told_by_the_bot(customer: Customer) -> list[str]:
    return [line.text for line in customer.lines if line.sender_type == "Agent" and line.type == "Text"]


async def test_a_hook_that_blocks_the_event_loop_is_named_and_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    naps = Naps()
    async with at_home(naps, Echo(), breaker={"blocked": 0.5}) as house:
        async with Customer(house.server) as ana:
            await hears_only(ana, "one", "nap", "two")
            assert told_by_the_bot(ana) == ["You said one", "You said nap", "You said two"]
        assert naps.heard == ["one", "nap"]
        assert await house.metric("chatbot_breaker_state", "p0") == 2
        assert await house.metric("chatbot_breaker_opened_total", "p0") == 1
        assert await house.metric("chatbot_breaker_state", "p1") == 0
        assert 0.5 <= await house.metric("chatbot_plugin_blocked_seconds_total", "p0") < NAP_S + 5
        assert await house.metric("chatbot_loop_lag_seconds") > 0.5
        assert "breaker open" in (await house.http.get("/")).text
    stands, opens = (line for line in caplog.messages if "p0" in line and "turns again" not in line)
    line = Naps.on_text.__code__.co_firstlineno + 4
    who = rf"plugin p0 of bot maid, on_text at {re.escape(__file__)}:{line}"
    assert re.match(
        rf"the event loop has stood still for 0\.\d s, and all chats with it: blocked by {who}\n", stands
    )
    assert re.fullmatch(
        r"plugin p0 of bot maid is not asked for 60 s: it blocked the event loop for 0\.\d s", opens
    )
    assert [line for line in caplog.messages if re.fullmatch(rf".* turns again, after 0\.\d s: {who}", line)]


async def test_a_plugin_that_only_fails_is_left_out_and_the_customer_does_not_notice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with at_home(Fails(), Echo(), breaker={"errors": 2}) as house:
        async with Customer(house.server) as ana:
            await hears_only(ana, "one", "two", "three", "four")
            assert told_by_the_bot(ana) == [f"You said {word}" for word in ("one", "two", "three", "four")]
        assert (house.state, await house.metric("chatbot_breaker_state", "p0")) == ("open", 2)
        assert await house.metric("chatbot_hook_failures_total", "p0") == 2
    [told] = [line for line in caplog.messages if "is not asked" in line]
    assert told == ("plugin p0 of bot maid is not asked for 60 s: 2 exceptions in a row, the last in on_text")


async def test_while_nothing_is_wrong_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "chatbot.hooks")
    async with at_home(Echo()) as house:
        await until(lambda: house.service.problems()["maid"] == [])
        async with Customer(house.server) as ana:
            await hears_only(ana, "one")
        assert await house.metric("chatbot_breaker_state", "p0") == 0
        assert "breaker" not in (await house.http.get("/")).text
    assert [record.message for record in caplog.records if record.name.startswith("chatbot.hooks")] == []
