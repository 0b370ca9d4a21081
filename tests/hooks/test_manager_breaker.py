"""The plugins whose breaker is open are not asked; what counts, and what does not."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chatbot import Chat, ChatEnded, NotAllowed, Unconfirmed, hookimpl
from chatbot.hooks.breaker import Breaker, breakers
from chatbot.hooks.manager import CallResult, Occasion, PluginManager
from chatbot.hooks.run import HookRun
from chatbot.model.actions import SendMessage
from chatbot.model.config_care import BreakerSettings
from chatbot.model.errors import ConnectionLost
from tests.hooks.stage import ABOUT, HELLO, Stage, answering, hooks, loaded

END = ChatEnded(chat_id="A", reason="Completed", **ABOUT)
REFUSED = NotAllowed("Leave", needed="Leave", have=(), reason="no")


def guarded(plugins: Mapping[str, object], **limits: Any) -> tuple[PluginManager, dict[str, Breaker]]:
    """Plugins by name, with breakers in which no time passes."""
    found = breakers("maid", plugins, BreakerSettings(**limits), lambda: 0.0)
    entries = [loaded(name, plugin) for name, plugin in plugins.items()]
    return PluginManager(entries, run_in_thread=asyncio.to_thread, breakers=found), found


def raising(error: BaseException) -> object:
    async def on_text() -> None:
        raise error

    return hooks(on_text=on_text)


async def test_a_plugin_whose_breaker_is_open_is_skipped_and_the_next_one_asked() -> None:
    plugins, found = guarded(
        {"bad": raising(ZeroDivisionError()), "good": hooks(on_text=answering(answer=True))}, errors=2
    )
    stage = Stage()
    for _ in range(2):
        assert await stage.call(plugins) == CallResult(handled=True, failed=["bad"])
    assert await stage.call(plugins) == CallResult(handled=True, skipped=["bad"])
    assert [one.state for one in found.values()] == ["open", "closed"]


async def test_an_overrun_counts_as_one_also_if_the_hook_makes_light_of_it() -> None:
    async def ignores_its_end() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    plugins, found = guarded({"slow": hooks(on_text=ignores_its_end)}, errors=1, timeouts=2)
    stage = Stage()
    await stage.call(plugins, timeout_s=0.001)
    assert found["slow"].state == "closed"
    await stage.call(plugins, timeout_s=0.001)
    assert found["slow"].state == "open"


async def test_a_time_out_of_its_own_is_an_error() -> None:
    plugins, found = guarded({"slow": raising(TimeoutError())}, errors=2, timeouts=1)
    stage = Stage()
    await stage.call(plugins)
    assert found["slow"].state == "closed"
    await stage.call(plugins)
    assert found["slow"].state == "open"


@pytest.mark.parametrize(
    "error",
    [REFUSED, ConnectionLost("reset"), ExceptionGroup("x", [REFUSED, ExceptionGroup("y", [REFUSED])])],
    ids=["action", "wire", "group"],
)
async def test_what_the_server_or_the_chat_did_is_logged_and_not_the_plugin_s_fault(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    plugins, found = guarded({"one": raising(error)}, errors=1)
    assert await Stage().call(plugins) == CallResult(failed=["one"])
    assert caplog.messages == ["plugin one: on_text failed"]
    assert found["one"].state == "closed"


async def test_a_group_that_holds_a_fault_is_a_fault() -> None:
    plugins, found = guarded({"one": raising(ExceptionGroup("x", [REFUSED, ValueError()]))}, errors=1)
    await Stage().call(plugins)
    assert found["one"].state == "open"


async def test_an_answer_that_cannot_be_said_is_not_the_plugin_s_fault() -> None:
    plugins, found = guarded({"one": hooks(on_text=answering("hi"))}, errors=1)
    stage = Stage()
    stage.sender.refused[SendMessage] = Unconfirmed("nobody knows", action="SendMessage")
    assert await stage.call(plugins) == CallResult(failed=["one"])
    assert found["one"].state == "closed"


async def _hangs() -> None:
    await asyncio.Event().wait()


async def _fails_when_stopped() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise ZeroDivisionError


async def _returns_when_stopped() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return


@pytest.mark.parametrize("hook", [_hangs, _fails_when_stopped, _returns_when_stopped])
async def test_a_hook_that_was_cut_shows_nothing(hook: Callable[[], Any]) -> None:
    clock = [0.0]
    found = breakers("maid", ["one"], BreakerSettings(errors=1, timeouts=1), lambda: clock[0])
    runs: set[HookRun] = set()

    async def on_text() -> None:
        for one in runs:
            one.cut("a human took over")
        await hook()

    entry = loaded("one", hooks(on_text=on_text))
    plugins = PluginManager([entry], run_in_thread=asyncio.to_thread, breakers=found)
    stage = Stage()
    occasion = Occasion(stage.bot, stage.chat, HELLO, runs=runs)
    await plugins.call("on_text", occasion, timeout_s=60)
    assert found["one"].state == "closed"
    found["one"].end("on_text", found["one"].begin("on_text") or 0, "error")
    clock[0] += 60
    await plugins.call("on_text", occasion, timeout_s=60)
    assert found["one"].state == "half-open"


async def test_the_end_of_a_chat_is_told_also_to_a_plugin_that_is_not_asked() -> None:
    seen: list[str] = []

    class Broken:
        @hookimpl
        async def on_event(self) -> None:
            seen.append("event")

        @hookimpl
        async def on_text(self) -> None:
            raise ZeroDivisionError

        @hookimpl
        async def on_chat_ended(self) -> None:
            seen.append("ended")

        @hookimpl
        async def on_bot_stopping(self) -> None:
            seen.append("stopping")

    plugins, _ = guarded({"one": Broken()}, errors=1)
    stage = Stage()
    await stage.call(plugins)
    assert await stage.call(plugins, END, hook="on_event") == CallResult(skipped=["one"])
    assert await stage.call(plugins, END) == CallResult()
    assert await plugins.call("on_bot_stopping", Occasion(stage.bot), timeout_s=5) == CallResult()
    assert seen == ["ended", "stopping"]


async def test_what_a_plugin_does_before_it_fails_is_told_and_it_fails_all_the_same() -> None:
    async def on_text(chat: Chat) -> None:
        await chat.send_text("hi")
        raise ZeroDivisionError

    plugins, found = guarded({"one": hooks(on_text=on_text)}, errors=1)
    assert (await Stage().call(plugins)).handled
    assert found["one"].state == "open"
