"""All that exists is described, and what is described exists."""

import inspect
import re

import click
import pytest
from pydantic import BaseModel
from starlette.routing import Route

import chatbot
from chatbot import Bot, Chat, Receipt, testing
from chatbot.cli.slash import COMMANDS as SLASHES
from chatbot.console.admin import create_admin
from chatbot.console.metrics import ServiceMetrics
from chatbot.hooks import spec
from chatbot.hooks.checks import HOOKS
from chatbot.model import actions, agent_actions, config, config_care, errors, events, secret
from chatbot.model.actions import Action
from chatbot.model.events import Event
from chatbot.service.supervisor import Service
from chatbot.service.system import system_world
from chatbot.simulator.named_faults import NAMED_FAULTS
from chatbot.testing import Kit, StagedBot, StagedChat, StagedCustomer
from chatbot.testing.contract import CHECKS
from docs.generator.kit import markers, options, platform_options
from docs.generator.markdown import entries
from docs.generator.models import documented
from docs.generator.operation import PLUGINS, commands, settings_model
from tests.docs.blocks import DOCS, ROOT, blocks, code_in
from tests.docs.pages import anchors, cells, section, words_of

REFERENCE = "docs/reference"
EVENTS = [name for name in events.__all__ if getattr(events, name).hook]
ACTIONS = [
    kind
    for module in (actions, agent_actions)
    for kind in (getattr(module, name) for name in module.__all__)
    if issubclass(kind, Action) and kind.operation
]
TABLES: dict[str, type[BaseModel]] = {
    "At the top": config.Settings,
    "`[service]`": config.ServiceSettings,
    "`[bots.NAME]`": config.BotSettings,
    "`[bots.NAME.fallback]`": config_care.FallbackSettings,
    "`[bots.NAME.handoff]`": config_care.HandoffSettings,
    "`[bots.NAME.guards]`": config_care.GuardSettings,
    "`[bots.NAME.breaker]`": config_care.BreakerSettings,
    "`[[demo]]`": config.DemoChat,
    "Secrets": config.SecretSource,
}
COMMANDS = commands()
NAMES = sorted(path.stem for path in PLUGINS.glob("*.py"))
PAGES_OF = {Chat: "chat", Bot: "bot", Receipt: "receipts"}
KIT = {
    "The fixture `chatbot`": Kit,
    "A bot under test": StagedBot,
    "A customer": StagedCustomer,
    "The chat of a customer": StagedChat,
}
# a password may stand in the file as it is: that form has no key of its own
FORMS = {"plain"}


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_described_with_all_its_arguments(hook: str) -> None:
    assert f"`{hook}({', '.join(HOOKS[hook])})`" in section(f"{REFERENCE}/hooks.md", f"`{hook}`")
    assert hook in cells(section(f"{REFERENCE}/hooks.md", "All hooks"))
    assert (getattr(spec, hook).__doc__ or "").strip()


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_described_with_its_fields(event: str) -> None:
    kind: type[Event] = getattr(events, event)
    text = section(f"{REFERENCE}/events.md", f"`{event}`")
    common = cells(section(f"{REFERENCE}/events.md", "What events have in common"))
    assert set(kind.model_fields) <= cells(text) | common
    assert set(kind.model_fields) <= {field for field, meaning in documented(kind).items() if meaning}
    assert f"`{kind.hook}`" in text


@pytest.mark.parametrize("action", ACTIONS, ids=lambda kind: kind.__name__)
def test_every_action_is_described_with_its_fields(action: type[Action]) -> None:
    text = section(f"{REFERENCE}/actions.md", f"`{action.__name__}`")
    assert {*action.model_fields, *action.needs} <= words_of(text)


@pytest.mark.parametrize("table", TABLES)
def test_every_key_of_bots_toml_has_a_meaning(table: str) -> None:
    keys = set(TABLES[table].model_fields) - FORMS
    assert keys <= cells(section(f"{REFERENCE}/settings.md", table))
    assert keys <= {key for key, meaning in documented(TABLES[table]).items() if meaning}


def test_every_key_of_a_line_of_the_demo_is_described() -> None:
    assert set(config.DemoLine.model_fields) <= cells(section(f"{REFERENCE}/settings.md", "`[[demo]]`"))


def test_every_table_of_bots_toml_is_looked_at() -> None:
    known = {*TABLES.values(), config.DemoLine}
    modules = (config, config_care, secret)
    tables = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__module__ == module.__name__
    }
    assert tables == known


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described_with_its_options(command: str) -> None:
    shared = section(f"{REFERENCE}/commands.md", "Options of all commands")
    said = cells(section(f"{REFERENCE}/commands.md", f"`chatbot {command}`") + shared)
    options = {name for one in COMMANDS[command].params if isinstance(one, click.Option) for name in one.opts}
    assert options <= said
    assert all(one.help for one in COMMANDS[command].params if isinstance(one, click.Option))


@pytest.mark.parametrize("name", chatbot.__all__)
def test_every_public_name_is_described(name: str) -> None:
    assert name in cells(DOCS[f"{REFERENCE}/api.md"])


@pytest.mark.parametrize("error", errors.__all__)
def test_every_error_is_described(error: str) -> None:
    assert error.lower() in anchors(f"{REFERENCE}/exceptions.md")
    kind: type[errors.ChatbotError] = getattr(errors, error)
    said = {field for base in kind.__mro__ for field in entries(base.__doc__, "Args")}
    assert arguments(kind) <= said


