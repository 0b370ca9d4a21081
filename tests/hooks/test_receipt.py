import asyncio

import pytest

from chatbot import Receipt, Refused, Unconfirmed
from chatbot.hooks.run import HookRun, current_run
from chatbot.model.actions import CancelConsult, SendMessage
from tests.hooks.stage import HELLO


def receipt() -> Receipt:
    return Receipt(SendMessage(text="hi"))


def test_a_receipt_begins_as_accepted() -> None:
    found = receipt()
    assert (found.action, found.reference_id, found.partly, found.state) == (
        SendMessage(text="hi"),
        None,
        False,
        "accepted",
    )


async def test_a_seen_effect_confirms_it() -> None:
    found = receipt()
    asyncio.get_running_loop().call_soon(found.confirm)
    assert await found.confirmed(5.0) is found
    assert found.state == "confirmed"


async def test_an_effect_seen_before_it_is_asked_for_counts() -> None:
    found = receipt()
    found.confirm()
    assert await found.confirmed(0.0) is found


async def test_a_reported_failure_is_raised() -> None:
    found = receipt()
    asyncio.get_running_loop().call_soon(found.fail, "Request failed")
    with pytest.raises(Refused, match=r"^CB330 SendMessage failed: Request failed$") as caught:
        await found.confirmed(5.0)
    assert (found.state, caught.value.action, caught.value.status) == ("failed", "SendMessage", None)


async def test_a_failure_without_a_reason_is_a_failure() -> None:
    found = receipt()
    found.fail("")
    assert found.state == "failed"
    with pytest.raises(Refused, match="no reason given"):
        await found.confirmed(0.0)


async def test_an_effect_that_does_not_show_in_time_is_unconfirmed_and_may_still_come() -> None:
    found = receipt()
    with pytest.raises(Unconfirmed, match=r"^CB350 SendMessage showed no effect within 0.01 s$") as caught:
        await found.confirmed(0.01)
    assert (caught.value.action, found.state) == ("SendMessage", "accepted")
    found.confirm()
    assert (await found.confirmed(0.0)).state == "confirmed"


async def test_where_no_effect_is_documented_it_stays_accepted() -> None:
    found = Receipt(CancelConsult())
    assert await found.confirmed(0.0) is found
    assert found.state == "accepted"


async def test_waiting_for_an_effect_does_not_count_against_the_hook() -> None:
    hook = HookRun("faq", "on_text", HELLO)
    current_run.set(hook)
    found = receipt()
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(0.01) as deadline:
        with hook.limited(deadline):
            loop.call_later(0.03, found.confirm)
            await found.confirmed(5.0)
            assert deadline.when() is not None
    assert found.state == "confirmed"


async def test_in_shadow_nothing_is_waited_for() -> None:
    shadow = receipt()
    shadow.is_shadow = True
    assert await shadow.confirmed(timeout=60.0) is shadow
    assert shadow.state == "accepted"
