"""The top command: quick, complete, and clear about what it does not know."""

import asyncio
import importlib.metadata
import re
import signal
import sys

import click
import pytest
from click.testing import CliRunner

from chatbot.cli import main
from tests.cli.conftest import Chatbot

COMMANDS = [
    "demo",
    "dev",
    "new",
    "chat",
    "run",
    "simulate",
    "check",
    "compare",
    "explain",
    "plugins",
    "hooks",
    "status",
    "drain",
    "why",
]
# what there is before there is a bots.toml
UNCONFIGURED = {"new", "explain"}
HEAVY = (
    "httpx",
    "starlette",
    "uvicorn",
    "prometheus_client",
    "rich",
    "aiohttp",
    "aiocometd",
    "prompt_toolkit",
    "jinja2",
    "pydantic",
)


async def imported_by(statement: str) -> set[str]:
    """The heavy packages that this statement imports, in an interpreter of its own."""
    code = (
        f"import sys\n{statement}\nprint(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0, told
    return set(told.decode().split())


@pytest.mark.parametrize(
    "statement",
    [
        "import chatbot",
        "from chatbot.cli import main\nmain(['--help'], standalone_mode=False)",
        f"from chatbot.cli import main\nfor it in {COMMANDS}: main([it, '--help'], standalone_mode=False)",
    ],
)
async def test_nothing_heavy_is_imported_before_a_command_needs_it(statement: str) -> None:
    assert await imported_by(statement) == set()


def test_help_lists_all_commands_in_the_order_of_a_first_day(chatbot: Chatbot) -> None:
    result = chatbot("--help")
    commands = result.output.partition("Commands:\n")[2]
    assert re.findall(r"^  (\w+)", commands, re.MULTILINE) == COMMANDS


def test_on_a_narrow_terminal_each_command_is_told_in_a_whole_sentence() -> None:
    told = CliRunner(env={"COLUMNS": "80"}).invoke(main, ["--help"]).output
    sentences = told.partition("Commands:\n")[2].splitlines()
    assert len(sentences) == len(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in sentences)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "explain"])
def test_each_command_has_help_and_the_common_options(chatbot: Chatbot, name: str) -> None:
    result = chatbot(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: chatbot {name} [OPTIONS]")
    for option in ("--config", "--log-level", "--log-format"):
        assert (option in result.output) is (name not in UNCONFIGURED)


@pytest.mark.parametrize(
    "arguments", [("frob",), ("run", "--frob"), ("run", "--log-level", "loud"), ("run", "-c", "/")]
)
def test_wrong_usage_ends_with_code_2_and_a_hint(chatbot: Chatbot, arguments: tuple[str, ...]) -> None:
    result = chatbot(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert "--help' for help." in result.stderr


def test_it_knows_its_version(chatbot: Chatbot) -> None:
    assert chatbot("--version").output == f"chatbot, version {importlib.metadata.version('chatbot')}\n"


def test_who_only_looks_at_a_command_does_not_hear_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with click.Context(main) as context:
        assert main.get_command(context, "run") is not None
        assert signal.getsignal(signal.SIGTERM) is before
