"""With which settings a plugin is checked."""

from pathlib import Path

import pytest

from chatbot.testing.project import Project
from chatbot.testing.subject import Subject, models_in

HEAD = """
from pydantic import BaseModel, ConfigDict, Field
from chatbot import hookimpl

class Inner(BaseModel):
    x: int = 1

class Middle(BaseModel):
    inners: dict[str, list[Inner]] = {}
"""
TAIL = """
@hookimpl
async def on_text(event): ...
"""
WITH_EXAMPLE = """
class Settings(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "z"}]})
    url: str
"""
BOTS = """
plugin_dirs = ["."]
[bots.b]
server = "https://gws.example.com"
username = "b"
password = "x"
plugins = ["one"]
[bots.b.plugin.one]
url = "of the file"
"""


def subject(folder: Path, settings: str) -> Subject:
    path = folder / "one.py"
    path.write_text(HEAD + settings + TAIL)
    return Subject(path, Project(folder))


@pytest.mark.parametrize(
    ("settings", "table"),
    [
        ("", {}),
        ("class Settings(BaseModel):\n    url: str = 'x'\n", {}),
        ("class Settings(BaseModel):\n    url: str = Field(examples=['y'])\n", {"url": "y"}),
        (
            WITH_EXAMPLE,
            {"url": "z"},
        ),
    ],
)
def test_defaults_come_first_then_examples(tmp_path: Path, settings: str, table: dict[str, str]) -> None:
    assert subject(tmp_path, settings).table() == table


def test_what_bots_toml_says_is_better_than_examples(tmp_path: Path) -> None:
    it = subject(tmp_path, "class Settings(BaseModel):\n    url: str = Field(examples=['y'])\n")
    (tmp_path / "bots.toml").write_text(BOTS)
    assert it.table() == {"url": "of the file"}
    (tmp_path / "bots.toml").write_text("this is no TOML")
    assert it.table() == {"url": "y"}


def test_models_are_found_however_deep(tmp_path: Path) -> None:
    it = subject(tmp_path, "class Settings(BaseModel):\n    middle: Middle | None = None\n")
    model = it.model()
    assert model is not None
    assert {kind.__name__: place for kind, place in models_in(model).items()} == {
        "Middle": "middle",
        "Inner": "middle.inners",
    }


def test_a_package_is_named_by_its_folder(tmp_path: Path) -> None:
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").write_text(HEAD + TAIL)
    it = Subject(package / "__init__.py", Project(tmp_path))
    assert (it.name, it.folder, it.place, it.table()) == ("mine", tmp_path, package, {})
    assert it.module().__file__ == str(package / "__init__.py")
