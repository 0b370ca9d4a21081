"""What was accepted and is never seen; and tags, by which lines are told apart."""

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.model.actions import (
    Action,
    SendCustomNotice,
    SendCustomNoticeToAgents,
    SendMessage,
    SendNicknameUpdatedNotice,
    SendToAgents,
    SendUrl,
)
from chatbot.wire.http import Reply
from tests.bot.desk import LOST, ME, Desk, reply
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers, killed
from tests.bot.stage import Stage, on_stage


async def swallowed(stage: Stage, text: str = "one") -> None:
    """The answer to this is accepted, and never shown."""
    stage.desk.answer("SendMessage", reply())
    stage.desk.says(text)
    await stage.quiet()


async def looked_at(stage: Stage, after_s: float) -> None:
    stage.clock.time += after_s
    await stage.reconciled()
    await stage.quiet()


async def test_a_text_that_was_swallowed_is_sent_again() -> None:
    drawer = Drawer()
    async with on_stage(Answers(), journal=drawer) as stage:
        await stage.chatting()
        stage.desk.says("zero")
        await stage.quiet()
        await swallowed(stage)
        await looked_at(stage, 9.0)
        assert stage.desk.texts() == ["re zero"]
        await looked_at(stage, 2.0)
        assert stage.desk.texts() == ["re zero", "re one"]
        await looked_at(stage, 30.0)
        assert (stage.asked("SendMessage"), stage.bot.counters.unseen) == (3, 1)
        [(kind, detail)] = drawer.incidents()
        assert (kind, detail[:19]) == ("unseen", "SendMessage for 4:T")
    assert drawer.fates()[-1] == ("SendMessage", "confirmed")


async def test_where_the_bot_never_saw_its_own_lines_it_only_says_so_once() -> None:
    drawer = Drawer()
    async with on_stage(Answers(), journal=drawer) as stage:
        stage.desk.running()  # a server that does not even show that the bot has joined
        stage.desk.status("c1")
        await stage.quiet()
        await swallowed(stage)
        for _ in range(3):
            await looked_at(stage, 11.0)
        assert (stage.asked("SendMessage"), stage.bot.counters.unseen, len(drawer.incidents())) == (1, 1, 1)
    assert drawer.fates()[-1] == ("SendMessage", "abandoned")


async def test_what_is_swallowed_again_is_given_up() -> None:
    drawer = Drawer()
    async with on_stage(Answers(), journal=drawer) as stage:
        await stage.chatting()
        stage.desk.says("zero")
        await stage.quiet()
        stage.desk.always("SendMessage", reply())
        await swallowed(stage)
        for _ in range(4):
            await looked_at(stage, 11.0)
        assert stage.asked("SendMessage") == 3
    assert drawer.fates()[-1] == ("SendMessage", "abandoned")


UNSHOWN: dict[str, Action] = {
    "an address": SendUrl(url="http://x/y"),
    "a notice": SendCustomNotice(notice_text="n"),
    "a notice for agents": SendCustomNoticeToAgents(notice_text="n"),
    "a text for agents": SendToAgents(text="psst"),
    "a name": SendNicknameUpdatedNotice(notice_text="Neo"),
    "a text of the system": SendMessage(text="system", treat_as="System"),
}


@pytest.mark.parametrize("action", UNSHOWN.values(), ids=UNSHOWN)
async def test_a_kind_of_line_that_the_server_never_shows_is_not_sent_again(action: Action) -> None:
    drawer = Drawer()
    async with on_stage(Answers(), journal=drawer) as stage:
        chat = await stage.chatting()
        stage.desk.change(capabilities=["SendMessage", "SendUrl", "SendToAgents"])
        stage.desk.says("zero")
        await stage.quiet()
        before = stage.asked(action.operation)
        stage.desk.answer(action.operation, reply())
        await chat.perform(action)
        for _ in range(3):
            await looked_at(stage, 11.0)
        assert (stage.asked(action.operation) - before, stage.bot.counters.unseen) == (1, 1)
    assert drawer.fates()[-1] == (action.operation, "abandoned")


async def test_a_kind_of_line_that_the_server_has_shown_is_sent_again() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.change(capabilities=["SendUrl"])
        await stage.quiet()
        stage.desk.answer("SendUrl", reply(), reply())
        await chat.send_url("http://x/1")
        stage.desk.line("c1", {"type": "PushUrl", "url": "http://x/1", "from": ME})
        await stage.quiet()
        await chat.send_url("http://x/2")
        await looked_at(stage, 11.0)
        assert stage.asked("SendUrl") == 3


