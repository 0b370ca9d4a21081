"""Guards against a bot that does not stop talking (users, pain 9). They hang on ``perform``, not on plugins.

Each has a soft step, a warning in the log and for the agents who are in the chat, and a hard step: the
message is refused, hooks of the chat are stopped, the bot is silent in it, and the customer gets somebody
else. Nothing ends the process.
"""

from __future__ import annotations

import logging

from chatbot.bot.fallback import Fallback
from chatbot.bot.gate import silence
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.tally import Kind, Message, over
from chatbot.hooks.run import HookRun
from chatbot.model import actions as do
from chatbot.model.events import Event, TextReceived, TranscriptEvent
from chatbot.model.policy import FALLBACK

__all__ = ["Guards"]

log = logging.getLogger(__name__)

_WORDS = {
    "sends_per_trigger": "messages for one occasion",
    "unprompted_per_minute": "messages that nobody asked for in a minute",
    "since_human": "messages since a human said something",
    "repeats": "messages of the same words",
    "text_length": "characters in one text",
    "chat_age": "seconds of one chat",
}
_LASTING = "chat_age"
# by name: a plugin may have a class of its own for an operation
_COUNTED = frozenset(
    kind.operation for kind in (do.SendMessage, do.SendUrl, do.SendCustomNotice, do.SendNicknameUpdatedNotice)
)


class Guards:
    """The guards of one bot.

    Args:
        parts: The bot's parts.
        fallback: Hands customers over.
    """

    def __init__(self, parts: Parts, fallback: Fallback) -> None:
        self._parts = parts
        self._fallback = fallback
        self._limits = [(kind, float(getattr(parts.settings.guards, kind))) for kind in _WORDS]
        self._warn_at = parts.settings.guards.warn_at

    def heard_customer(self, chat: LiveChat) -> None:
        """The customer has said something: a bot that was stopped for a loop may answer that."""
        chat.tally.heard_customer()
        for kind in _WORDS:
            if kind != _LASTING:
                chat.ownership.unmute(_reason(kind))

    def check(self, chat: LiveChat, action: do.Action, run: HookRun | None) -> None:
        """Count what is to be said, and refuse it if it is too much.

        Raises:
            NotAllowed: It is.
        """
        if action.operation not in _COUNTED or _is_ours(run):
            return
        found = chat.tally.count(_message(action, run), self._parts.clock.monotonic())
        if kinds := over(found, self._limits, 1.0):
            self._stop(chat, kinds[0], run)
            raise silence(chat, action, _reason(kinds[0]))
        for kind in over(found, self._limits, self._warn_at):
            if kind not in chat.tally.warned:
                chat.tally.warned.add(kind)
                self._warn(chat, kind, found[kind])

    def _warn(self, chat: LiveChat, kind: Kind, count: float) -> None:
        self._parts.counters.guards[kind, "warned"] += 1
        words = f"{count:g} {_WORDS[kind]}; the bot is stopped at {dict(self._limits)[kind]:g}"
        log.warning("the bot talks much: %s (guards.%s)", words, kind)
        chat.notes.append(f"The bot may be in a loop: {words}.")

    def _stop(self, chat: LiveChat, kind: Kind, run: HookRun | None) -> None:
        reason = _reason(kind)
        self._parts.counters.guards[kind, "stopped"] += 1
        log.error("the bot is stopped in this chat: more than %g %s", dict(self._limits)[kind], _WORDS[kind])
        chat.report("guard", kind)
        chat.ownership.mute(reason)
        for other in {*chat.runs, *chat.beside} - {run}:
            other.cut(reason)
        self._fallback.begin(chat, reason, chat.progress.name("guard"))


def _reason(kind: Kind) -> str:
    return f"guard: {kind}"


def _is_ours(run: HookRun | None) -> bool:
    return run is not None and run.plugin == FALLBACK


def _message(action: do.Action, run: HookRun | None) -> Message:
    event = run.event if run is not None else None
    return Message(
        text=getattr(action, "text", None) or "",
        trigger=run.trigger if run is not None else "",
        is_for_customer=_is_customers_text(event),
        is_for_agent=isinstance(event, TranscriptEvent) and not event.sender.is_customer,
    )


def _is_customers_text(event: Event | None) -> bool:
    return isinstance(event, TextReceived) and event.sender.is_customer
