"""docs/explanation/cometd-matrix.md says what the tests do: its numbers are those of the collected tests."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.interop.conftest import SERVERS, SOURCES

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TABLE = ROOT / "docs" / "explanation" / "cometd-matrix.md"

Cell = tuple[str, str, str]
COLUMNS = [(source, server) for source in SOURCES for server in SERVERS]


def test_table_counts_the_tests_of_each_cell() -> None:
    assert _table() == _collected()


def test_table_has_a_row_for_each_id() -> None:
    rows = re.findall(r"^\| (T\d+) \|", TABLE.read_text(), re.MULTILINE)
    assert rows == [f"T{number}" for number in range(1, 19)]


def _table() -> dict[Cell, int]:
    cells: dict[Cell, int] = {}
    for line in TABLE.read_text().splitlines():
        if re.match(r"\| T\d", line):
            name, _, *counts = (field.strip() for field in line.strip("|").split("|"))
            for (source, server), count in zip(COLUMNS, counts, strict=True):
                cells[name, source, server] = 0 if count == "-" else int(count)
    return {cell: count for cell, count in cells.items() if count}


def _collected() -> dict[Cell, int]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", str(HERE)]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    cells: Counter[Cell] = Counter()
    for number, parameters in re.findall(r"::test_t(\d\d)_\w+\[(.*)\]$", listing, re.MULTILINE):
        words = parameters.split("-")
        cells.update(
            (f"T{int(number)}", source, server)
            for source, server in COLUMNS
            if source in words and server in words
        )
    return dict(cells)