SYSTEM = {"nickname": "system", "type": "External", "participantId": "P-system"}


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_text_of_the_system_may_be_shown_as_that_of_another(*, is_answered: bool) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()

        async def say() -> Reply:
            stage.desk.says("Please hold.", who=SYSTEM)
            if not is_answered:
                raise LOST
            return reply()

        stage.desk.answer("SendMessage", say)
        receipt = await chat.send_text("Please hold.", treat_as="System")
        await stage.quiet()
        await looked_at(stage, 11.0)
        assert (receipt.state, stage.asked("SendMessage")) == ("confirmed", 1)


async def test_a_line_that_the_next_reading_shows_is_not_chased() -> None:
    async with on_stage(Answers()) as stage:
        await stage.chatting()
        stage.desk.says("zero")
        await stage.quiet()
        await swallowed(stage)
        stage.desk.mute = True
        stage.desk.says("re one", who=stage.desk.chats["c1"]["participants"][-1])
        await looked_at(stage, 60.0)
        assert (stage.asked("SendMessage"), stage.bot.counters.unseen) == (2, 0)


async def test_texts_carry_a_tag_only_where_the_settings_say_so() -> None:
    for tag_messages in (False, True):
        async with on_stage(Answers(), tag_messages=tag_messages) as stage:
            await stage.chatting()
            stage.desk.says("one")
            await stage.quiet()
            [body] = [it for it in stage.desk.bodies if "SendMessage" in str(it)]
            tag = str(body.get("messageType"))
            assert (tag.startswith("b:"), "messageType" in body) == (tag_messages, tag_messages)


class Twice:
    """Says the same twice, and waits until the second is seen."""

    def __init__(self, message_type: str | None) -> None:
        self.states: list[str] = []
        self.message_type = message_type

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        del event
        receipts = [await chat.send_text("ok", message_type=self.message_type) for _ in "12"]
        await receipts[1].confirmed(1)
        self.states = [receipt.state for receipt in receipts]


async def test_a_tag_tells_equal_texts_apart() -> None:
    drawer = Drawer()
    async with on_stage(twice := Twice(None), journal=drawer, tag_messages=True) as stage:
        await stage.chatting()
        stage.desk.answer("SendMessage", reply(), reply())
        stage.desk.says("go")
        await stage.until(lambda: stage.asked("SendMessage") == 2)
        tags = [it["messageType"] for it in stage.desk.bodies if "SendMessage" in str(it)]
        assert tags[0] != tags[1]
        me = stage.desk.chats["c1"]["participants"][-1]
        stage.desk.says("masked", who=me, messageType=tags[1])
        await stage.quiet()
        assert (twice.states, stage.bot.counters.fuzzy_matches) == (["accepted", "confirmed"], 0)


async def test_what_a_plugin_has_marked_itself_is_left_alone() -> None:
    async with on_stage(Twice("menu"), tag_messages=True) as stage:
        await stage.chatting()
        stage.desk.says("go")
        await stage.quiet()
        marks = [it["messageType"] for it in stage.desk.bodies if "SendMessage" in str(it)]
        assert marks == ["menu", "menu"]


@pytest.mark.parametrize("tag_messages", [True, False])
async def test_a_tag_is_the_same_when_a_hook_is_run_again(*, tag_messages: bool) -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer, tag_messages=tag_messages) as stage:
        await stage.chatting()
        gate = desk.holding("SendMessage")
        desk.says("one")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    async with on_stage(Answers(), desk=desk, journal=drawer, tag_messages=tag_messages):
        pass
    [first, second] = [it.get("messageType") for it in desk.bodies if "SendMessage" in str(it)]
    assert (first, desk.texts()) == (second, ["re one"])


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize(("word", "mismatches"), [("re", 0), ("RE", 1)])
async def test_a_tag_is_no_other_word(word: str, mismatches: int, *, before: bool, after: bool) -> None:
    desk, drawer = Desk(), Drawer()
    hanging = Answers(hangs_after="one")
    async with on_stage(hanging, desk=desk, journal=drawer, tag_messages=before) as stage:
        await stage.chatting()
        desk.says("one")
        await killed(stage, drawer, hanging)
    async with on_stage(Answers(word), desk=desk, journal=drawer, tag_messages=after) as stage:
        assert (stage.bot.counters.replay_mismatches, desk.texts()) == (mismatches, ["re one"])
