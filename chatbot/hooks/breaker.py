"""Stops asking a plugin that only fails, and lets it try again after a while.

Closed: the plugin is asked. Open: it is not. Half-open: the cooldown is over, and one call is let
through as a probe; it closes the breaker, or opens it again. A probe that comes to no end, for it may
wait for a customer, makes room for the next one after another cooldown.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Literal

from chatbot.model.config_care import BreakerSettings

__all__ = ["ALWAYS_ASKED", "Breaker", "BreakerState", "Verdict", "breakers"]

log = logging.getLogger(__name__)

BreakerState = Literal["closed", "half-open", "open"]
Verdict = Literal["good", "undecided", "error", "timeout"]
"""What a call has shown of its plugin; undecided: it ended for a reason that is not the plugin's."""

ALWAYS_ASKED = frozenset({"on_bot_started", "on_bot_stopping", "on_chat_ended", "on_session_report"})
"""Hooks that set up and tidy up: they run whatever the breaker says, and count for nothing."""

# How long seconds of a blocked event loop count.
_REMEMBERED_S = 600.0
_NOT_COUNTED = -1
_WORDS = {"error": "exceptions", "timeout": "overruns of hook_timeout"}


class Breaker:
    """Whether one plugin of one bot is asked.

    In a row means: without a good call of the same hook between. A plugin whose ``on_typing_started``
    works and whose ``on_text`` does not is no use to a customer.

    Args:
        bot: The bot's name.
        plugin: The plugin's name.
        limits: When it opens, and for how long.
        monotonic: Tells the time, in seconds.

    Attributes:
        opened: How often it has opened.
        blocked_s: Seconds for which the plugin has blocked the event loop, all in all.
        is_paused: An operator wants it not to be asked, whatever it has shown.
    """

    def __init__(
        self, bot: str, plugin: str, limits: BreakerSettings, monotonic: Callable[[], float]
    ) -> None:
        self.bot = bot
        self.plugin = plugin
        self.opened = 0
        self.blocked_s = 0.0
        self.is_paused = False
        self._limits = limits
        self._monotonic = monotonic
        self._rows: dict[Verdict, Counter[str]] = {"error": Counter(), "timeout": Counter()}
        self._most: dict[Verdict, int] = {"error": limits.errors, "timeout": limits.timeouts}
        self._charges: deque[float] = deque()  # written by the thread that watches the event loop
        self._blocks: deque[tuple[float, float]] = deque()
        self._term = 0  # a verdict on a call that began in an earlier one comes too late
        self._is_closed = True
        self._open_until = 0.0
        self._next_probe_at = 0.0

    @property
    def state(self) -> BreakerState:
        """What it is now."""
        self.settle()
        if self._is_closed:
            return "closed"
        return "open" if self._monotonic() < self._open_until else "half-open"

    @property
    def reason(self) -> str:
        """Why the plugin is not asked, if it is not."""
        return "an operator has paused it" if self.is_paused else "its breaker is open"

    def begin(self, hook: str) -> int | None:
        """A hook is to be called: what ``end`` is to be told; None if it must not be."""
        if hook in ALWAYS_ASKED:
            return _NOT_COUNTED
        if self._charges:
            self.settle()
        if self.is_paused:
            return None
        if not self._is_closed:
            now = self._monotonic()
            if now < self._next_probe_at:
                return None
            self._next_probe_at = now + self._limits.cooldown
        return self._term

    def end(self, hook: str, term: int, verdict: Verdict) -> None:
        """The call has ended.

        Args:
            hook: Which it was.
            term: What ``begin`` said.
            verdict: What it has shown.
        """
        if self._charges:
            self.settle()
        if term != self._term:
            return
        if verdict == "good":
            self._good(hook)
        elif verdict == "undecided":
            self._next_probe_at = self._open_until
        else:
            self._bad(hook, verdict)

    def charge(self, seconds: float) -> None:
        """The plugin blocks the event loop. The one method that another thread may call."""
        self.blocked_s += seconds
        self._charges.append(seconds)

    def settle(self) -> None:
        """Take account of what was charged."""
        while self._charges:
            self._has_blocked(self._charges.popleft())

    def _good(self, hook: str) -> None:
        for row in self._rows.values():
            row.pop(hook, None)
        if not self._is_closed:
            self._close()

    def _bad(self, hook: str, verdict: Verdict) -> None:
        if not self._is_closed:
            self._open(f"{hook} failed again")
            return
        row, most = self._rows[verdict], self._most[verdict]
        row[hook] += 1
        if 0 < most <= row.total():
            self._open(f"{row.total()} {_WORDS[verdict]} in a row, the last in {hook}")

    def _has_blocked(self, seconds: float) -> None:
        now, most = self._monotonic(), self._limits.blocked
        if most == 0 or (not self._is_closed and now < self._open_until):
            return
        self._blocks.append((now, seconds))
        while self._blocks[0][0] < now - _REMEMBERED_S:
            self._blocks.popleft()
        blocked_s = sum(seconds for _, seconds in self._blocks)
        if blocked_s >= most or not self._is_closed:
            self._open(f"it blocked the event loop for {blocked_s:.1f} s")

    def _open(self, reason: str) -> None:
        self._is_closed = False
        self._term += 1
        self.opened += 1
        self._blocks.clear()
        self._open_until = self._next_probe_at = self._monotonic() + self._limits.cooldown
        who = (self.plugin, self.bot, self._limits.cooldown)
        log.warning("plugin %s of bot %s is not asked for %g s: %s", *who, reason)

    def _close(self) -> None:
        """Another hook than the one that failed may have shown it well: one more failure opens it again."""
        self._is_closed = True
        self._term += 1
        for verdict, row in self._rows.items():
            if 0 < self._most[verdict] <= row.total():
                row[next(iter(row))] -= 1
        log.info("plugin %s of bot %s is asked again", self.plugin, self.bot)


def breakers(
    bot: str, plugins: Iterable[str], limits: BreakerSettings, monotonic: Callable[[], float]
) -> dict[str, Breaker]:
    """One for each plugin of a bot, by name."""
    return {plugin: Breaker(bot, plugin, limits, monotonic) for plugin in plugins}
