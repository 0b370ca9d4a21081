"""Where plugins are found."""

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from chatbot import hookimpl
from chatbot.model.errors import PluginError
from chatbot.testing.project import Project

PLUGIN = "from chatbot import hookimpl\n\n@hookimpl\nasync def on_text(event): return 'hi'\n"


class Greeter:
    @hookimpl
    async def on_text(self) -> str:
        return "hi"


def test_the_nearest_bots_toml_above_makes_the_project(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (inner / "tests").mkdir(parents=True)
    place = inner / "tests" / "test_x.py"
    assert Project.around(place, tmp_path).folder == tmp_path
    (inner / "bots.toml").touch()
    assert Project.around(place, tmp_path).folder == inner


def test_without_bots_toml_plugins_are_looked_for_where_they_usually_are(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "one.py").write_text(PLUGIN)
    (tmp_path / "two.py").write_text(PLUGIN)
    for name in ("one", "two"):
        assert Project(tmp_path).plugin(name, {}).name == name
    with pytest.raises(PluginError, match="three"):
        Project(tmp_path).plugin("three", {})


def test_plugin_dirs_of_bots_toml_count(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "one.py").write_text(PLUGIN)
    (tmp_path / "bots.toml").write_text(
        'plugin_dirs = ["mine"]\n'
        '[bots.b]\nserver = "https://gws.example.com"\nusername = "b"\npassword = "x"\n'
    )
    assert Project(tmp_path).plugin("one", {}).name == "one"


def test_modules_classes_and_objects_are_plugins_too(tmp_path: Path) -> None:
    module = ModuleType("package.mine")
    for plugin, name in (
        (Greeter, "greeter"),
        (Greeter(), "greeter"),
        (module, "mine"),
        (SimpleNamespace(), "simplenamespace"),
    ):
        assert Project(tmp_path).plugin(plugin, {}).name == name
