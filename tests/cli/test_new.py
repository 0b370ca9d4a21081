"""``chatbot new``: the project works at once, and nothing is done by halves."""

import asyncio
import os
import pty
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from chatbot.cli import main, new
from chatbot.model.config import Settings
from tests.cli.conftest import Chatbot
from tests.cli.programs import program

FILES = {
    "bots.toml",
    "plugins/hours.py",
    "tests/test_hours.py",
    "pyproject.toml",
    "README.md",
    "Dockerfile",
    ".dockerignore",
    ".gitignore",
    "data/.gitignore",
    "compose.yaml",
    "bots-hello.service",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def settings(folder: str) -> Settings:
    return Settings.model_validate(tomllib.loads(Path(folder, "bots.toml").read_text("utf-8")))


def test_without_a_terminal_it_asks_nothing(chatbot: Chatbot, tmp_path: Path) -> None:
    result = chatbot("new", "hello")
    assert (result.exit_code, result.stderr) == (0, "")
    assert files_in(tmp_path / "hello") == FILES
    made, _, following = result.stdout.partition("\n\nnext:\n")
    assert {line.strip() for line in made.splitlines()} == {"made in hello:", *FILES}
    assert following == "  cd hello\n  pytest\n  chatbot dev\n"
    (bot,) = settings("hello").bots.items()
    assert (bot[0], bot[1].nickname, bot[1].plugins) == ("concierge", "Concierge", ("hours",))


def test_the_names_are_those_that_were_given(chatbot: Chatbot) -> None:
    given = {
        "--bot": "night-porter",
        "--plugin": "opening",
        "--server": "http://127.0.0.1:8090/api/v2",
        "--username": 'o"\\\nü',
    }
    result = chatbot("new", "a b/c", *(word for pair in given.items() for word in pair))
    assert result.exit_code == 0, result.output
    assert "  cd 'a b/c'\n" in result.stdout
    bot = settings("a b/c").bots["night-porter"]
    assert (bot.nickname, bot.server, bot.username) == (
        "Night porter",
        "http://127.0.0.1:8090",
        given["--username"],
    )
    assert Path("a b/c/tests/test_opening.py").is_file()


def test_the_project_is_checked_shown_and_played_at_once(chatbot: Chatbot, tmp_path: Path) -> None:
    chatbot("new", "hello")
    config = tmp_path / "hello" / "bots.toml"
    assert chatbot("check", "-c", config).exit_code == 0
    assert "  hours  on_text\n" in chatbot("plugins", "-c", config).stdout
    assert chatbot("demo", "-c", config).stdout.endswith("all expected answers came: 1\n")


@pytest.mark.long
async def test_its_tests_pass_whatever_pytest_is_told(chatbot: Chatbot, tmp_path: Path) -> None:
    chatbot("new", "hello")
    project = tmp_path / "hello" / "pyproject.toml"
    text, table, _ = project.read_text().partition("[tool.pytest")
    assert table
    # with its own settings they run in tests/flow/test_readme.py
    project.write_text(text)
    async with program("-q", "-p", "no:cacheprovider", cwd=tmp_path / "hello", start=("-m", "pytest")) as run:
        assert await run.ends(60) == 0, run.output
    assert run.out[-1].startswith("2 passed in ")


def test_a_repository_with_an_environment_may_be_there(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "hello"
    (here / ".git").mkdir(parents=True)
    (here / ".venv").mkdir()
    (here / ".venv" / "pyvenv.cfg").touch()
    monkeypatch.chdir(here)
    result = chatbot("new", ".")
    assert result.exit_code == 0
    assert files_in(here) == FILES | {".venv/pyvenv.cfg"}
    assert result.stdout.endswith("next:\n  pytest\n  chatbot demo\n  chatbot dev\n")


def test_a_folder_that_is_in_use_is_named_and_left_alone(chatbot: Chatbot, tmp_path: Path) -> None:
    names = ["a", "b", "c", "d", "e\x1b", "f"]
    for name in names:
        (tmp_path / name).touch()
    result = chatbot("new", ".")
    assert result.exit_code == 2
    assert result.stderr == (
        ".  is not empty: a, b, c, d, e\\x1b, ...\n  fix: name a folder that is new or empty\n"
    )
    assert files_in(tmp_path) == set(names)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("hello", "hello  cannot be a project: Not a directory\n  fix: name a folder that is new or empty\n"),
        ("hello/deeper", "hello/deeper  cannot be written: Not a directory\n  nothing was made\n"),
    ],
)
def test_a_file_is_no_folder(chatbot: Chatbot, tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "hello").touch()
    result = chatbot("new", name)
    assert (result.exit_code, result.stderr) == (2, complaint)
    assert files_in(tmp_path) == {"hello"}


