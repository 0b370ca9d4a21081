"""What is refused when the plugins of a bot are put together: a mistake must not wait for a customer."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from chatbot import Chat, TextReceived, hookimpl
from chatbot.hooks.checks import inspected
from chatbot.hooks.manager import CallResult
from chatbot.model.errors import PluginError
from tests.hooks.stage import Stage, answering, hooks, loaded, manager


class Words(BaseModel):
    text: str = "hi"


def refused(plugin: object, settings: BaseModel | None = None) -> list[str]:
    """The lines of the error, without the place."""
    with pytest.raises(PluginError) as caught:
        manager(loaded("faq", plugin, settings))
    (finding,) = caught.value.findings
    assert finding.file == __file__
    assert finding.line is not None
    hints = {"": finding.expected, "closest": finding.closest, "fix": finding.fix}
    said = finding.message.removeprefix("plugin 'faq'").lstrip(": ")
    return [said, *(f"{name}: {hint}".removeprefix(": ") for name, hint in hints.items() if hint)]


def test_a_misspelt_hook_is_refused_with_the_nearest_name() -> None:
    assert refused(hooks(on_txt=lambda: None)) == [
        "implements on_txt, which is not a hook",
        "closest: on_text(bot, chat, event, settings)",
        "fix: rename it to on_text",
    ]


def test_a_hook_that_is_like_no_other_is_refused() -> None:
    assert refused(hooks(zzz=lambda: None)) == [
        "implements zzz, which is not a hook",
        "fix: see the list of chatbot hooks",
    ]


def test_a_misspelt_name_of_a_hook_is_refused_too() -> None:
    class Plugin:
        @hookimpl(specname="on_tex")
        async def answer(self) -> None: ...

    assert refused(Plugin())[0] == "implements on_tex, which is not a hook"


def test_a_misspelt_argument_is_refused_with_the_nearest_name() -> None:
    async def on_text(caht: Chat, event: TextReceived) -> None: ...

    assert refused(hooks(on_text=on_text)) == [
        "on_text takes no argument 'caht'",
        "it may take bot, chat, event",
        "closest: chat",
        "fix: rename caht to chat",
    ]


@pytest.mark.parametrize(
    "function", [lambda text: None, lambda *args: None, lambda **more: None, lambda *, text: None]
)
def test_an_argument_that_nobody_passes_is_refused(function: Callable[..., Any]) -> None:
    assert refused(hooks(on_text=function))[1] == "it may take bot, chat, event"


def test_a_life_cycle_hook_has_no_chat() -> None:
    assert refused(hooks(on_bot_started=lambda chat: None))[:2] == [
        "on_bot_started takes no argument 'chat'",
        "it may take bot",
    ]


def test_settings_without_a_model_are_refused() -> None:
    assert refused(hooks(on_text=lambda settings: None)) == [
        "on_text takes settings, but the plugin has no Settings model",
        "fix: add one",
    ]


async def test_settings_with_a_model_are_handed_on() -> None:
    plugin = loaded("faq", hooks(on_text=lambda settings: settings.text), Words(text="Hello"))
    assert (await Stage().call(manager(plugin))).handled


def test_a_misspelt_argument_of_a_plugin_with_settings_is_told_of_them() -> None:
    assert refused(hooks(on_text=lambda setings: None), Words()) == [
        "on_text takes no argument 'setings'",
        "it may take bot, chat, event, settings",
        "closest: settings",
        "fix: rename setings to settings",
    ]


def test_a_hook_without_its_mark_is_refused() -> None:
    class Plugin:
        async def on_text(self, chat: Chat) -> None: ...

    assert refused(Plugin()) == [
        "defines on_text without @hookimpl, so it would never run",
        "fix: add @hookimpl",
    ]


@pytest.mark.parametrize("option", ["wrapper", "hookwrapper"])
def test_a_wrapper_is_refused(option: str) -> None:
    class Plugin:
        @hookimpl(**{option: True})  # type: ignore[call-overload]
        def on_text(self) -> Any:
            yield

    assert refused(Plugin()) == [
        "implements on_text as a wrapper; hooks here are called one by one",
        "fix: write it as a plain hook",
    ]


async def test_a_hook_behind_a_decorator_is_checked_by_its_own_arguments() -> None:
    def logged(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs)

        return wrapper

    async def on_text(event: TextReceived) -> bool:
        return event.text == "Hello"

    async def wrong(text: str) -> None: ...

    assert await Stage().call(manager(loaded("faq", hooks(on_text=logged(on_text))))) == CallResult(
        handled=True
    )
    assert refused(hooks(on_text=logged(wrong)))[0].startswith("on_text takes no argument 'text'")


@pytest.mark.parametrize("again", ["faq", "questions"])
def test_a_plugin_that_is_listed_twice_is_refused(again: str) -> None:
    plugin = hooks(on_text=answering(None))
    with pytest.raises(PluginError, match=r"^CB108  plugin 'faq' is listed twice\n +fix: list it once"):
        manager(loaded("faq", plugin), loaded(again, plugin if again != "faq" else hooks()))


def test_other_functions_and_values_of_a_plugin_are_its_own() -> None:
    class Plugin:
        on_idle = 5  # no function: none of our business

        def helper(self, whatever: int) -> int:
            return whatever

        @property
        def broken(self) -> int:
            raise ZeroDivisionError

    assert manager(loaded("faq", Plugin())).hooks("on_idle") == ()


def test_everything_that_is_wrong_with_a_plugin_is_told_at_once() -> None:
    class Plugin:
        @hookimpl
        async def on_txet(self) -> None: ...

        @hookimpl
        async def on_text(self, caht: Chat, evnt: TextReceived) -> None: ...

    with pytest.raises(PluginError) as caught:
        manager(loaded("faq", Plugin()))
    assert [finding.code for finding in caught.value.findings] == ["CB205", "CB205", "CB203"]


def test_a_hook_with_yield_is_refused() -> None:
    async def several(chat: Chat) -> AsyncIterator[str]:
        yield "one"

    def one(chat: Chat) -> Iterator[str]:
        yield "one"

    for function in (several, one):
        assert refused(hooks(on_text=function))[0] == "implements on_text with yield, so it would not run"


def test_what_is_nearly_called_like_a_hook_or_has_none_is_suspicious_and_works() -> None:
    class Nearly:
        @hookimpl
        async def on_text(self) -> None: ...

        def on_chat_startd(self) -> None: ...

        def on_behalf_of(self) -> None: ...

    for plugin, code in ((Nearly(), "CB207"), (hooks(), "CB217")):
        found = loaded("faq", plugin)
        assert [(it.code, it.severity) for it in inspected(found)] == [(code, "warning")]
        manager(found)
