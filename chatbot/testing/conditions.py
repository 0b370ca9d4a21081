"""Under what conditions a test runs: what its markers say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest

from chatbot.model.nearest import nearest
from chatbot.simulator.app import Simulator
from chatbot.simulator.named_faults import How, how_of, strike
from chatbot.simulator.options import Options

__all__ = ["Conditions", "Trouble", "conditions_of"]

# Of a fault with a seed, if nothing else is said.
_NOW_AND_AGAIN = 0.3
_OPTIONS = {option.name for option in fields(Options)}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault by its name.

    Args:
        name: See ``chatbot.simulator.named_faults``.
        about: What is said about it; a ``seed`` lets it strike now and again, else it strikes once.
    """

    name: str
    about: Mapping[str, Any]

    def strike(self, simulator: Simulator) -> None:
        """Let it happen from now on.

        Raises:
            ValueError: There is no such fault, or what is said about it cannot be.
        """
        about = dict(self.about)
        if "seed" in about:
            about = {"chance": _NOW_AND_AGAIN, "times": "always"} | about
        how: How = how_of(about)
        strike(simulator, self.name, **how)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the markers of a test say.

    Args:
        options: How the platform behaves.
        troubles: What goes wrong, from the first login on.
    """

    options: Options = field(default_factory=Options)
    troubles: tuple[Trouble, ...] = ()


def conditions_of(node: pytest.Item) -> Conditions:
    """What the markers of this test say; the nearest has the last word.

    Raises:
        pytest.UsageError: A marker says what cannot be.
    """
    said: dict[str, Any] = {}
    for mark in reversed([*node.iter_markers("chatbot_platform")]):
        said |= mark.kwargs
    for name in said:
        if name not in _OPTIONS:
            closest = nearest(name, _OPTIONS)
            raise pytest.UsageError(
                f"chatbot_platform: the platform has no option {name!r}"
                + (f"\n  closest: {closest}" if closest else "")
            )
    options = replace(Options(), **said)
    for mark in node.iter_markers("chatbot_capabilities"):
        without = mark.kwargs.get("without", ())
        options = replace(
            options, withheld=options.withheld | frozenset([without] if isinstance(without, str) else without)
        )
    return Conditions(options, tuple(_troubles(node)))


def _troubles(node: pytest.Item) -> Iterator[Trouble]:
    for mark in node.iter_markers("chatbot_faults"):
        for name in mark.args:
            yield Trouble(name, mark.kwargs)
