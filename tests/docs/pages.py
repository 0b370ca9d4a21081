"""Documents as a reader finds their way in them: headings, anchors, links, tables."""

import re
from collections.abc import Iterator

from tests.docs.blocks import DOCS

__all__ = ["anchors", "cells", "links", "plain", "section", "words_of"]

_FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"(?<!`)\[[^\]]*(?:\[[^\]]*\][^\]]*)*\]\(([^)\s]+)\)")


def plain(page: str) -> str:
    """A document without its blocks."""
    return _FENCED.sub("", DOCS[page])


def anchors(page: str) -> list[str]:
    """The anchors of its headings, as forges make them."""
    return [slug(text) for _, text in _HEADING.findall(plain(page))]


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def links(page: str) -> Iterator[str]:
    """Where its links lead."""
    yield from _LINK.findall(plain(page))


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next of its level."""
    start = re.search(rf"^(#+) {re.escape(heading)}$", DOCS[page], re.MULTILINE)
    assert start is not None, f"{page} has no heading {heading!r}"
    rest = DOCS[page][start.end() :]
    end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def cells(text: str) -> set[str]:
    """What stands as code, alone or as a link, in the first cells of tables."""
    return {
        name
        for cell in re.findall(r"^\| ([^|]*) \|", text.replace(r"\|", ""), re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", cell)
    }


def words_of(text: str) -> set[str]:
    """All words that are set as code."""
    return {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}
