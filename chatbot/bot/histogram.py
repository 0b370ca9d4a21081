"""How long things take, counted in few classes: two additions for each. Pure."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

__all__ = ["BOUNDS_S", "Histogram"]

BOUNDS_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0)
"""The upper ends of the classes, in seconds; beyond the last is one more class."""


class Histogram:
    """Counts durations.

    Attributes:
        total_s: All of them together, in seconds.
    """

    __slots__ = ("_counts", "total_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        """Count one; what clocks make negative is none."""
        seconds = max(0.0, seconds)
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds

    @property
    def up_to(self) -> list[int]:
        """How many took no longer than each bound; the last number counts all."""
        return [*accumulate(self._counts)]
