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


# its turn in the mailbox


class Turn:
    chat_id = "A"

    def __init__(self) -> None:
        self.is_left = False
        self.log: list[str] = []

    def leave(self) -> None:
        self.log.append("left")
        self.is_left = True

    def disown(self) -> None:
        self.log.append("disowned")
        self.is_left = True

    async def ask_back(self) -> None:
        self.log.append("asked back")


def with_turn() -> tuple[HookRun, Turn]:
    turn = Turn()
    return HookRun("faq", "on_text", HELLO, "3:x", turn=turn), turn


async def test_a_hook_that_waits_leaves_its_turn_and_gives_back_what_is_lent_to_it() -> None:
    hook, turn = with_turn()
    assert (hook.is_aside, hook.has_to_ask_back) == (False, False)
    hook.step_aside()
    assert (turn.log, hook.is_aside, hook.has_to_ask_back) == (["left"], True, True)
    loan = hook.lend(asyncio.current_task())
    assert (hook.is_aside, loan.done()) == (False, False)
    hook.step_aside()
    assert (turn.log, hook.is_aside, loan.done()) == (["left"], True, True)


async def test_another_part_of_a_hook_that_waits_does_not_give_the_turn_back() -> None:
    hook, _ = with_turn()
    hook.step_aside()
    go = asyncio.Event()
    part = asyncio.ensure_future(go.wait())
    loan = hook.lend(part)
    hook.step_aside()
    assert not loan.done()
    go.set()
    await part
    await asyncio.sleep(0)
    # nothing of it waits: it goes on
    assert not loan.done()
    hook.step_aside()
    assert loan.done()


async def test_the_turn_is_given_back_when_the_part_that_has_it_ends_and_others_wait() -> None:
    hook, _ = with_turn()
    hook.step_aside()
    part = asyncio.ensure_future(asyncio.sleep(0))
    loan = hook.lend(part)
    hook.waits = 1
    await loan
    assert hook.is_aside


async def test_a_hook_that_ends_gives_the_turn_back_and_is_none_any_more() -> None:
    hook, _ = with_turn()
    hook.step_aside()
    loan = hook.lend()
    hook.step_aside()
    assert not loan.done()
    with listed(hook, None):
        pass
    assert (loan.done(), hook.is_beside, hook.turn) == (True, True, None)


async def test_a_hook_that_is_disowned_has_no_turn() -> None:
    hook, turn = with_turn()
    loan = hook.lend()
    hook.disown()
    assert (turn.log, loan.done(), hook.is_disowned) == (["disowned"], True, True)
    run().disown()


async def test_who_is_stopped_needs_no_turn_to_tidy_up() -> None:
    hook, _ = with_turn()
    hook.step_aside()
    hook.cut("a human")
    assert (hook.is_aside, hook.has_to_ask_back) == (True, False)


async def test_a_hook_is_over_its_time_when_it_was_told_to_end_and_has_not() -> None:
    hook = run()
    log = [hook.is_over_time]

    async def is_cut() -> None:
        async with limited(hook, 60):
            log.append(hook.is_over_time)
            hook.cut("a human")
            log.append(hook.is_over_time)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await is_cut()
    assert [*log, hook.is_over_time] == [False, False, True, False]


def test_what_a_hook_does_after_a_wait_it_does_for_what_has_come() -> None:
    hook, _ = with_turn()
    hook.next_ordinal("SendMessage")
    hook.go_on(HELLO, "")
    assert (hook.trigger, hook.next_ordinal("SendMessage")) == ("3:x", 1)
    hook.go_on(HELLO, "4:y")
    assert (hook.trigger, hook.next_ordinal("SendMessage")) == ("4:y", 0)
