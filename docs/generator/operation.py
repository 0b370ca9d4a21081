"""What an operator sees: commands, metrics, and the settings of the plugins that come along."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import BaseModel

from chatbot.cli.commands import main
from chatbot.console.families import FAMILIES
from chatbot.console.metrics import ServiceMetrics
from chatbot.service.supervisor import Service
from chatbot.service.system import system_world
from docs.generator.markdown import code, table
from docs.generator.models import default, type_words

__all__ = [
    "command_sections",
    "command_table",
    "commands",
    "metric_table",
    "plugin_settings",
    "settings_model",
]

PLUGINS = Path(__file__).parents[2] / "plugins"


def commands() -> dict[str, click.Command]:
    """All commands by name."""
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def command_table() -> str:
    """All commands in one table."""
    rows = [
        [f"[`chatbot {name}`](#chatbot-{name})", _about(one).partition("\n")[0]]
        for name, one in commands().items()
    ]
    return table(["command", "does"], rows)


def _about(command: click.Command) -> str:
    return _marked(inspect.cleandoc(command.help or "").replace("``", "`"))


def _marked(text: str) -> str:
    """Options that a help text speaks of, set as code."""
    return re.sub(r"(?<![\w`-])(--[a-z][a-z-]*)", r"`\1`", text)


def command_sections() -> str:
    """Each command: how it is called, what it does, its options."""
    shared = _shared()
    return "\n\n".join(_command(name, one, shared) for name, one in commands().items())


def _shared() -> set[str | None]:
    """The options that all commands with a bots.toml take; they stand once."""
    sets = [{option.name for option in _options(one)} for one in commands().values()]
    return set.intersection(*(names for names in sets if "config" in names))


def common_options() -> str:
    """The options that nearly all commands take, and which do not."""
    shared = _shared()
    having = {name: one for name, one in commands().items() if _takes_all(one, shared)}
    others = " and ".join(code(name) for name in commands() if name not in having)
    table_ = _option_table([one for one in _options(next(iter(having.values()))) if one.name in shared])
    return f"{table_}\n\nThere are none for {others}." if others else table_


def _takes_all(command: click.Command, shared: set[str | None]) -> bool:
    return shared <= {option.name for option in _options(command)}


def _options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option) and not one.hidden]


def _command(name: str, command: click.Command, shared: set[str | None]) -> str:
    context = click.Context(command, info_name=f"chatbot {name}")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"### `chatbot {name}`", f"`{usage}`", _about(command)]
    own = [one for one in _options(command) if one.name not in shared]
    return "\n\n".join([*parts, _option_table(own)] if own else parts)


def _option_table(options: list[click.Option]) -> str:
    return table(["option", "takes", "default", "meaning"], map(_option, options))


def _option(option: click.Option) -> list[str]:
    names = ", ".join(code(name) for name in [*option.opts, *option.secondary_opts])
    takes = "" if option.is_flag else _takes(option)
    default = option.default
    shown = (
        code(default)
        if isinstance(default, str | int | float | Path) and not isinstance(default, bool)
        else ""
    )
    repeated = " (may be given again)" if option.multiple else ""
    return [names, takes + repeated, shown, _marked(option.help or "")]


def _takes(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return ", ".join(code(choice) for choice in option.type.choices)
    return code(option.metavar or option.type.name.upper().split(" ")[0])


def metric_table() -> str:
    """All metrics of `/metrics`."""
    rows = []
    of_bots = {f"chatbot_{family.name}": ("bot", *family.labels) for family in FAMILIES}
    for family in ServiceMetrics(Service([], world=system_world(), drain_timeout=0)).collect():
        name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
        of_samples = {label: None for sample in family.samples for label in sample.labels}
        known = of_bots.get(family.name, [*of_samples])
        labels = ", ".join(code(label) for label in known if label != "le")
        rows.append([code(name), family.type, labels, family.documentation])
    return table(["metric", "type", "labels", "meaning"], sorted(rows))


# plugins


def settings_model(name: str) -> type[BaseModel]:
    """The settings of a plugin that comes along."""
    spec = importlib.util.spec_from_file_location(f"documented_{name}", PLUGINS / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ValueError(f"there is no plugin {name!r}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    own = [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
    places = [module, *(one for one in own if inspect.isclass(one))]
    found: type[BaseModel] = next(place.Settings for place in places if hasattr(place, "Settings"))
    return found


def plugin_settings(name: str) -> str:
    """The keys of a plugin, and of the tables inside them."""
    rows = [
        [code(key), type_words(field), default(field)]
        for prefix, model in _tables("", settings_model(name))
        for key, field in ((f"{prefix}{key}", field) for key, field in model.model_fields.items())
    ]
    return table(["key", "type", "default"], rows)


def _tables(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield prefix, model
    for key, field in model.model_fields.items():
        inner = _inner(field.annotation)
        if inner is not None and inner.__name__ != "SecretSource":
            yield from _tables(f"{prefix}{key}.", inner)


def _inner(annotation: Any) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)
