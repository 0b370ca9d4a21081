"""The tasks of one run of a bot: named after it, and ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["Staff"]

# How long a hook may tidy up before it is told again to end.
_TIDIES_UP_S = 1.0


class Staff:
    """Starts tasks in the task group of a bot.

    Args:
        bot: The bot's name.
        group: Owns the tasks.
        on_failure: Called with the name of a task that has failed.

    Attributes:
        is_over: What is started from now on is told to end at once.
    """

    def __init__(self, bot: str, group: asyncio.TaskGroup, on_failure: Callable[[str], None]) -> None:
        self.is_over = False
        self._bot = bot
        self._group = group
        self._on_failure = on_failure
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any], purpose: str) -> asyncio.Task[Any]:
        """Run it beside; what it raises ends the bot."""
        task = self._group.create_task(coroutine, name=f"{self._bot}: {purpose}")
        self._running.add(task)
        task.add_done_callback(self._ended)
        if self.is_over:
            # a hook that tidies up after itself must not keep the process from leaving
            task.cancel()
        return task

    async def break_off(self) -> None:
        """Nobody waits for hooks: they are told to end until they have, also those that make light of it."""
        self.is_over = True
        while self._running:
            for task in self._running:
                task.cancel()
            await asyncio.wait(self._running, timeout=_TIDIES_UP_S)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """A fault of ours ends the bot, even if a hook that ignores that still holds it."""
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._on_failure(task.get_name())
