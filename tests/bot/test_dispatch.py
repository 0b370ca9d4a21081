"""What hooks are running for, as the journal knows it."""

import asyncio

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.journal import Checkpoint, Incident
from chatbot.bot.prints import Print
from tests.bot.desk import Desk, code
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers, Hangs, killed
from tests.bot.stage import Stage, on_stage

FALLBACK = {"queue": "humans", "say": "One moment."}


async def test_that_a_hook_begins_is_durable_before_it_does() -> None:
    drawer = Drawer()
    async with on_stage(answers := Answers(), journal=drawer) as stage:
        await stage.chatting()
        drawer.hold()
        stage.desk.says("one")
        await stage.turns()
        assert answers.heard == []
        drawer.let_go()
        await stage.quiet()
        assert answers.heard == ["one"]
        [begun] = [it.trigger for it in drawer.all(Checkpoint) if Print.parse(it.trigger)]
        assert begun.startswith("2:TextReceived:")


async def test_an_event_nobody_listens_to_costs_no_unit() -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        await stage.chatting()
        before = len(drawer.units)
        stage.desk.says("one")
        await stage.quiet()
        with_a_watcher = len(drawer.units) - before
        stage.bot._plugins._hooks["on_event"] = ()
        before = len(drawer.units)
        stage.desk.says("two")
        await stage.quiet()
        assert (with_a_watcher, len(drawer.units) - before) == (2, 1)
        assert drawer.checkpoint().cursor == 3


