"""What the README tells a newcomer to type works, and what it shows is what they see."""

import re
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from chatbot.cli import main
from chatbot.model.config import Settings
from tests.cli.programs import program

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line.partition("#")[0].split() for block in blocks("sh") for line in block.splitlines()]
    return [line[1:] for line in lines if line[:1] == ["chatbot"]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project that the README makes."""
    (new,) = [command for command in commands() if command[0] == "new"]
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, new)
    assert result.exit_code == 0, result.output
    return tmp_path / new[1]


def test_the_project_is_the_one_that_is_printed(project: Path) -> None:
    plugin, test = blocks("python")
    assert (project / "plugins/hours.py").read_text() == plugin
    assert (project / "tests/test_hours.py").read_text().startswith(test)


@pytest.mark.long
async def test_its_tests_pass_and_a_failure_looks_as_printed(project: Path) -> None:
    (picture,) = blocks("text")
    text = (project / "tests/test_hours.py").read_text()
    changed = text.replace('hears("Open 8 to 18.")', 'hears("Open 9 to 18.")')
    (project / "tests/test_changed.py").write_text(changed)
    async with program("-p", "no:cacheprovider", cwd=project, start=("-m", "pytest")) as run:
        assert await run.ends(60) == 1, run.output
    seen = {"".join(line.split()) for line in run.out}
    assert [line for line in picture.splitlines() if "".join(line.split()) not in seen] == []
    assert "= 1 failed, 3 passed in " in run.out[-1]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_option_exists(words: list[str]) -> None:
    command = main.get_command(click.Context(main, obj=object()), words[0])
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_the_configuration_is_valid() -> None:
    (text,) = blocks("toml")
    assert list(Settings.model_validate(tomllib.loads(text)).bots) == ["concierge"]
