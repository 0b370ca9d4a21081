"""The tasks of a bot: what they are called, and how they end."""

import asyncio

import pytest

from chatbot.bot.staff import Staff


async def forever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise LookupError


async def test_a_task_is_named_after_its_bot_and_runs_until_it_is_broken_off() -> None:
    async with asyncio.TaskGroup() as group:
        staff = Staff("maid", group, print)
        task = staff.start(forever(), "chat c1")
        assert task.get_name() == "maid: chat c1"
        await staff.break_off()
        assert task.cancelled()


async def test_what_is_started_when_all_is_over_is_told_to_end() -> None:
    async with asyncio.TaskGroup() as group:
        staff = Staff("maid", group, print)
        staff.is_over = True
        staff.start(forever(), "late")


async def test_a_task_that_fails_is_named() -> None:
    failed: list[str] = []
    with pytest.raises(BaseExceptionGroup):
        async with asyncio.TaskGroup() as group:
            Staff("maid", group, failed.append).start(fails(), "read")
    assert failed == ["maid: read"]
