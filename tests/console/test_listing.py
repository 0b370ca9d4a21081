"""Long lists in pages."""

import pytest

from chatbot.console.listing import Wanted, listing, wanted


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, Wanted()),
        ({"q": " Zoë ", "page": "2", "only": "muted"}, Wanted("zoë", "muted", 2)),
        ({"q": "<b>", "page": "-1", "only": "strange"}, Wanted()),
        ({"q": "x" * 81, "page": "0"}, Wanted()),
        ({"page": "9" * 5_000}, Wanted()),
        ({"page": "99999"}, Wanted(page=10_000)),
        ({"page": "٣"}, Wanted()),
    ],
)
def test_what_makes_no_sense_counts_as_not_said(query: dict[str, str], asked: Wanted) -> None:
    assert wanted(query, ["muted"]) == asked


def test_a_list_is_shown_in_parts() -> None:
    asked = Wanted("a", page=2)
    found = listing([f"a{number}" for number in range(7)] + ["b"], asked, asked.has, size=3)
    assert (found.rows, found.total, found.pages) == (["a3", "a4", "a5"], 7, 3)
    assert (found.earlier, found.later) == ("?q=a", "?q=a&page=3")


def test_beyond_the_last_part_there_is_a_way_back() -> None:
    found = listing(range(7), Wanted(page=9), lambda _: True, size=3)
    assert (found.rows, found.earlier, found.later) == ([], "?page=3", "")


def test_an_empty_list_is_one_part() -> None:
    found = listing([], Wanted(), lambda _: True)
    assert (found.pages, found.earlier, found.later) == (1, "", "")
