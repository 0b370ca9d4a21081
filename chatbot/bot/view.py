"""Reads the view of one chat, so that nothing older is taken for it than what is known already.

What is heard while the request is on its way may be newer than the answer, or older: nobody can tell.
"""

from __future__ import annotations

import logging

from chatbot.bot.live import LiveChat
from chatbot.bot.platform import Platform
from chatbot.model.errors import WireError
from chatbot.model.resources import ChatResource
from chatbot.model.words import ChatState

__all__ = ["is_not_over", "is_told_late", "read_view"]

log = logging.getLogger(__name__)

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


async def is_told_late(platform: Platform, chat: LiveChat) -> bool:
    """Whether the chat was only called revoked because that of an earlier offer was told late."""
    return chat.resource.state is ChatState.REVOKED and await is_not_over(platform, chat)


async def is_not_over(platform: Platform, chat: LiveChat) -> bool:
    """The server has taken our Accept: an end told now may be that of an earlier offer.

    Args:
        platform: The server.
        chat: The chat; if it is not over, it is as the server has it.
    """
    if chat.gone or not chat.is_accepted:
        return False
    chat.is_accepted = False
    try:
        resource = await read_view(platform, chat)
    except WireError as error:
        log.debug("a chat that has ended cannot be read: %s", error)
        return False
    if resource is None or resource.state is None or not resource.state.is_live:
        return False
    chat.revive(resource)
    return True
