"""How long one loop waits, and how often one bot may ask a server that fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.wire.retry import DEFAULT_LIMITS, Backoff, FailureBudget, Limits
from tests.wire.fakes import Chance, modest


@pytest.mark.parametrize(
    ("chance", "waits"),
    [
        (1.0, [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]),
        (0.0, [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]),
        (0.5, [0.75, 1.5, 3.0, 6.0, 7.5, 7.5]),
    ],
)
def test_waits_double_up_to_the_cap_and_at_most_half_of_each_is_chance(
    chance: float, waits: list[float]
) -> None:
    backoff = Backoff(DEFAULT_LIMITS, Chance(chance))
    assert [backoff.failed(0.0) for _ in waits] == waits


def test_waits_stay_finite_however_often_it_fails() -> None:
    backoff = Backoff(Limits(max_backoff_s=1e9), Chance())
    waits = [backoff.failed(0.0) for _ in range(5000)]
    assert waits[-1] == 2.0**16


@pytest.mark.parametrize(
    ("well_at", "fails_at", "wait"),
    [
        ([], 1000.0, 4.0),
        ([100.0], 100.0, 4.0),
        ([100.0], 129.9, 4.0),
        ([100.0], 130.0, 1.0),
        ([100.0, 120.0, 130.0], 130.0, 1.0),
        ([100.0, 120.0], 125.0, 4.0),
    ],
)
def test_waits_start_over_only_after_a_stable_success(
    well_at: list[float], fails_at: float, wait: float
) -> None:
    backoff = Backoff(DEFAULT_LIMITS, Chance())
    for _ in range(2):
        backoff.failed(0.0)
    for time in well_at:
        backoff.succeeded(time)
    assert backoff.failed(fails_at) == wait


def test_failure_ends_what_was_stable() -> None:
    backoff = Backoff(DEFAULT_LIMITS, Chance())
    backoff.succeeded(0.0)
    assert [backoff.failed(40.0), backoff.failed(80.0)] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("outcomes", "waits"),
    [
        ("", False),
        ("....." * 20, False),
        ("xxxx" + "." * 50, False),
        ("." * 50 + "xxxx", False),
        ("." * 50 + "xxxxx", False),
        ("." * 50 + "xxxxx" + "x." * 20, True),
        ("xxxxx", False),
        ("x" * 44, False),
        ("x" * 45, True),
        ("x" * 45 + "." * 18, True),
        ("x" * 45 + "." * 19, False),
    ],
)
def test_bot_that_is_failing_has_to_wait_when_the_window_is_full(outcomes: str, *, waits: bool) -> None:
    """Failing: from five of the last twenty until one of them; what was well before does not count."""
    budget = FailureBudget()
    for outcome in outcomes:
        budget.ended(budget.sent(0.0), ok=outcome == ".")
    assert budget.wait(4.0) == (6.0 if waits else 0.0)
    assert budget.wait(10.0) == 0.0


@modest
@given(
    outcomes=st.lists(st.booleans(), min_size=1, max_size=20),
    gaps=st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.1, 0.3, 5.0]), min_size=1, max_size=10),
)
def test_bot_that_is_failing_sends_at_most_five_a_second_over_any_ten_seconds(
    outcomes: list[bool], gaps: list[float]
) -> None:
    budget, now, counted, recent = FailureBudget(), 0.0, list[float](), list[bool]()
    was_failing = False
    for number in range(200):
        now += gaps[number % len(gaps)] + budget.wait(now)
        ok = outcomes[number % len(outcomes)]
        budget.ended(budget.sent(now), ok=ok)
        recent.append(ok)
        if was_failing or not ok:
            counted.append(now)
        if was_failing:
            assert len([time for time in counted if now - time < 10.0 - 1e-6]) <= 45
        was_failing = recent[-20:].count(False) >= (2 if was_failing else 5)


async def test_a_moment_of_trouble_does_not_make_a_busy_bot_wait() -> None:
    budget = FailureBudget()
    for _ in range(200):
        budget.ended(budget.sent(9.0), ok=True)
    for one in [budget.sent(9.5) for _ in range(10)]:
        budget.ended(one, ok=False)
    for _ in range(20):
        assert budget.wait(9.6) == 0.0
        budget.ended(budget.sent(9.6), ok=True)
    assert budget.wait(9.6) == 0.0
