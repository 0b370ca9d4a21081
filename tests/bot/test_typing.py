"""Typing as a human would: shown for a while, and stopped by what the customer says."""

import pytest

from chatbot import Chat, NotAllowed, TextReceived
from tests.bot.bells import Bells, Tells, say
from tests.bot.desk import CAN_TALK, HELENA
from tests.bot.stage import Stage, on_stage

START, STOP = "SendStartTypingNotification", "SendStopTypingNotification"


async def slowly(chat: Chat, event: TextReceived) -> None:
    await chat.send_text("x" * 90, typing="natural")


async def cautiously(chat: Chat, event: TextReceived) -> str | None:
    try:
        await chat.send_text("x" * 90, typing="natural", interruptible=True)
    except NotAllowed as error:
        return error.reason
    return None


async def typing(stage: Stage) -> Bells:
    """A hook types."""
    bells = Bells(stage)
    await stage.chatting()
    stage.desk.change(capabilities=[*CAN_TALK, START, STOP])
    stage.desk.says("type")
    await stage.until(lambda: bells.asked)
    await stage.turns()
    return bells


def operations(stage: Stage) -> list[str]:
    return [one for one in stage.desk.requests if one in {START, STOP, "SendMessage"}]


async def test_a_text_comes_after_its_time_and_typing_is_taken_down() -> None:
    async with on_stage(Tells(type=slowly)) as stage:
        bells = await typing(stage)
        assert (bells.asked, operations(stage)) == ([3.0], [START])
        bells.ring()
        await stage.quiet()
        assert operations(stage) == [START, "SendMessage", STOP]
        assert stage.bot._aside.tasks == []


async def test_typing_is_not_the_hooks_time_and_others_wait_for_their_turn() -> None:
    async with on_stage(tells := Tells(type=slowly), hook_timeout=2.0) as stage:
        bells = await typing(stage)
        stage.desk.says("next")
        await stage.later(10)
        assert tells.heard == ["type"]
        bells.ring()
        await stage.quiet()
        assert (tells.heard, stage.bot.counters.hook_failures) == (["type", "next"], {})


async def test_what_the_customer_says_meanwhile_stops_a_text_that_may_be_interrupted() -> None:
    async with on_stage(Tells(type=cautiously)) as stage:
        await typing(stage)
        stage.desk.says("no, wait")
        await stage.quiet()
        assert operations(stage) == [START, STOP, "SendMessage", "SendMessage"]
        assert stage.desk.texts() == ["the customer said something meanwhile", "re no, wait"]
        assert stage.bot._aside.tasks == []


async def test_what_is_said_while_typing_is_about_to_show_stops_it_too() -> None:
    async with on_stage(Tells(type=cautiously)) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.change(capabilities=[*CAN_TALK, START, STOP])
        gate = stage.desk.holding(START)
        stage.desk.says("type")
        await stage.until(gate.reached.is_set)
        stage.desk.says("no, wait")
        await stage.until(lambda: stage.live().heard == 2)
        gate.open.set()
        await stage.quiet()
        assert stage.desk.texts() == ["the customer said something meanwhile", "re no, wait"]


async def test_what_was_not_announced_and_is_found_by_reading_stops_it_too() -> None:
    async with on_stage(Tells(type=cautiously)) as stage:
        await typing(stage)
        stage.desk.mute = True
        stage.desk.says("no, wait")
        stage.live().read_back(await stage.live().lines(1, None))
        stage.desk.mute = False
        await stage.quiet()
        assert stage.desk.texts()[0] == "the customer said something meanwhile"


async def test_what_others_say_or_is_told_again_stops_nothing() -> None:
    async with on_stage(Tells(type=cautiously), on_agent_joined="stay") as stage:
        bells = await typing(stage)
        stage.desk.says("psst", visibility="Agents")
        stage.desk.says("hello", who=HELENA)
        stage.desk.hint("c1", stage.desk.lines["c1"][1])
        await stage.turns()
        bells.ring()
        await stage.quiet()
        assert operations(stage) == [START, "SendMessage", STOP]


@pytest.mark.parametrize("story", [slowly, cautiously])
async def test_typing_is_taken_down_when_the_hook_is_stopped(story: object) -> None:
    async with on_stage(Tells(type=story)) as stage:  # type: ignore[arg-type]
        await typing(stage)
        [run] = stage.live().runs
        run.cut("a human took over")
        await stage.quiet()
        assert operations(stage) == [START, STOP]
        assert stage.live().waits._pauses == []


async def test_what_is_spawned_may_type_too() -> None:
    async def spawns(chat: Chat, event: TextReceived) -> None:
        chat.spawn(slowly(chat, event))

    async with on_stage(Tells(type=spawns)) as stage:
        bells = await typing(stage)
        await say(stage, "next")
        bells.ring()
        await stage.quiet()
        assert [len(text) for text in stage.desk.texts()] == [len("re next"), 90]
