"""Rows 4, 6 to 8 and 19 to 22 over many chats, and a server that says when to come again."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.faults.raw import Asked, Platform
from tests.faults.stage import MOST_IN_10_S, STORM_S, at_work, starting, status, storm
from tests.wire.raw_server import answer

pytestmark = pytest.mark.long

NOTHING_COMES_OF_IT = {
    "row-04-code-4": answer(b'{"statusCode":4}'),
    "row-06-truncated": answer(b'{"statusCode":0'),
    "row-07-login-page": answer(b"<html>Log in</html>"),
    "row-08-empty": answer(b""),
    "row-20-402": status(402),
    "row-22-429": status(429, "Retry-After: 0"),
    "row-22-500": status(500),
}
MANY = 40


@pytest.mark.parametrize("row", NOTHING_COMES_OF_IT)
async def test_a_storm_over_many_chats_is_bounded_from_its_start(platform: Platform, row: str) -> None:
    """Notifications go on, so that there is always something to do in each chat."""
    async with at_work(platform) as work:
        chats = await work.chats(MANY)
        start = len(platform.asked)
        platform.breaks("*", NOTHING_COMES_OF_IT[row], times=None, only=_is_rest)
        for chat in chats:
            platform.says(chat, "canary-words")
        await work.until(lambda: len(platform.asked) > start + MANY)
        await work.settles(STORM_S)
        assert MANY < work.busiest(since=start) <= MOST_IN_10_S
        platform.heal()
        await work.goes_on()


def _is_rest(asked: Asked) -> bool:
    return asked.what not in {"handshake", "subscribe", "connect"}


@pytest.mark.parametrize("refusal", [status(401), answer(b'{"statusCode":20}')], ids=["401", "code-20"])
async def test_row_19_a_refused_password_is_not_tried_for_each_of_many_chats(
    platform: Platform, refusal: bytes
) -> None:
    """One request finds out; polls are still answered, so that there is something to send in each chat."""
    async with at_work(platform) as work:
        chats = await work.chats(20)
        start = len(platform.asked)
        platform.breaks("*", refusal, times=None, only=_is_rest)
        platform.says(chats[0], "canary-words")
        await work.until(lambda: platform.times("SendMessage") > len(chats))
        for chat in chats[1:]:
            platform.says(chat, "canary-words")
        await storm(work, 255)
        tries = [asked for asked in platform.asked[start:] if _is_rest(asked)]
        logins = [asked.at for asked in tries if asked.what == "GET me"]
        assert len(tries) - len(logins) <= 2
        assert [later - earlier for earlier, later in pairwise(logins[2:])] == [pytest.approx(60.0)] * 4
        platform.heal()
        await work.goes_on(*chats)


STAGES = [
    *("GET me", "handshake", "subscribe", "connect", "Ready", "GET chats", "GET messages"),
]


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("stage", STAGES)
async def test_row_21_retry_after_is_kept_at_every_stage(platform: Platform, stage: str, code: int) -> None:
    platform.breaks(stage, status(code, "Retry-After: 60"))
    async with starting(platform) as work:
        await work.is_ready()
        chat = await work.chat()
        platform.says(chat, "canary-words")
        await work.until(lambda: platform.times(stage) > 1)
        await work.goes_on(chat)
        first, second = [asked.at for asked in platform.asked if asked.what == stage][:2]
        assert 60.0 <= second - first < 75.0
