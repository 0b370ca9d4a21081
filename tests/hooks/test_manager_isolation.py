"""What foreign code does wrong ends at the border of its hook, with its name attached."""

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest

from chatbot import Chat
from chatbot.hooks.manager import CallResult, Occasion
from chatbot.hooks.run import HookRun, current_run
from chatbot.model.actions import SendMessage
from tests.hooks.stage import HELLO, Hook, Stage, answering, hooks, loaded, manager


def plugin(name: str, log: list[str], answer: object = None) -> Any:
    return loaded(name, hooks(on_text=answering(answer, log, name)))


class Odd(BaseException):
    """What nobody expects."""


async def raising(error: BaseException) -> None:
    raise error


def plain_raising(error: BaseException) -> None:
    raise error


async def awaits_a_cancelled_task() -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task


async def never_returns() -> None:
    await asyncio.Event().wait()


FAULTS: dict[str, Callable[[], Any]] = {
    "error": lambda: raising(ZeroDivisionError("x")),
    "exit": lambda: raising(SystemExit(1)),
    "made-up cancellation": lambda: raising(asyncio.CancelledError()),
    "cancelled task": awaits_a_cancelled_task,
    "odd": lambda: raising(Odd()),
    "interrupt": lambda: raising(KeyboardInterrupt()),
    "end of a generator": lambda: raising(GeneratorExit()),
    "group": lambda: raising(BaseExceptionGroup("x", [Odd()])),
    "stop": lambda: raising(StopAsyncIteration()),
}


def failing(fault: Callable[[], Any]) -> Hook:
    async def on_text() -> None:
        await fault()

    return on_text


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_costs_the_plugin_its_own_hook_only(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    entry = loaded("one", hooks(on_text=failing(FAULTS[fault])))
    result = await Stage().call(manager(entry, plugin("two", log, answer=True)))
    assert (log, result) == (["two"], CallResult(handled=True, failed=["one"]))
    (record,) = caplog.records
    assert record.getMessage() == "plugin one: on_text failed"
    assert record.levelno == logging.ERROR
    assert record.exc_info


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError(), SystemExit(1), StopIteration(), Odd(), KeyboardInterrupt(), GeneratorExit()],
    ids=repr,
)
async def test_a_fault_in_a_thread_costs_no_more(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def on_text() -> None:
        raise error

    log: list[str] = []
    entry = loaded("one", hooks(on_text=on_text))
    result = await Stage().call(manager(entry, plugin("two", log)))
    assert (log, result) == (["two"], CallResult(failed=["one"]))
    assert caplog.messages == ["plugin one: on_text failed"]


async def test_a_hook_that_overruns_is_stopped_and_later_plugins_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log: list[str] = []
    stage = Stage()
    plugins = manager(loaded("one", hooks(on_text=never_returns)), plugin("two", log))
    assert await stage.call(plugins, timeout_s=0.01) == CallResult(failed=["one"])
    assert log == ["two"]
    assert caplog.messages == ["plugin one: on_text failed"]
    result = await plugins.call("on_text", Occasion(stage.bot), timeout_s=0.01)
    assert (result, caplog.messages[-1]) == (
        CallResult(failed=["one"]),
        "plugin one: on_text failed",
    )


async def test_what_was_done_before_a_fault_is_told() -> None:
    async def on_text(chat: Chat) -> None:
        await chat.send_text("hi")
        raise ZeroDivisionError

    result = await Stage().call(manager(loaded("one", hooks(on_text=on_text))))
    assert result == CallResult(handled=True, performed=[SendMessage(text="hi")], failed=["one"])


async def test_time_inside_an_action_does_not_count() -> None:
    stage = Stage()
    stage.sender.gate = asyncio.Event()

    async def on_text(chat: Chat) -> bool:
        await chat.send_text("hi")
        return True

    asyncio.get_running_loop().call_later(0.04, stage.sender.gate.set)
    result = await stage.call(manager(loaded("one", hooks(on_text=on_text))), timeout_s=0.01)
    assert result == CallResult(handled=True, performed=[SendMessage(text="hi")])


async def test_saying_the_answer_does_not_count_either() -> None:
    stage = Stage()
    stage.sender.gate = asyncio.Event()
    asyncio.get_running_loop().call_later(0.04, stage.sender.gate.set)
    result = await stage.call(manager(plugin("one", [], "hi")), timeout_s=0.01)
    assert result == CallResult(handled=True, performed=[SendMessage(text="hi")])


async def test_a_real_cancellation_passes_through(caplog: pytest.LogCaptureFixture) -> None:
    started = asyncio.Event()
    log: list[str] = []

    async def on_text() -> None:
        started.set()
        await asyncio.Event().wait()

    plugins = manager(loaded("one", hooks(on_text=on_text)), plugin("two", log))
    task = asyncio.create_task(Stage().call(plugins))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (log, caplog.messages) == ([], [])


def test_a_call_that_is_dropped_ends_quietly(caplog: pytest.LogCaptureFixture) -> None:
    async def on_text() -> None:
        await asyncio.sleep(0)

    async def dropped() -> None:
        call = Stage().call(manager(loaded("one", hooks(on_text=on_text))))
        call.send(None)
        call.close()

    asyncio.run(dropped())
    gc.collect()
    assert caplog.messages == []


async def test_the_running_hook_is_known_to_what_it_calls_and_forgotten_after() -> None:
    seen: list[Any] = []

    async def on_text() -> None:
        seen.append(current_run.get())
        await asyncio.create_task(remember())

    async def remember() -> None:
        seen.append(current_run.get())

    await Stage().call(manager(loaded("one", hooks(on_text=on_text))))
    first, in_task = seen
    assert first is in_task
    assert (first.plugin, first.hook, first.event) == ("one", "on_text", HELLO)
    assert current_run.get() is None


async def test_a_hook_that_is_cut_is_nobodys_fault_and_nobody_else_is_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    log: list[str] = []
    runs: set[HookRun] = set()

    async def on_text() -> None:
        for one in runs:
            one.cut("a human took over")
        await never_returns()

    stage = Stage()
    plugins = manager(loaded("one", hooks(on_text=on_text)), plugin("two", log))
    occasion = Occasion(stage.bot, stage.chat, HELLO, runs=runs)
    assert await plugins.call("on_text", occasion, timeout_s=60) == CallResult()
    assert (log, runs) == ([], set())
    assert caplog.messages == ["plugin one: on_text was stopped: a human took over"]
