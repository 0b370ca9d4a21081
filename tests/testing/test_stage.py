"""The stage: opened in the loop of a test, closed with nothing left."""

import asyncio

import pytest

from chatbot.simulator.options import Options
from chatbot.testing.stage import Stage


async def test_it_waits_for_what_comes_and_no_longer_than_told() -> None:
    stage = Stage(Options())
    await stage.open()
    found: list[str] = []
    asyncio.get_running_loop().call_later(5, found.append, "it")
    assert await stage.until(lambda: found[0] if found else None, within=4) is None
    assert stage.time.passed == 4
    assert await stage.until(lambda: found[0] if found else None, within=4) == "it"
    assert stage.time.passed == 5
    await stage.close()
    assert len(asyncio.all_tasks()) == 1


async def test_what_fails_beside_the_test_fails_whoever_waits() -> None:
    stage = Stage(Options())
    await stage.open()

    async def fail() -> None:
        raise KeyError("broken")

    stage.run(fail(), "fails")
    with pytest.raises(ExceptionGroup) as group:
        await stage.settle()
    assert group.value.subgroup(KeyError)
    with pytest.raises(ExceptionGroup):
        await stage.close()
