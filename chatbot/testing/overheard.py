"""Listens to all that is logged or printed."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

__all__ = ["overheard"]

_STREAMS = ("stdout", "stderr", "__stdout__", "__stderr__")


@contextmanager
def overheard() -> Iterator[Callable[[], list[str]]]:
    """Everything that is logged above DEBUG, whoever handles it, or printed.

    Yields:
        The lines so far.
    """
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handle = logging.Logger.handle

    def overhear(logger: logging.Logger, record: logging.LogRecord) -> None:
        if record.levelno >= logging.INFO:
            handler.handle(record)
        handle(logger, record)

    root = logging.getLogger()
    with ExitStack() as stack:
        stack.callback(root.setLevel, root.level)
        root.setLevel(logging.DEBUG)
        for owner, name, other in [
            (logging.Logger, "handle", overhear),
            *((sys, it, stream) for it in _STREAMS),
        ]:
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, other)
        yield lambda: stream.getvalue().splitlines()
