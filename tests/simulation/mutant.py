"""What a planted bug is: named places in the bot, and what stands there instead for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from tests.simulation.plan import Plan

__all__ = ["Mutant", "constant", "happens", "harms", "turns"]

Target = tuple[Any, str, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted bug.

    Args:
        name: What is wrong.
        targets: Where it is planted: an owner, a name, and what stands there instead.
        suits: Whether a plan can bring it to light: the others need not be run.
    """

    name: str
    targets: tuple[Target, ...]
    suits: Callable[[Plan], bool] = lambda _plan: True

    @contextmanager
    def planted(self) -> Iterator[None]:
        """While it is there."""
        with ExitStack() as stack:
            for owner, name, instead in self.targets:
                stack.enter_context(patch.object(owner, name, instead))
            yield


def happens(*names: str) -> Callable[[Plan], bool]:
    """One of these things happens."""
    return lambda plan: any(name in names for _, name in plan.faults.events)


def harms(*names: str) -> Callable[[Plan], bool]:
    """One of these faults is switched on."""
    return lambda plan: any(name in plan.faults.rates for name in names)


def turns(*kinds: str) -> Callable[[Plan], bool]:
    """A chat takes one of these turns."""
    return lambda plan: any(turn.kind in kinds for turn in plan.turns)


def constant(value: Any) -> Callable[..., Any]:
    """A function that returns this, whatever it is asked."""
    return lambda *_args, **_options: value
