"""What became of a form: told on the page that comes after it, by a number that nobody can make up."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Note", "Notes"]

_MOST = 200


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence for the operator.

    Args:
        text: What was done, or why not.
        is_good: Whether it was done.
        fix: What to do instead.
    """

    text: str
    is_good: bool = True
    fix: str = ""


@dataclass(slots=True)
class Notes:
    """The last ones.

    Args:
        random: Makes an unguessable text.
    """

    random: Callable[[], str]
    _notes: OrderedDict[str, Note] = field(default_factory=OrderedDict)

    def add(self, note: Note) -> str:
        """Keep it; its name in an address."""
        name = self.random()
        self._notes[name] = note
        while len(self._notes) > _MOST:
            self._notes.popitem(last=False)
        return name

    def get(self, name: str) -> Note | None:
        """The note of this name; None if there is none, or no more."""
        return self._notes.get(name)
