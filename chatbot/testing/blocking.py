"""Finds calls of hooks that would block the event loop, without waiting for them."""

from __future__ import annotations

import asyncio
import builtins
import inspect
import os
import pathlib
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.hooks.run import current_run

__all__ = ["BlockingCallError", "blocking_calls"]

_ASYNCIO = str(Path(asyncio.__file__).parent)
_PATHLIB = str(Path(pathlib.__file__).with_suffix("")).removesuffix("__init__")
_IN_A_THREAD = "await asyncio.to_thread(...), or write the hook as a plain def: it runs in a thread"


@dataclass(frozen=True, slots=True)
class _Watched:
    """What blocks.

    Args:
        owner: The module or class that has it.
        name: Its name there.
        words: What it is, for people.
        fix: What to do instead.
        is_quick: It takes no long time, and is made although it is told: only where the watched code itself
            calls it, since libraries read small files now and then.
    """

    owner: Any
    name: str
    words: str
    fix: str = _IN_A_THREAD
    is_quick: bool = False


_WATCHED = (
    _Watched(time, "sleep", "time.sleep", "await asyncio.sleep(...)"),
    _Watched(subprocess, "Popen", "a subprocess", "await asyncio.create_subprocess_exec(...)"),
    _Watched(os, "system", "os.system", "await asyncio.create_subprocess_shell(...)"),
    # every connection by name that is not made by asyncio begins with it
    _Watched(
        socket, "getaddrinfo", "a connection", f"an async client, as httpx.AsyncClient; or {_IN_A_THREAD}"
    ),
    _Watched(socket.socket, "connect", "a connection"),
    # queues, events and futures of threads wait with it
    _Watched(threading.Condition, "wait", "waiting for another thread"),
    _Watched(builtins, "open", "a file", is_quick=True),
    _Watched(pathlib.Path, "open", "a file", is_quick=True),
    _Watched(sqlite3, "connect", "a database", is_quick=True),
)


class BlockingCallError(RuntimeError):
    """Something that blocks was called in the event loop."""


@contextmanager
def blocking_calls(place: Path, names: MutableMapping[str, Any]) -> Iterator[list[str]]:
    """Collect what blocks this thread in a hook, with its lines; what takes long raises instead.

    Args:
        place: The file or folder whose code is watched.
        names: The globals of that code: names that were imported from elsewhere are watched, too.

    Yields:
        What was called, and where.
    """
    found: list[str] = []
    watch = _Watch(str(place), found, threading.get_ident())
    with ExitStack() as stack:
        for it in _WATCHED:
            original = getattr(it.owner, it.name)
            call = _call(watch, it, original)
            stack.enter_context(_replaced(it, call))
            stack.enter_context(_renamed(names, original, call))
        yield found


@dataclass(frozen=True, slots=True)
class _Watch:
    place: str
    found: list[str]
    thread: int

    def look(self, it: _Watched) -> None:
        """Tell it, if a hook of the watched code calls it in this thread.

        Raises:
            BlockingCallError: It would take long.
        """
        if threading.get_ident() != self.thread or current_run.get() is None:
            return
        if not (line := _line_in(self.place, is_direct=it.is_quick)):
            return
        self.found.append(f"{it.words} at {line}\n    fix: {it.fix}")
        if not it.is_quick:
            raise BlockingCallError(f"{it.words} blocks the event loop")


def _call(watch: _Watch, it: _Watched, original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        watch.look(it)
        return original(*given, **named)

    return call


@contextmanager
def _replaced(it: _Watched, call: Callable[..., Any]) -> Iterator[None]:
    is_own, before = it.name in vars(it.owner), vars(it.owner).get(it.name)
    setattr(it.owner, it.name, call)
    try:
        yield
    finally:
        if is_own:
            setattr(it.owner, it.name, before)
        else:
            delattr(it.owner, it.name)


@contextmanager
def _renamed(names: MutableMapping[str, Any], original: object, call: object) -> Iterator[None]:
    there = [name for name, value in names.items() if value is original]
    names.update(dict.fromkeys(there, call))
    try:
        yield
    finally:
        names.update(dict.fromkeys(there, original))


def _line_in(place: str, *, is_direct: bool) -> str:
    """Where the watched code called it; empty if it did not, or through what does not block.

    That is asyncio, and the start of a thread.
    """
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(place):
            return f"{file}:{frame.f_lineno}"
        if file.startswith(_ASYNCIO) or frame.f_code is threading.Thread.start.__code__:
            return ""
        if is_direct and not file.startswith(_PATHLIB):
            return ""
        frame = frame.f_back
    return ""
