"""What plugins make of an operation at the choke point: ``on_action``."""

import asyncio

import pytest

from chatbot import Chat, NotAllowed, hookimpl
from chatbot.bot.journal import OperationRecord
from chatbot.model.actions import Action, SendMessage, UpdateUserData
from tests.bot.desk import Desk
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers, killed
from tests.bot.stage import on_stage


class Mask:
    """Hides what is secret, and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    @hookimpl
    async def on_action(self, action: Action) -> Action | None:
        self.shown.append(action.operation)
        if isinstance(action, SendMessage):
            return action.model_copy(update={"text": action.text.replace("secret", "***")})
        return None


class Broken:
    @hookimpl
    async def on_action(self, action: Action) -> None:
        if isinstance(action, SendMessage):
            raise ZeroDivisionError


async def test_another_action_is_sent_in_its_place() -> None:
    drawer = Drawer()
    async with on_stage(mask := Mask(), journal=drawer) as stage:
        chat = await stage.chatting()
        receipt = await chat.send_text("a secret word")
        await stage.quiet()
        assert stage.desk.texts() == ["a *** word"]
        assert (receipt.action, receipt.state) == (SendMessage(text="a *** word"), "confirmed")
        assert mask.shown == ["Accept", "SendMessage"]
        assert "secret" not in repr(drawer.units)


async def test_what_the_bot_does_by_itself_is_shown_too() -> None:
    async with on_stage(mask := Mask()) as stage:
        await stage.chatting()
        stage.desk.line("c1", {"type": "ParticipantLeft", "from": stage.desk.chats["c1"]["participants"][0]})
        await stage.quiet()
        assert mask.shown == ["Accept", "Complete"]


async def test_what_is_not_allowed_and_what_belongs_to_no_chat_is_not_shown() -> None:
    async with on_stage(mask := Mask()) as stage:
        chat = await stage.chatting()
        with pytest.raises(NotAllowed):
            await chat.consult("http://x/users/u2")
        assert stage.seen.bot is not None
        await stage.seen.bot.cancel_monitoring("u2")
        assert mask.shown == ["Accept"]


async def test_what_cannot_be_looked_at_is_not_sent_and_the_next_is() -> None:
    async with on_stage(Broken()) as stage:
        chat = await stage.chatting()
        with pytest.raises(NotAllowed) as refused:
            await chat.send_text("a secret word")
        assert refused.value.reason == "plugin p1 could not look at it"
        await chat.update_user_data({"a": "b"})
        assert stage.asked("SendMessage", "UpdateUserData") == 1
        assert stage.bot.counters.hook_failures == {"p1": 1}
        assert stage.bot.counters.actions["SendMessage", "NotAllowed"] == 1


async def test_who_is_asked_may_not_act() -> None:
    refused: list[NotAllowed] = []

    class Acts:
        @hookimpl
        async def on_action(self, chat: Chat, action: Action) -> None:
            if not isinstance(action, SendMessage):
                return
            for acting in (chat.send_text("me too"), asyncio.create_task(chat.update_user_data({"a": "b"}))):
                with pytest.raises(NotAllowed) as caught:
                    await acting
                refused.append(caught.value)

    async with on_stage(Acts()) as stage:
        chat = await stage.chatting()
        async with asyncio.timeout(5):  # who waits for itself waits for ever
            await chat.send_text("hello")
        assert (stage.desk.texts(), stage.asked("UpdateUserData")) == (["hello"], 0)
    reason = "plugin p1 is asked about another action, and may not act meanwhile"
    assert [error.reason for error in refused] == [reason, reason]


async def test_neither_may_what_it_has_spawned() -> None:
    class Spawns:
        @hookimpl
        async def on_action(self, chat: Chat, action: Action) -> None:
            if isinstance(action, UpdateUserData):
                chat.spawn(chat.send_text("me too"))

    async with on_stage(Spawns()) as stage:
        chat = await stage.chatting()
        await chat.update_user_data({"a": "b"})
        await stage.quiet()
        assert stage.desk.texts() == []


async def test_it_has_time_of_its_own_while_that_of_the_hook_that_acts_stands_still() -> None:
    class Slow(Mask):
        @hookimpl
        async def on_action(self, chat: Chat, action: Action) -> None:
            if isinstance(action, SendMessage):
                stage.shift += 8.0
                await asyncio.sleep(0)
                self.shown.append(action.text)

    class Two:
        @hookimpl
        async def on_text(self, chat: Chat) -> bool:
            await chat.send_text("one")
            await chat.send_text("two")
            return True

    async with on_stage(slow := Slow(), Two(), hook_timeout=10.0) as stage:
        await stage.chatting()
        stage.desk.says("hi")
        await stage.quiet()
        assert (stage.desk.texts(), slow.shown) == (["one", "two"], ["one", "two"])


async def test_a_chat_that_ended_meanwhile_gets_nothing() -> None:
    class Slow:
        def __init__(self) -> None:
            self.reached, self.go = asyncio.Event(), asyncio.Event()

        @hookimpl
        async def on_action(self, action: Action) -> None:
            if isinstance(action, SendMessage):
                self.reached.set()
                await self.go.wait()

    drawer = Drawer()
    async with on_stage(slow := Slow(), journal=drawer) as stage:
        chat = await stage.chatting()
        saying = asyncio.create_task(chat.send_text("hello"))
        await slow.reached.wait()
        stage.desk.end()
        await stage.until(lambda: stage.bot.chats == 0)
        slow.go.set()
        with pytest.raises(Exception, match="has ended"):
            await saying
        assert [it for it in drawer.all(OperationRecord) if it.operation == "SendMessage"] == []


async def test_what_was_sent_before_a_crash_is_not_shown_again_and_stands() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(
        Mask(), dies := Answers("secret", hangs_after="one"), desk=desk, journal=drawer
    ) as stage:
        await stage.chatting()
        desk.says("one")
        await stage.until(lambda: drawer.states()[-1:] == ["confirmed"])
        await killed(stage, drawer, dies)
    async with on_stage(mask := Mask(), again := Answers("secret"), desk=desk, journal=drawer) as stage:
        assert (again.heard, again.states, mask.shown) == (["one"], ["confirmed"], [])
        assert stage.bot.counters.replay_mismatches == 0
    assert desk.texts() == ["*** one"]


async def test_what_was_on_its_way_at_a_crash_is_sent_as_it_was_and_once() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Mask(), Answers("secret"), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        gate = desk.holding("SendMessage")
        desk.says("one")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    assert desk.texts() == []
    async with on_stage(mask := Mask(), Answers("secret"), desk=desk, journal=drawer):
        assert mask.shown == []
    assert desk.texts() == ["*** one"]
    assert "secret" not in repr(drawer.units)
