"""Finds calls that would block the event loop, without waiting for them."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["BlockingCallError", "blocking_calls"]

_WATCHED: tuple[tuple[ModuleType, str, str], ...] = (
    (time, "sleep", "time.sleep"),
    (subprocess, "Popen", "a subprocess"),
    (os, "system", "os.system"),
    # every connection that is not made by asyncio begins with it
    (socket, "getaddrinfo", "a connection"),
)
_ASYNCIO = str(Path(asyncio.__file__).parent)


class BlockingCallError(RuntimeError):
    """Something that blocks was called in the event loop."""


@contextmanager
def blocking_calls(place: Path, names: MutableMapping[str, Any]) -> Iterator[list[str]]:
    """Collect what blocks this thread, with its lines; each such call raises instead of being made.

    Args:
        place: The file or folder whose code is watched.
        names: The globals of that code: names that were imported from elsewhere are watched, too.

    Yields:
        What was called, and where.
    """
    found: list[str] = []
    with ExitStack() as stack:
        for module, name, words in _WATCHED:
            original = getattr(module, name)
            call = partial(_watched, original, words, str(place), found, threading.get_ident())
            stack.enter_context(_replaced(vars(module), original, call))
            stack.enter_context(_replaced(names, original, call))
        yield found


@contextmanager
def _replaced(names: MutableMapping[str, Any], original: object, other: object) -> Iterator[None]:
    there = [name for name, value in names.items() if value is original]
    names.update(dict.fromkeys(there, other))
    try:
        yield
    finally:
        names.update(dict.fromkeys(there, original))


def _watched(
    original: Callable[..., Any],
    words: str,
    place: str,
    found: list[str],
    thread: int,
    /,
    *given: Any,
    **named: Any,
) -> Any:
    line = _line_in(place) if threading.get_ident() == thread else ""
    if not line:
        return original(*given, **named)
    found.append(f"{words} at {line}")
    raise BlockingCallError(f"{words} blocks the event loop")


def _line_in(place: str) -> str:
    """Where the watched code called it; empty if it did not, or through asyncio, which does not block."""
    frame = inspect.currentframe()
    while frame is not None and not frame.f_code.co_filename.startswith(_ASYNCIO):
        if frame.f_code.co_filename.startswith(place):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
