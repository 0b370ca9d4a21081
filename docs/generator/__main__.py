"""`python -m docs.generator`: bring the generated parts up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from docs.generator.deployment import examples
from docs.generator.pages import DOCS, pages, written


def main() -> None:
    """Write what has changed, and name it."""
    for page in pages():
        _write(page, written(page.read_text()))
    for path, text in examples().items():
        _write(path, text)


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    sys.stdout.write(f"{path.relative_to(DOCS.parent)}\n")


if __name__ == "__main__":
    main()
