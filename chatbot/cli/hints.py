"""Tells the author of a plugin about events for which no plugin has a hook, with the code to have it."""

from __future__ import annotations

from collections.abc import Callable

from chatbot.cli.skeleton import skeleton
from chatbot.hooks.trace import Hearing, Record

__all__ = ["Hints"]

# What people care about. The rest comes with each chat, and most bots need none of it.
_TOLD = frozenset(
    {
        *("on_text", "on_push_url", "on_notice", "on_custom_notice", "on_unknown_message"),
        *("on_idle", "on_takeover", "on_handback", "on_user_data_changed", "on_operation_failed"),
    }
)


class Hints:
    """Each hook is told once (Observer).

    Args:
        say: Prints.
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._told: set[str] = set()

    def observe(self, record: Record) -> None:
        """See Observer."""
        if not isinstance(record, Hearing) or not record.is_unhandled:
            return
        hook = record.event.hook
        if hook not in _TOLD or hook in self._told:
            return
        self._told.add(hook)
        told = f"{hook} was not handled: no plugin of [bots.{record.bot}] has this hook. To handle it:"
        self._say(f"{told}\n\n{skeleton(hook)}")
