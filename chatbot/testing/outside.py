"""What a loop in virtual time waits for in real time: sockets, pipes and processes of others."""

from __future__ import annotations

import selectors
import threading
from collections.abc import Callable, Hashable, Iterator
from time import monotonic

__all__ = ["Outside"]

Events = list[tuple[selectors.SelectorKey, int]]

# How long what is new may be silent before time goes on, in real seconds; and what has been heard of: it
# may be a connection that is kept for later.
_NEW_S = 2.0
_HEARD_S = 0.1
# Of asyncio, before Python 3.12: each waits for the end of one process.
_WAITS_FOR_PROCESS = "asyncio-waitpid-"


class Outside:
    """What is outside of virtual time. Whatever stays silent too long is not waited for again.

    Args:
        selector: Of the loop.
        own: The file by which threads wake the loop.
    """

    def __init__(self, selector: selectors.BaseSelector, own: int) -> None:
        self._selector = selector
        self._own = own
        self._patience: dict[Hashable, float] = {}

    def wait(self, select: Callable[[float], Events]) -> Events:
        """What comes from outside, as long as it is worth while to wait for it.

        Args:
            select: Waits so long, in real time.
        """
        self._patience = {it: self._patience.get(it, _NEW_S) for it in self._all()}
        patience = max(self._patience.values(), default=0.0)
        if patience <= 0:
            return []
        began = monotonic()
        events = select(patience)
        waited = monotonic() - began
        self._patience = {it: max(left - waited, 0.0) for it, left in self._patience.items()}
        self.heard(events)
        return events

    def heard(self, events: Events) -> None:
        """Something has come."""
        self._patience |= {key: _HEARD_S for key, _ in events if key.fd != self._own}

    def _all(self) -> Iterator[Hashable]:
        yield from (key for key in self._selector.get_map().values() if key.fd != self._own)
        yield from (it for it in threading.enumerate() if it.name.startswith(_WAITS_FOR_PROCESS))
