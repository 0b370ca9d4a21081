"""A bot that is cancelled instead of stopped: it ends, whatever its hooks make of that."""

import asyncio

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot import staff
from tests.bot.stage import Stage, on_stage

BOUND_S = 5.0


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "_TIDIES_UP_S", 0.05)


class Waits:
    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        chat.spawn(asyncio.Event().wait())
        await chat.ask("Which one?", timeout=100)


class GoesOn:
    """Takes its cancellation for an error, and asks again."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await chat.wait_for(TextReceived, timeout=100)


class MakesLight:
    """Goes on once as if nothing had been said."""

    @hookimpl
    async def on_text(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()


class TidiesUp:
    def __init__(self) -> None:
        self.has_tidied_up = False

    @hookimpl
    async def on_text(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            self.has_tidied_up = True


async def cancelled(stage: Stage) -> None:
    """Two texts have come, and the first is in the hands of the plugin."""
    await stage.chatting()
    stage.desk.says("one")
    stage.desk.says("two")
    await stage.turns(100)
    stage.running.cancel()
    await asyncio.wait_for(asyncio.wait([stage.running]), BOUND_S)
    assert stage.running.cancelled()


@pytest.mark.parametrize("plugin", [Waits, GoesOn, MakesLight], ids=lambda plugin: plugin.__name__)
async def test_it_ends_whatever_a_hook_does(plugin: type) -> None:
    before = asyncio.all_tasks()
    async with on_stage(plugin(), hook_timeout=3600) as stage:
        await cancelled(stage)
    assert asyncio.all_tasks() == before


async def test_a_hook_has_time_to_tidy_up() -> None:
    plugin = TidiesUp()
    async with on_stage(plugin, hook_timeout=3600) as stage:
        await cancelled(stage)
    assert plugin.has_tidied_up


async def test_no_other_hook_begins() -> None:
    other = GoesOn()
    async with on_stage(MakesLight(), other, hook_timeout=3600) as stage:
        await cancelled(stage)
        assert [event.text for event in stage.all(TextReceived)] == ["one"]
