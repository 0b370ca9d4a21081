"""``chatbot run`` under a service manager: what a real process says at a real socket."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer
from chatbot.simulator.server import serve
from tests.cli.programs import program, write
from tests.service.ear import Ear, ear

pytestmark = pytest.mark.long

SLEEPY = """
    import os, time
    from chatbot import hookimpl

    @hookimpl
    async def on_text(event):
        print("asleep", *(name for name in os.environ if "NOTIFY" in name or "WATCHDOG" in name), flush=True)
        time.sleep(1.2)
        return "Good morning"
"""


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Ear]:
    with ear(tmp_path) as listening:
        yield listening


def bot(server: str) -> str:
    return f"""
    service.admin = ""
    [bots.maid]
    server = "{server}"
    username = "maid"
    password = "x"
    plugins = ["sleepy"]
    """


async def test_it_tells_that_it_is_up_and_alive_and_a_blocked_loop_tells_nothing(
    tmp_path: Path, manager: Ear
) -> None:
    told = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "200000"}
    async with serve(Simulator().asgi) as server:
        write(tmp_path, bot(server), sleepy=SLEEPY)
        async with program("run", cwd=tmp_path, **told) as run, Customer(server) as customer:
            await manager.hears(lambda said: "READY" in said)
            await manager.hears(lambda said: said.get("STATUS") == "1 of 1 bots ready")
            await customer.sees_agent()
            await customer.says("Hello")
            assert (await run.says("^asleep")).string == "asleep"  # programs of plugins do not inherit it
            before = manager.count("WATCHDOG")
            await customer.hears("Good morning")
            # the loop stood still for the time of twelve
            assert manager.count("WATCHDOG") - before <= 3
            assert "Max core file size        0                    0" in limits(run.pid)
            run.signal(signal.SIGTERM)
            assert await run.ends() == 0
    manager.listen()
    assert [said["EXTEND_TIMEOUT_USEC"] for said in manager.heard if "STOPPING" in said] == ["55000000"]


def limits(pid: int) -> str:
    return Path(f"/proc/{pid}/limits").read_text()


async def test_a_server_in_trouble_is_no_reason_to_start_it_again(tmp_path: Path, manager: Ear) -> None:
    write(tmp_path, bot("http://127.0.0.1:1"), sleepy=SLEEPY)
    async with program("run", cwd=tmp_path, NOTIFY_SOCKET=manager.address) as run:
        await manager.hears(lambda said: "READY" in said)
        trouble = await manager.hears(lambda said: "CB401" in said["STATUS"])
        assert trouble["STATUS"].startswith("0 of 1 bots ready: maid: not logged in, CB401 cannot connect")
        run.signal(signal.SIGTERM)
        assert await run.ends() == 0


async def test_bots_toml_that_is_wrong_never_is_up(tmp_path: Path, manager: Ear) -> None:
    write(tmp_path, bot("http://127.0.0.1:1") + "nicknam = 'x'")
    async with program("run", cwd=tmp_path, NOTIFY_SOCKET=manager.address) as run:
        assert await run.ends() == 2
    assert manager.listen() == []
