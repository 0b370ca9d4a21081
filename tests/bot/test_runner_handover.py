"""What a bot leaves behind that was told to stop."""

import asyncio

from tests.bot.desk import LOST, Desk
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers, Hangs
from tests.bot.stage import on_stage

FALLBACK = {"queue": "humans"}


async def test_chats_are_handed_over_and_the_session_ends_once_and_last() -> None:
    drawer = Drawer()
    async with on_stage(told := Hangs(), journal=drawer, fallback=FALLBACK) as stage:
        await stage.chatting("c1")
        await stage.chatting("c2")
        before = len(stage.desk.requests)
        await stage.stop()
        after = stage.desk.requests[before:]
        assert sorted(after[1:-2]) == ["Transfer"] * 2 + ["UpdateUserData"] * 2
        assert [after[0], *after[-2:]] == ["NotReady", "unsubscribe", "EndContactCenterSession"]
        assert {str(body) for body in stage.desk.bodies if "stopping" in str(body)} == {
            "{'operationName': 'UpdateUserData', 'userData': {'chatbot_fallback': 'stopping'}}"
        }
        assert told.called == ["offered", "started"] * 2
    assert {fate for fate in drawer.fates() if fate[0] == "Transfer"} == {("Transfer", "confirmed")}


async def test_what_was_not_answered_is_found_out_before_the_session_ends() -> None:
    drawer = Drawer()
    async with on_stage(answers := Answers(), journal=drawer) as stage:
        await stage.chatting()
        gate = stage.desk.holding("SendMessage", effect=False)
        stage.desk.says("one")
        await stage.until(gate.reached.is_set)
        stage.bot.stop()
        await stage.turns()
        gate.open.set()
        await stage.until(stage.running.done)
    assert (len(answers.states), stage.desk.texts()) == (1, ["re one"])
    assert stage.desk.requests[-1] == "EndContactCenterSession"


async def test_a_bot_that_keeps_its_chats_goes_on_with_them() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer, on_stop="keep", fallback=FALLBACK) as stage:
        await stage.chatting()
        desk.says("one")
        await stage.quiet()
        await stage.stop()
        assert stage.asked("NotReady", "EndContactCenterSession", "Transfer", "UpdateUserData") == 0
    desk.lose_client()
    desk.mute = True
    desk.says("two")
    desk.mute = False
    async with on_stage(Answers(), desk=desk, journal=drawer, on_stop="keep") as stage:
        assert stage.names() == ["ChatResumed", "TextReceived"]
    assert desk.texts() == ["re one", "re two"]


async def test_a_text_that_is_not_found_out_in_time_is_looked_for_by_the_next_process() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer, on_stop="keep", drain=0.001) as stage:
        await stage.chatting()
        gate = desk.unanswered("SendMessage")
        desk.says("one")
        await stage.until(gate.reached.is_set)
        stage.bot.stop()
        async with asyncio.timeout(5):
            await stage.running
    assert drawer.states()[-1] in {"intent", "confirmed"}
    desk.lose_client()
    async with on_stage(answers := Answers(), desk=desk, journal=drawer) as stage:
        assert (answers.heard, stage.asked("SendMessage")) == (["one"], 1)
    assert (desk.texts(), drawer.states()[-1]) == (["re one"], "confirmed")


async def test_a_handover_that_the_server_does_not_answer_does_not_hold_the_bot() -> None:
    async with on_stage(fallback=FALLBACK, drain=0.05) as stage:
        await stage.chatting()
        for name in ("UpdateUserData", "Transfer"):
            stage.desk.always(name, LOST)
        stage.bot.stop()
        async with asyncio.timeout(5):
            await stage.running
        assert stage.desk.requests[-1] == "EndContactCenterSession"
