"""What people read when a plugin cannot be loaded: one or two lines, and the place."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatbot.hooks.loader import load_plugin
from chatbot.model.errors import ConfigError, PluginError
from chatbot.model.section import Section
from tests.hooks.test_loader import CLASS, HOOK, SETTINGS, write
from tests.told import told

TABLE = "bots.a.plugin.faq"
WHERE = Section("bots.toml", tuple(TABLE.split(".")))


@pytest.fixture(autouse=True)
def _forget_modules() -> Iterator[None]:
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        del sys.modules[name]


def refused(name: str, *folders: Path) -> list[str]:
    with pytest.raises(PluginError) as caught:
        load_plugin(name, folders=folders, table={})
    (finding,) = caught.value.findings
    hints = {"": finding.place, "closest": finding.closest, "fix": finding.fix}
    return [finding.message, *(f"{name}: {hint}".removeprefix(": ") for name, hint in hints.items() if hint)]


def wrong(folder: Path, table: dict[str, Any], text: str = SETTINGS) -> list[str]:
    write(folder / "faq.py", text)
    with pytest.raises(ConfigError) as caught:
        load_plugin("faq", folders=[folder], table=table, where=WHERE)
    return told(caught.value, TABLE).splitlines()


def test_a_plugin_that_is_nowhere_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    write(tmp_path / "greeter.py", "")
    assert refused("gretter", tmp_path, tmp_path / "missing") == [
        (
            f"plugin 'gretter' was not found in {tmp_path}, {tmp_path / 'missing'}, "
            "nor as an entry point of group 'chatbot'"
        ),
        "closest: greeter",
        "fix: rename gretter to greeter",
    ]


def test_without_plugin_dirs_that_is_said() -> None:
    assert refused("zzz") == [
        "plugin 'zzz' was not found in no plugin_dirs, nor as an entry point of group 'chatbot'",
        "fix: name its folder in plugin_dirs, or install it",
    ]


def test_the_nearest_one_may_be_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    write(tmp_path / "acme-1.0.dist-info/entry_points.txt", "[chatbot]\nsurveys = nowhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert refused("survey")[1] == "closest: surveys"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("\nimport nowhere_at_all\n", 2, "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("x = 1\ny = x / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("def f():\n    int('x')\nf()\n", 2, "ValueError: invalid literal for int() with base 10: 'x'"),
        ("raise SystemExit(3)\n", 1, "SystemExit: 3"),
        ("raise ValueError('two\\n  lines')\n", 1, "ValueError: two lines"),
        ("from chatbot import Nothing\n", 1, "ImportError: cannot import name 'Nothing' from 'chatbot'"),
    ],
)
def test_a_plugin_that_does_not_import_is_told_by_file_and_line(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    path = write(tmp_path / "faq.py", text)
    first, place, *_ = refused("faq", tmp_path)
    assert first.startswith(f"plugin 'faq' cannot be imported: {reason}")
    assert place == f"{path}:{line}"


def test_a_misspelt_import_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    path = write(tmp_path / "faq.py", "from chatbot import hokimpl\n")
    assert refused("faq", tmp_path)[1:] == [f"{path}:1", "closest: hookimpl"]


def test_a_name_cannot_leave_the_plugin_dirs(tmp_path: Path) -> None:
    write(tmp_path / "faq.py", HOOK.format(answer="hi"))
    (tmp_path / "plugins").mkdir()
    line, *_ = refused("../faq", tmp_path / "plugins")
    assert line.startswith("plugin '../faq' cannot be imported: ImportError")


def test_a_plugin_that_is_no_python_is_told_by_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path / "faq.py", "x = 1\ndef on_text(:\n")
    assert refused("faq", tmp_path) == [
        "plugin 'faq' is not Python: invalid syntax",
        f"{path}:2",
    ]


def test_a_broken_plugin_can_be_mended_and_loaded_again(tmp_path: Path) -> None:
    write(tmp_path / "faq.py", "1 / 0")
    refused("faq", tmp_path)
    write(tmp_path / "faq.py", HOOK.format(answer="mended, and of another length"))
    assert load_plugin("faq", folders=[tmp_path], table={}).name == "faq"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere.at_all", "ModuleNotFoundError: No module named 'nowhere'"),
        ("json.nothing", "AttributeError: module 'json' has no attribute 'nothing'"),
        ("json:nothing", "AttributeError: module 'json' has no attribute 'nothing'"),
        ("../../etc/passwd", "ImportError: no package specified for '../../etc/passwd'"),
        (".faq", "ImportError: no package specified for '.faq'"),
        (":faq", "ValueError: Empty module name"),
        ("faq..x", "ModuleNotFoundError: No module named 'faq'"),
    ],
)
def test_a_dotted_path_to_nowhere_is_told_in_one_line(name: str, reason: str) -> None:
    line, *_ = refused(name)
    assert line.startswith(f"plugin {name!r} cannot be imported: {reason}")


@pytest.mark.parametrize("name", ["broken.faq", "broken.faq:Faq"])
def test_a_package_that_does_not_import_is_told_by_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = write(tmp_path / "broken/__init__.py", "\n\n1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert refused(name) == [
        f"plugin {name!r} cannot be imported: ZeroDivisionError: division by zero",
        f"{path}:3",
    ]


def test_a_class_that_cannot_be_built_is_told_by_file_and_line(tmp_path: Path) -> None:
    text = CLASS.replace("self.words = settings.words", "self.words = settings.word")
    path = write(tmp_path / "echo.py", text)
    first, place = refused("echo", tmp_path)
    assert first.startswith("plugin 'echo': Echo cannot be built: AttributeError: 'Settings' object")
    assert place == f"{path}:{text.splitlines().index('        self.words = settings.word') + 1}"


def test_a_class_that_wants_more_than_settings_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "echo.py", CLASS.replace("(self, settings)", "(self, settings, more)"))
    line, _ = refused("echo", tmp_path)
    assert "missing 1 required positional argument: 'more'" in line


PER_CHAT = CLASS.replace("    def __init__", "    per_chat = True\n\n    def __init__")


def test_a_class_that_cannot_be_built_for_a_chat_is_refused_before_there_is_one(tmp_path: Path) -> None:
    text = PER_CHAT.replace("(self, settings)", "(self, settings, more)")
    path = write(tmp_path / "echo.py", text)
    line = text.splitlines().index("class Echo:") + 1
    assert refused("echo", tmp_path) == [
        "plugin 'echo': Echo cannot be built for a chat: missing a required argument: 'more'",
        f"{path}:{line}",
        "fix: write an __init__ that takes nothing but its settings",
    ]


def test_what_is_no_class_has_no_object_for_each_chat(tmp_path: Path) -> None:
    path = write(tmp_path / "faq.py", "per_chat = True\n" + HOOK)
    assert refused("faq", tmp_path) == [
        "plugin 'faq' has per_chat = True and is no class, so all chats would share it",
        str(path),
        "fix: put the hooks and per_chat into a class, and name that",
    ]


def test_of_several_classes_one_must_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "echo.py", CLASS + "\nclass Loud(Echo):\n    pass\n")
    assert refused("echo", tmp_path) == [
        "plugin 'echo' has several classes with hooks: Echo, Loud",
        str(path),
        "fix: give each a module of its own, or name one by its dotted path, as in package.module:Class",
    ]


def test_a_module_that_has_no_loader_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "faq.py", "")
    monkeypatch.setattr("importlib.util.spec_from_file_location", lambda *_, **__: None)
    assert refused("faq", tmp_path) == ["plugin 'faq' is not a Python module", str(path)]


# settings


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"sya": "x"}, ["has no key 'sya'", "  fix: rename sya to say"]),
        ({"qqqq": "x"}, ["has no key 'qqqq'", "  fix: remove qqqq"]),
        ({"say": 5}, ["say: expected a valid string"]),
        ({"again": 0}, ["again: expected greater than or equal to 1"]),
        ({"entries": {}}, ["entries: expected a list"]),
        ({"entries": [3]}, ["[entries] item 1: expected a table"]),
        ({"entries": [{}]}, ["[[entries]] needs the key 'keyword'", "  fix: add keyword = ..."]),
        (
            {"entries": [{"keyword": "a", "keywrd": "b"}]},
            ["[[entries]] has no key 'keywrd'", "  fix: rename keywrd to keyword"],
        ),
        (
            {"zzz": 1, "say": 5},
            ["has no key 'zzz'", "  fix: remove zzz", "say: expected a valid string"],
        ),
    ],
)
def test_wrong_settings_are_told_in_words_of_the_file(
    tmp_path: Path, table: dict[str, Any], expected: list[str]
) -> None:
    assert wrong(tmp_path, table) == expected


UNION = """
from pydantic import BaseModel, ConfigDict

