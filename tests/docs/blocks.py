"""The documents, and the blocks of code in them.

Directly above a block a comment may say how it is tested, `<!-- test: KIND ARGUMENT -->`, with further
lines such as `Customer: Hello` for what is said then. Without one the language decides.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "ROOT", "Block", "blocks", "code_in"]

ROOT = Path(__file__).parents[2]
DOCS = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "build" not in path.relative_to(ROOT).parts
}

_BLOCK = re.compile(
    r"(?:^ *<!-- test: (?P<marker>(?:(?!-->).)*?)\s*-->\n)?"
    r"^(?P<indent> *)(?P<fence>```+)(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"`([^`\n]+)`")
_DEFAULTS = {"json": "json", "toml": "bots", "sh": "run", "bash": "run", "console": "run"}
_README_TEST = "tests/flow/test_readme.py::test_its_tests_pass_and_a_failure_looks_as_printed"
_CODES_TEST = "tests/codes/test_files.py::test_a_mistake_in_the_file_has_its_code"
_WHY_TEST = "tests/cli/test_why.py::test_it_is_told_as_the_documents_show"
_ELSEWHERE = {
    ("README.md", "text"): _README_TEST,
    ("docs/reference/errors.md", "text"): _CODES_TEST,
    ("docs/how-to/silence.md", "text"): _WHY_TEST,
}
"""Blocks without a marker that another test looks after."""


@dataclass(frozen=True)
class Block:
    """One block of code.

    Args:
        page: The document it stands in.
        line: Where its code begins.
        language: The info string.
        code: Its text.
        kind: How it is tested.
        argument: What the marker says behind the kind.
        steps: The further lines of the marker: who, and what.
    """

    page: str
    line: int
    language: str
    code: str
    kind: str
    argument: str
    steps: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.language or 'no language'}, {self.kind or 'no kind'})"


def blocks(page: str) -> list[Block]:
    """The blocks of a document, in order."""
    return list(_blocks(page, DOCS[page]))


def _blocks(page: str, text: str) -> Iterator[Block]:
    for found in _BLOCK.finditer(text):
        unmarked = _ELSEWHERE.get((page, found["language"]), "")
        marker = found["marker"] or (unmarked and f"elsewhere {unmarked}")
        first, *more = marker.splitlines() or [""]
        kind, _, argument = first.strip().partition(" ")
        code = re.sub(rf"^{found['indent']}", "", found["code"], flags=re.MULTILINE)
        steps = [line.strip().partition(": ") for line in more if line.strip()]
        line = text.count("\n", 0, found.start("code")) + 1
        language = found["language"]
        yield Block(
            page,
            line,
            language,
            code,
            kind or _default(language, code),
            argument.strip() or _named_above(text[: found.start()]),
            tuple((who, what) for who, _, what in steps),
        )


def _named_above(text: str) -> str:
    """The plugin whose file the paragraph above speaks of: what is printed there is that file."""
    paragraph = re.split(r"\n{2,}", text.rstrip())[-1]
    return next(reversed(re.findall(r"`plugins/(\w+)\.py`", paragraph)), "")


def _default(language: str, code: str) -> str:
    if language in {"python", "py"}:
        if re.search(r"^(async )?def test_", code, re.MULTILINE):
            return "test"
        return "plugin" if "@hookimpl" in code else "exec"
    return _DEFAULTS.get(language, "")


def code_in(text: str) -> str:
    """Everything that is set as code."""
    inline = _INLINE.findall(_BLOCK.sub("", text))
    return "\n".join([*(found["code"] for found in _BLOCK.finditer(text)), *inline])
