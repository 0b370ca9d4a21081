"""What every code of a finding or an error means."""

from __future__ import annotations

from itertools import groupby

from chatbot.model.codes import Code, explanation

__all__ = ["code_sections"]

_CHAPTERS = {
    "1": "bots.toml",
    "2": "Plugins and hooks",
    "3": "Actions that did not happen",
    "4": "The server",
    "5": "The journal",
}


def code_sections() -> str:
    """A heading for each code, below one for each hundred."""
    chapters = groupby(Code, key=lambda code: _CHAPTERS[code[2]])
    return "\n\n".join(
        "\n\n".join([f"## {chapter}", *(_section(code) for code in codes)]) for chapter, codes in chapters
    )


def _section(code: Code) -> str:
    text = explanation(code)
    example = text.example.strip()
    return (
        f"### {code}: {text.title}\n\n{text.means}\n\nHow it comes about: {text.cause}\n\n"
        f"```text\n{example}\n```\n\nFix: {text.fix}"
    )
