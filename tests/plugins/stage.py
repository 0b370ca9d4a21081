"""First-party plugins as a bot loads them, with a way out that records."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chatbot import hookimpl
from chatbot.hooks.loader import LoadedPlugin, is_hook, load_plugin
from chatbot.model.section import Section
from tests.hooks.stage import ABOUT, Stage

__all__ = ["ABOUT", "PLUGINS", "WHERE", "Stage", "load", "with_settings"]

PLUGINS = Path(__file__).parents[2] / "plugins"
WHERE = "bots.concierge.plugin.x"


def load(name: str, **table: Any) -> LoadedPlugin:
    """The plugin with these settings."""
    return load_plugin(
        name, folders=[PLUGINS], table=table, where=Section("bots.toml", tuple(WHERE.split(".")))
    )


def with_settings(plugin: LoadedPlugin) -> object:
    """A module plugin as one object, for stages that take plugins without settings."""

    def filled(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def hook(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, settings=plugin.settings, **kwargs)

        signature = inspect.signature(function)
        rest = [one for one in signature.parameters.values() if one.name != "settings"]
        hook.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
        return hookimpl(hook)

    hooks = {name: value for name, value in vars(plugin.hooks).items() if is_hook(value)}
    return SimpleNamespace(**{name: filled(value) for name, value in hooks.items()})