async def die_three_times(desk: Desk, drawer: Drawer) -> None:
    """Hooks for the text "poison" end in a crash, each time."""
    async with on_stage(dies := Answers(hangs_before="poison"), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("poison")
        desk.says("next")
        await killed(stage, drawer, dies)
    for _ in range(2):
        async with on_stage(
            dies := Answers(hangs_before="poison"), desk=desk, journal=drawer, ready=False
        ) as stage:
            await killed(stage, drawer, dies)
    assert drawer.checkpoint().attempts == 3


async def test_what_ends_in_a_crash_three_times_is_not_tried_again() -> None:
    desk, drawer = Desk(), Drawer()
    await die_three_times(desk, drawer)
    trigger = drawer.checkpoint().trigger
    async with on_stage(answers := Answers(), desk=desk, journal=drawer) as stage:
        assert (answers.heard, stage.bot.counters.dead_letters) == (["next"], 1)
        assert stage.names() == ["ChatResumed", "TextReceived"]
        assert drawer.incidents() == [("dead letter", trigger)]
        [at] = [n for n, unit in enumerate(drawer.units) if isinstance(unit[0], Incident)]
        [after] = drawer.units[at + 1]
        assert isinstance(after, Checkpoint)
        assert (after.cursor, after.trigger, after.attempts) == (2, "", 0)
        await stage.crash(drawer)
    async with on_stage(answers, desk=desk, journal=drawer) as stage:
        assert (answers.heard, stage.bot.counters.dead_letters) == (["next"], 0)
    assert desk.texts() == ["re next"]


async def test_the_customer_of_a_dead_letter_is_handed_over_once() -> None:
    desk, drawer = Desk(), Drawer()
    await die_three_times(desk, drawer)
    async with on_stage(Answers(), desk=desk, journal=drawer, fallback=FALLBACK) as stage:
        assert (stage.asked("UpdateUserData"), stage.asked("Transfer")) == (1, 1)
        assert (stage.names().count("ChatEnded"), stage.bot.chats) == (1, 0)
    async with on_stage(desk=desk, journal=drawer, fallback=FALLBACK) as stage:
        assert (stage.names(), stage.asked("Transfer")) == ([], 1)
    assert desk.texts() == []


async def test_a_fallback_that_was_interrupted_by_a_crash_is_not_doubled() -> None:
    desk, drawer = Desk(), Drawer()
    await die_three_times(desk, drawer)
    desk.answer("Transfer", code(100))
    async with on_stage(desk=desk, journal=drawer, ready=False, fallback=FALLBACK) as stage:
        gate = desk.unanswered("SendMessage")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    async with on_stage(answers := Answers(), desk=desk, journal=drawer, fallback=FALLBACK) as stage:
        assert (stage.asked("UpdateUserData"), stage.asked("Transfer")) == (1, 1)
        assert answers.heard == ["next"]
    assert desk.texts() == ["One moment.", "re next"]


async def test_the_offer_of_a_chat_that_kills_the_bot_is_accepted_without_hooks() -> None:
    desk, drawer = Desk(), Drawer()
    for number in range(3):
        async with on_stage(dies := Hangs("offered"), desk=desk, journal=drawer, ready=False) as stage:
            if number == 0:
                desk.offer()
            await killed(stage, drawer, dies)
    async with on_stage(hangs := Hangs("offered"), desk=desk, journal=drawer) as stage:
        assert (hangs.called, stage.asked("Accept"), stage.bot.counters.dead_letters) == (["started"], 1, 1)


async def test_a_hook_that_was_cancelled_by_the_drain_is_no_attempt() -> None:
    desk, drawer = Desk(), Drawer()
    for number in range(5):
        async with on_stage(
            slow := Answers(hangs_before="one"),
            desk=desk,
            journal=drawer,
            ready=False,
            drain=0.001,
            on_stop="keep",
        ) as stage:
            if number == 0:
                await stage.until(lambda: stage.bot._is_open)
                await stage.chatting()
                desk.says("one")
            await stage.until(slow.hangs.is_set)
            stage.bot.stop()
            async with asyncio.timeout(5):
                await stage.running
        assert drawer.checkpoint().attempts == 0
    async with on_stage(answers := Answers(), desk=desk, journal=drawer) as stage:
        assert (answers.heard, stage.bot.counters.dead_letters) == (["one"], 0)


async def test_what_raises_is_final_at_once() -> None:
    class Raises:
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> None:
            raise RuntimeError(f"{chat.id}: {event.text}")

    desk, drawer = Desk(), Drawer()
    async with on_stage(Raises(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        await stage.quiet()
        await stage.crash(drawer)
    async with on_stage(answers := Answers(), desk=desk, journal=drawer) as stage:
        assert (answers.heard, stage.names()) == ([], ["ChatResumed"])


async def die_twice_in_two_chats(desk: Desk, drawer: Drawer) -> None:
    """Hooks run in both at once when the process dies, so nobody knows whose fault it is."""
    async with on_stage(dies := Answers(hangs_before="poison"), desk=desk, journal=drawer) as stage:
        await stage.chatting("c1")
        await stage.chatting("c2")
        desk.says("poison", "c1")
        desk.says("poison", "c2")
        await killed_in_both(stage, drawer, dies)
    async with on_stage(
        dies := Answers(hangs_before="poison"), desk=desk, journal=drawer, ready=False
    ) as stage:
        await killed_in_both(stage, drawer, dies)
    assert attempts(drawer) == [2, 2]


async def killed_in_both(stage: Stage, drawer: Drawer, dies: Answers) -> None:
    await stage.until(lambda: dies.heard == ["poison", "poison"])
    await stage.crash(drawer)


def attempts(drawer: Drawer) -> list[int]:
    return sorted(drawer.checkpoint(chat).attempts for chat in ("c1", "c2"))


async def test_the_last_attempt_is_made_for_one_chat_at_a_time() -> None:
    desk, drawer = Desk(), Drawer()
    await die_twice_in_two_chats(desk, drawer)
    slow = Answers(hangs_before="poison")
    async with on_stage(slow, desk=desk, journal=drawer, ready=False) as stage:
        await stage.until(slow.hangs.is_set)
        await stage.turns(1000)
        assert (slow.heard, stage.names().count("ChatResumed"), attempts(drawer)) == (["poison"], 1, [2, 3])
        slow.go.set()
        await stage.quiet()
        assert (slow.heard, attempts(drawer)) == (["poison", "poison"], [0, 0])
        assert stage.bot.counters.dead_letters == 0
    assert [desk.texts("c1"), desk.texts("c2")] == [["re poison"], ["re poison"]]


async def test_of_two_chats_only_the_one_that_crashed_alone_is_a_dead_letter() -> None:
    desk, drawer = Desk(), Drawer()
    await die_twice_in_two_chats(desk, drawer)
    async with on_stage(
        dies := Answers(hangs_before="poison"), desk=desk, journal=drawer, ready=False
    ) as stage:
        await killed(stage, drawer, dies)
    assert attempts(drawer) == [2, 3]
    async with on_stage(answers := Answers(), desk=desk, journal=drawer) as stage:
        assert (answers.heard, stage.bot.counters.dead_letters) == (["poison"], 1)
