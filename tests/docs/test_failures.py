"""The table of failures: every row is a test, and every test is a row."""

import re
from pathlib import Path

from tests.cli import test_run_health
from tests.flow import test_failures

PAGE = Path("docs/explanation/failures.md")

# real sockets and processes
ELSEWHERE = {
    "the connection is half open": (
        test_run_health.test_a_connection_that_is_half_open_is_not_ready_in_time_and_comes_back
    ),
    "a plugin blocks the event loop": (
        test_run_health.test_a_hook_that_blocks_the_event_loop_makes_readyz_time_out_and_is_named
    ),
}


def rows() -> list[str]:
    table = PAGE.read_text().partition("<!-- failures -->")[2].partition("<!-- end -->")[0]
    return re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)[1:]


def test_every_row_is_a_test_in_the_same_order() -> None:
    names = [name for name in vars(test_failures) if name.startswith("test_")]
    here = [row for row in rows() if row not in ELSEWHERE]
    assert [f"test_{re.sub(r'[^a-z]+', '_', row.lower())}" for row in here] == names
    assert {*ELSEWHERE} <= {*rows()}


def test_every_row_says_what_is_seen() -> None:
    table = PAGE.read_text().partition("<!-- failures -->")[2].partition("<!-- end -->")[0]
    for line in table.strip().splitlines()[2:]:
        _, _, operator, _, _ = line.split("|")
        assert operator.strip()
