"""The commands of the documents, each really run, or held against the files that it speaks of."""

import asyncio
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import click
import httpx
from click.testing import CliRunner

from chatbot.cli import main
from chatbot.cli.stage import simulator_for
from chatbot.console.admin import create_admin
from chatbot.model.config_file import load
from chatbot.service.supervisor import Service
from chatbot.service.system import system_world
from chatbot.simulator.server import serve
from tests.cli.programs import free_port, program
from tests.docs.blocks import ROOT
from tests.docs.project import NotTestedError, Project

__all__ = ["RULES", "run"]

# commands that go on until a signal; the first takes no port
_LONG = ("run", "dev", "simulate")
# commands that ask a service which runs, or read what a day at a real server has left: see tests/cli
_OF_A_SERVICE = ("status", "drain", "why", "compare")
# what they print when they are at work
_AT_WORK = {
    "run": r'"message": "ready"',
    "dev": "customer page|shadow of",
    "simulate": "simulator ready",
    "check": "logged in",
}
_THERE = "https://gws.example.com"
_HARMLESS = frozenset({"mkdir", "cp", "ls", "cat", "rm", "touch", "chmod"})


def run(project: Project, line: str) -> str:
    """Run one line of a shell; what it printed.

    Raises:
        NotTestedError: There is no rule for such a command.
    """
    line = line.replace("$PWD", str(project.cwd))
    words = shlex.split(line, comments=True)
    if words[-2:-1] == [">"]:
        (project.cwd / words[-1]).write_text(run(project, line.rpartition(" > ")[0]))
        return ""
    if "|" in words:
        first, second = line.split(" | ")
        project.piped = run(project, first)
        printed = run(project, second)
        project.piped = None
        return printed
    while words and ("=" in words[0] or words[0] == "sudo"):
        words.pop(0)
    if not words:
        return ""
    name = words[0].rpartition("/")[2]
    if name in {"python", "python3"} and words[1:2] == ["-m"]:
        name, words = words[2], words[2:]
    if name not in RULES:
        raise NotTestedError(f"no rule for the command {name!r}; there are rules for: {', '.join(RULES)}")
    return RULES[name](project, words)


def _chatbot(project: Project, words: list[str]) -> str:
    command = words[1] if len(words) > 1 else ""
    if command in _LONG or "--online" in words:
        _check_options(words[1:])
        if project.is_first(words):
            asyncio.run(_at_work(project, words[1:]))
        return ""
    if command in _OF_A_SERVICE:
        _check_options(words[1:])
        return ""
    with chdir(project.cwd):
        runner = CliRunner(env={"COLUMNS": "120", **project.env})
        result = runner.invoke(main, words[1:], input=project.piped, prog_name="chatbot")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == project.expected, f"exit code {result.exit_code}:\n{result.output}"
    return result.output


def _check_options(words: list[str]) -> None:
    command = main.get_command(click.Context(main), words[0])
    assert command is not None, f"there is no command {words[0]!r}"
    command.make_parser(click.Context(command)).parse_args(words[1:])


def _file(project: Project) -> Path:
    return project.cwd / "bots.toml"


async def _at_work(project: Project, words: list[str]) -> None:
    """A process of its own, at a simulator instead of the server, with ports that nobody has.

    A signal ends it well.
    """
    text = _file(project).read_text()
    simulator = simulator_for(load(_file(project)))
    async with serve(simulator.asgi) as url:
        text = re.sub(r'^server = "https://[^"]*"', f'server = "{url}"', text, flags=re.MULTILINE)
        text = re.sub(r"^admin = .*$", f'admin = "127.0.0.1:{free_port()}"', text, flags=re.MULTILINE)
        (project.cwd / "at_work.toml").write_text(text)
        secrets: dict[str, str] = dict.fromkeys(re.findall(r'env = "(\w+)"', text), "any")
        options = ["--config", "at_work.toml", *(["--port", "0"] if words[0] in _LONG[1:] else [])]
        env = {"PYTHONPATH": str(ROOT), **secrets, **_credentials(project, text), **project.env}
        here = [url if word == _THERE else word for word in words]
        async with program(*here, *options, cwd=project.cwd, **env) as command:
            await command.says(_AT_WORK[words[0]])
            if words[0] in _LONG:
                command.signal(signal.SIGTERM)
            assert await command.ends() == project.expected, command.output


