"""``chatbot run`` when something does not let go of it."""

import signal
from pathlib import Path

import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.cli.programs import ECHO, program, write

pytestmark = pytest.mark.long

HASTY = """
import sys
from chatbot.bot import leaving
from chatbot.cli import main, running, signals
leaving._LET_GO_S, running._LAST_RESORT_S, signals._AT_ONCE_S = 0.2, {last_resort}, 0.2
main(sys.argv[1:])
"""
LEECH = """
    import asyncio
    from chatbot import hookimpl

    @hookimpl
    async def on_text():
        print("stuck", flush=True)
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass
"""
BLOCKING = """
    import time
    from chatbot import hookimpl

    @hookimpl
    async def on_text():
        print("stuck", flush=True)
        time.sleep(60)
"""
DEAF = """
import socket, sys, time
from chatbot.cli import main, signals

signals._AT_ONCE_S = 0.2
real = socket.getaddrinfo

def silent(host, *arguments, **options):
    if host not in ("silent.example", b"silent.example"):
        return real(host, *arguments, **options)
    print("asked", flush=True)
    time.sleep(60)

socket.getaddrinfo = silent
main(sys.argv[1:])
"""


def bot(server: str, plugin: str, drain: float = 0.1) -> str:
    return f"""
    service.admin = ""
    service.drain_timeout = {drain}
    [bots.maid]
    server = "{server}"
    username = "maid"
    password = "x"
    plugins = ["{plugin}"]
    """


def hasty(last_resort: float) -> tuple[str, str]:
    return "-c", HASTY.format(last_resort=last_resort)


async def test_a_hook_that_does_not_let_go_keeps_neither_the_session_nor_the_process(tmp_path: Path) -> None:
    simulator = Simulator()
    async with serve(simulator.asgi) as server:
        write(tmp_path, bot(server, "leech"), leech=LEECH)
        async with (
            program("run", "--log-format", "text", cwd=tmp_path, start=hasty(1.5)) as run,
            Customer(server) as customer,
        ):
            await customer.sees_agent()
            await customer.says("Hello")
            await run.says("^stuck$")
            run.signal(signal.SIGTERM)
            await run.says("does not end although it was cancelled")
            assert await run.ends() == 1
            await run.says("the process ends without it$")
    assert simulator.requests[-1].operation == "EndContactCenterSession"


async def test_a_hook_that_blocks_the_event_loop_keeps_no_process(tmp_path: Path) -> None:
    async with serve(Simulator().asgi) as server:
        write(tmp_path, bot(server, "blocking"), blocking=BLOCKING)
        async with (
            program("run", "--log-format", "text", cwd=tmp_path, start=hasty(0.5)) as run,
            Customer(server) as customer,
        ):
            await customer.sees_agent()
            await customer.says("Hello")
            await run.says("^stuck$")
            run.signal(signal.SIGTERM)
            assert await run.ends() == 1
            await run.says("the process ends without it$")


@pytest.mark.parametrize("plugin", [LEECH, BLOCKING], ids=["leech", "blocking"])
async def test_a_second_signal_ends_the_process_whatever_a_hook_does(tmp_path: Path, plugin: str) -> None:
    async with serve(Simulator().asgi) as server:
        write(tmp_path, bot(server, "stuck", drain=30.0), stuck=plugin)
        async with (
            program("run", "--log-format", "text", cwd=tmp_path, start=hasty(30.0)) as run,
            Customer(server) as customer,
        ):
            await customer.sees_agent()
            await customer.says("Hello")
            await run.says("^stuck$")
            run.signal(signal.SIGTERM)
            run.signal(signal.SIGINT)
            assert await run.ends() == 130


async def test_a_signal_while_plugins_are_loaded_ends_the_process_well(tmp_path: Path) -> None:
    loading = """
        import time
        print("loading", flush=True)
        time.sleep(60)
    """
    write(tmp_path, bot("http://127.0.0.1:1", "slow"), slow=loading)
    async with program("run", "--log-format", "text", cwd=tmp_path) as run:
        await run.says("loading")
        run.signal(signal.SIGTERM)
        assert await run.ends() == 0


async def test_a_name_service_that_does_not_answer_keeps_no_process(tmp_path: Path) -> None:
    write(tmp_path, bot("https://silent.example", "echo"), echo=ECHO)
    async with program("run", "--log-format", "text", cwd=tmp_path, start=("-c", DEAF)) as run:
        await run.says("asked")
        run.signal(signal.SIGTERM)
        await run.says("stopped$")
        assert await run.ends() == 0
