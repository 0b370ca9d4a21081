"""What a bot leaves behind that was told to stop."""

import asyncio

from chatbot.bot.journal import OperationRecord
from tests.bot.desk import LOST, Desk, reply
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


async def test_who_waits_is_handed_over_at_once_and_who_is_served_when_the_time_for_hooks_is_over() -> None:
    drawer, hook = Drawer(), Answers(hangs_before="one")
    async with on_stage(hook, journal=drawer, fallback=FALLBACK, drain=30.0, hook_timeout=600.0) as stage:
        await stage.chatting("idle")
        await stage.chatting("busy")
        stage.desk.says("one", "busy")
        await stage.until(hook.hangs.is_set)
        stage.bot.stop()
        await stage.until(lambda: "idle" not in stage.desk.chats)
        await stage.later(29)
        assert handed_over(drawer) == ["idle"]
        await stage.later(2)
        await stage.until(stage.running.done)
        assert (handed_over(drawer), stage.asked("Transfer")) == (["idle", "busy"], 2)
        assert stage.desk.texts("busy") == hook.states == []
        assert stage.desk.requests[-1] == "EndContactCenterSession"


def handed_over(drawer: Drawer) -> list[str]:
    """The chats that were transferred, in order."""
    records = drawer.all(OperationRecord)
    return [it.key.chat_id for it in records if (it.operation, it.state) == ("Transfer", "intent")]


async def test_a_chat_that_was_taken_and_has_not_begun_is_handed_over_too() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer, fallback=FALLBACK) as stage:
        gate = stage.desk.holding("messages")
        stage.desk.offer()
        await stage.until(gate.reached.is_set)
        stage.bot.stop()
        await stage.later(6)
        await stage.until(stage.running.done)
        assert (handed_over(drawer), stage.seen.events[-1].hook) == (["c1"], "on_chat_offered")
        assert stage.desk.requests[-1] == "EndContactCenterSession"


async def test_a_chat_that_is_taken_while_the_bot_leaves_is_handed_over_too() -> None:
    """The answer to the Accept comes late, and that the bot is in the chat is not told at all."""
    drawer = Drawer()
    async with on_stage(journal=drawer, fallback=FALLBACK) as stage:
        gate = stage.desk.holding("Accept")
        stage.desk.offer()
        await stage.until(gate.reached.is_set)
        stage.bot.stop()
        await stage.until(lambda: "stopping" in stage.seen.life)
        stage.desk.mute = True
        gate.open.set()
        await stage.until(stage.running.done)
        assert handed_over(drawer) == ["c1"]


async def test_a_chat_that_was_taken_and_cannot_be_read_keeps_nobody() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer, fallback=FALLBACK) as stage:
        await stage.chatting("c1")
        gate = stage.desk.holding("Accept")
        stage.desk.offer("c2")
        await stage.until(gate.reached.is_set)
        stage.desk.mute = True
        stage.desk.always("chat", reply(503))
        gate.open.set()
        await stage.turns()
        await stage.stop()
        assert handed_over(drawer) == ["c1"]


async def test_a_chat_that_rings_is_nobodys_to_hand_over() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer, fallback=FALLBACK, auto_accept=False) as stage:
        stage.desk.offer()
        await stage.quiet()
        await stage.stop()
        assert handed_over(drawer) == []


async def test_who_is_handed_over_is_so_once_although_the_end_of_the_chat_is_not_told() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer, fallback=FALLBACK) as stage:
        await stage.chatting()
        stage.desk.answer("Transfer", reply())
        await stage.stop()
        assert (handed_over(drawer), stage.asked("Transfer")) == (["c1"], 1)


async def test_a_chat_whose_request_is_not_answered_keeps_no_other_from_being_handed_over() -> None:
    drawer, hook = Drawer(), Answers(hangs_before="two")
    async with on_stage(hook, journal=drawer, fallback=FALLBACK, hook_timeout=600.0) as stage:
        await stage.chatting("c1")
        await stage.chatting("c2")
        gate = stage.desk.holding("SendMessage")
        stage.desk.says("one", "c1")
        await stage.until(gate.reached.is_set)
        stage.desk.says("two", "c2")
        await stage.until(hook.hangs.is_set)
        stage.bot.stop()
        await stage.later(6)
        await stage.until(lambda: handed_over(drawer))
        await stage.later(30)
        await stage.until(stage.running.done)
        assert handed_over(drawer) == ["c2"]
        assert stage.desk.requests[-1] == "EndContactCenterSession"


async def test_a_hand_over_that_takes_longer_than_the_time_for_hooks_is_not_begun_again() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer, fallback=FALLBACK, drain=2.0) as stage:
        await stage.chatting()
        gate = stage.desk.holding("Transfer")
        stage.bot.stop()
        await stage.until(gate.reached.is_set)
        await stage.later(3)
        gate.open.set()
        await stage.until(stage.running.done)
        assert (handed_over(drawer), stage.asked("Transfer", "UpdateUserData")) == (["c1"], 2)
