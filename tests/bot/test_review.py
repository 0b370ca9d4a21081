"""A plugin that is asked about an action, and comes to no end."""

import asyncio
import logging

import pytest

from chatbot import hookimpl
from chatbot.model.actions import Action, SendMessage
from tests.bot.bells import Tells
from tests.bot.desk import reply
from tests.bot.stage import on_stage


class Clings:
    """Heeds no cancellation, until it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.clings = False

    @hookimpl
    async def on_action(self, action: Action) -> None:
        if not isinstance(action, SendMessage):
            return
        self.clings = True
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue


async def test_a_plugin_that_never_ends_costs_the_action_and_not_the_chat(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clings = Clings()
    async with on_stage(tells := Tells(), clings) as stage:
        await stage.chatting()
        stage.desk.says("hi")
        await stage.until(lambda: clings.clings)
        await stage.later(30)
        await stage.quiet()
        assert (tells.heard, stage.desk.texts()) == (["hi"], [])
        # what is not for it goes its way
        stage.desk.answer("UpdateUserData", reply(statusCode=0))
        await stage.live().handle.update_user_data({"a": 1})
        assert stage.asked("UpdateUserData") == 1
        assert stage.bot.counters.hook_failures == {"p1": 1, "p2": 1}
        clings.let_go.set()
        stage.desk.says("and now?")
        await stage.quiet()
        assert stage.desk.texts() == ["re and now?"]
        assert stage.bot._aside.tasks == []
    errors = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert errors[0] == (
        "plugin p2: on_action does not end although its time is over: SendMessage is not sent"
    )


async def test_a_stop_does_not_wait_for_it() -> None:
    clings = Clings()
    async with on_stage(Tells(), clings, drain=1.0) as stage:
        await stage.chatting()
        stage.desk.says("hi")
        await stage.until(lambda: clings.clings)
        stage.bot.stop()
        await stage.later(10)
        assert stage.desk.requests[-1] == "EndContactCenterSession"
        clings.let_go.set()
        await stage.until(stage.running.done)
