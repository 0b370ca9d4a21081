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
    watcher = module.Watcher(module.Watcher.Settings())  # type: ignore[attr-defined]
    hooks = manager(loaded("watcher", watcher))
    assert sum(bool(hooks.hooks(name)) for name in HOOKS) == 8


async def test_it_runs() -> None:
    plugin = load_plugin("plugin", folders=[HERE], table={})
    result = await Stage().call(manager(plugin))
    assert result == CallResult(performed=[SendMessage(text="hi", treat_as="System")], handled=True)
