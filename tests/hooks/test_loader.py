import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatbot.hooks.loader import LoadedPlugin, is_hook, load_plugin
from chatbot.hooks.manager import Occasion
from tests.hooks.stage import HELLO, Stage, manager

HOOK = """
from chatbot import hookimpl

@hookimpl
async def on_text(event):
    return "{answer}"
"""
CLASS = """
from pydantic import BaseModel
from chatbot import hookimpl

class Echo:
    class Settings(BaseModel):
        words: int = 3

    def __init__(self, settings):
        self.words = settings.words

    @hookimpl
    async def on_text(self, event):
        return " ".join(event.text.split()[: self.words])
"""


@pytest.fixture(autouse=True)
def _forget_modules() -> Iterator[None]:
    """What a test imports is gone after it."""
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that Python finds."""
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(path)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def load(name: str, *folders: Path, **table: Any) -> LoadedPlugin:
    return load_plugin(name, folders=folders, table=table)


async def said(plugin: LoadedPlugin) -> list[str]:
    """What the plugin answers."""
    stage = Stage()
    await stage.call(manager(plugin))
    return [action.text for action in stage.sent]  # type: ignore[attr-defined]


# where plugins are found


async def test_a_module_in_a_plugin_dir_is_found_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "faq.py", HOOK.format(answer="hi"))
    plugin = load("faq", tmp_path)
    assert (plugin.name, plugin.settings, plugin.source) == ("faq", None, str(path))
    assert await said(plugin) == ["hi"]


async def test_a_package_in_a_plugin_dir_is_found_with_its_parts(tmp_path: Path) -> None:
    write(tmp_path / "faq/words.py", "ANSWER = 'from a part'")
    text = HOOK.format(answer="x").replace('"x"', "ANSWER") + "\nfrom .words import ANSWER\n"
    path = write(tmp_path / "faq/__init__.py", text)
    plugin = load("faq", tmp_path)
    assert plugin.source == str(path)
    assert await said(plugin) == ["from a part"]


async def test_the_first_plugin_dir_wins(tmp_path: Path) -> None:
    write(tmp_path / "one/faq.py", HOOK.format(answer="one"))
    write(tmp_path / "two/faq.py", HOOK.format(answer="two"))
    assert await said(load("faq", tmp_path / "missing", tmp_path / "one", tmp_path / "two")) == ["one"]
    assert await said(load("faq", tmp_path / "two", tmp_path / "one")) == ["two"]


def test_a_module_is_imported_once_for_all_bots(tmp_path: Path) -> None:
    write(tmp_path / "faq.py", HOOK.format(answer="hi"))
    assert load("faq", tmp_path).hooks is load("faq", tmp_path).hooks


async def test_what_is_saved_twice_at_once_is_what_was_saved_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for answer in ("8 to 18", "8 to 19"):
        os.utime(write(tmp_path / "faq.py", HOOK.format(answer=answer)), (1e9, 1e9))
        before = set(sys.modules)
        assert await said(load("faq", tmp_path)) == [answer]
        for name in set(sys.modules) - before:
            del sys.modules[name]


async def test_a_plugin_hides_no_package_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path / "json.py", "import json\n" + HOOK.format(answer="x").replace('"x"', "json.dumps(1)"))
    assert await said(load("json", tmp_path)) == ["1"]
    assert sys.modules["json"].__name__ == "json"


async def test_an_installed_plugin_is_found_by_its_entry_point(folder: Path) -> None:
    write(folder / "acme_faq.py", HOOK.format(answer="acme"))
    write(folder / "acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    write(folder / "acme-1.0.dist-info/entry_points.txt", "[chatbot]\nacme = acme_faq\n")
    plugin = load("acme")
    assert (plugin.name, plugin.source) == ("acme", str(folder / "acme_faq.py"))
    assert await said(plugin) == ["acme"]


async def test_an_entry_point_may_name_a_class(folder: Path) -> None:
    write(folder / "acme_echo.py", CLASS)
    write(folder / "acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    write(folder / "acme-1.0.dist-info/entry_points.txt", "[chatbot]\nacme-echo = acme_echo:Echo\n")
    assert await said(load("acme-echo")) == ["Hello"]


async def test_a_plugin_dir_comes_before_an_entry_point(folder: Path, tmp_path: Path) -> None:
    write(folder / "acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    write(folder / "acme-1.0.dist-info/entry_points.txt", "[chatbot]\nacme = nowhere\n")
    write(tmp_path / "acme.py", HOOK.format(answer="mine"))
    assert await said(load("acme", tmp_path)) == ["mine"]


@pytest.mark.parametrize("name", ["acme.echo", "acme.echo.Echo", "acme.echo:Echo"])
async def test_a_plugin_is_found_by_its_dotted_path(folder: Path, name: str) -> None:
    write(folder / "acme/__init__.py", "")
    path = write(folder / "acme/echo.py", CLASS)
    plugin = load(name)
    assert (plugin.name, plugin.source) == (name, str(path))
    assert await said(plugin) == ["Hello"]


async def test_an_object_is_a_plugin_too(folder: Path) -> None:
    write(
        folder / "acme.py",
        CLASS + "\nclass Fixed(Echo):\n    pass\n\nready = Fixed(Echo.Settings(words=1))\n",
    )
    plugin = load("acme:ready")
    assert type(plugin.hooks).__name__ == "Fixed"
    assert plugin.source == str(folder / "acme.py")
    assert await said(plugin) == ["Hello"]


def test_an_object_of_nowhere_has_no_source(folder: Path) -> None:
    write(folder / "acme.py", "ready = 5")
    assert load("acme:ready") == LoadedPlugin("acme:ready", 5, None, "")


# modules and classes


async def test_the_one_class_with_hooks_is_the_plugin(tmp_path: Path) -> None:
    write(tmp_path / "echo.py", CLASS + "\nclass Helper:\n    pass\n")
    plugin = load("echo", tmp_path, words=1)
    assert type(plugin.hooks).__name__ == "Echo"
    assert plugin.source == str(tmp_path / "echo.py")


async def test_an_imported_class_is_not_the_plugin(tmp_path: Path, folder: Path) -> None:
    write(folder / "base.py", CLASS)
    write(tmp_path / "mine.py", "from base import Echo\n\nclass Mine(Echo):\n    pass\n")
    assert type(load("mine", tmp_path).hooks).__name__ == "Mine"


def test_a_class_is_built_once_for_each_bot(tmp_path: Path) -> None:
    write(tmp_path / "echo.py", CLASS)
    assert load("echo", tmp_path).hooks is not load("echo", tmp_path).hooks


async def test_a_class_may_take_nothing(tmp_path: Path) -> None:
    text = """
