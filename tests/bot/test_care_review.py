"""Customers who wait, where things come together that were not thought of at first."""

import asyncio
import itertools
from contextlib import suppress

import pytest

from chatbot import Chat, ChatIdle, TextReceived, hookimpl
from chatbot.bot.fallback import NO_CONNECTION, Fallback
from chatbot.model.config_care import BreakerSettings, FallbackSettings, GuardSettings
from tests.bot.bells import Bells, Story, Tells, asks
from tests.bot.desk import HELENA, code, reply
from tests.bot.drawer import Drawer
from tests.bot.stage import on_stage
from tests.bot.test_care import Picky, a_while
from tests.bot.test_takeover import helena_joins, helena_leaves

TO_HUMANS = FallbackSettings(queue="humans", say="One moment.", give_up_after=40.0)


async def test_who_gets_a_human_meanwhile_is_not_taken_from_them(caplog: pytest.LogCaptureFixture) -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet()
        gate = stage.desk.holding("UpdateUserData")
        await stage.later(21)
        await gate.reached.wait()
        helena_joins(stage, "line")
        await stage.turns()
        gate.open.set()
        await a_while(stage, 60)
        assert (stage.asked("Transfer"), stage.desk.texts()) == (0, [])
    assert "came to nothing" not in caplog.text


async def test_who_has_a_human_already_needs_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS) as stage:
        await stage.chatting()
        helena_joins(stage, "line")
        await stage.quiet()
        Fallback(stage.bot._parts, stage.bot.wake).begin(stage.live(), "no connection", "connection:1")
        assert (stage.live().due.rescue, stage.live().progress.owed_at) == (None, 0)
    assert "handed over" not in caplog.text


@pytest.mark.parametrize(("says", "handed"), [("I see to it.", 0), ("", 1)])
async def test_who_waited_when_the_human_came_is_answered_by_what_the_human_says(
    says: str, handed: int
) -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet()
        helena_joins(stage, "line")
        if says:
            stage.desk.says(says, who=HELENA)
        await a_while(stage, 60)
        helena_leaves(stage, "line")
        await stage.quiet()
        await a_while(stage, 15)
        assert stage.asked("Transfer") == 0
        await a_while(stage, 10)
        assert stage.asked("Transfer") == handed


class Endless:
    """Does not stop talking."""

    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        for number in itertools.count():
            await chat.send_text(str(number * number * 7919))


async def test_who_is_to_be_handed_over_for_a_guard_is_so_by_the_next_process_too() -> None:
    drawer = Drawer()
    async with on_stage(Endless(), fallback=TO_HUMANS, journal=drawer) as stage:
        await stage.chatting()
        stage.desk.answer("Transfer", code(100))
        stage.desk.says("hm")
        await stage.quiet()
        assert (stage.asked("Transfer"), drawer.checkpoint().muted) == (1, "guard: sends_per_trigger")
        await stage.crash(drawer)
    async with on_stage(Endless(), desk=stage.desk, fallback=TO_HUMANS, journal=drawer) as again:
        await again.quiet()
        assert again.asked("Transfer") == 2


async def test_who_writes_in_a_chat_that_is_stopped_for_good_is_tried_to_hand_over_again() -> None:
    old = GuardSettings(chat_age=100.0)
    async with on_stage(Endless(), fallback=TO_HUMANS, guards=old) as stage:
        await stage.chatting()
        stage.desk.always("Transfer", code(100))
        await stage.later(101)
        stage.desk.says("hm")
        await stage.quiet()
        await a_while(stage, 60)
        assert (stage.asked("Transfer"), stage.live().due.rescue) == (4, None)
        stage.desk.always("Transfer", None)
        stage.desk.says("hello?")
        await stage.quiet()
        assert stage.asked("Transfer") == 5


async def test_without_anybody_else_a_bot_that_is_stopped_has_nothing_to_do() -> None:
    async with on_stage(Endless(), guards=GuardSettings(chat_age=100.0)) as stage:
        await stage.chatting()
        await stage.later(101)
        stage.desk.says("hm")
        await stage.quiet()
        assert stage.live().ownership.is_stopped


class Asks:
    """Waits for the customer, whenever it is called; keeps how long each silence was."""

    def __init__(self) -> None:
        self.silences: list[float] = []

    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await chat.ask("Which number?", timeout=600)

    @hookimpl
    async def on_idle(self, chat: Chat, event: ChatIdle) -> None:
        self.silences.append(event.seconds)
        await chat.ask("Still there?", timeout=600)


async def test_a_hook_that_asks_after_the_customer_is_told_of_a_silence_once() -> None:
    async with on_stage(asks := Asks(), idle_after=10.0) as stage:
        Bells(stage)
        await stage.chatting()
        await a_while(stage, 12)
        assert asks.silences == [10.0]
        await a_while(stage, 10)
        assert (asks.silences, stage.desk.texts()) == ([10.0, 20.0], ["Still there?"] * 2)


