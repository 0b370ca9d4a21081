"""Spans of a trace, as a port: what works for a bot says what it does, and knows no library for it.

No attribute holds what a customer said.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

__all__ = ["NO_SPAN", "NO_TRACER", "NoSpan", "NoTracer", "Span", "Tracer"]


class Span(Protocol):
    """One piece of work in a trace."""

    @property
    def is_recorded(self) -> bool:
        """Whether anybody will see it: what is costly to tell need not be told."""
        ...

    def note(self, name: str, value: str | int) -> None:
        """Set an attribute."""
        ...

    def fail(self, error: BaseException) -> None:
        """It came to nothing. Of words that are not ours, only the length is kept."""
        ...

    def link(self, other: Span) -> None:
        """It has to do with this one, which may be of another trace."""
        ...

    def end(self) -> None:
        """It is over; a second time does nothing."""
        ...


class Tracer(Protocol):
    """Makes spans."""

    @property
    def is_tracing(self) -> bool:
        """Whether the work at hand is part of a trace."""
        ...

    def span(
        self, name: str, attributes: Mapping[str, str], *, began: datetime | None = None
    ) -> AbstractContextManager[Span]:
        """A span that is current inside the block, and ends with it.

        Args:
            name: What is done.
            attributes: For what.
            began: Begin a trace of its own, at this time.
        """
        ...

    def open(self, name: str, attributes: Mapping[str, str]) -> Span:
        """A span below the current one, which whoever has it ends; none outside of traces."""
        ...

    def detach(self) -> None:
        """What this task does from now on is part of no trace."""
        ...


class NoSpan:
    """A span that nobody sees (Span)."""

    is_recorded = False

    def note(self, name: str, value: str | int) -> None:
        """See Span."""

    def fail(self, error: BaseException) -> None:
        """See Span."""

    def link(self, other: Span) -> None:
        """See Span."""

    def end(self) -> None:
        """See Span."""

    def __enter__(self) -> Span:
        return self

    def __exit__(self, *_: object) -> None:
        pass


NO_SPAN = NoSpan()


class NoTracer:
    """Nobody traces (Tracer)."""

    is_tracing = False

    def span(
        self, name: str, attributes: Mapping[str, str], *, began: datetime | None = None
    ) -> AbstractContextManager[Span]:
        """See Tracer."""
        del name, attributes, began
        return NO_SPAN

    def open(self, name: str, attributes: Mapping[str, str]) -> Span:
        """See Tracer."""
        del name, attributes
        return NO_SPAN

    def detach(self) -> None:
        """See Tracer."""


NO_TRACER = NoTracer()
