"""A bot that does not stop talking is stopped: what the customer sees, and what the operator sees."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from chatbot import Chat, NotAllowed, TextReceived, hookimpl
from chatbot.model.actions import Action, SendNicknameUpdatedNotice
from chatbot.model.config_care import FallbackSettings, GuardSettings
from tests.bot.desk import CAN_TALK, HELENA, code
from tests.bot.drawer import Drawer
from tests.bot.stage import Stage, on_stage

TO_HUMANS = FallbackSettings(queue="humans", say="One moment.")
A_DAY_S = 86_400.0
Work = Callable[[Chat, TextReceived], Awaitable[None]]


class Talks:
    """Does what a test tells it to; keeps why it was stopped."""

    def __init__(self, work: Work) -> None:
        self.ends: list[str] = []
        self._work = work

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        try:
            await self._work(chat, event)
        except NotAllowed as error:
            self.ends.append(error.reason)
        except asyncio.CancelledError:
            self.ends.append("stopped")
            raise


async def endlessly(chat: Chat, event: TextReceived) -> None:
    number = 0
    while True:
        number += 1
        await chat.send_text(f"{event.text} {number * number * 7919}")


async def endlessly_whatever_happens(chat: Chat, event: TextReceived) -> None:
    number = 0
    while True:
        number += 1
        try:
            await chat.send_text(f"{event.text} {number * number * 7919}")
        except NotAllowed:
            continue


async def the_same(chat: Chat, _event: TextReceived) -> None:
    for _ in range(6):
        await chat.send_text("Please wait.")


async def very_long(chat: Chat, event: TextReceived) -> None:
    for _ in range(2):
        await chat.send_text(event.text * 500)


def say(stage: Stage, *texts: str) -> None:
    for words in texts:
        stage.desk.says(words)


@pytest.mark.parametrize("work", [endlessly, endlessly_whatever_happens])
async def test_a_hook_that_sends_in_a_loop_is_stopped_and_the_customer_gets_somebody_else(
    work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    drawer = Drawer()
    async with on_stage(Talks(work), fallback=TO_HUMANS, journal=drawer) as stage:
        await stage.chatting()
        say(stage, "hi")
        await stage.quiet()
        assert (len(stage.desk.texts()), stage.asked("Transfer")) == (21, 1)
        assert stage.bot.counters.guards == {
            ("sends_per_trigger", "warned"): 1,
            ("sends_per_trigger", "stopped"): 1,
        }
        assert drawer.incidents() == [("guard", "sends_per_trigger")]
        data = [body["userData"] for body in stage.desk.bodies if body.get("userData")]
        assert data == [{"chatbot_fallback": "guard: sends_per_trigger"}]
    assert "the bot is stopped in this chat: more than 20 messages for one occasion" in caplog.text


@pytest.mark.parametrize(("work", "guard", "said"), [(the_same, "repeats", 4), (very_long, "text_length", 1)])
async def test_each_guard_has_its_own_reason(work: Work, guard: str, said: int) -> None:
    talks = Talks(work)
    async with on_stage(talks, guards=GuardSettings(text_length=1000)) as stage:
        await stage.chatting()
        say(stage, "hi, hi")
        await stage.quiet()
        assert talks.ends == [f"guard: {guard}"]
        assert len(stage.desk.texts()) == said


async def test_a_customer_without_anybody_else_is_answered_again_when_they_say_something() -> None:
    talks = Talks(endlessly)
    async with on_stage(talks) as stage:
        await stage.chatting()
        say(stage, "one")
        await stage.quiet()
        before = stage.desk.texts()
        assert stage.live().ownership.muted == "guard: sends_per_trigger"
        say(stage, "two")
        await stage.quiet()
        assert next(words for words in stage.desk.texts() if words not in before).startswith("two")


async def test_if_nobody_takes_the_customer_they_are_told_all_the_same() -> None:
    async with on_stage(Talks(the_same), fallback=TO_HUMANS) as stage:
        await stage.chatting()
        stage.desk.answer("Transfer", code(100))
        say(stage, "hi")
        await stage.quiet()
        assert stage.desk.texts()[-1] == "One moment."


async def test_agents_are_warned_before_the_bot_is_stopped() -> None:
    async with on_stage(Talks(endlessly), on_agent_joined="stay") as stage:
        await stage.chatting()
        stage.desk.change(capabilities=[*CAN_TALK, "SendToAgents"])
        say(stage, "hi")
        await stage.quiet()
        notes = [body["text"] for body in stage.desk.bodies if body.get("operationName") == "SendToAgents"]
        assert notes == [
            "The bot may be in a loop: 11 messages for one occasion; the bot is stopped at 20.",
        ]


async def test_two_bots_that_answer_each_other_stop() -> None:
    async def echo(chat: Chat, event: TextReceived) -> None:
        await chat.send_text(f"You said {event.text}")
        if len(stage.desk.texts()) < 100:
            stage.desk.says(f"Did I say {len(stage.desk.texts())}?", who=HELENA)

    guards = GuardSettings(repeats=0)
    async with on_stage(Talks(echo), on_agent_joined="stay", listen_to_agents=True, guards=guards) as stage:
        await stage.chatting()
        say(stage, "hi")
        await stage.quiet()
        assert len(stage.desk.texts()) == 21
        assert stage.bot.counters.guards["since_human", "stopped"] == 1


async def test_what_a_hook_has_spawned_is_stopped_too() -> None:
    async def beside(chat: Chat, event: TextReceived) -> None:
        chat.spawn(endlessly_whatever_happens(chat, event))

    async with on_stage(Talks(beside)) as stage:
        await stage.chatting()
        say(stage, "hi")
        await stage.until(lambda: len(stage.desk.texts()) == 21)
        await stage.until(lambda: not stage.live().tasks)
        assert len(stage.desk.texts()) == 21


async def test_a_chat_that_lasts_too_long_is_handed_over() -> None:
    async def answer(chat: Chat, event: TextReceived) -> None:
        await chat.send_text(f"re {event.text}")

    async with on_stage(Talks(answer), fallback=TO_HUMANS, guards=GuardSettings(chat_age=100.0)) as stage:
        await stage.chatting()
        say(stage, "one")
        await stage.quiet()
        await stage.later(101)
        say(stage, "two")
        await stage.quiet()
        assert (stage.desk.texts(), stage.asked("Transfer")) == (["re one"], 1)


async def test_a_guard_of_0_is_off() -> None:
    off = GuardSettings(sends_per_trigger=0, repeats=0)

    async def often(chat: Chat, _event: TextReceived) -> None:
        for _ in range(60):
            await chat.send_text("again")

    async with on_stage(Talks(often), guards=off) as stage:
        await stage.chatting()
        say(stage, "hi")
        await stage.quiet()
        assert len(stage.desk.texts()) == 60


async def test_a_hook_whose_actions_are_refused_again_and_again_is_stopped() -> None:
    async def complete(chat: Chat, _event: TextReceived) -> None:
        while True:
            try:
                await chat.send_to_agents("never allowed")
            except NotAllowed:
                continue

    talks = Talks(complete)
    async with on_stage(talks) as stage:
        await stage.chatting()
        say(stage, "hi")
        await stage.quiet()
        assert talks.ends == ["stopped"]


class OwnWords(Action):
    """The plugin's own idea of a message."""

    operation = "SendMessage"
    text: str