class One(BaseModel):
    model_config = ConfigDict(extra="forbid")

class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    either: One | dict[str, int] | None = None
"""


def test_a_key_that_the_types_cannot_place_is_told_all_the_same(tmp_path: Path) -> None:
    assert "has no key 'x'" in "\n".join(wrong(tmp_path, {"either": {"x": "y"}}, UNION))


def test_what_is_wrong_with_the_whole_is_told_of_the_whole(tmp_path: Path) -> None:
    text = """
from pydantic import BaseModel, model_validator

class Settings(BaseModel):
    @model_validator(mode="after")
    def _never(self):
        raise ValueError("give a or b")
"""
    assert wrong(tmp_path, {}, text) == ["give a or b"]


def test_settings_of_a_plugin_that_takes_none_are_refused(tmp_path: Path) -> None:
    assert wrong(tmp_path, {"text": "x"}, HOOK.format(answer="hi")) == [
        "plugin 'faq' has no Settings model, so it takes no settings",
        "  fix: remove the table, or add a Settings model to the plugin",
    ]


def test_something_else_called_settings_is_no_model(tmp_path: Path) -> None:
    assert wrong(tmp_path, {"text": "x"}, "Settings = dict\n") == [
        "plugin 'faq' has no Settings model, so it takes no settings",
        "  fix: remove the table, or add a Settings model to the plugin",
    ]


def test_a_secret_setting_is_not_shown(tmp_path: Path) -> None:
    assert "canary-7c1f" not in "\n".join(wrong(tmp_path, {"again": "canary-7c1f", "say": ["canary-7c1f"]}))


def test_a_settings_model_that_fails_by_itself_is_the_plugin_s_fault(tmp_path: Path) -> None:
    text = (
        "from pydantic import BaseModel, model_validator\n"
        "class Settings(BaseModel):\n"
        "    @model_validator(mode='after')\n"
        "    def broken(self): raise KeyError('oops')\n"
    )
    write(tmp_path / "faq.py", text)
    assert refused("faq", tmp_path) == ["the Settings model failed: KeyError: 'oops'", "bots.toml"]
