"""How Sphinx builds the site: `make docs`. Nothing is fetched, neither now nor by those who read it."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Any

project = "chatbot"
release = metadata.version("chatbot")
copyright = "the authors of chatbot"  # noqa: A001 (Sphinx's name)

extensions = ["myst_parser"]
exclude_patterns = ["generator"]
myst_heading_anchors = 4
suppress_warnings = ["myst.xref_missing"]  # of anchors: the tests check all links, by the rules of forges

html_theme = "furo"
html_title = "chatbot"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
html_css_files = ["wide.css"]
html_static_path = ["static"]
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def with_contents(_: Any, name: str, source: list[str]) -> None:
    """Give the front page its tables of contents: the lists below its headings."""
    if name == "index":
        source[0] = re.sub(
            r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", _section, source[0], flags=re.MULTILINE | re.DOTALL
        )


def _section(found: re.Match[str]) -> str:
    heading, text = found.groups()
    pages = re.findall(r"^- \[.*\]\((.+)\.md\)$", text, flags=re.MULTILINE)
    tree = "\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", "", *pages, "```"])
    return f"## {heading}\n{text}\n{tree}\n\n"


def setup(app: Any) -> None:
    """Sphinx calls this."""
    app.connect("source-read", with_contents)
