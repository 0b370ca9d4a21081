"""Tells that the customer types: once when he begins, once when he stops, however many keys he presses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Typist"]

PAUSE_S = 2.5
"""Who presses no key for so long has stopped."""


class Typist:
    """Watches one line.

    Args:
        tell: Called with True when he begins, and with False when he stops.
        pause_s: Seconds of silence after which he has stopped.
    """

    def __init__(self, tell: Callable[[bool], object], pause_s: float = PAUSE_S) -> None:
        self._tell = tell
        self._pause_s = pause_s
        self._is_typing = False
        self._timer: asyncio.TimerHandle | None = None

    def changed(self, text: str) -> None:
        """The line has changed to this. Slash commands are nobody's business."""
        is_command = text.startswith("/") and not text.startswith("//")
        if not text.strip() or is_command:
            self.stops()
            return
        self._silence()
        self._timer = asyncio.get_running_loop().call_later(self._pause_s, self.stops)
        self._note(is_typing=True)

    def stops(self) -> None:
        """The line was sent or cleared, or time has passed."""
        self._silence()
        self._note(is_typing=False)

    def _silence(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _note(self, *, is_typing: bool) -> None:
        if is_typing is not self._is_typing:
            self._is_typing = is_typing
            self._tell(is_typing)
