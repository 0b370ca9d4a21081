"""Hears SIGTERM and SIGINT in a thread of its own: the event loop may be what is stuck.

It imports little, so that signals are heard before a command and its plugins are loaded.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Self

__all__ = ["FORCED", "Signals"]

log = logging.getLogger(__name__)

FORCED = 130
"""Exit code after a second signal."""

_STUCK = 1
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SETTLED = b"\0"
_AT_ONCE_S = 3.0
_TELLING_S = 1.0


class Signals:
    """The first signal asks to stop, a second to stop at once; in the end the process is ended.

    Before there is anybody to ask, a signal ends the process with exit code 0. Python hears a signal
    in a blocking system call or between two steps of its own, and this thread as well while a
    library works that lets other threads run.

    Only for the main thread.
    """

    def __init__(self) -> None:
        self._tell: Callable[[], object] | None = None
        self._patience_s = 0.0
        self._code = 0
        self._was_heard = False
        self._is_closed = threading.Event()

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        self._before = [(number, signal.signal(number, self._note)) for number in _SIGNALS]
        self._fd_before = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening; what was asked to stop is watched until the process is gone."""
        if not self._was_heard:
            self.close()

    def close(self) -> None:
        """Stop listening and watching."""
        if self._is_closed.is_set():
            return
        self._is_closed.set()
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before:
            signal.signal(number, handler)
        os.close(self._mouth)

    def hand_on(self, tell: Callable[[], object], patience_s: float) -> None:
        """From now on there is somebody to ask.

        Args:
            tell: Called for each of the first two signals, in another thread.
            patience_s: Seconds from the first signal until the process ends, with exit code 1.
        """
        self._patience_s = patience_s
        self._tell = tell

    def settled(self, code: int) -> None:
        """All has come to its end: what still holds the process does so for a few seconds only.

        Args:
            code: The exit code.
        """
        self._code = code
        os.write(self._mouth, _SETTLED)

    def _note(self, _: int, __: FrameType | None) -> None:
        """All else is the thread's, which has the number from Python itself."""
        self._was_heard = True

    def _listen(self) -> None:
        heard = self._heard(None)
        if not heard or heard == _SETTLED:
            self._forget()
            return
        if self._tell is None:
            os._exit(0)
        _ask(self._tell)
        heard = self._heard(self._patience_s)
        code = _STUCK if heard is None else self._code
        if heard and heard != _SETTLED:
            _ask(self._tell)
            code = FORCED
        if heard is not None and self._is_closed.wait(_AT_ONCE_S):
            self._forget()
            return
        _end(code)

    def _heard(self, timeout_s: float | None) -> bytes | None:
        """The next signal, or that all is settled; empty when nobody listens, None when the time is over."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._ear], [], [], left_s)[0]:
                return None
            heard = os.read(self._ear, 1)
            if heard in {b"", _SETTLED, *(bytes([number]) for number in _SIGNALS)}:
                return heard

    def _forget(self) -> None:
        os.close(self._ear)


def _ask(tell: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the event loop is closed: whoever was asked has gone
        tell()


def _end(code: int) -> None:
    """As safe as a kill: what has to survive is in the journal."""
    # whoever is stuck may hold the log
    telling = threading.Thread(target=_tell_the_end, args=(code,), daemon=True)
    telling.start()
    telling.join(_TELLING_S)
    os._exit(code)


def _tell_the_end(code: int) -> None:
    if code == _STUCK:
        log.critical("a hook does not let go, or blocks the event loop: the process ends without it")
    elif code == FORCED:
        log.warning("stopped at once, although a hook does not let go")
    else:
        log.warning("something still waits for an answer: the process ends without it")
    logging.shutdown()
