"""``chatbot hooks``: all hooks, and who implements them."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import click

from chatbot.cli.common import fail, load_settings
from chatbot.hooks import spec
from chatbot.hooks.checks import HOOKS
from chatbot.hooks.manager import PluginManager
from chatbot.model.errors import ConfigError, PluginError
from chatbot.service.supervisor import load_plugins

__all__ = ["hooks"]


def hooks(config: Path) -> None:
    """Show the hooks."""
    settings = load_settings(config)
    managers = {}
    try:
        for name, bot in settings.bots.items():
            loaded = load_plugins(name, bot, settings, str(config))
            managers[name] = PluginManager(loaded, run_in_thread=asyncio.to_thread)
    except (ConfigError, PluginError) as error:
        fail(error)
    for hook, arguments in HOOKS.items():
        click.echo(f"{hook}({', '.join(arguments)})\n    {_first_line(hook)}")
        for name, manager in managers.items():
            order = " -> ".join(bound.plugin for bound in manager.hooks(hook))
            if order:
                click.echo(f"    [{name}] {order}")


def _first_line(hook: str) -> str:
    return (inspect.getdoc(getattr(spec, hook)) or "").splitlines()[0]
