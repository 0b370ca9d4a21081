"""Whether an operation may be sent in a chat now."""

from __future__ import annotations

import logging

from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.model.actions import Action
from chatbot.model.capabilities import refusal
from chatbot.model.errors import ChatGone, NotAllowed, WireError

__all__ = ["check_allowed", "check_ours"]

log = logging.getLogger(__name__)


def check_ours(chat: LiveChat, action: Action) -> None:
    """See that the chat is still this bot's.

    Raises:
        ChatGone: It is not.
    """
    if chat.ended or chat.is_over:
        raise ChatGone(f"chat {chat.id} has ended", action=action.operation)


async def check_allowed(parts: Parts, pipeline: Pipeline, chat: LiveChat, action: Action) -> None:
    """See that the chat allows it; its list may be old, so the chat is read once more before refusing.

    Raises:
        ChatGone: The chat is not this bot's any more.
        NotAllowed: It does not.
    """
    check_ours(chat, action)
    if refusal(chat.resource, type(action)) is None:
        return
    try:
        resource = await parts.platform.chat(chat.id)
    except WireError as error:
        log.debug("capabilities cannot be read again: %s", error)
        resource = None
    check_ours(chat, action)
    if resource is not None:
        pipeline.update(resource)
        check_ours(chat, action)
    reason = refusal(chat.resource, type(action))
    if reason is not None:
        have = chat.resource.capabilities or ()
        raise NotAllowed(action.operation, needed=action.needs[0], have=have, reason=reason)
