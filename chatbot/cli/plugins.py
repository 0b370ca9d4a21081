"""``chatbot plugins``: what is loaded, from where, with which hooks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from chatbot.cli.common import fail, load_settings
from chatbot.hooks.checks import HOOKS
from chatbot.hooks.manager import PluginManager
from chatbot.model.errors import ConfigError, PluginError
from chatbot.service.supervisor import load_plugins

__all__ = ["plugins"]


def plugins(config: Path) -> None:
    """Show the plugins."""
    settings = load_settings(config)
    try:
        for name, bot in settings.bots.items():
            loaded = load_plugins(name, bot, settings, str(config))
            manager = PluginManager(loaded, run_in_thread=asyncio.to_thread)
            click.echo(name)
            for plugin in loaded:
                hooks = [hook for hook in HOOKS if plugin.name in _implementers(manager, hook)]
                each = "  (one for each chat)" if plugin.build is not None else ""
                click.echo(f"  {plugin.name}  {', '.join(hooks) or 'no hooks'}{each}\n    {plugin.source}")
    except (ConfigError, PluginError) as error:
        fail(error)


def _implementers(manager: PluginManager, hook: str) -> list[str]:
    return [bound.plugin for bound in manager.hooks(hook)]
