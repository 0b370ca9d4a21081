"""`python -m docs.generator`: bring the generated parts up to date."""

from __future__ import annotations

import sys

from docs.generator.pages import DOCS, pages, written


def main() -> None:
    """Write what has changed, and name it."""
    for page in pages():
        before = page.read_text()
        after = written(before)
        if after != before:
            page.write_text(after)
            sys.stdout.write(f"{page.relative_to(DOCS.parent)}\n")


if __name__ == "__main__":
    main()
