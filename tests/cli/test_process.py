"""One process for bots, driven by hand: it loads, it is told to go, it is stopped or killed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chatbot.cli.process import Child, Order, Refused
from chatbot.simulator.app import Simulator
from chatbot.simulator.server import serve
from tests.cli.programs import BOUND_S, ECHO, until, write

pytestmark = pytest.mark.long

BOT = """
    service.admin = ""
    [bots.maid]
    server = "https://gws.invalid"
    username = "maid"
    password = "x"
    plugins = ["echo"]
"""


def order(folder: Path, server: str, echo: str = ECHO) -> Order:
    return Order(
        config=str(write(folder, BOT, echo=echo)),
        server=server,
        is_shadow=False,
        bot=None,
        with_texts=False,
        journal=str(folder / "journal.sqlite3"),
        log=("text", "WARNING"),
    )


@asynccontextmanager
async def children(count: int) -> AsyncIterator[list[Child]]:
    """They boot side by side."""
    started = [await Child.start(None) for _ in range(count)]
    try:
        async with asyncio.timeout(2 * BOUND_S):
            yield started
    finally:
        for child in started:
            child.kill()
            await child.wait()


async def test_one_hands_over_to_the_next_which_finds_the_journal_free(tmp_path: Path) -> None:
    said: list[str] = []
    async with serve(Simulator().asgi) as server, children(2) as both, asyncio.TaskGroup() as tasks:
        mine = order(tmp_path, server)
        for child in both:
            ready = asyncio.Event()
            assert await child.load(mine) == (str(tmp_path / "plugins" / "echo.py"),)
            running = tasks.create_task(child.run(ready.set, said.extend))
            await ready.wait()
            await child.stop(BOUND_S)
            assert await running == 0
    assert {*said} <= {str(tmp_path / "plugins" / "echo.py")}


async def test_what_cannot_be_loaded_is_refused_and_a_process_that_has_ended_has_nothing_to_say(
    tmp_path: Path,
) -> None:
    async with children(2) as (misspelt, dying):
        mine = order(tmp_path, "http://127.0.0.1:1", ECHO.replace("on_text", "on_txet"))
        refused = await misspelt.load(mine)
        assert isinstance(refused, Refused)
        assert "echo.py:4  plugin 'echo' implements on_txet, which is not a hook\n" in refused.why
        assert refused.files == (str(tmp_path / "plugins" / "echo.py"),)
        mine = order(tmp_path, "http://127.0.0.1:1", "import os; os._exit(7)")
        assert await dying.load(mine) == Refused("")
        assert await dying.wait() == 7
        dying.kill()
        assert await dying.load(mine) == Refused("")


async def test_what_a_plugin_has_started_ends_with_its_process(tmp_path: Path) -> None:
    starts = """
        import pathlib, subprocess
        pid = subprocess.Popen(["sleep", "60"]).pid
        pathlib.Path(__file__).with_name("pid").write_text(str(pid))
    """
    async with serve(Simulator().asgi) as server, children(1) as (child,), asyncio.TaskGroup() as tasks:
        await child.load(order(tmp_path, server, echo=starts))
        ready = asyncio.Event()
        running = tasks.create_task(child.run(ready.set, lambda _: None))
        await ready.wait()
        pid = int((tmp_path / "plugins" / "pid").read_text())
        os.kill(pid, 0)
        await child.stop(BOUND_S)
        await running
        await until(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return False
    return state != "Z"
