"""Reads the view of one chat, so that nothing older is taken for it than what is known already.

What is heard while the request is on its way may be newer than the answer, or older: nobody can tell.
"""

from __future__ import annotations

from chatbot.bot.live import LiveChat
from chatbot.bot.platform import Platform
from chatbot.model.resources import ChatResource

__all__ = ["read_view"]

_TRIES = 3


async def read_view(platform: Platform, chat: LiveChat) -> ChatResource | None:
    """The chat as the server has it now; None if it knows no such chat. Not taken yet.

    Read again if it was overtaken; a chat of which something is heard all the time is taken as it is.

    Args:
        platform: The server.
        chat: The chat.

    Raises:
        WireError: It cannot be read.
    """
    resource = None
    for _ in range(_TRIES):
        views = chat.views
        resource = await platform.chat(chat.id)
        if chat.views == views:
            break
    return resource
