"""When the source on aiocometd begins, repeats and ends; D-numbers are those of aiocometd_guard."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from chatbot.model.errors import ConnectionLost, LoginRefused, ProtocolViolation, SessionLost, WireError
from chatbot.model.notifications import Batch, SessionStarted, Trouble
from chatbot.wire.http import Reply
from chatbot.wire.retry import DEFAULT_LIMITS
from tests.wire.aiocometd_bot import (
    CHATS,
    CONNECT,
    DISCONNECT,
    HANDSHAKE,
    SUBSCRIBE,
    Bot,
    Message,
    delivering,
    events,
    heard,
    lost,
)


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """D5, D19, D22, D23: after each test no task is left, and the loop has had nothing to complain about."""
    loop, complaints = asyncio.get_running_loop(), list[Any]()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    assert complaints == []


async def test_session_starts_when_all_channels_are_subscribed() -> None:
    bot = Bot(channels=(CHATS, "/v2/me"))
    await bot.starts()
    assert bot.server.channels() == ["handshake", "connect", "subscribe", "subscribe"]
    assert [sent.message["subscription"] for sent in bot.server.on(SUBSCRIBE)] == [CHATS, "/v2/me"]
    assert bot.server.on(HANDSHAKE)[0].message["supportedConnectionTypes"] == ["long-polling"]


async def test_each_poll_brings_a_batch_even_an_empty_one(bot: Bot) -> None:
    await bot.starts()
    bot.server.script[CONNECT] += [delivering(bot, *events(1, 2)), {}]
    assert await bot.hears(2) == [Batch(1, heard(1, 2)), Batch(1, ())]


async def test_next_poll_goes_out_only_when_the_next_signal_is_asked_for(bot: Bot) -> None:
    """D7: a consumer that is slow pauses the polls instead of filling a queue."""
    await bot.starts()
    await bot.hears(1)
    assert len(bot.server.on(CONNECT)) == 2


@pytest.mark.parametrize("advice", [{}, {"reconnect": "handshake", "interval": 0}, {"reconnect": "retry"}])
async def test_refused_handshakes_are_repeated_with_growing_waits(bot: Bot, advice: Message) -> None:
    """D4, D18: the package repeats a thousand times a second, or after a second, always."""
    refusal = {"successful": False, "error": "403::denied", "advice": advice}
    bot.server.script[HANDSHAKE] += [refusal] * 8
    for _ in range(7):
        error = await bot.trouble()
        assert (type(error), error.status) == (ProtocolViolation, 403)
    times = [sent.at for sent in bot.server.on(HANDSHAKE)]
    assert [later - sooner for sooner, later in pairwise(times)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


async def test_back_off_starts_over_only_after_a_stable_success(bot: Bot) -> None:
    await bot.starts()
    bot.server.script[CONNECT] += [ConnectionLost("1"), ConnectionLost("2"), {}, ConnectionLost("3")]
    await bot.hears(6)
    bot.server.script[CONNECT] += [ConnectionLost("4")]
    await bot.hears(2)
    times = [sent.at for sent in bot.server.on(CONNECT)]
    failed = [times[i + 1] - times[i] for i in (1, 2, 4, 7)]
    assert failed == [1.0, 2.0, 4.0, 1.0]


async def test_failed_first_connect_leaves_no_loop_behind(bot: Bot) -> None:
    """D5: the package would go on polling for ever, and ``close`` would do nothing."""
    bot.server.script[CONNECT] += [ConnectionLost("gone")]
    assert isinstance(await bot.trouble(), ConnectionLost)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await bot.hears(2) == [SessionStarted(1), Batch(1, ())]
    assert bot.server.channels()[:4] == ["handshake", "connect", "disconnect", "handshake"]


async def test_refused_subscription_is_told_and_the_session_begun_anew(bot: Bot) -> None:
    """D8: the package would go on, deaf."""
    await bot.starts()
    bot.server.script[CONNECT] += [lost()]
    refused = {"successful": False, "error": f"403:{CHATS}:denied", "subscription": CHATS}
    bot.server.script[SUBSCRIBE] += [refused]
    assert isinstance(await bot.trouble(), SessionLost)
    error = await bot.trouble()
    assert isinstance(error, ProtocolViolation)
    assert (error.text, error.status) == (f"/meta/subscribe was refused: 403:{CHATS}:denied", 403)
    assert await bot.hears(2) == [SessionStarted(2), Batch(2, ())]
    assert [sent.message["clientId"] for sent in bot.server.on(DISCONNECT)] == ["c2"]


async def test_session_lost_while_subscribing_costs_no_channel() -> None:
    """D9: the package forgets a channel whose refusal names it, as the Java server's 402 does."""
    bot = Bot(channels=(CHATS, "/v2/me"))
    await bot.starts()
    bot.server.script[CONNECT] += [lost()]
    bot.server.script[SUBSCRIBE] += [lost(subscription=CHATS)]
    assert isinstance(await bot.trouble(), SessionLost)
    assert isinstance(await bot.trouble(), SessionLost)
    assert await bot.hears(1) == [SessionStarted(2)]
    subscribed = [sent.message["subscription"] for sent in bot.server.on(SUBSCRIBE)]
    assert subscribed[-2:] == [CHATS, "/v2/me"]
    assert bot.server.on(DISCONNECT) == [], "there is nothing to leave"