@pytest.mark.parametrize("action", [OwnWords(text="again"), SendNicknameUpdatedNotice(notice_text="Bo")])
async def test_what_the_customer_sees_is_counted_whatever_it_is_called(action: Action) -> None:
    async def often(chat: Chat, _event: TextReceived) -> None:
        while True:
            await chat.perform(action)

    async with on_stage(talks := Talks(often), guards=GuardSettings(repeats=0)) as stage:
        await stage.chatting()
        say(stage, "hi")
        await stage.quiet()
        assert talks.ends == ["guard: sends_per_trigger"]


async def test_a_chat_that_has_not_begun_is_not_too_old() -> None:
    class Accepts:
        @hookimpl
        async def on_chat_offered(self, chat: Chat) -> bool:
            await chat.accept()
            await chat.send_text("Hello")
            return True

    async with on_stage(Accepts()) as stage:
        stage.clock.time += 2 * A_DAY_S  # the machine runs for so long
        await stage.chatting()
        assert (stage.desk.texts(), stage.live().ownership.muted) == (["Hello"], "")


@pytest.mark.parametrize("hours", [-48, 48])
async def test_a_clock_of_the_server_that_goes_wrong_makes_no_chat_old(hours: int) -> None:
    async def answer(chat: Chat, event: TextReceived) -> None:
        await chat.send_text(f"re {event.text}")

    async with on_stage(Talks(answer)) as stage:
        at = stage.clock.now() + timedelta(hours=hours)
        stage.desk.mute = True
        stage.desk.says("hi", timestamp=at.isoformat())
        stage.desk.mute = False
        await stage.chatting()
        assert stage.desk.texts() == ["re hi"]


async def test_a_chat_is_as_old_as_its_lines_tell() -> None:
    guards = GuardSettings(chat_age=3600.0)
    async with on_stage(Talks(endlessly), guards=guards) as stage:
        stage.desk.mute = True
        for hours in (1, 3):
            at = stage.clock.now() + timedelta(hours=hours)
            stage.desk.says("hi", timestamp=at.isoformat())
        stage.desk.mute = False
        await stage.chatting()
        assert stage.bot.counters.guards["chat_age", "stopped"] == 1
