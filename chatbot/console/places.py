"""The addresses of pages: names of bots, plugins and chats may be any text, and make one safe part each.

``a/b`` becomes ``a~2Fb``. Each text has exactly one address; what is no such address leads nowhere.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

__all__ = ["MOST_NAME", "bot_at", "chat_at", "named", "own_page", "part", "plugin_at"]

MOST_NAME = 400
"""Names of more characters have no page."""

_PART = re.compile(r"[A-Za-z0-9_.~-]{1,1200}")
_OWN_PAGE = re.compile(r"/(errors|bots/[A-Za-z0-9_.~-]+(/chats/[A-Za-z0-9_.~-]+)?)?")


def part(name: str) -> str:
    """The name as one part of an address."""
    plain = name if name.strip(".") else name.replace(".", "%2E")
    return (
        quote(plain, safe="%" if plain != name else "", errors="surrogatepass")
        .replace("~", "%7E")
        .replace("%", "~")
    )


def named(place: str) -> str | None:
    """The name that has this part of an address; None if none has."""
    if not _PART.fullmatch(place):
        return None
    try:
        name = unquote(place.replace("~", "%"), errors="surrogatepass")
    except UnicodeDecodeError:
        return None
    return name if len(name) <= MOST_NAME and part(name) == place else None


def bot_at(bot: str) -> str:
    """The page of a bot."""
    return f"/bots/{part(bot)}"


def plugin_at(bot: str, plugin: str) -> str:
    """Where the plugin of a bot is paused."""
    return f"{bot_at(bot)}/plugins/{part(plugin)}"


def chat_at(bot: str, chat_id: str) -> str:
    """The page of a chat."""
    return f"{bot_at(bot)}/chats/{part(chat_id)}"


def own_page(path: str) -> str:
    """The path, if it leads to a page of the console, else the first one."""
    return path if _OWN_PAGE.fullmatch(path) else "/"
