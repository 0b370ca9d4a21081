"""Links lead somewhere, and every page can be reached."""

import posixpath
import re

import pytest

from tests.docs.blocks import DOCS, ROOT
from tests.docs.pages import anchors, links, plain

FRONT = "docs/index.md"


@pytest.mark.parametrize("page", DOCS)
def test_links_lead_somewhere(page: str) -> None:
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


def leads_somewhere(page: str, link: str) -> bool:
    if re.match(r"https?://", link):
        return True  # not asked for: tests need no network
    path, _, anchor = link.partition("#")
    place = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
    if place in DOCS:
        return not anchor or anchor in anchors(place)
    # the site holds the documents and their pictures only, a forge shows the rest too
    is_shown = page == "README.md" or (place.startswith("docs/static/") and place.endswith(".png"))
    return is_shown and not anchor and (ROOT / place).exists()


@pytest.mark.parametrize(
    ("link", "is_good"),
    [
        ("reference/hooks.md", True),
        ("reference/hooks.md#on_text", True),
        ("reference/hooks.md#on_txet", False),
        ("reference/hoooks.md", False),
        ("#reference", True),
        ("#references", False),
        ("../plugins", False),
        ("static/console.png", True),
        ("static/consol.png", False),
        ("static/wide.css", False),
        ("https://semver.org", True),
    ],
)
def test_a_broken_link_is_found(link: str, *, is_good: bool) -> None:
    assert leads_somewhere(FRONT, link) is is_good


@pytest.mark.parametrize("page", DOCS)
def test_links_are_written_in_the_one_way_that_is_looked_at(page: str) -> None:
    assert other_links(plain(page)) == []


def other_links(text: str) -> list[str]:
    """Links by reference, with a title, in HTML, or bare."""
    prose = re.sub(r"`[^`\n]+`", "", text)
    return re.findall(
        r"\]\[[^\]]*\]|^ {0,3}\[[^\]]+\]: |\]\([^)]* [^)]*\)|<a |<img |<https?:", prose, re.MULTILINE
    )


@pytest.mark.parametrize(
    "text",
    [
        "See [hooks][1].",
        "[1]: reference/hoooks.md",
        '[hooks](reference/hoooks.md "Hooks")',
        '<a href="reference/hoooks.md">hooks</a>',
        "<https://example.com>",
    ],
)
def test_a_link_of_another_kind_is_found(text: str) -> None:
    assert other_links(text)


def test_the_front_page_leads_to_all_others() -> None:
    mapped = re.findall(r"^- \[.+\]\((.+)\)$", DOCS[FRONT], re.MULTILINE)
    pages = {page.removeprefix("docs/") for page in DOCS if page.startswith("docs/")}
    assert len(mapped) == len(set(mapped))
    assert {*mapped, "index.md"} == pages


def test_every_page_begins_with_its_title() -> None:
    titled = re.compile(r"(<!--.*?-->\n+)?# ", re.DOTALL)
    assert [page for page, text in DOCS.items() if not titled.match(text)] == []


def test_the_front_page_calls_pages_by_their_titles() -> None:
    for title, page in re.findall(r"^- \[(.+)\]\((.+)\)$", DOCS[FRONT], re.MULTILINE):
        assert DOCS[f"docs/{page}"].startswith(f"# {title}\n")
