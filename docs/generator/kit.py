"""The markers and the faults of the test kit."""

from __future__ import annotations

from typing import cast

import pytest

from chatbot.simulator.named_faults import NAMED_FAULTS
from chatbot.testing import plugin
from chatbot.testing.contract import CHECKS
from docs.generator.markdown import code, table

__all__ = ["contract_table", "fault_table", "marker_table", "markers"]


class _Ear:
    """Hears what the plugin tells pytest of its markers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def addinivalue_line(self, _: str, line: str) -> None:
        """One marker, as `pytest --markers` shows it."""
        self.lines.append(line)


def markers() -> dict[str, str]:
    """The markers with their arguments, and their meaning."""
    ear = _Ear()
    plugin.pytest_configure(cast("pytest.Config", ear))
    return dict(line.split(": ", 1) for line in ear.lines)


def marker_table() -> str:
    """All markers."""
    return table(["marker", "meaning"], [[code(name), meaning] for name, meaning in markers().items()])


def contract_table() -> str:
    """What is checked of every plugin."""
    return table(["test", "the plugin"], [[code(check.name), check.owes] for check in CHECKS])


def fault_table() -> str:
    """All faults, by the names that the marker, the control API and the terminal know."""
    rows = [[code(name), fault.sentence] for name, fault in NAMED_FAULTS.items()]
    return table(["fault", "what happens"], rows)
