"""Plugins that do wrong, over real sockets: the customer sees nothing of it, and the operator one clear line.

The plugin at fault is ``p1``; ``p2`` answers what is left to it.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from chatbot import (
    Chat,
    ChatEnded,
    ChatGone,
    ChatTakenOver,
    NotAllowed,
    TextReceived,
    hookimpl,
)
from chatbot.bot import instep
from chatbot.hooks.run import DISOWNED
from chatbot.model.config_care import FallbackSettings
from chatbot.simulator.customer import Customer
from tests.flow.stage import PATIENCE_S, Stage, on_stage

TO_HUMANS = FallbackSettings(queue="Support")
Story = Callable[[Chat, TextReceived], Coroutine[Any, Any, object]]


class Bad:
    """Does something wrong at each text that begins with "bad"."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.heard: list[str] = []

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> object:
        self.heard.append(event.text)
        return await self.story(chat, event) if event.text.startswith("bad") else None


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"You said {event.text}"


async def hears(ana: Customer, *texts: str) -> None:
    """Say these, and hear their echo."""
    for text in texts:
        await ana.says(text)
        await ana.hears(f"^You said {text}$")


def told(ana: Customer) -> list[str]:
    """What the customer was told, by whomever."""
    return [line.text for line in ana.lines if line.sender_type == "Agent" and line.type == "Text"]


def lines(caplog: pytest.LogCaptureFixture, level: str = "ERROR") -> list[str]:
    """What the operator reads."""
    names = {record.getMessage(): record.levelname for record in caplog.records}
    return [line for line, name in names.items() if name == level]


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 (a log or a counter has no event)
            await asyncio.sleep(0.01)


def own_chat(stage: Stage) -> str:
    return stage.chat.id


async def never_returns(chat: Chat, event: TextReceived) -> None:
    await asyncio.Event().wait()


async def test_a_plugin_that_never_returns_is_stopped_and_another_one_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with on_stage(Bad(never_returns), Echo(), hook_timeout=0.2) as stage, stage.customer() as ana:
        await hears(ana, "bad", "good")
        assert told(ana) == ["You said bad", "You said good"]
        assert lines(caplog) == ["plugin p1: on_text failed"]
        assert "TimeoutError" in caplog.text
        assert stage.bot.counters.hook_failures == {"p1": 1}


async def test_a_plain_function_that_never_returns_costs_its_thread_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    let_go = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Hangs:
        @hookimpl
        def on_text(self, event: TextReceived) -> None:
            if event.text == "bad":
                asyncio.run_coroutine_threadsafe(let_go.wait(), loop).result()

    async with on_stage(Hangs(), Echo(), hook_timeout=0.2) as stage, stage.customer() as ana:
        await hears(ana, "bad", "good")
        assert told(ana) == ["You said bad", "You said good"]
        assert lines(caplog) == ["plugin p1: on_text failed"]
        let_go.set()


async def test_a_plugin_that_swallows_its_cancellation_is_left_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instep, "_TICK_S", 0.05)
    let_go, refused = asyncio.Event(), list[str]()

    async def clings(chat: Chat, event: TextReceived) -> None:
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()
        try:
            await chat.send_text("too late")
        except NotAllowed as error:
            refused.append(error.reason)

    async with on_stage(Bad(clings), Echo(), hook_timeout=0.2) as stage, stage.customer() as ana:
        try:
            await ana.says("bad")
            await hears(ana, "good")
        finally:
            let_go.set()
        await until(lambda: refused)
        await hears(ana, "still there")
        assert (told(ana), refused) == (["You said good", "You said still there"], [DISOWNED])
        what = "on_text does not end although its time is over"
        assert lines(caplog) == [f"plugin p1: {what}: the chat goes on without it"]


class Odd(BaseException):
    """What nobody expects."""


