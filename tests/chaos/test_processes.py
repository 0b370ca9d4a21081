"""Runs with real processes, small enough for every day; and none of them is left behind."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chaos.driver import run
from tests.chaos.plan import Plan
from tests.chaos.processes import LEASH, ROOT, end, spawn

BOUND_S = 10.0
# So many that some are always talking while the bots are dead.
HURT = Plan(
    seed=5,
    conversations=12,
    open_at_once=6,
    bots=1,
    kills=1,
    stops=1,
    pauses=1,
    server_restarts=0,
    faults=0.0,
    patience_s=10.0,
    slowness=0.05,
)

# A driver that starts a process, which tells its id once it runs; both hold this test's pipe open.
DRIVER = """
import asyncio
from pathlib import Path
from tests.chaos.processes import spawn

async def main(folder):
    child = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    await (await spawn("-c", child, log=folder / "log", cwd=folder, stdout=1)).wait()

asyncio.run(main(Path({folder!r})))
"""

only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")


@pytest.mark.long
async def test_a_run_is_well_although_its_bots_are_killed_stopped_and_made_to_stand_still(
    tmp_path: Path,
) -> None:
    outcome = await run(HURT, tmp_path)
    assert [*outcome.violations(), *outcome.troubles] == []
    assert outcome.mishaps == {"kill -9": 1, "SIGTERM": 1, "SIGSTOP": 1}
    assert len(outcome.histories) == HURT.conversations
    assert {chat.is_over for chat in outcome.histories if chat.manner != "staying"} == {True}


async def test_a_process_is_ended_even_if_it_stands_still(tmp_path: Path) -> None:
    process = await spawn("-c", "import signal; signal.pause()", log=tmp_path / "log", cwd=tmp_path)
    process.send_signal(signal.SIGSTOP)
    await asyncio.wait_for(end(process), BOUND_S)
    await end(process)
    assert process.returncode == -signal.SIGKILL


@only_linux
async def test_a_driver_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    driver = await _python("-c", DRIVER.format(folder=str(tmp_path)))
    assert driver.stdout is not None
    child = int(await asyncio.wait_for(driver.stdout.readline(), BOUND_S))
    try:
        driver.kill()
        # the end of the pipe comes when both have ended
        assert await asyncio.wait_for(driver.stdout.read(), BOUND_S) == b""
        await driver.wait()
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


@only_linux
async def test_a_process_whose_driver_is_gone_already_does_not_begin() -> None:
    nobody = 2**22 + 1
    process = await _python(str(LEASH), str(nobody), sys.executable, "-c", "print('here')")
    said, _ = await asyncio.wait_for(process.communicate(), BOUND_S)
    assert (said, process.returncode) == (b"", -signal.SIGKILL)


async def _python(*arguments: str) -> Process:
    return await create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=PIPE)
