"""What is generated in the documents is up to date. The command that writes it: `make reference`."""

import pytest

from docs.generator.pages import DOCS, PARTS, pages, written

PAGES = [page.relative_to(DOCS).as_posix() for page in pages()]


@pytest.mark.parametrize("page", PAGES)
def test_the_generated_parts_of_a_page_are_up_to_date(page: str) -> None:
    text = (DOCS / page).read_text()
    assert written(text) == text, f"docs/{page} is not up to date\n  fix: make reference"


def test_there_are_generated_parts() -> None:
    assert "reference/hooks.md" in PAGES


def test_only_what_is_generated_is_written() -> None:
    text = "Before\n<!-- generated: metrics -->\nold\n<!-- end -->\nAfter\n"
    new = written(text)
    assert new.startswith("Before\n<!-- generated: metrics -->\n")
    assert new.endswith("<!-- end -->\nAfter\n")
    assert "old" not in new
    assert "`chatbot_ready`" in new
    assert written(new) == new


def test_a_part_that_does_not_exist_is_told() -> None:
    with pytest.raises(ValueError, match="no part is called 'hoooks'"):
        written("<!-- generated: hoooks -->\n<!-- end -->\n")


def test_every_part_is_used() -> None:
    text = "".join((DOCS / page).read_text() for page in PAGES)
    assert [name for name in PARTS if f"<!-- generated: {name}" not in text] == []
