"""The table of codes is complete: each code is seen by a test, used in the source, and explained."""

import re
from pathlib import Path

import pytest

import tests.codes.test_files
import tests.codes.test_running  # noqa: F401 (they note which codes they see)
from chatbot.model.codes import Code, explanation
from tests.codes.seen import SEEN

ROOT = Path(__file__).parents[2]
SOURCE = "\n".join(path.read_text() for path in sorted((ROOT / "chatbot").rglob("*.py")))


def test_every_code_is_seen_by_a_test() -> None:
    assert set(Code) - SEEN == set()


@pytest.mark.parametrize("code", Code)
def test_every_code_is_used(code: Code) -> None:
    assert f"Code.{code.name}" in SOURCE


def test_every_code_that_is_written_anywhere_exists() -> None:
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    written = re.findall(r"\bCB\d{3}\b", "\n".join([SOURCE, *(path.read_text() for path in documents)]))
    assert set(written) <= set(Code)


@pytest.mark.parametrize("code", Code)
def test_every_code_is_explained_in_full(code: Code) -> None:
    text = explanation(code)
    assert all((text.title, text.means, text.cause, text.example.strip(), text.fix))


@pytest.mark.parametrize("code", [code for code in Code if code.startswith(("CB3", "CB4", "CB51"))])
def test_an_example_of_what_is_logged_begins_with_its_own_code(code: Code) -> None:
    assert set(re.findall(r"CB\d{3}", explanation(code).example)) <= {str(code)}


@pytest.mark.parametrize("code", Code)
def test_every_code_has_its_place_in_the_reference(code: Code) -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    assert f"### {code}: {explanation(code).title}\n" in page, "make reference"
