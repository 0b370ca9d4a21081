"""Waiting for a state without looking at it again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

DEADLINE_S = 10.0
"""The standard bound of every wait."""


class Watch:
    """Predicates that are asked again whenever something changed.

    Args:
        describe: The state in words, for whoever waited in vain.
    """

    def __init__(self, describe: Callable[[], str]) -> None:
        self._describe = describe
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def changed(self) -> None:
        """Wake those whose predicate holds now."""
        for predicate, future in self._waiting:
            if not future.done() and predicate():
                future.set_result(None)

    async def until(self, predicate: Callable[[], bool], *, within_s: float = DEADLINE_S) -> None:
        """Return as soon as the predicate holds.

        Raises:
            TimeoutError: It did not hold in time.
        """
        if predicate():
            return
        entry = (predicate, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(within_s):
                await entry[1]
        except TimeoutError:
            raise TimeoutError(f"waited {within_s:g} s in vain: {self._describe()}") from None
        finally:
            self._waiting.remove(entry)