def _credentials(project: Project, text: str) -> dict[str, str]:
    """The folder with those that are asked for."""
    folder = project.cwd / "credentials"
    folder.mkdir(exist_ok=True)
    for name in re.findall(r'credential = "(\w+)"', text):
        (folder / name).write_text("any")
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def _printf(_: Project, words: list[str]) -> str:
    [text] = words[1:]
    return text.encode().decode("unicode_escape")


def _python(_: Project, words: list[str]) -> str:
    _, option, code = words
    assert option == "-c"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def _make(_: Project, words: list[str]) -> str:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in words[1:]:
        assert target in targets, f"the Makefile has no target {target!r}"
    return ""


def _pip(_: Project, words: list[str]) -> str:
    """Installs only this package with extras that it has, or what it says can be needed."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    packages = [word for word in words[2:] if not word.startswith("-")]
    assert packages, "nothing is installed"
    for package in packages:
        name, _bracket, wanted = package.partition("[")
        assert name in {"chatbot", ".", "tzdata"}, f"{name!r} is not ours"
        for extra in filter(None, wanted.rstrip("]").split(",")):
            assert extra in extras, f"pyproject.toml has no extra {extra!r}"
    return ""


def _venv(project: Project, words: list[str]) -> str:
    """Not made, since it takes long: the tests run in one."""
    assert len(words) == 2, "python -m venv FOLDER"
    project.venv = words[1]
    return ""


def _activate(project: Project, words: list[str]) -> str:
    assert words[1:] == [f"{project.venv}/bin/activate"], "this environment was not made"
    return ""


def _cd(project: Project, words: list[str]) -> str:
    project.cwd = project.cwd / re.sub("^~/?", f"{project.home}/", words[1])
    assert project.cwd.is_dir(), f"{words[1]} does not exist"
    return ""


def _export(project: Project, words: list[str]) -> str:
    project.env |= dict(word.split("=", 1) for word in words[1:])
    return ""


def _pytest(project: Project, words: list[str]) -> str:
    with chdir(project.cwd):
        return project.pytest(*words[1:])


def _really(project: Project, words: list[str]) -> str:
    if any(word.startswith("/") for word in words):
        return _on_the_server(project, words)
    done = subprocess.run(words, cwd=project.cwd, check=True, capture_output=True, text=True)
    return done.stdout


def _on_the_server(project: Project, words: list[str]) -> str:
    """Not done, for it needs root; what is taken from the project is there."""
    form = r"[\w-]+(\.\w+|/\w+)+|plugins|data|secrets"
    for word in filter(re.compile(form).fullmatch, words[1:]):
        assert (project.cwd / word).exists(), f"{word} is not there"
    return ""


def _curl(_: Project, words: list[str]) -> str:
    """The pages of `chatbot run`, asked inside this process."""
    url = next(word for word in words[1:] if "://" in word or word.startswith("127.0.0.1"))
    return asyncio.run(_page(url if "://" in url else f"http://{url}"))


async def _page(url: str) -> str:
    app = create_admin(Service([], world=system_world(), drain_timeout=0))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        response = await http.get(url)
    assert response.status_code == 200, f"{url} answers {response.status_code}"
    return response.text


def _unit(project: Project, words: list[str]) -> str:
    """The unit is a file of the project."""
    units = [word for word in words[1:] if word.endswith(".service") or word == "chatbot"]
    found = [path.name for path in project.cwd.rglob("*.service")]
    for unit in units:
        name = unit if unit.endswith(".service") else f"{unit}.service"
        assert name in found, f"no file {name}; there are {found}"
    return ""


def _docker(project: Project, words: list[str]) -> str:
    known = {"build", "run", "stop", "rm"}
    files = ["Dockerfile"]
    if words[1] == "compose":
        known, files = {"build", "up", "ps", "logs", "run"}, ["Dockerfile", "compose.yaml"]
        words = words[1:]
    assert words[1] in known, f"docker {words[1]}?"
    for file in files:
        assert (project.cwd / file).is_file(), f"no {file}"
    return ""


RULES: dict[str, Callable[[Project, list[str]], str]] = {
    "chatbot": _chatbot,
    "make": _make,
    "pip": _pip,
    "venv": _venv,
    ".": _activate,
    "cd": _cd,
    "export": _export,
    "printf": _printf,
    "python3": _python,
    "pytest": _pytest,
    "curl": _curl,
    "systemctl": _unit,
    "journalctl": _unit,
    "docker": _docker,
    **dict.fromkeys(("chown", "install", "useradd"), _on_the_server),
    **dict.fromkeys(sorted(_HARMLESS), _really),
}
"""By the first word of a command."""
