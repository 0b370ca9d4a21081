import threading
from typing import Any

import pytest

from chatbot import Bot, Chat, ChatEnded, ChatOffered, Event, Refused, TextReceived, UnknownMessage, hookimpl
from chatbot.hooks.manager import BoundHook, CallResult, Occasion
from chatbot.hooks.run import HookRun, current_run
from chatbot.hooks.trace import place_of
from chatbot.model.actions import AddComment, SendMessage
from tests.hooks.stage import ABOUT, HELLO, Stage, answering, hooks, loaded, manager

OFFER = ChatOffered(chat_id="A", **ABOUT)
END = ChatEnded(chat_id="A", reason="Completed", **ABOUT)


def plugin(name: str, log: list[str], answer: object = None) -> Any:
    return loaded(name, hooks(on_text=answering(answer, log, name)))


# order and answers


async def test_the_first_listed_plugin_is_asked_first() -> None:
    log: list[str] = []
    await Stage().call(manager(plugin("one", log), plugin("two", log), plugin("three", log)))
    assert log == ["one", "two", "three"]


async def test_a_plugin_may_ask_for_the_front_or_the_end() -> None:
    log: list[str] = []

    def marked(name: str, **options: bool) -> Any:
        return loaded(name, hooks()), hookimpl(answering(None, log, name), **options)

    plugins = []
    for name, options in (("last", {"trylast": True}), ("plain", {}), ("first", {"tryfirst": True})):
        entry, function = marked(name, **options)
        entry.hooks.on_text = function
        plugins.append(entry)
    await Stage().call(manager(*plugins))
    assert log == ["first", "plain", "last"]


async def test_async_and_plain_hooks_keep_their_order() -> None:
    log: list[str] = []
    plain = loaded("plain", hooks(on_text=lambda: log.append("plain")))
    await Stage().call(manager(plugin("one", log), plain, plugin("two", log)))
    assert log == ["one", "plain", "two"]


async def test_true_means_handled_and_later_plugins_are_not_asked() -> None:
    log: list[str] = []
    result = await Stage().call(
        manager(plugin("one", log), plugin("two", log, answer=True), plugin("three", log))
    )
    assert log == ["one", "two"]
    assert result == CallResult(handled=True)


@pytest.mark.parametrize("answer", [None, False])
async def test_none_and_false_mean_go_on(answer: object) -> None:
    log: list[str] = []
    result = await Stage().call(manager(plugin("one", log, answer), plugin("two", log)))
    assert log == ["one", "two"]
    assert result == CallResult()


async def test_a_text_is_said_once_and_handles_the_event() -> None:
    log: list[str] = []
    stage = Stage()
    result = await stage.call(
        manager(plugin("one", log, "We are open."), plugin("two", log, "No, we are not."))
    )
    assert log == ["one"]
    assert stage.sent == [SendMessage(text="We are open.")]
    assert result == CallResult(handled=True, performed=[SendMessage(text="We are open.")])


async def test_an_empty_text_says_nothing_and_handles_the_event() -> None:
    log: list[str] = []
    stage = Stage()
    assert await stage.call(manager(plugin("one", log, ""), plugin("two", log))) == CallResult(handled=True)
    assert (log, stage.sent) == (["one"], [])


