"""First-party plugins as a bot loads them, with a way out that records."""

from pathlib import Path
from typing import Any

from chatbot.hooks.loader import LoadedPlugin, load_plugin
from tests.hooks.stage import ABOUT, Stage

__all__ = ["ABOUT", "PLUGINS", "WHERE", "Stage", "load"]

PLUGINS = Path(__file__).parents[2] / "plugins"
WHERE = "[bots.concierge.plugin.x]"


def load(name: str, **table: Any) -> LoadedPlugin:
    """The plugin with these settings."""
    return load_plugin(name, folders=[PLUGINS], table=table, where=WHERE)
