"""The files of a new project: read back by those for whom they are written."""

import ast
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import click
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from chatbot.cli import main
from chatbot.cli.names import Names
from chatbot.cli.project import in_the_way, key, quoted, rendered, write
from tests.cli.deployment import NAMES, settings_of, unit_of, unit_text

ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
ODD = st.sampled_from(
    ['"', "\\", "'''", '"""', "ä\r\nö", "\x00\x7f\x85\u2028", "]\n[bots.x", "{{ bot }}", "%s"]
)
WORDS = ANY | ODD
PLUGINS = st.sampled_from(["hours", "öffnung", "x1"])


@effort(max_examples=25, deadline=None)
@given(WORDS, PLUGINS, WORDS, WORDS, WORDS)
def test_odd_names_come_back_as_they_were(
    bot: str, plugin: str, nickname: str, username: str, folder: str
) -> None:
    files = rendered(folder, Names(bot, plugin, nickname, "https://gws.example.com", username))
    settings = settings_of(files)
    (name,), (found,) = settings.bots, settings.bots.values()
    assert (name, found.nickname, found.username) == (bot, nickname, username)
    assert (found.plugins, list(found.plugin)) == ((plugin,), [plugin])
    assert [chat.bot for chat in settings.demo] == [bot]
    assert found.password.credential is not None
    assert f" > secrets/{found.password.credential}\n" in files["README.md"]
    assert f"LoadCredential={found.password.credential}:" in unit_text(files)
    assert yaml.safe_load(files["compose.yaml"])["secrets"].keys() == {
        found.password.credential,
        "admin_token",
    }
    for place in (f"plugins/{plugin}.py", f"tests/test_{plugin}.py"):
        ast.parse(files[place])
    project = tomllib.loads(files["pyproject.toml"])["project"]["name"]
    assert unit_of(files)["Service"]["User"] == project


@given(ANY | ODD)
def test_a_quoted_text_is_the_same_in_toml_and_in_python(text: str) -> None:
    line = f"{key(text)} = {quoted(text)}\n"
    assert tomllib.loads(line) == {text: text}
    assert ast.literal_eval(quoted(text)) == text
    assert len(line.splitlines()) == 1


def test_pyproject_asks_for_this_version_and_its_kit() -> None:
    project = tomllib.loads(rendered("hello", NAMES)["pyproject.toml"])
    assert project["project"]["dependencies"] == [f"chatbot~={version('chatbot')}"]
    assert project["project"]["optional-dependencies"] == {"dev": ["chatbot[dev]"]}
    assert project["tool"]["pytest"]["ini_options"]["filterwarnings"] == ["error"]


def test_only_commands_that_exist_are_named() -> None:
    files = rendered("hello", NAMES)
    said = set(re.findall(r"^(?:.*/)?chatbot ([a-z]+)", files["README.md"], re.MULTILINE))
    assert {"demo", "dev", "check", "run"} <= said <= set(main.list_commands(click.Context(main)))


# writing


def test_what_is_written_is_there(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b", {"x": "ä\n", "c/d/y": ""})
    assert (tmp_path / "a/b/x").read_bytes() == "ä\n".encode()
    assert (tmp_path / "a/b/c/d/y").read_bytes() == b""


def test_nothing_is_overwritten_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(FileExistsError):
        write(tmp_path, {"x": "", "c/d/y": "", "there": "theirs"})
    assert [place.name for place in tmp_path.iterdir()] == ["there"]
    assert (tmp_path / "there").read_text() == "mine"


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def interrupted(self: Path, *arguments: str, **options: str) -> object:
        if self.name == "y":
            raise KeyboardInterrupt
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a" / "b", {"x": "", "c/d/y": ""})
    assert list(tmp_path.iterdir()) == []


def test_only_repositories_and_environments_may_be_there_before(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    assert in_the_way(tmp_path / "new") == []
    assert in_the_way(tmp_path) == []
    (tmp_path / ".venv").mkdir()
    (tmp_path / "bots.toml").touch()
    assert in_the_way(tmp_path) == [".venv", "bots.toml"]
