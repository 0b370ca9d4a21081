"""When the source polls, what it signals in which order, and how it recovers."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from chatbot.model.errors import ConnectionLost, LoginRefused, ProtocolViolation, SessionLost, WireError
from chatbot.model.notifications import Batch, Notification, SessionStarted, Signal, Trouble
from chatbot.wire.http import Reply
from chatbot.wire.retry import DEFAULT_LIMITS
from tests.wire.bayeux_server import CHATS
from tests.wire.cometd_server import (
    CONNECT,
    DISCONNECT,
    HANDSHAKE,
    HOLD_S,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Listener,
    Say,
    events,
)
from tests.wire.fakes import Sent, envelope, json_reply, page

UNKNOWN_CLIENT = {"successful": False, "error": "402::Unknown client", "advice": {"reconnect": "handshake"}}


@pytest.fixture
def bot() -> Listener:
    return Listener()


def heard(*numbers: int) -> tuple[Notification, ...]:
    return tuple(Notification(CHATS, {"n": number}) for number in numbers)


async def test_new_session_is_signalled_before_its_first_batch(bot: Listener) -> None:
    bot.server.says[SUBSCRIBE] += [events(1)]
    bot.server.says[CONNECT] += [events(2), events(3)]
    expected: list[Signal] = [SessionStarted(1), *(Batch(1, heard(n)) for n in (1, 2, 3))]
    assert await bot.hears(4) == expected
    assert bot.server.channels == ["handshake", "subscribe", "connect", "connect"]
    assert {(sent.method, sent.path) for sent in bot.server.sent} == {("POST", "/cometd")}


async def test_trouble_is_signalled_after_what_came_with_it(bot: Listener) -> None:
    await bot.starts()
    lost = [*events(1), {"id": "4", "channel": CONNECT, **UNKNOWN_CLIENT}]
    bot.server.says[CONNECT] += [json_reply(lost)]
    batch, trouble, *again = await bot.hears(4)
    assert batch == Batch(1, heard(1))
    assert isinstance(trouble, Trouble)
    assert isinstance(trouble.error, SessionLost)
    assert again == [SessionStarted(2), Batch(2, ())]


async def test_failed_exchange_without_notifications_signals_trouble_only(bot: Listener) -> None:
    bot.server.says[HANDSHAKE] += [ConnectionLost("one"), ConnectionLost("two")]
    assert [(await bot.trouble()).text for _ in range(2)] == ["one", "two"]
    assert await bot.hears(2) == [SessionStarted(1), Batch(1, ())]


async def test_batch_is_handed_on_before_the_next_connect_acknowledges_it(bot: Listener) -> None:
    bot.server.says[HANDSHAKE] += [{"ext": {"ack": True}}]
    bot.server.always[CONNECT] = lambda sent: json_reply(
        [*events(1), {**sent.body[0], "successful": True, "ext": {"ack": 41 + len(bot.server.sent)}}]
    )
    await bot.hears(2)
    assert bot.server.channels == ["handshake", "subscribe", "connect"]
    await bot.hears(1)
    assert [sent.body[0]["ext"] for sent in bot.server.on(CONNECT)] == [{"ack": 0}, {"ack": 44}]


async def test_messages_that_cannot_be_read_are_counted_in_the_log(
    bot: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    await bot.starts()
    bot.server.says[CONNECT] += [[None, {}, *events(1)]]
    assert await bot.hears(1) == [Batch(1, heard(1))]
    assert "2 messages of an answer were not Bayeux messages" in caplog.text


async def test_each_request_has_a_deadline_of_its_own_and_a_poll_that_of_the_server(bot: Listener) -> None:
    bot.server.says[CONNECT] += [{"advice": {"timeout": 45_000}}, ConnectionLost("late")]
    await bot.hears(4)
    slack, hold = DEFAULT_LIMITS.poll_slack_s, 45.0
    deadlines = [sent.timeout_s for sent in bot.server.sent]
    request = DEFAULT_LIMITS.request_timeout_s
    assert deadlines == [request, request, 60.0 + slack, hold + slack, hold + slack]


@pytest.mark.parametrize("advised", [0, 2000])
async def test_server_that_answers_polls_at_once_with_nothing_is_not_asked_at_once(advised: int) -> None:
    bot = Listener()
    await bot.starts()
    bot.server.always[CONNECT] = lambda sent: json_reply(
        [{**sent.body[0], "successful": True, "advice": {"interval": advised}}]
    )
    await bot.hears(5)
    times = [sent.at for sent in bot.server.on(CONNECT)[1:]]
    assert {later - sooner for sooner, later in pairwise(times)} == {max(0.25, advised / 1000)}


async def test_polls_that_were_held_or_brought_something_are_followed_at_once(bot: Listener) -> None:
    await bot.starts()
    bot.server.says[CONNECT] += [{}, events(1), events(2), {}]
    await bot.hears(4)
    times = [sent.at - 1000.0 for sent in bot.server.on(CONNECT)]
    assert times == [0.0, 0.0, HOLD_S, HOLD_S, HOLD_S]
    assert bot.clock.sleeps == []


async def test_back_off_grows_with_each_failure_up_to_its_cap(bot: Listener) -> None:
    bot.server.always[HANDSHAKE] = ConnectionLost("down")
    for _ in range(7):
        await bot.trouble()
    assert bot.clock.sleeps == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("held_polls", "then"), [(0, [1.0, 2.0]), (1, [1.0, 1.0])], ids=["at once", "after 30 s"]
)
async def test_back_off_starts_over_only_after_a_stable_success(held_polls: int, then: list[float]) -> None:
    bot = Listener()
    bot.server.says[HANDSHAKE] += [ConnectionLost("down")]
    bot.server.says[CONNECT] += [{}] * (1 + held_polls) + [ConnectionLost("down")]
    await bot.hears(5 + held_polls)
    assert bot.clock.sleeps == then


async def test_interval_of_the_server_is_kept_and_never_longer_than_the_cap(bot: Listener) -> None:
    await bot.starts()
    refused = {"successful": False, "error": "500::no", "advice": {"reconnect": "retry", "interval": 5000}}
    bot.server.says[CONNECT] += [refused, {**refused, "advice": {"reconnect": "retry", "interval": 55_000}}]
    await bot.hears(3)
    assert bot.clock.sleeps == [5.0, DEFAULT_LIMITS.max_backoff_s]


@pytest.mark.parametrize("connects", [[{"advice": {"reconnect": "none"}}], [{}, {"successful": False}]])
async def test_advice_none_ends_the_signals_for_good(connects: list[Say]) -> None:
    bot = Listener()
    *fine, last = connects
    bot.server.says[CONNECT] += [{}, *fine, {**last, "advice": {"reconnect": "none"}}]  # type: ignore[dict-item]
    await bot.hears(2 + len(fine))
    assert isinstance(await bot.trouble(), SessionLost | ProtocolViolation)
    with pytest.raises(SessionLost) as caught:
        await bot.hears(1)
    assert not caught.value.retryable
    assert isinstance(caught.value.__cause__, WireError)
    await bot.source.aclose()
    assert bot.server.on(DISCONNECT) == []


SESSION_FAULTS: list[Say] = [
    Reply(401, {}, b""),
    Reply(403, {}, b"Missing or invalid Csrf token"),
    Reply(302, {"location": "http://elsewhere.example/login"}, b""),
    page(),
    page(403),
    envelope(20, statusMessage="Not authenticated"),
    {"successful": False, "error": "403::denied"},
    {"successful": False, "error": "401::credentials", "advice": {"reconnect": "retry"}},
]


@pytest.mark.parametrize("channel", [HANDSHAKE, SUBSCRIBE, CONNECT])
@pytest.mark.parametrize("fault", SESSION_FAULTS, ids=lambda fault: str(fault)[:40])
async def test_lost_http_session_is_renewed_once_before_the_next_request(channel: str, fault: Say) -> None:
    bot = Listener()
    bot.server.says[channel] += [fault]
    while not isinstance(signal := await anext(bot.signals), Trouble):
        pass
    before = len(bot.server.sent)
    assert isinstance(signal.error, SessionLost | ProtocolViolation)
    await bot.hears(1)
    assert len(bot.logins) == 1
    assert bot.server.sent[before].at == bot.logins[0] > 1000.0


async def test_no_request_goes_out_between_logins_that_fail(bot: Listener) -> None:
    await bot.starts()
    bot.server.says[CONNECT] += [Reply(403, {}, b"")]
    refusals = [LoginRefused("refused", status=401), ConnectionLost("down"), LoginRefused("refused")]
    bot.login_fails += refusals
    assert (await bot.trouble()).status == 403
    before = list(bot.server.sent)
    assert [await bot.trouble() for _ in refusals] == refusals
    assert bot.server.sent == before
    assert await bot.hears(2) == [SessionStarted(2), Batch(2, ())]
    assert [later - sooner for sooner, later in pairwise([1000.0, *bot.logins])] == [1.0, 2.0, 4.0, 8.0]


NO_SESSION_FAULTS: list[Say] = [
    Reply(500, {}, b""),
    page(503),
    Reply(404, {}, b"no"),
    Reply(402, {}, b""),
    Reply(200, {}, b""),
    Reply(200, {}, b"not json"),
    Reply(204, {}, b""),
    envelope(0),
    ConnectionLost("reset"),
    ProtocolViolation("too large"),
    UNKNOWN_CLIENT,
]


@pytest.mark.parametrize("fault", NO_SESSION_FAULTS, ids=lambda fault: str(fault)[:40])
async def test_other_faults_are_tried_again_without_a_login(fault: Say) -> None:
    bot = Listener()
    await bot.starts()
    bot.server.says[CONNECT] += [fault]
    await bot.trouble()
    while not isinstance(await anext(bot.signals), Batch):
        pass
    assert bot.logins == []


@pytest.mark.parametrize("answer", [Reply(500, {}, b""), Reply(402, {}, b""), Reply(401, {}, b"")])
async def test_http_status_is_told_with_the_trouble(bot: Listener, answer: Reply) -> None:
    bot.server.says[HANDSHAKE] += [answer]
    assert (await bot.trouble()).status == answer.status


async def test_farewell_is_sent_once_with_a_short_deadline_and_its_answer_does_not_matter() -> None:
    for said in (Reply(500, {}, b""), ConnectionLost("down"), {}):
        bot = Listener()
        await bot.starts()
        bot.server.says[UNSUBSCRIBE] += [said]  # type: ignore[list-item]
        await bot.source.aclose()
        await bot.source.aclose()
        (farewell,) = bot.server.on(UNSUBSCRIBE)
        assert [message["channel"] for message in farewell.body] == [UNSUBSCRIBE, DISCONNECT]
        assert farewell.timeout_s == DEFAULT_LIMITS.farewell_timeout_s


@pytest.mark.parametrize(
    "late", [events(1), ConnectionLost("late"), Reply(401, {}, b""), UNKNOWN_CLIENT], ids=str
)
async def test_poll_that_is_answered_after_the_farewell_ends_the_signals_quietly(late: Say) -> None:
    bot = Listener()
    await bot.starts()
    polled, gate = asyncio.Event(), asyncio.Event()
    usual = bot.server.otherwise

    async def held(sent: Sent) -> Reply:
        if sent.body[0]["channel"] == CONNECT:
            polled.set()
            await gate.wait()
        return await usual(sent)  # type: ignore[operator, no-any-return]

    bot.server.otherwise = held
    bot.server.says[CONNECT] += [late]
    listening = asyncio.create_task(anext(bot.signals, None))
    await polled.wait()
    await bot.source.aclose()
    gate.set()
    assert await listening is None
    assert bot.server.channels[-2:] == ["connect", "unsubscribe"]


@pytest.mark.parametrize("fault", [ConnectionLost("down"), Reply(401, {}, b""), UNKNOWN_CLIENT], ids=str)
async def test_source_closed_in_trouble_ends_quietly_and_does_not_log_in_again(fault: Say) -> None:
    bot = Listener()
    await bot.starts()
    bot.server.says[CONNECT] += [fault]
    await bot.trouble()
    await bot.source.aclose()
    sent = len(bot.server.sent)
    assert await anext(bot.signals, None) is None
    assert (len(bot.server.sent), bot.logins) == (sent, [])


async def test_source_closed_while_the_server_is_down_gives_up(bot: Listener) -> None:
    bot.server.always[HANDSHAKE] = ConnectionLost("down")
    await bot.trouble()
    await bot.source.aclose()
    assert await anext(bot.signals, None) is None
    assert bot.server.channels == ["handshake"]


async def test_source_that_never_began_closes_without_a_request(bot: Listener) -> None:
    await bot.source.aclose()
    assert await anext(bot.signals, None) is None
    assert bot.server.sent == []


async def listen(bot: Listener) -> None:
    """Consume, until cancelled, from a server that lets the loop go round before and after each answer."""
    usual = bot.server.otherwise

    async def slow(sent: Sent) -> Reply:
        await asyncio.sleep(0)
        try:
            return await usual(sent)  # type: ignore[operator, no-any-return]
        finally:
            await asyncio.sleep(0)

    bot.server.otherwise = slow
    faults: list[Any] = [ConnectionLost("down"), Reply(403, {}, b""), {}, events(1)]
    bot.server.says[CONNECT] += faults
    async for _ in bot.signals:
        await asyncio.sleep(0)


@pytest.mark.parametrize("passes", range(1, 40))
async def test_cancelled_at_any_await_nothing_is_left_behind(passes: int) -> None:
    bot, before = Listener(), asyncio.all_tasks()
    task = asyncio.create_task(listen(bot))
    for _ in range(passes):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bot.signals.aclose()
    assert asyncio.all_tasks() == before
    await bot.source.aclose()
    sent = len(bot.server.sent)
    await bot.source.aclose()
    assert len(bot.server.sent) == sent
