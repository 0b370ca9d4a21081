"""A table of bots.toml, as findings speak of it: its file, its name and its lines."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from chatbot.model.codes import Code
from chatbot.model.findings import Finding
from chatbot.model.toml_lines import Lines, Path

__all__ = ["Section"]


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a file.

    Args:
        file: The file as it was named.
        path: The way to the table; empty for the whole file.
        lines: Where everything stands in that file.
    """

    file: str = "bots.toml"
    path: Path = ()
    lines: Lines = field(default_factory=Lines, repr=False, compare=False)

    def below(self, *path: str | int) -> Section:
        """A table inside this one."""
        return replace(self, path=(*self.path, *path))

    def finding(self, code: Code, message: str, *key: str | int, **more: Any) -> Finding:
        """Something that is wrong in this table.

        Args:
            code: Which kind of thing.
            message: What was found; the name of the table is put before it.
            key: Where inside the table.
            more: The other fields of the finding.
        """
        origin = self.lines.origin((*self.path, *key))
        table = _named(origin[: len(origin) - len(key)])
        return Finding(code, f"{table}{message}", self.file, self.lines.at(origin), **more)


def _named(path: Path) -> str:
    """As it stands in the file: ``[bots.concierge]``, ``[[demo]]``."""
    name = ".".join(_key(part) for part in path if isinstance(part, str) and part)
    is_one_of_many = bool(path) and isinstance(path[-1], int)
    return "" if not name else f"[[{name}]] " if is_one_of_many else f"[{name}] "


def _key(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z0-9_-]+", word) else json.dumps(word, ensure_ascii=False)
