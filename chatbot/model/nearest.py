"""The valid name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(word: str, known: Iterable[str], *, alike: float = 0.6) -> str | None:
    """The known word that was probably meant.

    Args:
        word: What was written.
        known: What there is.
        alike: How much of it has to agree, from 0 to 1.
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=alike)
    return found[0] if found else None