async def test_cancelled_poll_loses_nothing_and_the_session_goes_on(bot: Bot) -> None:
    """D10."""
    await bot.starts()
    polled = asyncio.Event()

    async def held(message: Message) -> list[Any]:
        polled.set()
        await asyncio.Event().wait()
        raise AssertionError(message)

    bot.server.script[CONNECT] += [held, delivering(bot, *events(1))]
    await cancelled(bot, polled)
    bot.signals = bot.source.signals()
    assert await bot.hears(1) == [Batch(1, heard(1))]
    assert [sent.message["ext"]["ack"] for sent in bot.server.on(CONNECT)] == [0, 1, 1]


async def cancelled(bot: Bot, polled: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bot.hears(1))
        await polled.wait()
        task.cancel()


@pytest.mark.parametrize(("place", "farewells"), [(HANDSHAKE, 0), (CONNECT, 1), (SUBSCRIBE, 1)])
async def test_start_may_be_cancelled_anywhere(bot: Bot, place: str, farewells: int) -> None:
    """D23: the package leaves its task and its connection behind."""
    reached = asyncio.Event()

    async def held(message: Message) -> list[Any]:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError(message)

    bot.server.script[place] += [held]
    await cancelled(bot, reached)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await bot.source.aclose()
    assert len(bot.server.on(DISCONNECT)) == farewells


@pytest.mark.parametrize("status", [401, 403])
async def test_lost_login_is_told_with_its_status_and_renewed_before_the_handshake(
    bot: Bot, status: int
) -> None:
    """D14."""
    await bot.starts()
    bot.server.script[CONNECT] += [Reply(status, {}, b"")]
    error = await bot.trouble()
    assert (type(error), error.status) == (SessionLost, status)
    assert await bot.hears(2) == [SessionStarted(2), Batch(2, ())]
    assert len(bot.logins) == 1
    assert bot.server.channels()[4:] == ["handshake", "connect", "subscribe"], "no farewell without a login"


async def test_login_that_does_not_help_is_repeated_only_after_a_minute(bot: Bot) -> None:
    bot.server.script[HANDSHAKE] += [Reply(403, {}, b"")] * 12
    await bot.hears(12)
    first, second = bot.logins
    assert 60.0 <= second - first <= 60.0 + DEFAULT_LIMITS.max_backoff_s


async def test_failed_login_is_told_and_tried_again(bot: Bot) -> None:
    bot.server.script[HANDSHAKE] += [Reply(401, {}, b"")]
    bot.login_fails += [ConnectionLost("no answer"), LoginRefused("no", status=401)]
    troubles = [type(await bot.trouble()) for _ in range(3)]
    assert troubles == [SessionLost, ConnectionLost, LoginRefused]
    await bot.starts()
    assert len(bot.logins) == 3