ERRORS: dict[str, Callable[[], BaseException]] = {
    "KeyboardInterrupt": KeyboardInterrupt,
    "SystemExit": lambda: SystemExit(3),
    "GeneratorExit": GeneratorExit,
    "CancelledError": asyncio.CancelledError,
    "ExceptionGroup": lambda: ExceptionGroup("several", [ValueError("a"), TypeError("b")]),
    "BaseExceptionGroup": lambda: BaseExceptionGroup("several", [SystemExit(1), ValueError("a")]),
    "StopIteration": StopIteration,
    "RecursionError": RecursionError,
    "MemoryError": MemoryError,
    "Odd": Odd,
}


@pytest.mark.parametrize("name", ERRORS)
async def test_whatever_a_plugin_raises_another_one_answers(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = ERRORS[name]()

    async def raises(chat: Chat, event: TextReceived) -> None:
        raise error

    async with on_stage(Bad(raises), Echo()) as stage, stage.customer() as ana:
        await hears(ana, "bad", "good")
        assert told(ana) == ["You said bad", "You said good"]
        assert lines(caplog) == ["plugin p1: on_text failed"]
        assert stage.bot.counters.hook_failures == {"p1": 1}


async def test_a_customer_whose_only_plugin_fails_gets_somebody_else_and_no_error_text() -> None:
    async def raises(chat: Chat, event: TextReceived) -> None:
        raise ZeroDivisionError("a secret of the operator")

    async with (
        on_stage(Bad(raises), fallback=TO_HUMANS, reply_timeout=0.2) as stage,
        stage.customer() as ana,
    ):
        await ana.says("bad")
        await ana.hears("Helena here")
        assert told(ana) == ["Hi, Helena here."]
        await until(lambda: stage.bot.counters.handed_over == {"no answer": 1})


async def test_a_plugin_that_blocks_the_loop_holds_it_up_and_breaks_nothing() -> None:
    """That it is named with its line: ``test_left_out.py``."""

    async def blocks(chat: Chat, event: TextReceived) -> None:
        time.sleep(0.3)  # noqa: ASYNC251 (the fault itself)

    async with on_stage(Bad(blocks), Echo()) as stage, stage.customer() as ana, stage.customer("Bo") as bo:
        await bo.sees_agent()
        await hears(ana, "bad", "good")
        await hears(bo, "hello")
        assert told(ana) == ["You said bad", "You said good"]
        assert stage.bot.counters.hook_failures == {}


async def test_a_plugin_that_sends_in_a_loop_is_stopped_and_the_customer_is_handed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def floods(chat: Chat, event: TextReceived) -> None:
        number = 0
        while True:
            number += 1
            with suppress(NotAllowed):
                await chat.send_text(f"{number} " + "abcdefghij"[number % 10] * 20)

    limits = {"sends_per_trigger": 5}
    async with (
        on_stage(Bad(floods), Echo(), fallback=TO_HUMANS, guards=limits) as stage,
        stage.customer() as ana,
    ):
        await ana.says("bad")
        await ana.hears("Helena here")
        assert len(told(ana)) == 1 + 5 + 1  # the first answer counts for nothing, and Helena's
        assert lines(caplog) == ["the bot is stopped in this chat: more than 5 messages for one occasion"]
        assert stage.bot.counters.guards["sends_per_trigger", "stopped"] >= 1
        await until(lambda: stage.bot.counters.handed_over == {"guard: sends_per_trigger": 1})


async def test_a_plugin_that_asks_for_ever_is_stopped_like_one_that_talks_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def asks(chat: Chat, event: TextReceived) -> None:
        while True:
            with suppress(TimeoutError):
                await chat.ask("Are you there?", timeout=0.5)

    async with on_stage(Bad(asks), Echo(), fallback=TO_HUMANS) as stage, stage.customer() as ana:
        await ana.says("bad")
        await ana.hears("Helena here")
        assert told(ana) == ["Are you there?"] * 4 + ["Hi, Helena here."]
        stopped = "the bot is stopped in this chat: more than 3 messages of the same words"
        await until(lambda: stage.bot.counters.handed_over == {"guard: repeats": 1})
        assert lines(caplog) == [stopped]


async def test_a_customer_who_is_asked_for_ever_gets_out_of_it_by_a_human() -> None:
    async def asks(chat: Chat, event: TextReceived) -> None:
        while True:
            await chat.ask("What else?", timeout=6000)

    async with on_stage(Bad(asks), Echo()) as stage, stage.customer() as ana:
        for text in ("bad", "one", "two", "three"):
            await ana.says(text)
            await ana.hears("^What else[?]$")
        (chat,) = stage.simulator.world.chats()
        stage.simulator.world.human_joins(chat.id, "helena")
        await stage.seen.event(ChatTakenOver)
        await ana.says("help")
        stage.simulator.world.human_says(chat.id, "helena", "I am here.")
        await ana.hears("^I am here")
        assert told(ana) == ["What else?"] * 4 + ["I am here."]
        assert stage.bot.counters.hook_failures == {}


async def test_a_handle_that_is_kept_beyond_the_end_does_nothing_and_says_why() -> None:
    kept: list[Chat] = []

    async def keeps(chat: Chat, event: TextReceived) -> None:
        kept.append(chat)

    async with on_stage(Bad(keeps), Echo()) as stage, stage.customer() as ana:
        await hears(ana, "bad")
        await ana.ends()
        await stage.seen.event(ChatEnded)
        await until(lambda: not stage.seen.bot.chats)
        before = len(stage.operations())
        (chat,) = kept
        tries: list[Awaitable[object]] = [
            chat.send_text("hello?"),
            chat.update_user_data({"a": 1}),
            chat.complete(),
            chat.wait_for(TextReceived, timeout=5),
        ]
        for attempt in tries:
            with pytest.raises(ChatGone, match=f"chat {chat.id} has ended"):
                await attempt
        assert len(stage.operations()) == before


async def test_what_is_spawned_ends_with_the_chat_and_what_goes_on_all_the_same_does_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended, let_go, seen = asyncio.Event(), asyncio.Event(), list[str]()

    async def goes_on(chat: Chat) -> None:
        try:
            await let_go.wait()
        except asyncio.CancelledError:
            ended.set()
        await let_go.wait()
        try:
            await chat.send_text("hello?")
        except ChatGone as error:
            seen.append(error.text)
            raise

    async def spawns(chat: Chat, event: TextReceived) -> None:
        chat.spawn(goes_on(chat))

    async with on_stage(Bad(spawns), Echo()) as stage, stage.customer() as ana:
        await hears(ana, "bad")
        chat = own_chat(stage)
        await ana.ends()
        await stage.seen.event(ChatEnded)
        try:
            await asyncio.wait_for(ended.wait(), PATIENCE_S)
        finally:
            let_go.set()
        await until(lambda: seen)
        assert seen == [f"chat {chat} has ended"]
        await until(lambda: lines(caplog))
        assert lines(caplog) == ["plugin p1: what on_text had spawned failed"]


async def test_a_task_that_dies_costs_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async def dies(error: BaseException) -> None:
        raise error

    async def spawns(chat: Chat, event: TextReceived) -> None:
        for error in ERRORS.values():
            chat.spawn(dies(error()))

    async with on_stage(Bad(spawns), Echo()) as stage, stage.customer() as ana:
        await hears(ana, "bad", "good")
        assert told(ana) == ["You said bad", "You said good"]
        line = "plugin p1: what on_text had spawned failed"
        assert caplog.messages.count(line) == len(ERRORS)


async def test_a_task_that_the_plugin_has_made_itself_is_told_with_its_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def dies() -> None:
        raise ZeroDivisionError

    async def starts(chat: Chat, event: TextReceived) -> None:
        tasks.append(asyncio.create_task(dies()))

    tasks: list[asyncio.Task[None]] = []
    async with on_stage(Bad(starts), Echo()) as stage, stage.customer() as ana:
        await hears(ana, "bad")
        await asyncio.wait(tasks)
        tasks.clear()
        gc.collect()
        await hears(ana, "good")
        assert told(ana) == ["You said bad", "You said good"]
    [line] = [line for line in lines(caplog) if line.startswith("Task exception was never retrieved\n")]
    assert f"dies() done, defined at {__file__}:{dies.__code__.co_firstlineno}>" in line
