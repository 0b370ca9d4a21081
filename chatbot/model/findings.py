"""What is wrong with a file or a plugin: code, place, what was found and expected, nearest name, fix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from chatbot.model.codes import Code

__all__ = ["Finding", "Severity"]

Severity = Literal["error", "warning"]
_INDENT, _GAP = " " * 7, " " * 8


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Args:
        code: Which kind of thing.
        message: What was found, for people.
        file: Where: the file as it was named; empty if there is none.
        line: Its line, from 1 on, if it is known.
        expected: What should be there instead.
        closest: The nearest valid name.
        fix: What to do.
        severity: A warning works, and still should not stay so.
    """

    code: Code
    message: str
    file: str = ""
    line: int | None = None
    expected: str = ""
    closest: str = ""
    fix: str = ""
    severity: Severity = "error"

    @property
    def is_error(self) -> bool:
        """Whether it has to be mended."""
        return self.severity == "error"

    @property
    def place(self) -> str:
        """``file:line``, as far as it is known."""
        return f"{self.file}:{self.line}" if self.line is not None else self.file

    def at(self, file: str, line: int | None) -> Finding:
        """The same, with this place if it had none."""
        return self if self.file else replace(self, file=file, line=line)

    def __str__(self) -> str:
        """Two or three lines for a terminal or a log."""
        word = "" if self.is_error else "warning: "
        first = _joined("  ", self.code, self.place, f"{word}{self.message}")
        more = f"more: chatbot explain {self.code}"
        rest = (
            _joined(_GAP, self.expected, self.hint("closest")),
            _joined(_GAP, self.hint("fix"), more),
        )
        return "\n".join([first, *(f"{_INDENT}{line}" for line in rest if line)])

    def hint(self, name: Literal["closest", "fix"]) -> str:
        """A field with its name before it; empty if there is none."""
        text = getattr(self, name)
        return f"{name}: {text}" if text else ""


def _joined(gap: str, *parts: str) -> str:
    return gap.join(part for part in parts if part)