@pytest.mark.parametrize(
    ("flag", "value", "complaint"),
    [
        ("--plugin", "json", "'json' would hide the module of that name"),
        ("--bot", " ", "it is empty"),
        ("--server", "http://gws.example.com", "would get the password without encryption"),
        ("--nickname", "", "it is empty"),
        ("--username", "", "it is empty"),
    ],
)
def test_a_name_that_will_not_do_is_told_and_nothing_is_made(
    chatbot: Chatbot, tmp_path: Path, flag: str, value: str, complaint: str
) -> None:
    result = chatbot("new", "hello", flag, value)
    assert result.exit_code == 2
    assert f"Error: Invalid value for {flag}: " in result.stderr
    assert complaint in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_leaves_nothing(
    chatbot: Chatbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = new.rendered
    too_long = "x" * 300
    monkeypatch.setattr(new, "rendered", lambda folder, names: {**real(folder, names), too_long: ""})
    result = chatbot("new", "hello")
    assert result.exit_code == 2
    assert result.stderr.endswith("cannot be written: File name too long\n  nothing was made\n")
    assert list(tmp_path.iterdir()) == []


# with somebody at the terminal


async def on_a_terminal(answers: str, *arguments: str) -> tuple[int, str]:
    """The exit code of ``chatbot new``, and what is on the screen in the end."""
    mine, its = pty.openpty()
    os.write(mine, answers.encode())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatbot", "new", *arguments), stdin=its, stdout=its, stderr=its
    )
    try:
        code = await asyncio.wait_for(process.wait(), 10)
    finally:
        if process.returncode is None:
            process.kill()
        os.close(its)
    screen = os.read(mine, 65536).decode().replace("\r\n", "\n")
    os.close(mine)
    return code, screen


async def test_on_a_terminal_it_asks_until_the_answers_will_do() -> None:
    code, screen = await on_a_terminal("gina\nclass\nopening\n\n\n", "hello", "--username", "gina")
    assert code == 0, screen
    assert "Name of the bot [concierge]: " in screen
    assert "Error: 'class' is a word of Python's own" in screen
    assert "Nickname that customers see [Gina]: " in screen
    assert "User name" not in screen
    assert list(settings("hello").bots) == ["gina"]
    assert settings("hello").bots["gina"].plugins == ("opening",)


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(new, "somebody_is_there", lambda: True)
    return CliRunner()


def test_whoever_just_presses_enter_gets_the_defaults(somebody: CliRunner) -> None:
    result = somebody.invoke(main, ["new", "hello"], input="\n" * 5)
    assert result.exit_code == 0, result.output
    assert list(settings("hello").bots) == ["concierge"]


def test_yes_asks_nothing(somebody: CliRunner) -> None:
    result = somebody.invoke(main, ["new", "hello", "-y"])
    assert result.exit_code == 0, result.output
    assert "[concierge]" not in result.output


def test_a_flag_that_will_not_do_is_told_before_anything_is_asked(somebody: CliRunner) -> None:
    result = somebody.invoke(main, ["new", "hello", "--username", ""])
    assert result.exit_code == 2
    assert "[concierge]" not in result.output


def test_the_end_of_the_answers_makes_nothing(somebody: CliRunner, tmp_path: Path) -> None:
    result = somebody.invoke(main, ["new", "hello"], input="gina\n")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "Aborted!")
    assert list(tmp_path.iterdir()) == []
