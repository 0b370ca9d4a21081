"""When a plugin is no longer asked, and when it is asked again."""

import logging
from collections.abc import Callable

import pytest

from chatbot.hooks.breaker import Breaker, Verdict, breakers
from chatbot.model.config_care import BreakerSettings


class Hands:
    """The hands of a clock."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def breaker(clock: Hands) -> Breaker:
    limits = BreakerSettings(errors=3, timeouts=2, blocked=5.0, cooldown=60.0)
    return Breaker("maid", "faq", limits, clock)


def called(breaker: Breaker, verdict: Verdict, hook: str = "on_text") -> bool:
    """Call a hook that ends like this; False if it may not be called."""
    term = breaker.begin(hook)
    if term is None:
        return False
    breaker.end(hook, term, verdict)
    return True


def opened(breaker: Breaker) -> Breaker:
    for _ in range(3):
        assert called(breaker, "error")
    assert breaker.state == "open"
    return breaker


# it opens


def test_it_opens_after_so_many_exceptions_in_a_row(breaker: Breaker, clock: Hands) -> None:
    for _ in range(2):
        called(breaker, "error")
        assert (breaker.state, breaker.opened) == ("closed", 0)
    called(breaker, "error")
    assert (breaker.state, breaker.opened) == ("open", 1)
    clock.time += 59.9
    assert (called(breaker, "good"), breaker.state) == (False, "open")


def test_overruns_are_counted_apart(breaker: Breaker) -> None:
    for verdict in ("error", "timeout", "error"):
        assert called(breaker, verdict)  # type: ignore[arg-type]
    assert breaker.state == "closed"
    called(breaker, "timeout")
    assert breaker.state == "open"


def test_a_good_call_of_the_same_hook_ends_a_row(breaker: Breaker) -> None:
    for verdict in ("error", "error", "timeout", "good", "error", "timeout", "error"):
        assert called(breaker, verdict)  # type: ignore[arg-type]
    assert breaker.state == "closed"
    called(breaker, "error")
    assert breaker.state == "open"


def test_that_another_hook_is_well_does_not_hide_the_one_that_fails(breaker: Breaker) -> None:
    for _ in range(3):
        assert called(breaker, "good", "on_typing_started")
        assert called(breaker, "error")
    assert breaker.state == "open"


def test_failures_of_several_hooks_are_one_row(breaker: Breaker) -> None:
    for hook in ("on_text", "on_event", "on_notice"):
        assert called(breaker, "error", hook)
    assert breaker.state == "open"


def test_what_is_nobody_s_fault_counts_for_nothing(breaker: Breaker) -> None:
    for verdict in ("error", "undecided", "error", "undecided", "undecided"):
        assert called(breaker, verdict)  # type: ignore[arg-type]
    assert breaker.state == "closed"
    called(breaker, "error")
    assert breaker.state == "open"


@pytest.mark.parametrize("hook", ["on_bot_started", "on_bot_stopping", "on_chat_ended", "on_session_report"])
def test_what_sets_up_and_tidies_up_always_runs_and_counts_for_nothing(breaker: Breaker, hook: str) -> None:
    for _ in range(9):
        assert called(breaker, "error", hook)
    assert breaker.state == "closed"
    opened(breaker)
    assert called(breaker, "good", hook)
    assert breaker.state == "open"


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        ({"errors": 0}, lambda breaker: called(breaker, "error")),
        ({"timeouts": 0}, lambda breaker: called(breaker, "timeout")),
        ({"blocked": 0.0}, lambda breaker: breaker.charge(100)),
    ],
    ids=["errors", "timeouts", "blocked"],
)
def test_a_limit_of_zero_is_none(
    limits: dict[str, float], fault: Callable[[Breaker], object], clock: Hands
) -> None:
    for chosen, state in ((limits, "closed"), ({}, "open")):
        breaker = Breaker("maid", "faq", BreakerSettings.model_validate(chosen), clock)
        for _ in range(50):
            fault(breaker)
        assert breaker.state == state


# it is tried again


def test_after_the_cooldown_one_call_is_let_through(breaker: Breaker, clock: Hands) -> None:
    opened(breaker)
    clock.time += 60
    assert breaker.state == "half-open"
    probe = breaker.begin("on_text")
    assert probe is not None
    assert breaker.begin("on_text") is None
    breaker.end("on_text", probe, "good")
    assert (breaker.state, called(breaker, "good")) == ("closed", True)


@pytest.mark.parametrize("verdict", ["error", "timeout"])
def test_a_bad_probe_opens_it_for_another_cooldown(breaker: Breaker, clock: Hands, verdict: Verdict) -> None:
    opened(breaker)
    clock.time += 60
    assert called(breaker, verdict)
    assert (breaker.state, breaker.opened) == ("open", 2)
    clock.time += 59.9
    assert not called(breaker, "good")
    clock.time += 0.1
    assert (called(breaker, "good"), breaker.state) == (True, "closed")


def test_a_probe_that_shows_nothing_makes_room_for_the_next(breaker: Breaker, clock: Hands) -> None:
    opened(breaker)
    clock.time += 60
    assert called(breaker, "undecided")
    assert breaker.state == "half-open"
    assert (called(breaker, "good"), breaker.state) == (True, "closed")


def test_a_probe_that_comes_to_no_end_is_followed_by_another(breaker: Breaker, clock: Hands) -> None:
    opened(breaker)
    clock.time += 60
    lost = breaker.begin("on_text")
    assert lost is not None
    clock.time += 59.9
    assert breaker.begin("on_text") is None
    clock.time += 0.1
    assert (called(breaker, "good"), breaker.state) == (True, "closed")
    for _ in range(3):
        breaker.end("on_text", lost, "error")
    assert breaker.state == "closed"


def test_a_call_that_began_before_it_opened_says_nothing_after(breaker: Breaker, clock: Hands) -> None:
    early = breaker.begin("on_text")
    assert early is not None
    opened(breaker)
    breaker.end("on_text", early, "good")
    assert breaker.state == "open"
    clock.time += 60
    breaker.end("on_text", early, "good")
    breaker.end("on_text", early, "error")
    assert (breaker.state, breaker.opened) == ("half-open", 1)


def test_after_the_probe_of_another_hook_one_failure_is_enough(breaker: Breaker, clock: Hands) -> None:
    opened(breaker)
    clock.time += 60
    assert called(breaker, "good", "on_typing_started")
    assert breaker.state == "closed"
    called(breaker, "error")
    assert (breaker.state, breaker.opened) == ("open", 2)
    clock.time += 60
    assert called(breaker, "good")
    for _ in range(2):
        called(breaker, "error")
    assert breaker.state == "closed"


# a blocked event loop


def test_it_opens_after_so_many_seconds_however_well_the_calls_end(breaker: Breaker) -> None:
    for _ in range(4):
        breaker.charge(1.2)
        assert called(breaker, "good")
    breaker.charge(0.2)
    assert not called(breaker, "good")
    assert (breaker.state, breaker.opened, breaker.blocked_s) == ("open", 1, 5.0)


def test_a_call_that_blocks_is_known_by_its_end(breaker: Breaker) -> None:
    term = breaker.begin("on_text")
    assert term is not None
    breaker.charge(5.0)
    breaker.end("on_text", term, "good")
    assert breaker.begin("on_text") is None


def test_after_ten_minutes_blocked_seconds_are_forgotten(breaker: Breaker, clock: Hands) -> None:
    for _ in range(9):
        breaker.charge(2.4)
        assert breaker.state == "closed"
        clock.time += 301
    breaker.charge(2.6)
    assert (breaker.state, breaker.blocked_s) == ("open", pytest.approx(24.2))


def test_what_it_was_opened_for_is_paid_when_it_closes(breaker: Breaker, clock: Hands) -> None:
    breaker.charge(5.0)
    assert breaker.state == "open"
    clock.time += 60
    assert called(breaker, "good")
    breaker.charge(4.9)
    assert breaker.state == "closed"


def test_a_probe_that_blocks_is_a_bad_one_whatever_it_answers(breaker: Breaker, clock: Hands) -> None:
    opened(breaker)
    clock.time += 60
    probe = breaker.begin("on_text")
    assert probe is not None
    breaker.charge(0.6)
    breaker.end("on_text", probe, "good")
    assert (breaker.state, breaker.opened) == ("open", 2)


def test_what_blocks_while_it_is_open_is_counted_and_changes_nothing(breaker: Breaker, clock: Hands) -> None:
    opened(breaker)
    breaker.charge(9.0)
    assert (breaker.state, breaker.opened, breaker.blocked_s) == ("open", 1, 9.0)
    clock.time += 60
    assert (called(breaker, "good"), breaker.state) == (True, "closed")
    breaker.charge(4.9)
    assert breaker.state == "closed"


# what an operator reads


def test_one_line_tells_that_it_opens_and_one_that_it_closes(
    breaker: Breaker, clock: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    opened(breaker)
    for _ in range(5):
        called(breaker, "error")
    clock.time += 60
    called(breaker, "timeout")
    clock.time += 60
    called(breaker, "good")
    called(breaker, "good")
    called(breaker, "timeout")
    called(breaker, "timeout")
    clock.time += 60
    called(breaker, "good")
    breaker.charge(5.04)
    breaker.settle()
    why = "plugin faq of bot maid is not asked for 60 s: "
    again = "plugin faq of bot maid is asked again"
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, f"{why}3 exceptions in a row, the last in on_text"),
        (logging.WARNING, f"{why}on_text failed again"),
        (logging.INFO, again),
        (logging.WARNING, f"{why}2 overruns of hook_timeout in a row, the last in on_text"),
        (logging.INFO, again),
        (logging.WARNING, f"{why}it blocked the event loop for 5.0 s"),
    ]


def test_each_plugin_of_a_bot_has_its_own(clock: Hands) -> None:
    found = breakers("maid", ["faq", "greeter"], BreakerSettings(errors=1), clock)
    called(found["faq"], "error")
    assert [(one.bot, one.plugin, one.state) for one in found.values()] == [
        ("maid", "faq", "open"),
        ("maid", "greeter", "closed"),
    ]