@pytest.mark.parametrize(("status", "kind"), [(500, ProtocolViolation), (503, ProtocolViolation)])
async def test_poll_that_fails_is_repeated_in_the_same_session(
    bot: Bot, status: int, kind: type[WireError]
) -> None:
    await bot.starts()
    bot.server.script[CONNECT] += [Reply(status, {}, b"")] * 3
    for _ in range(3):
        error = await bot.trouble()
        assert (type(error), error.status) == (kind, status)
    assert await bot.hears(1) == [Batch(1, ())]
    assert bot.logins == []


async def test_farewell_is_sent_once_and_its_failure_does_not_matter(bot: Bot) -> None:
    """D20."""
    await bot.starts()
    bot.server.script[DISCONNECT] += [ConnectionLost("no answer to POST within 2 s")]
    await bot.source.aclose()
    await bot.source.aclose()
    assert len(bot.server.on(DISCONNECT)) == 1
    assert [signal async for signal in bot.signals] == []


async def test_source_that_never_listened_has_nothing_to_leave(bot: Bot) -> None:
    await bot.source.aclose()
    assert bot.server.sent == []


async def test_close_during_a_poll_ends_the_signals_without_trouble(bot: Bot) -> None:
    await bot.starts()

    async def closed(message: Message) -> list[Any]:
        await bot.source.aclose()
        return [bot.server.reply(message, **lost())]

    bot.server.script[CONNECT] += [closed]
    assert [signal async for signal in bot.signals] == []


async def test_close_during_the_start_leaves_the_session_that_begins_nevertheless(bot: Bot) -> None:
    async def closed(message: Message) -> list[Any]:
        await bot.source.aclose()
        return [bot.server.reply(message)]

    bot.server.script[HANDSHAKE] += [closed]
    assert [signal async for signal in bot.signals] == [SessionStarted(1), Batch(1, ())]
    assert len(bot.server.on(DISCONNECT)) == 1


async def test_advice_in_a_successful_reply_counts(bot: Bot) -> None:
    """D25."""
    await bot.starts()
    bot.server.script[CONNECT] += [delivering(bot, *events(1), advice={"reconnect": "handshake"})]
    batch, trouble, started = await bot.hears(3)
    assert batch == Batch(1, heard(1))
    assert isinstance(trouble, Trouble)
    assert isinstance(trouble.error, SessionLost)
    assert started == SessionStarted(2)


@pytest.mark.parametrize("is_successful", [True, False])
@pytest.mark.parametrize("channel", [HANDSHAKE, CONNECT, SUBSCRIBE])
async def test_advice_none_ends_the_signals_for_good(bot: Bot, channel: str, *, is_successful: bool) -> None:
    bot.server.script[channel] += [{"successful": is_successful, "advice": {"reconnect": "none"}}]
    assert isinstance(await bot.trouble(), WireError)
    with pytest.raises(SessionLost, match=re.escape("advises not to reconnect")) as caught:
        await bot.hears(1)
    assert not caught.value.retryable


async def test_connect_refused_twice_without_advice_begins_anew(bot: Bot) -> None:
    await bot.starts()
    refused = {"successful": False, "advice": None}
    bot.server.script[CONNECT] += [refused, refused]
    assert [type(await bot.trouble()) for _ in range(2)] == [ProtocolViolation, ProtocolViolation]
    assert await bot.hears(1) == [SessionStarted(2)]


async def test_connect_refused_with_advice_retry_is_repeated_without_subscribing_again(bot: Bot) -> None:
    await bot.starts()
    bot.server.script[CONNECT] += [{"successful": False, "advice": {"reconnect": "retry", "interval": 5000}}]
    await bot.trouble()
    refused_at = bot.clock.time
    assert await bot.hears(1) == [Batch(1, ())]
    assert len(bot.server.on(SUBSCRIBE)) == 1
    assert bot.server.on(CONNECT)[-1].at - refused_at == 5.0


async def test_nothing_is_logged_as_an_error(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    """D19."""
    await bot.starts()
    bot.server.script[CONNECT] += [ConnectionLost("gone"), lost()]
    await bot.hears(4)
    await bot.source.aclose()
    assert [record.message for record in caplog.records if record.levelno > logging.INFO] == []
