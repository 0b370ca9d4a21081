"""Docstrings and tables as Markdown."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence

__all__ = ["code", "entries", "first_sentence", "prose", "section", "table"]

_WIDTH = 116
_SECTION = re.compile(
    r"^(Args|Attributes|Class attributes|Keys|Exactly one of|Returns|Raises):\n((?: {4}.*\n|\n)*)",
    re.MULTILINE,
)


def code(text: object) -> str:
    """The text set as code, also in a table."""
    return f"`{text}`".replace("|", r"\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; columns in which nothing stands are left out."""
    body = [list(row) for row in rows]
    kept = [at for at, _ in enumerate(head) if any(row[at] for row in body)]
    lines = [[head[at] for at in kept], ["---"] * len(kept), *([row[at] for at in kept] for row in body)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def prose(docstring: str | None, *, picture: str = "") -> str:
    """A docstring without its sections, in paragraphs of Markdown.

    Args:
        docstring: The text.
        picture: How a picture in it, made of letters, is tested.
    """
    text = _SECTION.sub("", f"{inspect.cleandoc(docstring or '')}\n").strip()
    return "\n\n".join(_paragraph(one, picture) for one in re.split(r"\n{2,}", text) if one != "::")


def _paragraph(text: str, picture: str) -> str:
    if text.startswith("    "):
        return f"<!-- test: {picture} -->\n```text\n{textwrap.dedent(text)}\n```"
    return textwrap.fill(
        _marked(" ".join(text.split())), _WIDTH, break_long_words=False, break_on_hyphens=False
    )


def _marked(text: str) -> str:
    """From reStructuredText: code has two backticks there, and references name a document for us."""
    return re.sub(r" ?\((?:reference|design) \d[^)]*\)", "", text.replace("``", "`"))


def first_sentence(docstring: str | None) -> str:
    """What stands in a list of many: the first line of a docstring."""
    return _marked(inspect.cleandoc(docstring or "").partition("\n")[0])


def section(docstring: str | None, *names: str) -> str:
    """The text of one section, such as `Returns`."""
    found = dict(_SECTION.findall(f"{inspect.cleandoc(docstring or '')}\n"))
    return "\n".join(textwrap.dedent(found[name]) for name in names if name in found)


def entries(docstring: str | None, *names: str) -> dict[str, str]:
    """The entries of such a section: each name with what is said of it."""
    found: dict[str, str] = {}
    for head, text in re.findall(r"^(\S[^:\n]*):(.*(?:\n +.*)*)", section(docstring, *names), re.MULTILINE):
        found |= dict.fromkeys(re.split(r", ", head), _marked(" ".join(text.split())))
    return found


def returned(docstring: str | None) -> str:
    """What a method returns, in one line."""
    return _marked(" ".join(section(docstring, "Returns").split()))
