"""Hands a customer to somebody else when the bot cannot go on. Where to: ``[bots.NAME.fallback]``."""

from __future__ import annotations

import logging

from chatbot.bot.live import LiveChat
from chatbot.hooks.run import HookRun, current_run
from chatbot.model.actions import SendMessage, Transfer, UpdateUserData
from chatbot.model.config_care import FallbackSettings
from chatbot.model.errors import ActionError

__all__ = ["fall_back"]

log = logging.getLogger(__name__)

_NAME = "(fallback)"
_REASON = "chatbot_fallback"


async def fall_back(chat: LiveChat, settings: FallbackSettings | None, reason: str, trigger: str) -> bool:
    """Transfer the chat, once for each trigger; if that fails, at least say what was to be said.

    The reason goes into the user data, for whoever takes the chat. True if the server has taken the
    transfer.

    Args:
        chat: The chat.
        settings: Where to; None if nobody has said.
        reason: Why, in a few words.
        trigger: Names the occasion in the journal.
    """
    if settings is None or not chat.is_live:
        return False
    # like the hook of a plugin: what it does is done once, also over a crash
    token = current_run.set(HookRun(_NAME, _NAME, None, trigger))
    try:
        await _hand_over(chat, settings, reason)
    except ActionError as error:
        log.error("the fallback came to nothing: %s", error)  # noqa: TRY400 (a server's refusal: no traceback)
        return False
    finally:
        current_run.reset(token)
    return True


async def _hand_over(chat: LiveChat, settings: FallbackSettings, reason: str) -> None:
    try:
        await chat.handle.perform(UpdateUserData(user_data={_REASON: reason}))
    except ActionError as error:
        log.warning("the reason of the fallback cannot be told: %s", error)
    try:
        await chat.handle.perform(
            Transfer(target_uri=settings.target, queue_name=settings.queue, text=settings.say)
        )
    except ActionError:
        if settings.say:
            await chat.handle.perform(SendMessage(text=settings.say))
        raise
