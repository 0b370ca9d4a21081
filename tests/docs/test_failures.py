"""The table of failures: every row is a test, and every test is a row."""

import re
from pathlib import Path

from tests.flow import test_failures

PAGE = Path("docs/explanation/failures.md")


def rows() -> list[str]:
    table = PAGE.read_text().partition("<!-- failures -->")[2].partition("<!-- end -->")[0]
    return re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)[1:]


def test_every_row_is_a_test_in_the_same_order() -> None:
    names = [name for name in vars(test_failures) if name.startswith("test_")]
    assert [f"test_{re.sub(r'[^a-z]+', '_', row.lower())}" for row in rows()] == names


def test_every_row_says_what_is_seen() -> None:
    table = PAGE.read_text().partition("<!-- failures -->")[2].partition("<!-- end -->")[0]
    for line in table.strip().splitlines()[2:]:
        _, _, operator, _, _ = line.split("|")
        assert operator.strip()
