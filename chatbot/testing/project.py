"""The project under test: its bots.toml, and where its plugins are."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from chatbot.hooks.loader import LoadedPlugin, build_plugin, load_plugin
from chatbot.model.codes import Code
from chatbot.model.config import BotSettings, Settings
from chatbot.model.config_file import load
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding
from chatbot.model.nearest import nearest
from chatbot.model.section import Section

__all__ = ["Project"]

_SETTINGS = Section("the settings of the test")
_FILE = "bots.toml"


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a bots.toml, or without.

    Args:
        folder: The folder.
        plugin_dirs: Where plugins are; empty: as its bots.toml says.
    """

    folder: Path
    plugin_dirs: tuple[Path, ...] = ()

    @classmethod
    def around(cls, place: Path, root: Path) -> Project:
        """The project that this file is in: the nearest folder above with a bots.toml, else the root."""
        above = (folder for folder in place.parents if (folder / _FILE).is_file())
        return cls(next(above, root))

    @property
    def file(self) -> Path:
        """Where its bots.toml is, or would be."""
        return self.folder / _FILE

    def plugin(self, plugin: object, table: Mapping[str, Any]) -> LoadedPlugin:
        """Load a plugin by its name, or build it from the module, class or object that it is.

        Raises:
            PluginError: It is not there, or cannot be built.
            ConfigError: Its settings are wrong.
        """
        if isinstance(plugin, str):
            return load_plugin(plugin, folders=self._folders(), table=table, where=_SETTINGS)
        return build_plugin(_name(plugin), plugin, table=table, where=_SETTINGS)

    def bot(self, name: str) -> tuple[BotSettings, list[LoadedPlugin]]:
        """A bot as bots.toml has it.

        Raises:
            ConfigError: There is no such bot, or something is wrong with the file.
            PluginError: A plugin cannot be loaded.
        """
        settings = load(self.file)
        if name not in settings.bots:
            closest = nearest(name, settings.bots) or ""
            known = f"the bots: {', '.join(settings.bots)}"
            message = f"there is no [bots.{name}]"
            raise ConfigError(
                Finding(Code.UNKNOWN_BOT, message, str(self.file), expected=known, closest=closest)
            )
        bot = settings.bots[name]
        plugins = [
            load_plugin(plugin, folders=settings.plugin_dirs, table=bot.plugin.get(plugin, {}))
            for plugin in bot.plugins
        ]
        return bot, plugins

    def _folders(self) -> tuple[Path, ...]:
        if self.plugin_dirs:
            return self.plugin_dirs
        if not self.file.is_file():
            return (self.folder / "plugins", self.folder)
        settings: Settings = load(self.file)
        return tuple(settings.plugin_dirs)


def _name(plugin: object) -> str:
    if isinstance(plugin, ModuleType):
        return plugin.__name__.rpartition(".")[2]
    return plugin.__name__.lower() if inspect.isclass(plugin) else type(plugin).__name__.lower()
