"""Sentences of ours that end in somebody else's words: a log shows the sentence, and of the words the length.

What a server answers may repeat what a customer said, or hold a whole web page.
"""

from __future__ import annotations

from typing import Self

__all__ = ["Quoting", "after", "length_of"]


class Quoting(str):
    """Our words, and those of somebody else after them.

    Args:
        own: Ours; may be empty.
        said: Those that no log is to show.

    Attributes:
        masked: The same with the length of what was said in its place.
    """

    __slots__ = ("_own", "_said")
    _own: str
    _said: str

    def __new__(cls, own: str, said: str) -> Self:
        """Join them."""
        self = super().__new__(cls, f"{own}: {said}" if own else said)
        self._own, self._said = own, said
        return self

    @property
    def masked(self) -> str:
        """The same with the length of what was said in its place."""
        return f"{self._own}: {length_of(self._said)}" if self._own else length_of(self._said)

    def after(self, words: str) -> Quoting:
        """The same with words of ours before it."""
        return Quoting(f"{words}: {self._own}" if self._own else words, self._said)


def after(words: str, text: str) -> str:
    """A sentence of ours before another, which may end in somebody else's words."""
    return text.after(words) if isinstance(text, Quoting) else f"{words}: {text}"


def length_of(text: str) -> str:
    """What stands in the place of a text."""
    return f"<{len(text)} characters>"