async def test_a_text_that_cannot_be_said_is_the_fault_of_its_plugin(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log: list[str] = []
    stage = Stage()
    stage.sender.refused[SendMessage] = Refused("no", action="SendMessage")
    result = await stage.call(manager(plugin("one", log, "hi"), plugin("two", log)))
    assert log == ["one", "two"]
    assert result == CallResult(failed=["one"])
    assert "plugin one: on_text failed" in caplog.messages


@pytest.mark.parametrize(
    ("answer", "kind"), [(5, "int"), ([], "list"), ({"text": "hi"}, "dict"), (b"hi", "bytes"), (1.0, "float")]
)
async def test_any_other_answer_is_warned_of_and_passed_over(
    answer: object, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    stage = Stage()
    result = await stage.call(manager(plugin("one", log, answer), plugin("two", log)))
    assert (log, stage.sent, result) == (["one", "two"], [], CallResult())
    assert caplog.messages == [f"plugin one: on_text returned {kind}; expected None, True or a text"]


@pytest.mark.parametrize("event", [OFFER, END])
async def test_where_nobody_listens_a_text_is_not_said(
    event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    result = await stage.call(manager(loaded("one", hooks(**{event.hook: answering("hi")}))), event)
    assert (stage.sent, result) == ([], CallResult())
    assert caplog.messages == [f"plugin one: {event.hook} returned str; expected None, True or a text"]


async def test_without_a_chat_a_text_is_not_said(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    event = UnknownMessage(**ABOUT)
    plugins = manager(loaded("one", hooks(on_unknown_message=answering("hi"))))
    result = await plugins.call("on_unknown_message", Occasion(stage.bot, event=event), timeout_s=5)
    assert (stage.sent, result) == ([], CallResult())
    assert len(caplog.messages) == 1


async def test_an_offer_can_be_taken_over_by_true() -> None:
    plugins = manager(loaded("one", hooks(on_chat_offered=answering(answer=True))))
    assert await Stage().call(plugins, OFFER) == CallResult(handled=True)


@pytest.mark.parametrize("hook", ["on_event", "on_bot_started", "on_bot_stopping"])
async def test_where_the_answer_means_nothing_all_are_asked(hook: str) -> None:
    log: list[str] = []
    entries = [
        loaded(name, hooks(**{hook: answering(answer=True, log=log, name=name)})) for name in ("one", "two")
    ]
    stage = Stage()
    assert await manager(*entries).call(hook, Occasion(stage.bot), timeout_s=5) == CallResult()
    assert log == ["one", "two"]


async def test_what_the_customer_sees_counts_as_handled_and_later_plugins_are_asked() -> None:
    log: list[str] = []

    async def speaks(chat: Chat) -> None:
        await chat.send_text("hi")

    async def notes(chat: Chat) -> None:
        await chat.add_comment("hm")

    stage = Stage()
    result = await stage.call(manager(loaded("one", hooks(on_text=speaks)), plugin("two", log)))
    assert (log, result) == (["two"], CallResult(handled=True, performed=[SendMessage(text="hi")]))
    quiet = await stage.call(manager(loaded("one", hooks(on_text=notes))))
    assert quiet == CallResult(performed=[AddComment(comment="hm")])


# arguments


async def test_a_hook_takes_any_of_the_arguments_in_any_order() -> None:
    stage = Stage()
    seen: list[object] = []

    async def all_four(event: TextReceived, chat: Chat, bot: Bot) -> None:
        seen.extend([event, chat, bot])

    async def by_keyword(*, event: TextReceived, limit: int = 3) -> None:
        seen.extend([event, limit])

    async def nothing() -> None:
        seen.append("nothing")

    entries = [loaded(str(n), hooks(on_text=hook)) for n, hook in enumerate((all_four, by_keyword, nothing))]
    assert await stage.call(manager(*entries)) == CallResult()
    assert seen == [HELLO, stage.chat, stage.bot, HELLO, 3, "nothing"]


async def test_methods_of_every_kind_are_hooks() -> None:
    seen: list[str] = []

    class Plugin:
        @hookimpl
        async def on_text(self, event: TextReceived) -> None:
            seen.append(f"method {event.text}")

        @classmethod
        @hookimpl
        async def on_chat_started(cls, event: Event) -> None:
            seen.append(f"{cls.__name__} {type(event).__name__}")

        @staticmethod
        @hookimpl
        async def on_chat_ended(event: ChatEnded) -> None:
            seen.append(event.reason)

        @hookimpl(specname="on_notice")
        async def under_another_name(self) -> None:
            seen.append("notice")

    plugins = manager(loaded("one", Plugin()))
    stage = Stage()
    for event, hook in ((HELLO, ""), (HELLO, "on_chat_started"), (END, ""), (HELLO, "on_notice")):
        assert await stage.call(plugins, event, hook=hook) == CallResult()
    assert seen == ["method Hello", "Plugin TextReceived", "Completed", "notice"]


def test_a_bound_hook_says_whose_it_is_and_what_it_takes() -> None:
    async def on_text(chat: Chat, event: TextReceived) -> None: ...

    def on_notice() -> None: ...

    plugins = manager(loaded("one", hooks(on_text=on_text, on_notice=on_notice)))
    heard, noticed = place_of(on_text), place_of(on_notice)
    assert plugins.hooks("on_text") == (
        BoundHook("one", "on_text", on_text, ("chat", "event"), None, is_async=True, place=heard),
    )
    assert plugins.hooks("on_notice") == (
        BoundHook("one", "on_notice", on_notice, (), None, is_async=False, place=noticed),
    )
    assert plugins.hooks("on_idle") == ()


async def test_the_plugins_of_two_bots_do_not_know_each_other() -> None:
    log: list[str] = []
    one, two = manager(plugin("one", log)), manager(plugin("two", log))
    await Stage().call(one)
    assert log == ["one"]
    await Stage().call(two)
    assert log == ["one", "two"]


# threads


async def test_a_plain_hook_runs_in_a_thread() -> None:
    threads: list[int] = []

    def on_text(event: TextReceived) -> str:
        threads.append(threading.get_ident())
        return event.text.upper()

    stage = Stage()
    result = await stage.call(manager(loaded("one", hooks(on_text=on_text))))
    assert threads != [threading.get_ident()]
    assert result == CallResult(handled=True, performed=[SendMessage(text="HELLO")])


async def test_an_async_hook_behind_a_plain_decorator_is_awaited() -> None:
    async def hidden(event: TextReceived) -> bool:
        return event is HELLO

    def on_text(event: TextReceived) -> object:
        return hidden(event)

    assert await Stage().call(manager(loaded("one", hooks(on_text=on_text)))) == CallResult(handled=True)


async def test_a_life_cycle_hook_gets_the_bot_only() -> None:
    seen: list[Bot] = []

    async def on_bot_started(bot: Bot) -> None:
        seen.append(bot)

    stage = Stage()
    result = await manager(loaded("one", hooks(on_bot_started=on_bot_started))).call(
        "on_bot_started", Occasion(stage.bot), timeout_s=5
    )
    assert (seen, result) == ([stage.bot], CallResult())


async def test_a_hook_knows_what_it_was_called_for() -> None:
    seen: list[HookRun | None] = []

    async def on_text() -> None:
        seen.append(current_run.get())

    stage = Stage()
    occasion = Occasion(stage.bot, stage.chat, HELLO, "7:print")
    await manager(loaded("one", hooks(on_text=on_text))).call("on_text", occasion, timeout_s=5)
    run = seen[0]
    assert run is not None
    assert (run.plugin, run.hook, run.event, run.trigger) == ("one", "on_text", HELLO, "7:print")
