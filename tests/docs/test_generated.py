"""What is generated in the documents is up to date. The command that writes it: `make reference`."""

import re
from pathlib import Path

import pytest

from docs.generator.deployment import examples
from docs.generator.pages import DOCS, PARTS, pages, written

PAGES = [page.relative_to(DOCS).as_posix() for page in pages()]
MEANINGS = {"meaning", "means", "when", "what it is", "in one line", "what happens", "does", "the plugin"}


@pytest.mark.parametrize("page", PAGES)
def test_the_generated_parts_of_a_page_are_up_to_date(page: str) -> None:
    text = (DOCS / page).read_text()
    assert written(text) == text, f"docs/{page} is not up to date\n  fix: make reference"


@pytest.mark.parametrize("path", examples(), ids=lambda path: path.name)
def test_the_examples_of_deployment_are_what_a_new_project_has(path: Path) -> None:
    assert path.read_text() == examples()[path], f"docs/deployment/{path.name} is old\n  fix: make reference"


@pytest.mark.parametrize("page", PAGES)
def test_no_row_of_a_generated_table_lacks_its_meaning(page: str) -> None:
    blank = [
        row
        for table in re.findall(r"(?:^\|.*\n)+", (DOCS / page).read_text(), re.MULTILINE)
        for row in without_meaning(table)
    ]
    assert blank == []


def without_meaning(table: str) -> list[str]:
    """The rows of a table in which nothing stands where all others say what it is about."""
    head, _, *rows = table.splitlines()
    columns = [at for at, name in enumerate(head.split(" | ")) if name.strip("| ") in MEANINGS]
    return [row for row in rows if any(not row.split(" | ")[at].strip("| ") for at in columns)]


def test_a_row_without_a_meaning_is_found() -> None:
    assert without_meaning("| key | meaning |\n| --- | --- |\n| `a` | This. |\n| `b` |  |\n") == [
        "| `b` |  |"
    ]


def test_there_are_generated_parts() -> None:
    assert "reference/hooks.md" in PAGES


def test_only_what_is_generated_is_written() -> None:
    text = "Before\n<!-- generated: metrics -->\noutdated\n<!-- end -->\nAfter\n"
    new = written(text)
    assert new.startswith("Before\n<!-- generated: metrics -->\n")
    assert new.endswith("<!-- end -->\nAfter\n")
    assert "outdated" not in new
    assert "`chatbot_ready`" in new
    assert written(new) == new


def test_a_part_that_does_not_exist_is_told() -> None:
    with pytest.raises(ValueError, match="no part is called 'hoooks'"):
        written("<!-- generated: hoooks -->\n<!-- end -->\n")


def test_every_part_is_used() -> None:
    text = "".join((DOCS / page).read_text() for page in PAGES)
    assert [name for name in PARTS if f"<!-- generated: {name}" not in text] == []
