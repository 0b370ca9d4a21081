"""Signals and admin pages of a service, in the loop of the test."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from chatbot.cli.running import admin_pages, until_signalled
from chatbot.cli.signals import Signals
from chatbot.model.config import ServiceSettings
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError
from chatbot.model.secret import SecretSource
from chatbot.service.supervisor import Service, build
from chatbot.service.system import system_world
from chatbot.simulator.app import Simulator
from chatbot.simulator.faults import Delay, Fault, Match
from chatbot.simulator.server import serve
from tests.cli.programs import BOUND_S, until, write

TOKEN = SecretSource(plain=SecretStr("a-token-of-enough-characters"))


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
async def service(tmp_path: Path, simulator: Simulator) -> AsyncIterator[Service]:
    async with serve(simulator.asgi) as server:
        bot = f'[bots.maid]\nserver = "{server}"\nusername = "maid"\npassword = "x"\n'
        yield build(load(write(tmp_path, bot)), system_world())


async def ready(service: Service) -> None:
    await until(lambda: not any(service.problems().values()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_bots_leave_well(
    service: Service, signals: Signals, simulator: Simulator, number: signal.Signals
) -> None:
    running = asyncio.create_task(until_signalled(service, signals))
    await ready(service)
    signal.raise_signal(number)
    assert await asyncio.wait_for(running, BOUND_S) == 0
    assert simulator.requests[-1].operation == "EndContactCenterSession"


async def test_a_second_signal_does_not_wait(
    service: Service, signals: Signals, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    gate = asyncio.Event()
    simulator.faults.append(Fault(Match(operation="NotReady"), Delay(gate)))
    running = asyncio.create_task(until_signalled(service, signals))
    await ready(service)
    signal.raise_signal(signal.SIGINT)
    await until(lambda: not simulator.faults)
    signal.raise_signal(signal.SIGINT)
    assert await asyncio.wait_for(running, BOUND_S) == 130
    assert "stopped at once" in caplog.messages
    assert "EndContactCenterSession" not in [request.operation for request in simulator.requests]
    gate.set()


async def test_a_cancellation_that_no_signal_asked_for_goes_on(service: Service, signals: Signals) -> None:
    running = asyncio.create_task(until_signalled(service, signals))
    await ready(service)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_admin_pages_are_served_inside_the_block_only(service: Service) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        async with admin_pages(service, ServiceSettings(admin="127.0.0.1:0")) as url:
            assert (await http.get(f"{url}/healthz")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{url}/healthz")


async def test_no_address_means_no_pages(service: Service) -> None:
    async with admin_pages(service, ServiceSettings(admin="")) as url:
        assert url == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
async def test_an_address_that_cannot_be_used_is_a_config_error(service: Service, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"{host}:{taken.getsockname()[1]}"
        with pytest.raises(
            ConfigError, match=rf"^CB114  \[service\] admin = '{address}' cannot be used: .+\n +fix: "
        ):
            await admin_pages(service, ServiceSettings(admin=address, admin_token=TOKEN)).__aenter__()


async def test_with_a_token_the_pages_ask_for_it(service: Service) -> None:
    settings = ServiceSettings(admin="127.0.0.1:0", admin_token=TOKEN)
    async with admin_pages(service, settings) as url, httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{url}/metrics")).status_code == 401
        shown = {"authorization": f"Bearer {TOKEN.read()}"}
        assert (await http.get(f"{url}/metrics", headers=shown)).status_code == 200