def arguments(kind: type[Exception]) -> set[str]:
    """What an error is made of; those without an `__init__` of their own take a text."""
    made = next((base for base in kind.__mro__ if "__init__" in vars(base)), kind)
    is_ours = issubclass(made, errors.ChatbotError)
    return set(inspect.signature(made).parameters) if is_ours else set()


def test_every_metric_is_described() -> None:
    families = list(ServiceMetrics(Service([], world=system_world(), drain_timeout=0)).collect())
    ends = {"counter": "_total", "info": "_info"}
    names = {family.name + ends.get(family.type, "") for family in families}
    assert names <= cells(DOCS[f"{REFERENCE}/metrics.md"])
    assert all(family.documentation for family in families)


def test_every_page_of_the_operator_is_described() -> None:
    routes = create_admin(Service([], world=system_world(), drain_timeout=0)).routes
    pages = {route.path for route in routes if isinstance(route, Route)}
    assert pages <= cells(DOCS[f"{REFERENCE}/metrics.md"].partition("\n## ")[0])


@pytest.mark.parametrize("plugin", NAMES)
def test_every_plugin_is_described_with_its_settings(plugin: str) -> None:
    text = section(f"{REFERENCE}/plugins.md", f"`{plugin}`")
    assert set(settings_model(plugin).model_fields) <= cells(text)
    assert plugin in cells(DOCS[f"{REFERENCE}/plugins.md"].partition("\n## ")[0])


@pytest.mark.parametrize("plugin", NAMES)
def test_every_setting_of_a_plugin_is_explained_or_shown(plugin: str) -> None:
    text = section(f"{REFERENCE}/plugins.md", f"`{plugin}`")
    by_hand = code_in(re.sub(r"<!-- generated.*?<!-- end -->", "", text, flags=re.DOTALL))
    assert set(settings_model(plugin).model_fields) <= set(re.findall(r"\w+", by_hand))


@pytest.mark.parametrize("handle", PAGES_OF, ids=lambda handle: handle.__name__)
def test_every_member_of_a_handle_is_described(handle: type) -> None:
    page = f"{REFERENCE}/{PAGES_OF[handle]}.md"
    only_for_the_bot = {"confirm", "fail"} if handle is Receipt else set()
    assert public(handle) - only_for_the_bot <= {*anchors(page), *cells(DOCS[page])}
    assert silent(handle) == []


def silent(handle: type) -> list[str]:
    """The members of which nothing is said."""
    return [name for name in public(handle) & set(vars(handle)) if not inspect.getdoc(vars(handle)[name])]


def public(handle: type) -> set[str]:
    """What an author may use: what the class has, and what its objects get when they are made."""
    given = set(re.findall(r"^ +self\.(\w+)(?::[^=\n]+)? = ", inspect.getsource(handle), re.MULTILINE))
    return {name for name in given.union(vars(handle)) if not name.startswith("_")}


@pytest.mark.parametrize("heading", KIT)
def test_every_member_of_the_test_kit_is_described(heading: str) -> None:
    text = section(f"{REFERENCE}/testing.md", heading)
    only_for_itself = {"observe", "abandon"}
    assert public(KIT[heading]) - only_for_itself <= cells(text) | set(
        re.findall(r"^### `(\w+)`", text, re.MULTILINE)
    )
    assert silent(KIT[heading]) == []


def test_every_name_of_the_test_kit_is_described() -> None:
    assert set(testing.__all__) <= words_of(DOCS[f"{REFERENCE}/testing.md"])


def test_every_option_marker_fault_and_check_of_the_kit_is_described() -> None:
    said = cells(DOCS[f"{REFERENCE}/testing.md"])
    assert {
        *options(),
        *markers(),
        *platform_options(),
        *NAMED_FAULTS,
        *(check.name for check in CHECKS),
    } <= said


@pytest.mark.parametrize("name", SLASHES)
def test_every_slash_command_is_described(name: str) -> None:
    assert re.search(rf"/{name}\b", code_in(DOCS["docs/how-to/chat.md"]))


# what is described exists


@pytest.mark.parametrize("name", DOCS)
def test_only_hooks_that_exist_are_described(name: str) -> None:
    keys = {key for table in TABLES.values() for key in table.model_fields}
    said = set(re.findall(r"\bon_[a-z_]+\b", code_in(DOCS[name])))
    assert said - {"on_txet"} <= {*HOOKS, *keys}


@pytest.mark.parametrize("name", DOCS)
def test_only_commands_that_exist_are_described(name: str) -> None:
    said = set(re.findall(r"(?<!from )(?<!import )\bchatbot ([a-z]+)\b", code_in(DOCS[name])))
    assert said <= set(COMMANDS)


@pytest.mark.parametrize(
    "place", sorted(set(re.findall(r"`(tests/[^`]+)`", DOCS["docs/explanation/care.md"])))
)
def test_every_test_that_proves_a_behaviour_exists(place: str) -> None:
    file, _, name = place.partition("::")
    assert f"def {name or 'test_'}" in (ROOT / file).read_text()


def test_the_readme_begins_with_the_two_commands_that_need_nothing() -> None:
    lines = [line for one in blocks("README.md") if one.kind == "run" for line in one.code.splitlines()]
    said = [line.removeprefix("$ ").partition("#")[0].strip() for line in lines]
    assert [command for command in said if command][:2] == ["make demo", "make test"]
