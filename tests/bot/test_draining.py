"""A bot that is to take no more chats, at a server that makes it hard."""

import pytest

from chatbot import TextReceived
from tests.bot.desk import code
from tests.bot.stage import Stage, on_stage


def heard(stage: Stage) -> list[str]:
    return [event.text for event in stage.all(TextReceived)]


async def test_a_server_that_refuses_not_ready_is_not_told_ready_instead() -> None:
    async with on_stage() as stage:
        stage.desk.always("NotReady", code(2))
        stage.bot.drain(wanted=True)
        await stage.later(60)
        assert (stage.asked("Ready"), stage.asked("NotReady") > 1) == (1, True)
        stage.desk.always("NotReady", None)
        await stage.later(60)
        assert stage.desk.agent_state == "NotReady"


async def test_those_who_are_in_a_chat_are_looked_after_all_the_same() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.always("NotReady", code(2))
        stage.bot.drain(wanted=True)
        await stage.turns()
        stage.desk.mute = True
        stage.desk.says("never announced")
        await stage.later(45)
        assert heard(stage) == ["never announced"]
        assert stage.bot.health.entered


@pytest.mark.parametrize("state", ["LoggedOut", ""])
async def test_it_enters_again_where_the_server_has_forgotten_it_and_is_not_ready_in_between(
    state: str,
) -> None:
    async with on_stage() as stage:
        stage.bot.drain(wanted=True)
        await stage.reconciled()
        stage.desk.agent_state = state
        await stage.reconciled()
        assert (stage.asked("StartContactCenterSession"), stage.asked("Ready")) == (2, 1)
        assert stage.desk.agent_state == "NotReady"


async def test_one_that_begins_again_meanwhile_is_never_ready() -> None:
    async with on_stage(ready=False) as stage:
        stage.bot.drain(wanted=True)
        await stage.until(lambda: stage.seen.life)
        await stage.quiet()
        assert (stage.asked("Ready"), stage.desk.agent_state) == (0, "NotReady")
        stage.bot.drain(wanted=False)
        await stage.quiet()
        assert stage.desk.agent_state == "Ready"
