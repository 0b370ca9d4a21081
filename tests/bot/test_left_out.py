"""A bot and its plugins: those that fail are not asked for a while, and some have an object for each chat."""

import gc
import weakref
from typing import ClassVar

import pytest

from chatbot import Bot, Chat, Refused, TextReceived, hookimpl
from tests.bot.bells import Bells, Tells, asks, say
from tests.bot.desk import Desk, code
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers
from tests.bot.stage import on_stage
from tests.hooks.stage import per_chat


class Raises:
    """Fails at each text, until it is mended."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_mended = False
        self.ended = 0

    @hookimpl
    async def on_text(self) -> None:
        self.asked += 1
        if not self.is_mended:
            raise ZeroDivisionError

    @hookimpl
    async def on_chat_ended(self) -> None:
        self.ended += 1


# the breaker


async def test_a_customer_whose_plugin_is_left_out_gets_somebody_else_unless_another_one_answers() -> None:
    kept = {"breaker": {"errors": 1}, "fallback": {"queue": "humans"}, "reply_timeout": 600.0}
    async with on_stage(Raises(), **kept) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.quiet()
        assert stage.asked("Transfer") == 0
        stage.desk.says("two")
        await stage.quiet()
        assert (stage.asked("Transfer"), stage.bot.counters.handed_over) == (1, {"breaker p1": 1})
    async with on_stage(Raises(), Answers(), **kept) as stage:
        await stage.chatting()
        for words in ("one", "two"):
            stage.desk.says(words)
            await stage.quiet()
        assert (stage.asked("Transfer"), stage.desk.texts()) == (0, ["re one", "re two"])


async def test_a_plugin_that_only_fails_is_left_out_and_tried_again_after_the_cooldown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "chatbot.hooks")
    raises = Raises()
    async with on_stage(raises, answers := Answers(), breaker={"errors": 2, "cooldown": 30.0}) as stage:
        await stage.chatting()

        async def says(text: str) -> str:
            stage.desk.says(text)
            await stage.quiet()
            return stage.bot.breakers["p1"].state

        assert [await says(text) for text in ("one", "two", "three")] == ["closed", "open", "open"]
        assert (raises.asked, answers.heard) == (2, ["one", "two", "three"])
        stage.clock.time += 30
        assert (await says("four"), raises.asked) == ("open", 3)
        stage.clock.time += 30
        raises.is_mended = True
        assert (await says("five"), raises.asked) == ("closed", 4)
        assert (await says("six"), raises.asked) == ("closed", 5)
        assert stage.bot.counters.hook_failures == {"p1": 3}
        assert stage.desk.texts() == [f"re {word}" for word in answers.heard]
    whole = "plugin p1 of bot robo is "
    assert [line for line in caplog.messages if line.startswith(whole)] == [
        f"{whole}not asked for 30 s: 2 exceptions in a row, the last in on_text",
        f"{whole}not asked for 30 s: on_text failed again",
        f"{whole}asked again",
    ]


async def test_a_refusal_of_the_server_is_nobody_s_fault() -> None:
    class Says:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            await chat.send_text("hi")

    async with on_stage(Says(), breaker={"errors": 1}) as stage:
        await stage.chatting()
        for _ in range(3):
            stage.desk.answer("SendMessage", code(100))
            stage.desk.says("hello")
            await stage.quiet()
        assert stage.bot.counters.actions["SendMessage", Refused.__name__] == 3
        assert stage.bot.breakers["p1"].state == "closed"


async def test_customers_who_do_not_answer_are_nobody_s_fault() -> None:
    async with on_stage(Tells(ask=asks), breaker={"errors": 1}) as stage:
        bells = Bells(stage)
        await stage.chatting()
        for _ in range(2):
            await say(stage, "ask")
            bells.ring()
            await stage.quiet()
        assert stage.desk.texts() == ["number?", "number?"]
        assert stage.bot.breakers["p1"].state == "closed"


async def test_who_is_not_asked_is_told_to_whoever_calls() -> None:
    raises = Raises()
    async with on_stage(raises, breaker={"errors": 1}) as stage:
        chat = await stage.chatting()
        stage.desk.says("one")
        await stage.quiet()
        event = stage.all(TextReceived)[0]
        result = await stage.bot._dispatch.tell(stage.live(), event, "")
        assert (result.skipped, result.handled, chat.id) == (["p1"], False, "c1")


async def test_the_end_of_the_chat_reaches_also_who_is_not_asked() -> None:
    raises = Raises()
    async with on_stage(raises, breaker={"errors": 1}) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.quiet()
        assert stage.bot.breakers["p1"].state == "open"
        stage.desk.end("c1")
        await stage.quiet()
        assert (raises.asked, raises.ended, stage.bot.chats) == (1, 1, 0)


async def test_the_breakers_of_two_bots_with_the_same_plugin_do_not_know_each_other() -> None:
    raises = Raises()
    async with (
        on_stage(raises, breaker={"errors": 1}) as one,
        on_stage(raises, breaker={"errors": 1}) as other,
    ):
        await one.chatting()
        one.desk.says("one")
        await one.quiet()
        states = [stage.bot.breakers["p1"].state for stage in (one, other)]
        assert states == ["open", "closed"]


# one object for each chat


class Own:
    """Numbers the texts of its chat."""

    alive: ClassVar["weakref.WeakSet[Own]"] = weakref.WeakSet()

    def __init__(self) -> None:
        self.texts = 0
        self.ends = 0
        Own.alive.add(self)

    @hookimpl
    async def on_text(self, chat: Chat) -> str:
        self.texts += 1
        chat.memory["texts"] = chat.memory.get("texts", 0) + 1
        return f"{self.texts} of {chat.memory['texts']}"

    @hookimpl
    async def on_unknown_message(self) -> None:
        raise AssertionError("there is no chat")


OWN = per_chat("own", Own)


@pytest.fixture(autouse=True)
def _nobody_alive() -> None:
    gc.collect()
    Own.alive.clear()


async def test_each_chat_has_its_object_and_takes_it_away_when_it_ends() -> None:
    async with on_stage(OWN) as stage:
        for chat in ("c1", "c2"):
            await stage.chatting(chat)
        assert len(Own.alive) == 0
        for chat in ("c1", "c1", "c2"):
            stage.desk.says("hello", chat)
            await stage.quiet()
        assert [stage.desk.texts(chat) for chat in ("c1", "c2")] == [["1 of 1", "2 of 2"], ["1 of 1"]]
        assert len(Own.alive) == 2
        held = stage.live("c1").handle  # as a plugin may
        stage.desk.end("c1")
        await stage.quiet()
        gc.collect()
        assert (held.id, len(Own.alive), stage.bot.chats) == ("c1", 1, 1)


async def test_an_event_that_belongs_to_no_chat_passes_it_by() -> None:
    async with on_stage(OWN) as stage:
        stage.desk.publish({"messageType": "SomethingElse"})
        await stage.quiet()
        assert (stage.names(), len(Own.alive)) == (["UnknownMessage"], 0)
        assert stage.bot.counters.hook_failures == {}


async def test_after_a_crash_the_object_is_a_new_one_and_memory_is_not() -> None:
    desk, drawer = Desk(), Drawer()
    for number in (1, 2, 3):
        async with on_stage(OWN, desk=desk, journal=drawer) as stage:
            if number == 1:
                await stage.chatting()
            desk.says("hello")
            await stage.quiet()
            await stage.crash(drawer)
    assert desk.texts() == ["1 of 1", "1 of 2", "1 of 3"]


async def test_an_object_that_cannot_be_built_costs_its_plugin_in_that_chat_only() -> None:
    class Picky(Own):
        built = 0

        def __init__(self) -> None:
            super().__init__()
            type(self).built += 1
            if type(self).built == 1:
                raise ZeroDivisionError

    async with on_stage(per_chat("picky", Picky), answers := Answers()) as stage:
        for chat in ("c1", "c2"):
            await stage.chatting(chat)
            stage.desk.says("hello", chat)
            await stage.quiet()
        assert [stage.desk.texts(chat) for chat in ("c1", "c2")] == [["re hello"], ["1 of 1"]]
        assert (answers.heard, stage.bot.counters.hook_failures) == (["hello"], {"p1": 1})
        stage.desk.says("again", "c1")
        await stage.quiet()
        assert stage.desk.texts("c1") == ["re hello", "1 of 1"]


async def test_all_chats_of_a_bot_share_its_memory_and_nobody_shares_that_of_a_chat() -> None:
    class Keeps:
        @hookimpl
        async def on_text(self, bot: Bot, chat: Chat) -> None:
            bot.memory["all"] = [*bot.memory.get("all", []), chat.id]
            chat.memory["mine"] = chat.id

    async with on_stage(Keeps(), OWN) as stage:
        for chat in ("c1", "c2"):
            await stage.chatting(chat)
            stage.desk.says("hello", chat)
            await stage.quiet()
        assert stage.seen.bot is not None
        assert dict(stage.seen.bot.memory) == {"all": ["c1", "c2"]}
        assert [stage.live(chat).handle.memory["mine"] for chat in ("c1", "c2")] == ["c1", "c2"]
