"""Durations in classes."""

import pytest

from chatbot.bot.histogram import BOUNDS_S, Histogram


@pytest.mark.parametrize(
    ("seconds", "first"), [(-1.0, 0), (0.0, 0), (0.001, 0), (0.0011, 1), (60.0, 9), (60.1, 10)]
)
def test_a_duration_counts_in_its_class_and_all_wider_ones(seconds: float, first: int) -> None:
    times = Histogram()
    times.add(seconds)
    assert times.up_to == [int(place >= first) for place in range(len(BOUNDS_S) + 1)]
    assert times.total_s == max(0.0, seconds)
