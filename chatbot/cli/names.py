"""The names that ``chatbot new`` is given: which are fit for a project, and what stands in for the others."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from keyword import iskeyword

from pydantic import ValidationError

from chatbot.model.config import BotSettings

__all__ = ["Names", "address", "credential_name", "plugin_name", "project_name", "words"]

_LONGEST = 64
_PLUGIN_FORM = "choose a word of letters, digits and _, such as opening_hours"
_ANOTHER = "choose another, such as opening_hours"


@dataclass(frozen=True, slots=True)
class Names:
    """What a new project is made of.

    Args:
        bot: The table of the bot in bots.toml.
        plugin: The module of its plugin.
        nickname: What customers see.
        server: Where the bot logs in.
        username: As whom.
    """

    bot: str
    plugin: str
    nickname: str
    server: str
    username: str


def words(value: str) -> str:
    """A name of bots.toml: any text that shows.

    Raises:
        ValueError: It is empty, or no text.
    """
    if not value.strip():
        raise ValueError("it is empty\n  fix: give a name, such as concierge")
    if any(unicodedata.category(char) == "Cs" for char in value):
        raise ValueError(f"{value!r} is not Unicode text\n  fix: give a name, such as concierge")
    return value


def address(value: str) -> str:
    """A server's address in the form that bots.toml keeps.

    Raises:
        ValueError: bots.toml would refuse it.
    """
    if not value.isprintable() or " " in value:
        raise ValueError(f"{value!r} is no address\n  fix: give one such as https://gws.example.com")
    try:
        bot = BotSettings.model_validate({"server": value, "username": "x", "password": {"env": "X"}})
    except ValidationError as exc:
        why = exc.errors()[0]["msg"].removeprefix("Value error, ").partition(", or set")[0]
        raise ValueError(f"{value!r}: {why}") from exc
    return bot.server


def plugin_name(value: str) -> str:
    """The name of a module that stands beside all others and hides none.

    Raises:
        ValueError: It cannot be a plugin's name.
    """
    if not value.isidentifier() or len(value) > _LONGEST:
        raise ValueError(f"{value!r} is no name of a module\n  fix: {_PLUGIN_FORM}")
    reason = _taken(unicodedata.normalize("NFKC", value).lower())
    if reason:
        raise ValueError(f"{value!r} {reason}\n  fix: {_ANOTHER}")
    return value


def _taken(name: str) -> str:
    """Why a module must not have this name; empty if it may."""
    if iskeyword(name) or iskeyword(name.title()):
        return "is a word of Python's own"
    if name.startswith(("test_", "__")) or name == "conftest":
        return "would be taken for something else by pytest or Python"
    if name == "chatbot" or name in sys.stdlib_module_names or _is_installed(name):
        return "would hide the module of that name"
    return ""


def _is_installed(name: str) -> bool:
    # the current folder is no installation, whatever Python was started with
    places = [place for place in sys.path if place.endswith(("site-packages", "dist-packages"))]
    if PathFinder.find_spec(name, places) is not None:
        return True
    return any(point.name.lower() == name for point in entry_points(group="chatbot"))


def project_name(folder: str) -> str:
    """What the project is called where only few characters may stand: a distribution, a unit, a user.

    It begins with ``bots-``, so that it is never the name of something installed.
    """
    ascii_only = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-").removeprefix("bots").strip("-")
    return f"bots-{slug[:24]}".strip("-")


def credential_name(bot: str) -> str:
    """The name of the file that a bot's password is in."""
    ascii_only = unicodedata.normalize("NFKD", bot).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", ascii_only).strip("_")[:_LONGEST]
    return f"{slug}_password" if slug[:1].isalpha() else "bot_password"
