"""How chats begin, as the journal knows it. Offers and histories: test_worker."""

from chatbot import Chat, hookimpl
from chatbot.bot.journal import Forget
from tests.bot.desk import ANA, CAN_TALK, ME, Desk, code, reply
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers, Hangs, killed, nobody_listening
from tests.bot.stage import on_stage


async def test_each_step_of_a_beginning_is_kept() -> None:
    drawer = Drawer()
    async with on_stage(Hangs(), journal=drawer) as stage:
        await stage.chatting()
        found = [(unit[-1].phase, unit[-1].trigger) for unit in checkpoints(drawer)]
        assert found == [("offered", "offered"), ("offered", "started"), ("started", "")]
        assert drawer.all(Forget) == [Forget("c1")]


def checkpoints(drawer: Drawer) -> list[tuple[object, ...]]:
    return [unit for unit in drawer.units if type(unit[-1]).__name__ == "Checkpoint"]


async def test_a_chat_that_no_journal_knows_is_taken_up_again_from_its_end() -> None:
    desk, drawer = Desk(), Drawer()
    desk.running()
    with nobody_listening(desk):
        desk.says("old")
        desk.says("answered", who=ME)
        desk.says("waiting")
    async with on_stage(answers := Answers(), hangs := Hangs(), desk=desk, journal=drawer) as stage:
        assert (hangs.called, answers.heard) == (["resumed"], ["waiting"])
        await stage.crash(drawer)
    async with on_stage(answers, hangs, desk=desk, journal=drawer):
        assert (hangs.called, answers.heard) == (["resumed", "resumed"], ["waiting"])


async def test_what_waited_in_the_history_is_answered_once_over_crashes() -> None:
    desk, drawer = Desk(), Drawer()
    with nobody_listening(desk):
        for text in ("one", "two", "three"):
            desk.says(text)
    async with on_stage(dies := Answers(hangs_after="two"), desk=desk, journal=drawer) as stage:
        desk.offer()
        await killed(stage, drawer, dies)
    async with on_stage(again := Answers(), desk=desk, journal=drawer):
        assert again.heard == ["two", "three"]
    assert desk.texts() == ["re one", "re two", "re three"]


async def test_that_a_chat_is_taken_up_again_may_be_told_more_than_once_and_costs_no_line() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.says("one")
    async with on_stage(dies := Hangs("resumed"), desk=desk, journal=drawer, ready=False) as stage:
        await killed(stage, drawer, dies)
    async with on_stage(hangs := Hangs(), answers := Answers(), desk=desk, journal=drawer):
        assert (hangs.called, answers.heard) == (["resumed"], ["one"])


async def test_a_hook_for_resuming_that_kills_the_bot_is_left_out_the_fourth_time() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        await stage.crash(drawer)
    for _ in range(3):
        async with on_stage(dies := Hangs("resumed"), desk=desk, journal=drawer, ready=False) as stage:
            await killed(stage, drawer, dies)
    with nobody_listening(desk):
        desk.says("one")
    async with on_stage(answers := Answers(), desk=desk, journal=drawer) as stage:
        assert (answers.heard, stage.bot.counters.dead_letters) == (["one"], 1)


async def test_a_hook_for_resuming_that_kills_the_bot_is_buried_once_and_costs_no_line() -> None:
    desk, drawer = Desk(), Drawer()
    await die_three_times_at_resuming(desk, drawer)
    async with on_stage(dies := Hangs("resumed"), answers := Answers(), desk=desk, journal=drawer) as stage:
        desk.says("one")
        await stage.quiet()
        assert (dies.called, answers.heard, stage.names()) == ([], ["one"], ["TextReceived"])
        await stage.crash(drawer)
    async with on_stage(tells := Hangs(), answers := Answers(), desk=desk, journal=drawer) as stage:
        desk.says("two")
        await stage.quiet()
        assert (tells.called, answers.heard) == (["resumed"], ["two"])
    assert [kind for kind, _ in drawer.incidents()] == ["dead letter"]
    assert desk.texts() == ["re one", "re two"]


