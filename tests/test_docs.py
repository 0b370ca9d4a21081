"""The documents and the code agree: what exists is described, and what is described exists."""

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest

import chatbot
from chatbot.cli.group import main
from chatbot.cli.slash import COMMANDS as SLASHES
from chatbot.console.admin import ServiceMetrics
from chatbot.hooks.checks import HOOKS
from chatbot.model import config, config_care
from chatbot.service.supervisor import Service
from chatbot.service.system import system_world
from chatbot.simulator.named_faults import NAMED_FAULTS

ROOT = Path(__file__).parents[1]
DOCS = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
TABLES = (
    config.Settings,
    config.ServiceSettings,
    config.BotSettings,
    config.SecretSource,
    config_care.FallbackSettings,
    config_care.GuardSettings,
    config_care.HandoffSettings,
    config.DemoChat,
    config.DemoLine,
    config_care.BreakerSettings,
)
# a password may stand in the file as it is: that form has no key of its own
KEYS = sorted({name for table in TABLES for name in table.model_fields} - {"plain"} | {"defaults"})
COMMANDS = main.list_commands(click.Context(main))

_BLOCK = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


def blocks(name: str, *languages: str) -> list[str]:
    return [code for _, language, code in _BLOCK.findall(DOCS[name]) if language in languages]


def code_in(text: str) -> str:
    """Everything that is set as code."""
    inline = _INLINE.findall(_BLOCK.sub("", text))
    return "\n".join([*(code for _, _, code in _BLOCK.findall(text)), *inline])


CODE = {name: code_in(text) for name, text in DOCS.items()}
WORDS = {word for code in CODE.values() for word in re.findall(r"\w+", code)}


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_described_with_all_its_arguments(hook: str) -> None:
    signature = f"{hook}({', '.join(HOOKS[hook])})"
    assert any(signature in code for code in CODE.values())


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_bots_toml_is_described(key: str) -> None:
    assert key in WORDS


@pytest.mark.parametrize("name", chatbot.__all__)
def test_every_public_name_is_described(name: str) -> None:
    assert name in WORDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command: str) -> None:
    assert any(re.search(rf"\bchatbot {command}\b", code) for code in CODE.values())


@pytest.mark.parametrize("name", NAMED_FAULTS)
def test_every_fault_is_described_in_its_own_words(name: str) -> None:
    row = f"| `{name}` | {NAMED_FAULTS[name].sentence} |"
    assert any(row in text for text in DOCS.values())


@pytest.mark.parametrize("name", SLASHES)
def test_every_slash_command_is_described(name: str) -> None:
    assert any(re.search(rf"/{name}\b", code) for code in CODE.values())


def test_every_metric_is_described() -> None:
    families = list(ServiceMetrics(Service([], world=system_world(), drain_timeout=0)).collect())
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    assert names <= WORDS


@pytest.mark.parametrize("name", DOCS)
def test_only_hooks_that_exist_are_described(name: str) -> None:
    said = set(re.findall(r"\bon_[a-z_]+\b", CODE[name]))
    assert said <= {*HOOKS, *KEYS}


@pytest.mark.parametrize("name", DOCS)
def test_only_commands_that_exist_are_described(name: str) -> None:
    said = set(re.findall(r"(?<!from )\bchatbot ([a-z]+)", CODE[name]))
    assert said <= set(COMMANDS)


@pytest.mark.parametrize("name", DOCS)
def test_toml_in_the_documents_can_be_read(name: str) -> None:
    for block in blocks(name, "toml"):
        tomllib.loads(block)


@pytest.mark.parametrize("name", DOCS)
def test_python_in_the_documents_can_be_compiled(name: str) -> None:
    for block in blocks(name, "python", "py"):
        compile(block, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`(tests/[^`]+)`", DOCS["docs/care.md"]))))
def test_every_test_that_proves_a_behaviour_exists(place: str) -> None:
    file, _, name = place.partition("::")
    assert f"def {name or 'test_'}" in (ROOT / file).read_text()


def test_the_readme_begins_with_the_two_commands_that_need_nothing() -> None:
    lines = [
        line for block in blocks("README.md", "sh", "bash", "shell", "console") for line in block.splitlines()
    ]
    commands = [line.removeprefix("$ ").partition("#")[0].strip() for line in lines]
    assert [command for command in commands if command][:2] == ["make demo", "make test"]
