"""Finds out of a thread's stack which plugin runs there. Reads code lines, never what they work on."""

from __future__ import annotations

import asyncio
import selectors
import sysconfig
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from chatbot.hooks.breaker import Breaker
from chatbot.hooks.run import HookRun

__all__ = ["Culprit", "Stack", "as_text", "find_culprit", "is_idle", "stack_of"]

Stack = Sequence[tuple[FrameType, int]]
"""Frames with their line numbers, the innermost first."""

_OURS = str(Path(__file__).parents[1])
_ASYNCIO = str(Path(asyncio.__file__).parent)
_MACHINERY = (_OURS, _ASYNCIO)
_LIBRARIES = tuple(sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib"))
_RUN = "run"  # what every function of ours that enters foreign code calls its HookRun


@dataclass(frozen=True, slots=True)
class Culprit:
    """Who runs in a stack.

    Args:
        breakers: Of the plugin; of all bots that have it, where nothing tells for which it runs.
        hook: Which hook runs, or had started what does; empty if nothing tells.
        place: The line of the plugin, as file:line.
        scene: Its part of the stack, as text.
    """

    breakers: tuple[Breaker, ...]
    hook: str
    place: str
    scene: str

    def __str__(self) -> str:
        plugin = self.breakers[0].plugin
        bots = ", ".join(breaker.bot for breaker in self.breakers)
        hook, _, is_spawned = self.hook.partition("+")
        doing = f", what {hook} had spawned" if is_spawned else f", {hook}" if hook else ""
        return f"plugin {plugin} of bot {bots}{doing} at {self.place}"


def stack_of(frame: FrameType | None) -> Stack:
    """What a thread is doing at this moment."""
    return list(traceback.walk_stack(frame)) if frame is not None else []


def is_idle(stack: Stack) -> bool:
    """Whether the event loop only waits for something to happen: then the whole process was stopped."""
    files = [_file(frame) for frame, _ in stack[:2]]
    # a plugin that waits for a program of its own is in a selector too
    return not files or (files[0] == selectors.__file__ and files[-1].startswith(_ASYNCIO))


def as_text(stack: Stack) -> str:
    """The stack as Python shows it, the outermost first."""
    return "".join(traceback.StackSummary.extract(reversed(stack)).format()).rstrip()


def find_culprit(stack: Stack, sources: Iterable[tuple[Breaker, str]]) -> Culprit | None:
    """The plugin that runs in this stack; None if none does.

    Args:
        stack: Of the thread of the event loop.
        sources: All plugins with the files that they were found in, for what runs without a hook.
    """
    return _of_a_hook(stack) or _of_a_file(stack, sources)


def _of_a_hook(stack: Stack) -> Culprit | None:
    inside = _inside_the_border(stack)
    run = _run_in(inside[-1][0]) if inside else None
    place = _place_in_plugin(inside)
    if run is None or run.breaker is None or not place:
        return None
    return Culprit((run.breaker,), run.hook, place, as_text(inside))


def _inside_the_border(stack: Stack) -> Stack:
    """From the function that enters foreign code on; nothing if there is none."""
    borders = [number for number, (frame, _) in enumerate(stack) if _run_in(frame) is not None]
    return stack[: borders[-1] + 1] if borders else []


def _place_in_plugin(inside: Stack) -> str:
    """Its innermost line that is not a library's; empty if all that runs is ours."""
    foreign = [entry for entry in inside if not _file(entry[0]).startswith(_MACHINERY)]
    own = [entry for entry in foreign if not _file(entry[0]).startswith(_LIBRARIES)]
    return next((_place(entry) for entry in (*own[:1], *foreign[-1:])), "")


def _of_a_file(stack: Stack, sources: Iterable[tuple[Breaker, str]]) -> Culprit | None:
    known = [(breaker, source) for breaker, source in sources if source]
    for entry in stack:
        file = _file(entry[0])
        found = [breaker for breaker, source in known if _is_of(file, source)]
        if found:
            same = tuple(breaker for breaker in found if breaker.plugin == found[0].plugin)
            return Culprit(same, "", _place(entry), as_text(stack))
    return None


def _run_in(frame: FrameType) -> HookRun | None:
    run = frame.f_locals.get(_RUN) if _file(frame).startswith(_OURS) else None
    return run if isinstance(run, HookRun) else None


def _is_of(file: str, source: str) -> bool:
    """Whether it is the plugin's file, or one of its package."""
    path = Path(source)
    return file == source or (path.name == "__init__.py" and path.parent in Path(file).parents)


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename


def _place(entry: tuple[FrameType, int]) -> str:
    frame, line = entry
    return f"{_file(frame)}:{line}"
