from importlib.resources import files
from pathlib import Path
from types import ModuleType

from chatbot.hooks.checks import HOOKS
from chatbot.hooks.loader import load_plugin
from chatbot.hooks.manager import CallResult
from chatbot.model.actions import SendMessage
from tests.hooks.stage import Stage, loaded, manager

HERE = Path(__file__).parent


def test_the_checked_plugin_is_a_plugin() -> None:
    plugin = load_plugin("plugin", folders=[HERE], table={"text": "Hi"})
    hooks = manager(plugin)
    assert [hooks.hooks(name)[0].is_async for name in ("on_text", "on_typing_started")] == [True, False]
    assert isinstance(plugin.hooks, ModuleType)


def test_its_class_is_a_plugin_too() -> None:
    module = load_plugin("plugin", folders=[HERE], table={}).hooks
    assert isinstance(module, ModuleType)
    watcher: object = module.Watcher(module.Watcher.Settings())
    hooks = manager(loaded("watcher", watcher))
    assert sum(bool(hooks.hooks(name)) for name in HOOKS) == 9


def test_what_the_checkers_let_pass_is_possible() -> None:
    talk = load_plugin("talk", folders=[HERE], table={}).hooks
    assert isinstance(talk, ModuleType)
    (told,) = talk.made_by_hand()
    assert (told.sender.nickname, told.message_type) == ("Ana", "faq")
    assert [name for name in HOOKS if manager(loaded("talk", talk)).hooks(name)] == [
        "on_action",
        "on_bot_started",
    ]


def test_type_checkers_are_told_that_there_are_types() -> None:
    assert files("chatbot").joinpath("py.typed").is_file()


async def test_it_runs() -> None:
    plugin = load_plugin("plugin", folders=[HERE], table={})
    result = await Stage().call(manager(plugin))
    assert result == CallResult(performed=[SendMessage(text="hi", treat_as="System")], handled=True)
