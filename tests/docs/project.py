"""The folder in which the blocks of one document are tried, one after the other."""

import ast
import asyncio
import hashlib
import importlib
import inspect
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from chatbot.bot.runner import BotRunner
from chatbot.model.config_file import load
from chatbot.service.supervisor import assemble
from chatbot.service.system import system_world
from tests.docs.blocks import ROOT, Block
from tests.docs.stage import talk

__all__ = ["NotTestedError", "Project"]

_DEFAULTS = """\
server = "https://gws.example.com"
username = "robo"
password = { env = "PASSWORD" }
"""


class NotTestedError(AssertionError):
    """A block says nothing of how it is tested, or something that does not exist."""


@dataclass
class Project:
    """What a reader would have on the disk at this point of the document.

    Args:
        pytester: Runs tests in this process; its folder is that of the project.
        shell: Runs one line of a shell in a folder, and gives what it printed.
        output: What the last commands have printed.
        home: Where a reader begins.
        cwd: Where the reader is.
        venv: The virtual environment that the reader has made.
        piped: What the next command reads.
        shared: A folder of all workers that run these tests.
        env: What was exported.
        expected: The exit code that commands should have.
    """

    pytester: pytest.Pytester
    shell: Callable[["Project", str], str]
    home: Path = field(init=False)
    cwd: Path = field(init=False)
    venv: str = ""
    output: str = ""
    piped: str | None = None
    shared: Path = Path()
    env: dict[str, str] = field(default_factory=dict)
    expected: int = 0

    def __post_init__(self) -> None:
        self.home = self.cwd = self.pytester.path
        shutil.copy(ROOT / "bots.toml", self.cwd)
        (self.cwd / "plugins").mkdir()
        for plugin in (ROOT / "plugins").glob("*.py"):
            (self.cwd / "plugins" / plugin.name).symlink_to(plugin)

    def run(self, block: Block) -> None:
        """Try one block.

        Raises:
            NotTestedError: Nobody knows how.
        """
        tester = getattr(self, f"_{block.kind}", None)
        if tester is None:
            raise NotTestedError(f"a marker <!-- test: KIND --> is needed, and {block.kind!r} is no kind")
        tester(block)

    # python

    def _exec(self, block: Block) -> None:
        code = compile(block.code, str(block), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        names = {"__name__": "__main__"}
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, names))
        else:
            exec(code, names)

    def _plugin(self, block: Block) -> None:
        name = block.argument or f"block_{block.line}"
        self.write(f"plugins/{name}.py", block.code)
        asyncio.run(talk(self.cwd, name, block.steps))

    def _test(self, block: Block) -> None:
        path = self.write(f"tests/test_{block.argument or f'block_{block.line}'}.py", block.code)
        self.pytest(path)

    def pytest(self, *arguments: str | Path) -> str:
        """Run these tests, or all, in this process."""
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "asyncio_mode=auto"]
        options += ["-o", "asyncio_default_fixture_loop_scope=function"]
        result = self.pytester.runpytest_inprocess(*options, f"--rootdir={self.cwd}", *arguments)
        outcomes = result.parseoutcomes()
        assert set(outcomes) <= {"passed"}, result.stdout.str()
        assert outcomes, result.stdout.str()
        return result.stdout.str()

    def _signature(self, block: Block) -> None:
        call = block.code.removeprefix("await ").partition("(")[2]
        compile(f"def function({call.rstrip()}: ...", str(block), "exec", ast.PyCF_ONLY_AST)

    def _failing(self, block: Block) -> None:
        """A test that fails at this point of the document, as the text says."""
        with pytest.raises(AssertionError, match="1 failed") as failure:
            self._test(block)
        self.output = re.sub(r"^E {7}", "", str(failure.value), flags=re.MULTILINE)

    def is_first(self, words: list[str]) -> bool:
        """Whether nobody has begun this command yet: processes take a second each, so once is enough."""
        try:
            (self.shared / hashlib.sha256(repr(words).encode()).hexdigest()).mkdir(parents=True)
        except FileExistsError:
            return False
        return True

    # files

    def write(self, name: str, text: str) -> Path:
        """A file of the project; what was imported from an older one is forgotten."""
        path = self.cwd / name
        for module in [one for one in sys.modules if one.startswith(f"chatbot_plugins.{path.stem}_")]:
            del sys.modules[module]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        return path

    def _file(self, block: Block) -> None:
        path = self.write(block.argument, block.code)
        if path.suffix == ".py":
            compile(block.code, str(path), "exec")
        elif path.name == "bots.toml":
            self._assemble(block.code)

    def _edit(self, block: Block) -> None:
        """One line of a file, in place of the one with the same key."""
        path = self.cwd / block.argument
        key = block.code.partition("=")[0]
        text, count = re.subn(rf"^{re.escape(key)}=.*\n", block.code, path.read_text(), flags=re.MULTILINE)
        assert count == 1, f"{block.argument} has {count} lines that begin with {key!r}"
        path.write_text(text)

    def _bots(self, block: Block) -> None:
        self._assemble(completed(block.code))

    def _assemble(self, text: str) -> list[BotRunner]:
        path = self.cwd / "printed.toml"
        path.write_text(text)
        bots, findings = assemble(load(path), system_world(), "bots.toml")
        assert not findings, "\n".join(findings)
        return bots

    def _pyproject(self, block: Block) -> None:
        """A piece of somebody's pyproject.toml: the entry points are in our group."""
        project = tomllib.loads(block.code)["project"]
        assert list(project["entry-points"]) == ["chatbot"]

    # commands and what they print

    def _run(self, block: Block) -> None:
        lines = block.code.replace("\\\n", " ").splitlines()
        commands = [line.removeprefix("$ ").strip() for line in lines]
        self.expected = int(block.argument) if block.argument.isdigit() else 0
        printed = [self.shell(self, one) for one in commands if one and not one.startswith("#")]
        self.output = "\n".join(printed)

    def _mistake(self, block: Block) -> None:
        """Commands that find what was just done wrong, FILE OLD NEW; it is put right afterwards."""
        name, old, new = block.argument.split()
        right = (self.cwd / name).read_text()
        self.write(name, right.replace(old, new))
        try:
            self._run(replace(block, argument="1"))
        finally:
            self.write(name, right)

    def _output(self, block: Block) -> None:
        """What the commands before have printed; `...` stands for anything."""
        wanted = ".*".join(map(re.escape, block.code.strip().split("...")))
        assert re.search(wanted, self.output, re.DOTALL), f"printed was:\n{self.output}"

    def _json(self, block: Block) -> None:
        json.loads(block.code)

    # pictures made of letters

    def _modules(self, block: Block) -> None:
        """What is written as `floor.module` is one."""
        named = re.findall(r"\b([a-z]+)\.([a-z]+)\b", block.code)
        assert named, "no module is named"
        for floor, module in named:
            assert (ROOT / "chatbot" / floor / f"{module}.py").is_file(), f"no chatbot/{floor}/{module}.py"

    def _folders(self, block: Block) -> None:
        """All folders of the package stand in it."""
        missing = {path.parent.name for path in (ROOT / "chatbot").glob("*/__init__.py")} - set(
            block.code.split()
        )
        assert not missing, f"not in the picture: {', '.join(sorted(missing))}"

    def _names(self, block: Block) -> None:
        """All public names of a module stand in it."""
        names = set(importlib.import_module(block.argument).__all__)
        assert names <= set(re.findall(r"\w+", block.code))

    def _elsewhere(self, block: Block) -> None:
        """Held against the real thing by another test."""
        file, _, name = block.argument.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(), f"there is no test {block.argument}"

    def _none(self, block: Block) -> None:
        """Not tested; the marker has to say why."""
        assert block.argument, "the marker does not say why this is not tested"


def completed(text: str) -> str:
    """A piece of a bots.toml as a whole one, with no line of it changed.

    What it leaves out comes before it or behind it: a bot, its server and login, and the plugins that it
    has settings for.
    """
    found = tomllib.loads(text)
    defaults = found.get("defaults", {})
    given = {**defaults, **next(iter(found.get("bots", {}).values()), {})}
    lines = [line for line in _DEFAULTS.splitlines() if line.split()[0] not in given]
    if "plugins" not in given:
        listed = {name for bot in found.get("bots", {}).values() for name in bot.get("plugin", {})}
        lines.append(f"plugins = {sorted(listed)}")
    table = "\n".join(["[defaults]", *lines])
    text = text.replace("[defaults]", table, 1) if defaults else f"{text}\n{table}"
    head = "" if "plugin_dirs" in found else 'plugin_dirs = ["plugins"]\n'
    return f"{head}{text}\n{'' if 'bots' in found else '[bots.NAME]'}\n"
