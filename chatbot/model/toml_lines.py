"""On which line each key of a TOML file stands; the standard library's reader does not tell.

The text has been read by ``tomllib`` before, so that it is TOML: nothing is judged here.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["Lines", "Path", "locate"]

Path = tuple[str | int, ...]
"""The way to a key: names of tables and keys, and places in lists."""

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|[^,\]}#\n]+",  # numbers, dates, true and false
    re.DOTALL,
)


class Lines:
    """The lines of one file.

    Args:
        lines: The line of each key, list item and table.
    """

    def __init__(self, lines: Mapping[Path, int] | None = None) -> None:
        self._lines = dict(lines or {})

    def origin(self, path: Path) -> Path:
        """Where a key of a bot was written: in its own table, or in ``[defaults]``."""
        if path[:1] != ("bots",) or path[:3] in self._lines or ("defaults", *path[2:3]) not in self._lines:
            return path
        return ("defaults", *path[2:])

    def at(self, path: Path) -> int | None:
        """The line of this key, or of the nearest table around it that is in the file."""
        path = self.origin(path)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path)

    def __eq__(self, other: object) -> bool:
        """Settings are the same wherever they stand in their files."""
        return isinstance(other, Lines)

    def __hash__(self) -> int:
        return hash(Lines)


def locate(text: str) -> Lines:
    """The lines of this text, which is TOML."""
    reader = _Reader(text)
    with suppress(RecursionError):  # absurd nesting: what was found until then
        reader.read()
    return Lines(reader.lines)


class _Reader:
    """Walks through the text once, and notes where keys begin."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text
        self._place = 0
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._counts: dict[Path, int] = {}

    def read(self) -> None:
        table: Path = ()
        while self._skip() < len(self._text):
            if self._takes("[["):
                table = self._header(is_one_of_many=True)
            elif self._takes("["):
                table = self._header(is_one_of_many=False)
            else:
                self._pair(table)

    def _header(self, *, is_one_of_many: bool) -> Path:
        start = self._skip()
        *outer, last = self._key()
        path: Path = ()
        for part in outer:
            path = self._newest((*path, part))
            self.lines.setdefault(path, self._line(start))
        path = (*path, last)
        if is_one_of_many:
            self.lines.setdefault(path, self._line(start))
            self._counts[path] = self._counts.get(path, 0) + 1
            path = self._newest(path)
        self.lines[path] = self._line(start)
        self._place = self._text.index("]", self._place) + (2 if is_one_of_many else 1)
        return path

    def _newest(self, path: Path) -> Path:
        """In a list of tables, the last one so far."""
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _pair(self, table: Path) -> None:
        line = self._line(self._place)
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._place = self._text.index("=", self._place) + 1
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip()
        if self._takes("["):
            self._items(path)
        elif self._takes("{"):
            while not self._ends("}"):
                self._pair(path)
        elif found := _SCALAR.match(self._text, self._place):
            self._place = found.end()

    def _items(self, path: Path) -> None:
        number = 0
        while not self._ends("]"):
            self.lines[(*path, number)] = self._line(self._place)
            self._value((*path, number))
            number += 1

    def _ends(self, bracket: str) -> bool:
        """Pass over a comma; whether the list or the table is closed then, or the text is over."""
        self._skip()
        if self._takes(","):
            self._skip()
        return self._takes(bracket) or self._place >= len(self._text)

    def _key(self) -> list[str]:
        found = _KEY.match(self._text, self._place)
        if found is None:
            raise AssertionError(f"no key at {self._place}: the text was not read before")
        self._place = found.end()
        table: object = tomllib.loads(f"{found[0]} = 0")
        parts = []
        while isinstance(table, dict):
            [(part, table)] = table.items()
            parts.append(part)
        return parts

    def _skip(self) -> int:
        found = _GAP.match(self._text, self._place)
        self._place = found.end() if found is not None else self._place
        return self._place

    def _takes(self, mark: str) -> bool:
        is_there = self._text.startswith(mark, self._place)
        self._place += len(mark) if is_there else 0
        return is_there

    def _line(self, place: int) -> int:
        return bisect_right(self._starts, place)
