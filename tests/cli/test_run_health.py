"""``/readyz`` of a real process, when nothing in it says that something is wrong."""

import time
from pathlib import Path

import httpx
import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.options import Options
from chatbot.simulator.server import serve
from tests.cli.frozen import way_to
from tests.cli.programs import answers, free_port, program, write

HOLD_S, SLACK_S = 1.0, 10.0

STUCK = """
    import asyncio
    from chatbot import hookimpl

    @hookimpl
    async def on_text():
        await asyncio.Event().wait()
"""
BLOCKING = """
    import time
    from chatbot import hookimpl

    @hookimpl
    async def on_text():
        time.sleep(3)
"""


def maid(server: str, admin: str, plugin: str = "") -> str:
    return f"""
    service.admin = "{admin}"
    service.drain_timeout = 0.1
    [bots.maid]
    server = "{server}"
    username = "maid"
    password = "x"
    hook_timeout = 3600.0
    stuck_after = 0.3
    plugins = [{plugin}]
    """


@pytest.mark.long
@pytest.mark.parametrize("cometd", ["httpx", "aiocometd"])
async def test_a_connection_that_is_half_open_is_not_ready_in_time_and_comes_back(
    tmp_path: Path, cometd: str
) -> None:
    admin = f"127.0.0.1:{free_port()}"
    async with serve(Simulator(Options(poll_timeout=HOLD_S)).asgi) as server, way_to(server) as way:
        write(tmp_path, maid(way.url, admin) + f'cometd = "{cometd}"\n')
        async with program("run", cwd=tmp_path) as run:
            await run.says("ready")
            await answers(f"http://{admin}/readyz", 200)
            way.freeze()
            frozen_at = time.monotonic()
            answer = await red(f"http://{admin}/readyz", HOLD_S + SLACK_S + 1.0)
            assert time.monotonic() - frozen_at <= HOLD_S + SLACK_S + 1.0
            assert "not polling" in str(answer.json()["bots"]["maid"])
            way.thaw()
            await green(f"http://{admin}/readyz", 30.0)


@pytest.mark.long
async def test_a_hook_that_does_not_come_back_is_named(tmp_path: Path) -> None:
    admin = f"127.0.0.1:{free_port()}"
    async with serve(Simulator().asgi) as server:
        write(tmp_path, maid(server, admin, '"stuck"'), stuck=STUCK)
        async with program("run", cwd=tmp_path) as run, Customer(server) as customer:
            await run.says("ready")
            await customer.says("hello")
            answer = await red(f"http://{admin}/readyz", 5.0)
            (problem,) = answer.json()["bots"]["maid"]
            assert problem.startswith("chat ")
            assert problem.endswith("(limit: 0.3 s); on_text of plugin stuck is running")


@pytest.mark.long
async def test_a_hook_that_blocks_the_event_loop_makes_readyz_time_out_and_is_named(tmp_path: Path) -> None:
    admin = f"127.0.0.1:{free_port()}"
    async with serve(Simulator().asgi) as server:
        write(tmp_path, maid(server, admin, '"blocking"'), blocking=BLOCKING)
        async with program("run", cwd=tmp_path) as run, Customer(server) as customer:
            await run.says("ready")
            await customer.says("hello")
            await run.says("blocked by plugin blocking of bot maid, on_text")
            async with httpx.AsyncClient(timeout=0.3) as http:
                with pytest.raises(httpx.ReadTimeout):
                    await http.get(f"http://{admin}/readyz")
            await green(f"http://{admin}/readyz", 10.0)


async def red(url: str, within_s: float) -> httpx.Response:
    return await _until(url, 503, within_s)


async def green(url: str, within_s: float) -> httpx.Response:
    return await _until(url, 200, within_s)


async def _until(url: str, status: int, within_s: float) -> httpx.Response:
    end = time.monotonic() + within_s
    async with httpx.AsyncClient(timeout=5.0) as http:
        while (answer := await http.get(url)).status_code != status:
            assert time.monotonic() < end, answer.text
    return answer
