"""Long lists in pages: what is looked for, and which part of it is shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar
from urllib.parse import urlencode

__all__ = ["ROWS", "Listing", "Wanted", "listing", "wanted"]

T = TypeVar("T")

ROWS = 50
"""So many rows are on one page."""

_MOST_PAGE = 10_000
# letters and digits of any language and what stands in ids: nothing of it is markup
_SEARCH = re.compile(r"[\w .@:+-]{0,80}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants to see of a list.

    Args:
        search: A part of a name or id, in small letters; empty for all.
        only: One of the kinds that the page knows; empty for all.
        page: Which part, from 1.
    """

    search: str = ""
    only: str = ""
    page: int = 1

    def at(self, page: int) -> str:
        """The query of another part of the same list."""
        values = {"q": self.search, "only": self.only, "page": page if page > 1 else ""}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"?{query}" if query else "?"

    def has(self, *names: str) -> bool:
        """Whether one of these is what is looked for."""
        return not self.search or any(self.search in name.casefold() for name in names)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A part of a list.

    Args:
        rows: What is shown.
        total: How many there are.
        wanted: What was asked for.
        size: How many are shown at once.
    """

    rows: Sequence[T]
    total: int
    wanted: Wanted
    size: int = ROWS

    @property
    def pages(self) -> int:
        """How many parts there are."""
        return max(1, -(-self.total // self.size))

    @property
    def earlier(self) -> str:
        """The query of the part before; empty if this is the first."""
        return self.wanted.at(min(self.wanted.page - 1, self.pages)) if self.wanted.page > 1 else ""

    @property
    def later(self) -> str:
        """The query of the part after; empty if this is the last."""
        return self.wanted.at(self.wanted.page + 1) if self.wanted.page < self.pages else ""


def wanted(query: Mapping[str, str], kinds: Iterable[str] = ()) -> Wanted:
    """What is asked for; what makes no sense counts as not said.

    Args:
        query: The query of an address.
        kinds: What the page knows.
    """
    search, only, page = (query.get(name, "") for name in ("q", "only", "page"))
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= len(str(_MOST_PAGE)) else 1
    return Wanted(
        search=search.strip().casefold() if _SEARCH.fullmatch(search) else "",
        only=only if only in kinds else "",
        page=min(max(number, 1), _MOST_PAGE),
    )


def listing(items: Iterable[T], asked: Wanted, fits: Callable[[T], bool], *, size: int = ROWS) -> Listing[T]:
    """The part of these that is asked for."""
    found = [item for item in items if fits(item)]
    start = (asked.page - 1) * size
    return Listing([*islice(found, start, start + size)], len(found), asked, size)
