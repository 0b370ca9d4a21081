"""Whether an operation may be sent in a chat now."""

from __future__ import annotations

import logging

from chatbot.bot.live import LiveChat
from chatbot.bot.operation import Operation
from chatbot.bot.ownership import HUMAN
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.platform import has_answered
from chatbot.bot.view import read_view
from chatbot.hooks.run import current_run
from chatbot.model.actions import Action
from chatbot.model.capabilities import refusal
from chatbot.model.codes import Code
from chatbot.model.errors import ChatGone, NotAllowed, WireError
from chatbot.model.policy import FALLBACK
from chatbot.model.resources import ChatResource
from chatbot.wire.retry import Backoff, Limits

__all__ = [
    "check_allowed",
    "check_ours",
    "check_still_allowed",
    "check_still_wanted",
    "check_talk",
    "silence",
]

log = logging.getLogger(__name__)

# How long a server in trouble is asked, before the last list that it showed counts.
_PATIENCE_S = 60.0
_WAITS = Limits(first_backoff_s=0.5)


def check_ours(chat: LiveChat, action: Action) -> None:
    """See that the chat is still this bot's.

    Raises:
        ChatGone: It is not.
    """
    if chat.ended or chat.is_over:
        raise ChatGone(f"chat {chat.id} has ended", action=action.operation)


def check_talk(chat: LiveChat, action: Action) -> None:
    """See that the bot may talk to the customer, if that is what it does.

    Raises:
        NotAllowed: A human agent does, or a guard has stopped the bot.
    """
    met = chat.human if chat.started_at is None else None
    if reason := chat.ownership.refuses(action, met):
        raise silence(chat, action, reason)


def silence(chat: LiveChat, action: Action, reason: str) -> NotAllowed:
    """What a hook is told that may not talk now; if that ends it, nothing is wrong with its plugin.

    Args:
        chat: The chat.
        action: What was to be said.
        reason: Why not.
    """
    error = _not_allowed(chat, action, reason, Code.SILENCED)
    if (run := current_run.get()) is not None:
        run.silenced = error
    return error


async def check_allowed(parts: Parts, pipeline: Pipeline, chat: LiveChat, action: Action) -> None:
    """See that the chat allows it; its list may be old, so the chat is read once more before refusing.

    Raises:
        ChatGone: The chat is not this bot's any more.
        NotAllowed: It does not.
    """
    check_ours(chat, action)
    check_talk(chat, action)
    if chat.presence.is_watching or refusal(chat.resource, type(action)) is None:
        return  # who only watches may do less than those it stands in for
    resource = await _read_again(parts, chat, action)
    if resource is not None:
        pipeline.update(resource)
    check_still_allowed(chat, action)


def check_still_allowed(chat: LiveChat, action: Action) -> None:
    """See that the chat allows it by all that is known of it: nothing is asked.

    Raises:
        ChatGone: The chat is not this bot's any more.
        NotAllowed: It does not.
    """
    check_ours(chat, action)
    check_talk(chat, action)
    reason = refusal(chat.resource, type(action))
    if reason is not None:
        raise _not_allowed(chat, action, reason, Code.CAPABILITY_MISSING)


def _not_allowed(chat: LiveChat, action: Action, reason: str, code: Code) -> NotAllowed:
    needed = action.needs[0] if action.needs else ""
    have = chat.resource.capabilities or ()
    return NotAllowed(action.operation, needed=needed, have=have, reason=reason, code=code)


def check_still_wanted(chat: LiveChat, operation: Operation) -> None:
    """See that a chat which the bot leaves by itself is still one to leave: why it does may be over.

    Raises:
        NotAllowed: The customer has come back; or has got a human agent, and is not to be handed on.
    """
    action = operation.action
    if operation.key.plugin == FALLBACK and chat.human is not None:
        raise _not_allowed(chat, action, HUMAN, Code.SILENCED)
    if operation.key.plugin or action.operation != chat.due.leaving_by or not chat.is_live:
        return
    if chat.ownership.is_to_leave:
        return
    if chat.is_heard_of_again or not chat.abandoned:
        raise _not_allowed(chat, action, "the customer is back", Code.SILENCED)


async def _read_again(parts: Parts, chat: LiveChat, action: Action) -> ChatResource | None:
    """The chat as the server has it now; a server in trouble is asked for a while."""
    backoff = Backoff(_WAITS, parts.rng)
    patient_until = parts.clock.monotonic() + _PATIENCE_S
    while parts.clock.monotonic() < patient_until:
        try:
            resource = await read_view(parts.platform, chat)
        except WireError as error:
            log.debug("capabilities cannot be read again: %s", error)
            check_ours(chat, action)
            if has_answered(error):
                return None
            await parts.clock.sleep(backoff.failed(parts.clock.monotonic()))
        else:
            check_ours(chat, action)
            return resource
    return None
