"""Finds hooks that do not end although their time is over, and lets their chats go on without them."""

from __future__ import annotations

import logging

from chatbot.bot.live import LiveChat
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.place import inside
from chatbot.hooks.run import HookRun
from chatbot.model.clock import Clock

__all__ = ["Overdue"]

log = logging.getLogger(__name__)

# How long a hook may tidy up after the end of its time.
_TIDIES_UP_S = 5.0


class Overdue:
    """Looks after the hooks of all chats.

    Args:
        clock: Tells the time.
        pipeline: Where the chats are.
    """

    def __init__(self, clock: Clock, pipeline: Pipeline) -> None:
        self._clock = clock
        self._pipeline = pipeline
        self._since: dict[HookRun, float] = {}

    def look(self) -> None:
        """Disown those that were over their time at an earlier look, five seconds ago or more."""
        now = self._clock.monotonic()
        late = [
            (chat, run)
            for chat in self._pipeline.chats.values()
            for run in chat.runs
            if run.is_over_time and not run.is_disowned
        ]
        self._since = {run: self._since.get(run, now) for _, run in late}
        for chat, run in late:
            if now - self._since[run] >= _TIDIES_UP_S:
                _disown(chat, run)


def _disown(chat: LiveChat, run: HookRun) -> None:
    with inside(chat=chat.id, trigger=run.trigger):
        log.error(
            "plugin %s: %s does not end although its time is over: the chat goes on without it",
            run.plugin,
            run.hook,
        )
    run.disown()
