"""One object of a plugin class for each chat."""

import asyncio

import pytest
from pydantic import BaseModel

from chatbot import Chat, TextReceived, hookimpl
from chatbot.hooks.breaker import breakers
from chatbot.hooks.instances import StandIn, of_instance
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.manager import CallResult, Occasion, PluginManager
from chatbot.model.actions import SendMessage
from chatbot.model.config_care import BreakerSettings
from chatbot.model.errors import PluginError
from tests.hooks.stage import HELLO, Stage, answering, hooks, loaded, manager, per_chat


class Counts:
    """Answers with how often it was asked."""

    per_chat = True
    built = 0

    def __init__(self) -> None:
        type(self).built += 1
        self.asked = 0

    @property
    def of_no_use(self) -> int:
        return self.asked

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        self.asked += 1
        return f"{event.text} {self.asked}"

    @hookimpl(specname="on_notice")
    def under_another_name(self) -> None:
        self.asked += 10


@pytest.fixture(autouse=True)
def _none_built() -> None:
    Counts.built = 0


async def tell(
    stage: Stage, plugins: PluginManager, chat: dict[str, object], hook: str = "on_text"
) -> CallResult:
    occasion = Occasion(stage.bot, stage.chat, HELLO, instances=chat)
    return await plugins.call(hook, occasion, timeout_s=5)


def said(stage: Stage) -> list[str]:
    return [action.text for action in stage.sent if isinstance(action, SendMessage)]


async def test_each_chat_has_its_own_object_built_by_its_first_hook() -> None:
    stage, plugins = Stage(), manager(per_chat("one", Counts))
    one: dict[str, object] = {}
    other: dict[str, object] = {}
    assert Counts.built == 0
    for chat in (one, one, other, one):
        await tell(stage, plugins, chat)
    assert said(stage) == ["Hello 1", "Hello 2", "Hello 1", "Hello 3"]
    assert (Counts.built, list(one), one["one"] is other["one"]) == (2, ["one"], False)


async def test_all_hooks_of_a_chat_are_methods_of_the_same_object() -> None:
    stage, plugins = Stage(), manager(per_chat("one", Counts))
    chat: dict[str, object] = {}
    await tell(stage, plugins, chat, "on_notice")
    await tell(stage, plugins, chat)
    assert said(stage) == ["Hello 11"]


async def test_methods_of_the_class_and_static_ones_are_hooks_too() -> None:
    seen: list[str] = []

    class Kinds:
        @classmethod
        @hookimpl
        async def on_text(cls) -> None:
            seen.append(cls.__name__)

        @staticmethod
        @hookimpl
        async def on_notice() -> None:
            seen.append("static")

    stage, plugins = Stage(), manager(per_chat("one", Kinds))
    for hook in ("on_text", "on_notice"):
        assert await tell(stage, plugins, {}, hook) == CallResult()
    assert seen == ["Kinds", "static"]


async def test_where_no_chat_is_it_is_not_asked_and_others_are() -> None:
    stage = Stage()
    plugins = manager(per_chat("one", Counts), loaded("two", hooks(on_text=answering(answer=True))))
    result = await plugins.call("on_text", Occasion(stage.bot, event=HELLO), timeout_s=5)
    assert (result, Counts.built) == (CallResult(handled=True), 0)


async def test_an_object_that_cannot_be_built_is_the_fault_of_its_plugin_in_that_chat(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Counts):
        def __init__(self) -> None:
            super().__init__()
            raise ZeroDivisionError

    stage = Stage()
    found = breakers("maid", ["one"], BreakerSettings(errors=3), lambda: 0.0)
    entries = [per_chat("one", Broken), loaded("two", hooks(on_text=answering(answer=True)))]
    plugins = PluginManager(entries, run_in_thread=asyncio.to_thread, breakers=found)
    chat: dict[str, object] = {}
    for number in range(1, 4):
        assert await tell(stage, plugins, chat) == CallResult(handled=True, failed=["one"])
        assert (Broken.built, chat) == (number, {})
    assert caplog.messages[0] == "plugin one: on_text failed"
    assert await tell(stage, plugins, {}) == CallResult(handled=True, skipped=["one"])


@pytest.mark.parametrize("hook", ["on_bot_started", "on_bot_stopping"])
def test_hooks_without_a_chat_are_refused(hook: str) -> None:
    methods = {hook: hookimpl(lambda self: None), "per_chat": True}
    with pytest.raises(PluginError) as caught:
        manager(per_chat("one", type("Counts", (), methods)))
    (finding,) = caught.value.findings
    assert (finding.code, finding.file) == ("CB210", __file__)
    said = f"plugin 'one' implements {hook}, which belongs to no chat; its class has per_chat = True"
    assert (finding.message, finding.fix) == (said, "move that hook to a plugin without per_chat")


def test_mistakes_in_the_class_are_refused_as_in_others() -> None:
    class Misspelt:
        @hookimpl
        async def on_txt(self) -> None: ...

    class WrongArgument:
        @hookimpl
        async def on_text(self, caht: Chat) -> None: ...

    class Unmarked:
        async def on_text(self) -> None: ...

    for plugin, words in (
        (Misspelt, "implements on_txt, which is not a hook"),
        (WrongArgument, "on_text takes no argument 'caht'"),
        (Unmarked, "defines on_text without @hookimpl"),
    ):
        with pytest.raises(PluginError, match=words):
            manager(per_chat("one", plugin))


def test_a_stand_in_has_the_methods_of_the_class_and_builds_nothing() -> None:
    stand_in = StandIn(Counts)
    assert not hasattr(stand_in, "of_no_use")
    assert not hasattr(stand_in, "built")
    assert Counts.built == 0
    real = Counts()
    assert of_instance(stand_in.on_text, real) == real.on_text  # type: ignore[attr-defined]
    assert of_instance(len, real) is len
    assert of_instance(real.on_text, Counts()) == real.on_text


async def test_settings_reach_the_hooks_of_each_object() -> None:
    class Words(BaseModel):
        text: str = "hi"

    class Says:
        @hookimpl
        async def on_text(self, settings: Words) -> str:
            return settings.text

    stage = Stage()
    entry = LoadedPlugin("one", StandIn(Says), Words(), "", Says)
    await tell(stage, manager(entry), {})
    assert said(stage) == ["hi"]