async def test_a_chat_that_cannot_be_resumed_is_handed_over_once() -> None:
    desk, drawer = Desk(), Drawer()
    await die_three_times_at_resuming(desk, drawer)
    async with on_stage(
        told := Hangs("resumed"), desk=desk, journal=drawer, fallback={"queue": "q"}
    ) as stage:
        assert (told.called, stage.bot.chats) == (["ended: Completed"], 0)
        assert (stage.asked("UpdateUserData"), stage.asked("Transfer")) == (1, 1)


async def die_three_times_at_resuming(desk: Desk, drawer: Drawer) -> None:
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        await stage.crash(drawer)
    for _ in range(3):
        async with on_stage(dies := Hangs("resumed"), desk=desk, journal=drawer, ready=False) as stage:
            await killed(stage, drawer, dies)
    assert drawer.checkpoint().attempts == 3


async def test_an_accept_that_nobody_answered_before_the_crash_is_decided_anew() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(desk=desk, journal=drawer) as stage:
        gate = desk.holding("Accept")
        desk.offer()
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    async with on_stage(hangs := Hangs(), desk=desk, journal=drawer) as stage:
        assert (hangs.called, stage.asked("Accept")) == (["offered", "started"], 2)
    assert [state for name, state in drawer.fates() if name == "Accept"] == ["abandoned", "confirmed"]


async def test_an_accept_that_was_done_before_the_crash_begins_the_chat() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(desk=desk, journal=drawer) as stage:
        desk.mute = True
        gate = desk.unanswered("Accept")
        desk.mute = False
        desk.offer()
        desk.mute = True
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    desk.mute = False
    async with on_stage(hangs := Hangs(), desk=desk, journal=drawer) as stage:
        assert (hangs.called, stage.asked("Accept")) == (["started"], 1)


async def test_a_chat_that_comes_back_after_its_end_begins_anew() -> None:
    drawer = Drawer()
    async with on_stage(Answers(), journal=drawer) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.quiet()
        stage.desk.end()
        await stage.quiet()
        chat = await stage.chatting()
        assert dict(chat.memory) == {}
        assert len(drawer.all(Forget)) == 2
        assert stage.live().outbox.open == []


async def test_the_order_of_plugins_and_phases_does_not_depend_on_the_list_of_participants() -> None:
    async with on_stage() as stage:
        stage.desk.always("chat", reply(503))
        stage.desk.always("messages", code(6))
        stage.desk.running("c1", ANA, ME, participants=None)
        stage.desk.chats["c1"]["participants"] = []
        stage.desk.status("c1")
        await stage.quiet()
        assert (stage.names(), stage.live().stalled) == ([], True)
        stage.desk.change(participants=[ANA, ME])
        await stage.quiet()
        assert stage.names() == ["ChatStarted"]


class Greets(Hangs):
    """Says hello before it hangs."""

    @hookimpl
    async def on_chat_started(self, chat: Chat) -> None:
        await chat.send_text("hello")
        await self._called("started")


async def test_a_greeting_before_the_crash_is_no_answer_to_what_waited() -> None:
    desk, drawer = Desk(), Drawer()
    with nobody_listening(desk):
        desk.says("waiting")
    async with on_stage(dies := Greets("started"), desk=desk, journal=drawer) as stage:
        desk.running()
        desk.status("c1")
        await stage.until(lambda: drawer.states()[-1:] == ["confirmed"])
        await killed(stage, drawer, dies)
    async with on_stage(Greets(), answers := Answers(), desk=desk, journal=drawer):
        assert answers.heard == ["waiting"]
    assert desk.texts() == ["hello", "re waiting"]


async def test_where_the_server_tells_of_nobody_who_speaks_is_there() -> None:
    async with on_stage() as stage:
        stage.desk.always("messages", reply(404))
        stage.desk.chats["c1"] = {
            "id": "c1",
            "state": "Chatting",
            "capabilities": CAN_TALK,
            "participants": [],
        }
        stage.desk.status("c1")
        await stage.quiet()
        assert stage.names() == []
        stage.desk.says("anybody there?")
        await stage.quiet()
        assert stage.names()[-1] == "TextReceived"
        assert [person.nickname for person in stage.live().handle.participants] == ["Ana"]