async def test_a_text_for_which_a_hook_waits_on_ends_the_silence_too() -> None:
    async with on_stage(asks := Asks(), idle_after=10.0) as stage:
        Bells(stage)
        await stage.chatting()
        await a_while(stage, 8)
        stage.desk.says("hi")
        await stage.quiet()
        await a_while(stage, 8)
        assert asks.silences == []
        await a_while(stage, 3)
        assert asks.silences == [10.0]


async def test_a_customer_whose_hook_does_not_end_gets_somebody_else() -> None:
    enough = asyncio.Event()

    class Stuck:
        @hookimpl
        async def on_text(self) -> None:
            while not enough.is_set():
                with suppress(asyncio.CancelledError):
                    await enough.wait()

    async with on_stage(Stuck(), hook_timeout=1.0, fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet_but_busy()
        await stage.later(40)
        await stage.turns(300)
        handed = stage.asked("Transfer")
        enough.set()
    assert handed == 1


async def fails(chat: Chat, _event: TextReceived) -> None:
    await chat.ask("number?", timeout=60)
    raise LookupError("no such order")


async def is_content(chat: Chat, _event: TextReceived) -> None:
    await chat.ask("number?", timeout=60)


async def wants_digits(chat: Chat, _event: TextReceived) -> None:
    await chat.ask("number?", match=r"\d+", timeout=60)


async def says_and_fails(chat: Chat, _event: TextReceived) -> None:
    await chat.ask("number?", timeout=60)
    await chat.send_text("One moment")
    raise LookupError("no such order")


async def only_waits(chat: Chat, _event: TextReceived) -> None:
    await chat.wait_for(TextReceived, timeout=600)


@pytest.mark.parametrize(
    ("story", "handed"), [(fails, 1), (wants_digits, 1), (is_content, 0), (says_and_fails, 0)]
)
async def test_an_answer_that_came_to_nothing_is_a_text_that_nobody_has_handled(
    story: Story, handed: int
) -> None:
    async with on_stage(Tells(ask=story), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.says("ask")
        await stage.quiet()
        stage.desk.says("order")
        await stage.quiet()
        await a_while(stage, 25)
        assert stage.asked("Transfer") == handed


async def test_who_is_waited_for_does_not_wait() -> None:
    async with on_stage(Tells(wait=only_waits), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.says("wait")
        await stage.quiet()
        await a_while(stage, 60)
        assert stage.asked("Transfer") == 0


async def test_customers_who_do_not_answer_are_no_fault_of_the_plugin_that_asks() -> None:
    async with on_stage(Tells(ask=asks), breaker=BreakerSettings(errors=2)) as stage:
        bells = Bells(stage)
        await stage.chatting()
        for _ in range(3):
            stage.desk.says("ask")
            await stage.quiet()
            bells.ring(60)
            await stage.quiet()
        assert (stage.desk.texts(), stage.bot.breakers["p1"].state) == (["number?"] * 3, "closed")


async def test_who_waits_for_an_answer_still_does_when_the_connection_is_back() -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=100.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet()
        fallback = Fallback(stage.bot._parts, lambda _: None)
        for _ in range(2):
            fallback.begin(stage.live(), NO_CONNECTION, "connection:1")
            fallback.call_off(stage.live(), NO_CONNECTION)
        await a_while(stage, 101)
        assert stage.asked("Transfer") == 1


async def test_a_transfer_that_is_accepted_and_comes_to_nothing_is_tried_again() -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.answer("Transfer", reply(statusCode=0, referenceId=5))
        stage.desk.says("hm")
        await stage.quiet()
        await a_while(stage, 21)
        assert (stage.asked("Transfer"), stage.bot.chats) == (1, 1)
        stage.desk.publish({"notificationType": "Error", "errorMessage": "no such queue", "referenceId": 5})
        await a_while(stage, 16)
        assert (stage.asked("Transfer"), stage.bot.chats) == (2, 0)


async def test_a_transfer_that_is_always_accepted_and_never_done_is_given_up() -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.always("Transfer", reply(statusCode=0, referenceId=5))
        stage.desk.says("hm")
        await stage.quiet()
        await a_while(stage, 200)
        assert (stage.asked("Transfer"), stage.live().due.rescue) == (3, None)


async def test_a_reason_that_lasts_takes_the_place_of_one_that_may_be_called_off() -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS) as stage:
        await stage.chatting()
        fallback = Fallback(stage.bot._parts, lambda _: None)
        fallback.begin(stage.live(), NO_CONNECTION, "connection:1")
        fallback.begin(stage.live(), "guard: repeats", "guard:1")
        fallback.call_off(stage.live(), NO_CONNECTION)
        await a_while(stage, 1)
        stage.bot.wake(stage.live())
        await stage.quiet()
        assert stage.asked("Transfer") == 1