from pydantic import BaseModel
from chatbot import hookimpl

class Quiet:
    class Settings(BaseModel):
        text: str = "from settings"

    @hookimpl
    async def on_text(self, settings):
        return settings.text
"""
    write(tmp_path / "quiet.py", text)
    assert await said(load("quiet", tmp_path)) == ["from settings"]


async def test_a_class_without_settings_may_take_nothing(tmp_path: Path) -> None:
    head, _, tail = HOOK.format(answer="a").partition("@")
    text = f"{head}class A:\n    @{tail.replace('event', 'self').replace(chr(10), chr(10) + '    ')}"
    write(tmp_path / "plain.py", text)
    assert await said(load("plain", tmp_path)) == ["a"]


def test_a_module_without_hooks_is_a_plugin_that_does_nothing(tmp_path: Path) -> None:
    write(tmp_path / "empty.py", "class Helper:\n    pass\n")
    assert manager(load("empty", tmp_path)).hooks("on_text") == ()


def test_only_what_is_marked_is_a_hook(tmp_path: Path) -> None:
    write(tmp_path / "faq.py", HOOK.format(answer="hi") + "\ndef helper(): ...\n")
    module: Any = load("faq", tmp_path).hooks
    assert is_hook(module.on_text)
    assert not is_hook(module.helper)
    assert not is_hook(5)


# settings

SETTINGS = """
from pydantic import BaseModel, ConfigDict, Field
from chatbot import hookimpl

class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    keyword: str

class Settings(BaseModel):
    text: str = Field("hi", alias="say")
    entries: tuple[Entry, ...] = ()
    again: int | None = Field(None, ge=1)

@hookimpl
async def on_text(settings):
    return settings.text
"""


async def test_settings_are_validated_and_handed_to_the_hooks(tmp_path: Path) -> None:
    write(tmp_path / "faq.py", SETTINGS)
    assert await said(load("faq", tmp_path)) == ["hi"]
    plugin = load("faq", tmp_path, say="Hello", entries=[{"keyword": "a"}])
    assert plugin.settings is not None
    assert plugin.settings.model_dump() == {"text": "Hello", "entries": ({"keyword": "a"},), "again": None}
    assert await said(plugin) == ["Hello"]


def test_two_bots_have_their_own_settings_of_one_module(tmp_path: Path) -> None:
    write(tmp_path / "faq.py", SETTINGS)
    one, two = load("faq", tmp_path, say="one"), load("faq", tmp_path, say="two")
    assert one.hooks is two.hooks
    assert [plugin.settings.text for plugin in (one, two)] == ["one", "two"]  # type: ignore[union-attr]


# one object for each chat


async def test_a_class_may_have_one_object_for_each_chat(tmp_path: Path) -> None:
    text = CLASS.replace("    def __init__", "    per_chat = True\n\n    def __init__")
    write(tmp_path / "echo.py", text)
    plugin = load("echo", tmp_path, words=1)
    assert plugin.build is not None
    one, other = plugin.build(), plugin.build()
    assert (type(one).__name__, vars(one), one is other) == ("Echo", {"words": 1}, False)
    assert plugin.source == str(tmp_path / "echo.py")
    stage = Stage()
    occasion = Occasion(stage.bot, stage.chat, HELLO, instances={})
    assert (await manager(plugin).call("on_text", occasion, timeout_s=5)).handled


async def test_without_that_all_chats_share_one(tmp_path: Path) -> None:
    write(tmp_path / "echo.py", CLASS.replace("    def __init__", "    per_chat = False\n\n    def __init__"))
    plugin = load("echo", tmp_path)
    assert (type(plugin.hooks).__name__, plugin.build) == ("Echo", None)
