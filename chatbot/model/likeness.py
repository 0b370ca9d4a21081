"""How much two texts have in common, by their words. No library: the same figure on every machine."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

__all__ = ["likeness", "words"]

# What is beyond tells little more, and a text of a stranger may be as long as it likes.
_MOST = 2000
# Scripts that put no space between words: there each sign counts as one.
_ALONE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")


def words(text: str) -> list[str]:
    """The words of the beginning of a text, without case, signs and accents that only look different."""
    return _WORD.findall(unicodedata.normalize("NFKC", text[:_MOST]).casefold())


def likeness(one: str, other: str) -> float:
    """How many of the words of both they share, wherever they stand: from 0 to 1; 0 if one has no word."""
    mine, theirs = Counter(words(one)), Counter(words(other))
    total = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / total if mine and theirs else 0.0
