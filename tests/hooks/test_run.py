import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import pytest

from chatbot.hooks.breaker import Breaker
from chatbot.hooks.run import HookRun, current_run, listed
from chatbot.model.actions import AddComment, Complete, SendMessage
from chatbot.model.config_care import BreakerSettings
from chatbot.model.errors import ChatGone
from tests.hooks.stage import HELLO


def run() -> HookRun:
    return HookRun("faq", "on_text", HELLO)


@asynccontextmanager
async def limited(hook: HookRun, seconds: float | None) -> AsyncIterator[asyncio.Timeout]:
    """A hook with so much time."""
    async with asyncio.timeout(seconds) as deadline:
        with hook.limited(deadline):
            yield deadline


def test_outside_of_hooks_nothing_runs() -> None:
    assert current_run.get() is None


def test_a_run_has_answered_when_the_customer_sees_something() -> None:
    quiet, loud = run(), run()
    quiet.performed.append(AddComment(comment="x"))
    loud.performed += [AddComment(comment="x"), SendMessage(text="hi")]
    assert (run().answered, quiet.answered, loud.answered) == (False, False, True)
    assert HookRun("faq", "on_text", None, performed=[Complete()]).answered


def test_operations_are_counted_from_0_each_kind_by_itself() -> None:
    hook = run()
    kinds = ["SendMessage", "SendMessage", "AddComment", "SendMessage"]
    assert [hook.next_ordinal(kind) for kind in kinds] == [0, 1, 0, 2]
    assert run().next_ordinal("SendMessage") == 0


def test_what_runs_beside_a_hook_is_counted_apart() -> None:
    hook = run()
    hook.next_ordinal("SendMessage")
    one, other = hook.branch(), hook.branch()
    assert len({hook.hook, one.hook, other.hook}) == 3
    assert (one.plugin, one.trigger) == (hook.plugin, hook.trigger)
    assert one.next_ordinal("SendMessage") == other.next_ordinal("SendMessage") == 0


async def test_the_clock_stands_still_while_a_hook_waits() -> None:
    hook = run()
    async with limited(hook, 60) as deadline:
        before = deadline.when()
        with hook.waiting():
            assert deadline.when() is None
        after = deadline.when()
    assert before is not None
    assert after is not None
    assert before <= after <= asyncio.get_running_loop().time() + 60


async def test_waiting_twice_at_once_stops_the_clock_until_both_are_done() -> None:
    hook = run()
    async with limited(hook, 60) as deadline:
        with hook.waiting():
            with hook.waiting():
                assert deadline.when() is None
            assert deadline.when() is None
        assert deadline.when() is not None


async def test_what_was_left_is_what_a_hook_has_after_waiting() -> None:
    hook = run()
    waited = False

    async def story() -> None:
        nonlocal waited
        async with limited(hook, 0.01):
            with hook.waiting():
                await asyncio.sleep(0.03)
            waited = True
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await story()
    assert waited


async def test_a_hook_whose_time_is_up_is_not_given_more_by_waiting() -> None:
    hook = run()

    async def story() -> None:
        async with limited(hook, 0) as deadline:
            try:
                await asyncio.Event().wait()
            finally:
                with hook.waiting():
                    assert deadline.expired()

    with pytest.raises(TimeoutError):
        await story()


async def test_without_a_limit_waiting_is_just_waiting() -> None:
    hook = run()
    with hook.waiting():
        pass
    async with limited(hook, None) as deadline:
        with hook.waiting():
            assert deadline.when() is None


async def test_a_task_that_outlives_its_hook_leaves_the_deadline_alone() -> None:
    hook = run()
    async with limited(hook, 60) as deadline:
        pass
    before = deadline.when()
    with hook.waiting():
        assert deadline.when() == before


@pytest.mark.parametrize("is_waiting", [False, True])
async def test_a_hook_that_is_cut_is_cancelled_where_it_is(*, is_waiting: bool) -> None:
    hook = run()

    async def is_cut() -> None:
        async with limited(hook, 60):
            hook.cut("a human")
            hook.cut("another reason")
            with hook.waiting() if is_waiting else nullcontext():
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await is_cut()
    assert hook.cut_by == "a human"
    hook.cut("it is over")


def test_a_run_stands_in_the_list_while_it_runs() -> None:
    hook, runs = run(), set[HookRun]()
    with listed(hook, runs):
        assert runs == {hook}
    assert runs == set()
    with listed(hook, None):
        pass


def test_what_runs_beside_a_hook_counts_for_the_same_breaker() -> None:
    breaker = Breaker("maid", "faq", BreakerSettings(), lambda: 0.0)
    hook = HookRun("faq", "on_text", HELLO, breaker=breaker)
    assert hook.branch().breaker is breaker


@pytest.mark.parametrize(
    ("error", "verdict"), [(ZeroDivisionError(), "error"), (ChatGone("x", action="Leave"), "undecided")]
)
def test_how_it_ends_is_its_verdict(error: Exception, verdict: str) -> None:
    hook = run()
    assert hook.verdict == "good"
    hook.failed(error)
    assert hook.verdict == verdict


async def test_what_is_raised_after_the_time_is_over_is_an_overrun() -> None:
    hook = run()
    with pytest.raises(TimeoutError):
        async with limited(hook, 0.001):
            await asyncio.Event().wait()
    hook.failed(TimeoutError())
    assert hook.verdict == "timeout"
