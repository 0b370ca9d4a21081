"""What the test kit adds to pytest: options, markers, faults, checks."""

from __future__ import annotations

import ast
import inspect
import re
from itertools import pairwise
from typing import cast

import pytest

from chatbot.simulator.named_faults import NAMED_FAULTS
from chatbot.simulator.options import Options
from chatbot.testing import plugin
from chatbot.testing.contract import CHECKS
from docs.generator.markdown import code, table

__all__ = [
    "contract_table",
    "fault_table",
    "marker_table",
    "markers",
    "option_table",
    "options",
    "platform_options",
    "platform_table",
]


class _Ear:
    """Hears what the plugin tells pytest of its markers and options."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.options: dict[str, str] = {}

    def getgroup(self, _: str) -> _Ear:
        """One group is as good as another."""
        return self

    def addoption(self, name: str, *, help: str, **_: object) -> None:  # noqa: A002 (pytest's name)
        """One option, as `pytest --help` shows it."""
        self.options[name] = help

    def addinivalue_line(self, _: str, line: str) -> None:
        """One marker, as `pytest --markers` shows it."""
        self.lines.append(line)


def markers() -> dict[str, str]:
    """The markers with their arguments, and their meaning."""
    ear = _Ear()
    plugin.pytest_configure(cast("pytest.Config", ear))
    return dict(line.split(": ", 1) for line in ear.lines)


def options() -> dict[str, str]:
    """The options for pytest, and their meaning."""
    ear = _Ear()
    plugin.pytest_addoption(cast("pytest.Parser", ear))
    return ear.options


def option_table() -> str:
    """All options."""
    return table(["option", "meaning"], [[code(name), meaning] for name, meaning in options().items()])


def marker_table() -> str:
    """All markers."""
    return table(["marker", "meaning"], [[code(name), meaning] for name, meaning in markers().items()])


def contract_table() -> str:
    """What is checked of every plugin."""
    return table(["test", "the plugin"], [[code(check.name), check.owes] for check in CHECKS])


def platform_options() -> dict[str, tuple[str, str]]:
    """How the platform may behave: each option with its default, and the text below it."""
    [tree] = ast.parse(inspect.getsource(Options)).body
    lines = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        line.target.id: (repr(getattr(Options(), line.target.id)), _text(below))
        for line, below in pairwise(lines)
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def _text(node: ast.stmt) -> str:
    """A text without the sections of the platform's reference that it cites."""
    text = ast.literal_eval(node.value) if isinstance(node, ast.Expr) else ""
    return re.sub(r" \((?:\d+(?:\.\d+)*|UNK|INF)(?=[,) ])[^)]*\)", "", text)


def platform_table() -> str:
    """All of them."""
    rows = [[code(name), code(value), meaning] for name, (value, meaning) in platform_options().items()]
    return table(["option", "default", "meaning"], rows)


def fault_table() -> str:
    """All faults, by the names that the marker, the control API and the terminal know."""
    rows = [[code(name), fault.sentence] for name, fault in NAMED_FAULTS.items()]
    return table(["fault", "what happens"], rows)
