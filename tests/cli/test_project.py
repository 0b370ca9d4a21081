"""The files of a new project: read back by those for whom they are written."""

import ast
import asyncio
import configparser
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from chatbot.cli import main, running, signals
from chatbot.cli.names import Names
from chatbot.cli.project import in_the_way, key, quoted, rendered, write
from chatbot.console.admin import create_admin
from chatbot.model.config import Settings
from chatbot.service.supervisor import Service
from chatbot.service.system import system_world
from chatbot.simulator.server import serve

NAMES = Names("concierge", "hours", "Concierge", "https://gws.example.com", "concierge")
# the longest a stop takes after drain_timeout: the last requests, then the last seconds of the process
LAST_S = running._LAST_RESORT_S + signals._AT_ONCE_S + signals._TELLING_S
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
ODD = st.sampled_from(
    ['"', "\\", "'''", '"""', "ä\r\nö", "\x00\x7f\x85\u2028", "]\n[bots.x", "{{ bot }}", "%s"]
)
WORDS = ANY | ODD
PLUGINS = st.sampled_from(["hours", "öffnung", "x1"])


def settings_of(files: dict[str, str]) -> Settings:
    return Settings.model_validate(tomllib.loads(files["bots.toml"]))


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
    (variable,) = [found.password.env]
    assert variable is not None
    assert f"export {variable}=" in files["README.md"]
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


def unit_of(files: dict[str, str]) -> configparser.RawConfigParser:
    (unit,) = [text for place, text in files.items() if place.endswith(".service")]
    parser = configparser.RawConfigParser(delimiters=["="])
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit)
    return parser


def test_pyproject_asks_for_this_version_and_its_kit() -> None:
    project = tomllib.loads(rendered("hello", NAMES)["pyproject.toml"])
    assert project["project"]["dependencies"] == [f"chatbot~={version('chatbot')}"]
    assert project["project"]["optional-dependencies"] == {"dev": ["chatbot[dev]"]}
    assert project["tool"]["pytest"]["ini_options"]["filterwarnings"] == ["error"]


def test_only_commands_that_exist_are_named() -> None:
    files = rendered("hello", NAMES)
    said = set(re.findall(r"^(?:.*/)?chatbot ([a-z]+)", files["README.md"], re.MULTILINE))
    assert {"demo", "dev", "check", "run"} <= said <= set(main.list_commands(click.Context(main)))


def instructions(dockerfile: str) -> dict[str, list[str]]:
    lines = [line for line in dockerfile.splitlines() if line and not line.startswith("#")]
    found: dict[str, list[str]] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        found.setdefault(word, []).append(rest)
    return found


def health_check(dockerfile: str) -> list[str]:
    (line,) = instructions(dockerfile)["HEALTHCHECK"]
    command: list[str] = json.loads(line.partition("CMD ")[2])
    return command


def test_the_image_runs_the_bots_without_a_shell_and_without_root() -> None:
    files = rendered("hello", NAMES)
    found = instructions(files["Dockerfile"])
    # exec form everywhere: signals reach the bots, and no shell reads any name
    for commands in (found["RUN"], found["CMD"]):
        assert all(isinstance(json.loads(command), list) for command in commands)
    assert json.loads(found["CMD"][0])[:2] == ["chatbot", "run"]
    user, _, group = found["USER"][-1].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert found["STOPSIGNAL"] == ["SIGTERM"]
    assert found["FROM"] == ["python:3.13-slim"]


def test_the_image_keeps_the_journal_on_a_volume() -> None:
    files = rendered("hello", NAMES)
    found = instructions(files["Dockerfile"])
    journal = Path(found["WORKDIR"][0]) / settings_of(files).service.journal
    assert json.loads(found["VOLUME"][0]) == [str(journal.parent)]
    assert f"--chown={found['USER'][0]} data/ data/" in found["COPY"]


def test_the_image_gets_all_files_that_it_copies() -> None:
    files = rendered("hello", NAMES)
    allowed = {line[1:] for line in files[".dockerignore"].splitlines() if line.startswith("!")}
    copied = " ".join(instructions(files["Dockerfile"])["COPY"]).split()
    taken = {word for word in copied if not word.startswith(("-", "./"))}
    assert {place.removesuffix(".gitignore") for place in allowed} == taken


def test_whatever_stops_the_bots_waits_until_they_have_left() -> None:
    files = rendered("hello", NAMES)
    needed = settings_of(files).service.drain_timeout + LAST_S
    assert int(unit_of(files)["Service"]["TimeoutStopSec"]) >= needed
    for place in ("Dockerfile", "README.md"):
        (waits,) = re.findall(r"--stop-timeout (\d+)", files[place])
        assert int(waits) >= needed


@pytest.mark.parametrize("is_alive", [True, False])
async def test_the_health_check_of_the_image_sees_whether_the_bots_are_alive(
    *, is_alive: bool, tmp_path: Path
) -> None:
    files = rendered("hello", NAMES)
    program, option, code = health_check(files["Dockerfile"])
    host, _, port = settings_of(files).service.admin.partition(":")
    assert (program, option) == ("python", "-c")
    assert f"'{host}', {port}" in code
    service = Service([], world=system_world(), drain_timeout=0)
    async with serve(create_admin(service), "127.0.0.1", 0) as url:
        page = code if is_alive else code.replace("/healthz", "/readyz-not")
        code_here = page.replace(port, url.rpartition(":")[2])
        checked = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", code_here, cwd=tmp_path)
        assert await checked.wait() == (0 if is_alive else 1)


def test_the_unit_keeps_the_journal_and_the_passwords_out_of_the_code() -> None:
    files = rendered("hello", NAMES)
    service = unit_of(files)["Service"]
    state, _, data = service["BindPaths"].partition(":")
    assert state == f"/var/lib/{service['StateDirectory']}"
    assert Path(data) == (Path(service["WorkingDirectory"]) / settings_of(files).service.journal).parent
    assert service["EnvironmentFile"] == "/etc/bots-hello.env"
    assert (service["Type"], service["Restart"], service["KillSignal"]) == ("exec", "always", "SIGTERM")
    assert service["ExecStart"] == f"{service['WorkingDirectory']}/.venv/bin/chatbot run"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    files = rendered("hello", NAMES)
    unit = tmp_path / "bots-hello.service"
    # only the program is not there
    text = re.sub("^ExecStart=.*$", "ExecStart=/bin/true", files[unit.name], flags=re.MULTILINE)
    unit.write_text(text)
    found = subprocess.run(
        ["systemd-analyze", "verify", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")


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
