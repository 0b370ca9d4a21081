"""Blocking calls are found where they are made, and not made."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.hooks.run import HookRun, current_run
from chatbot.testing.blocking import BlockingCallError, blocking_calls

HERE = Path(__file__)


@pytest.fixture(autouse=True)
def hook() -> Iterator[None]:
    """Blocking calls count while a hook runs."""
    token = current_run.set(HookRun("one", "on_text", None))
    yield
    current_run.reset(token)


def nap() -> None:
    time.sleep(600)


def test_calls_of_the_watched_code_raise_and_are_told_with_their_line() -> None:
    with blocking_calls(HERE, {}) as found:
        for call in (nap, lambda: os.system("true"), lambda: subprocess.run(["true"], check=False)):
            with pytest.raises(BlockingCallError):
                call()
    assert [told.partition(" at ")[0] for told in found] == ["time.sleep", "os.system", "a subprocess"]
    assert found[0].endswith("test_blocking.py:28\n    fix: await asyncio.sleep(...)")


def test_names_that_were_imported_are_watched_too_and_given_back() -> None:
    names = {"sleep": time.sleep}
    original = time.sleep
    with blocking_calls(HERE, names), pytest.raises(BlockingCallError):
        names["sleep"](600)
    assert names == {"sleep": original}
    assert time.sleep is original


def test_other_code_other_threads_and_asyncio_are_left_alone() -> None:
    async def in_thread_and_as_process() -> None:
        await asyncio.to_thread(time.sleep, 0)
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await process.wait()

    with blocking_calls(HERE, {}) as found:
        asyncio.run(in_thread_and_as_process())
    with blocking_calls(HERE.with_name("elsewhere.py"), {}) as elsewhere:
        time.sleep(0)
    assert found == elsewhere == []
