"""What the guard around aiocometd lets through; D-numbers are those of its table."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from chatbot.model.errors import ConnectionLost, ProtocolViolation, SessionLost, WireError
from chatbot.model.notifications import Batch, SessionStarted
from chatbot.wire.http import Reply
from chatbot.wire.retry import DEFAULT_LIMITS
from tests.wire.aiocometd_bot import (
    CHATS,
    CONNECT,
    DISCONNECT,
    HANDSHAKE,
    HOLD_S,
    SUBSCRIBE,
    Bot,
    Message,
    delivering,
    events,
    heard,
)


@pytest.fixture
def bot() -> Bot:
    return Bot()


async def test_only_the_first_connect_and_one_after_a_failure_ask_for_an_answer_at_once(bot: Bot) -> None:
    """D3."""
    bot.server.script[CONNECT] += [{}, {}, ConnectionLost("gone")]
    await bot.starts()
    await bot.hears(4)
    advices = [sent.message.get("advice") for sent in bot.server.on(CONNECT)]
    assert advices == [{"timeout": 0}, None, None, {"timeout": 0}, None]


async def test_many_notifications_on_a_subscribe_reply_are_all_heard_first(bot: Bot) -> None:
    """D6: its bounded queue would have stopped for ever at the hundredth."""
    bot.server.script[SUBSCRIBE] += [delivering(bot, *events(*range(150)))]
    assert await bot.hears(2) == [SessionStarted(1), Batch(1, heard(*range(150)))]


async def test_ten_thousand_notifications_keep_their_order(bot: Bot) -> None:
    """D17, D27."""
    await bot.starts()
    bot.server.script[CONNECT] += [delivering(bot, *events(*range(10_000)))]
    assert await bot.hears(1) == [Batch(1, heard(*range(10_000)))]


async def test_notifications_of_other_channels_are_ignored() -> None:
    bot = Bot(channels=("/v2/me/*", "/deep/**", "/one"))
    channels = ["/v2/me/chats", "/v2/me/a/b", "/deep/a/b", "/one", "/one/more", "/v2/users"]
    bot.server.script[SUBSCRIBE] += [delivering(bot, *({"channel": name, "data": 1} for name in channels))]
    _, batch = await bot.hears(2)
    assert isinstance(batch, Batch)
    assert [note.channel for note in batch.notifications] == ["/v2/me/chats", "/deep/a/b", "/one"]


async def test_batch_is_acknowledged_by_the_poll_after_it(bot: Bot) -> None:
    """D24."""
    await bot.starts()
    bot.server.script[CONNECT] += [ConnectionLost("reply lost on the wire")]
    await bot.hears(3)
    assert bot.server.on(HANDSHAKE)[0].message["ext"] == {"ack": True}
    assert [sent.message["ext"]["ack"] for sent in bot.server.on(CONNECT)] == [0, 1, 1, 2]


async def test_server_without_ack_is_sent_none() -> None:
    bot = Bot(ack=False)
    await bot.starts()
    await bot.hears(1)
    assert all("ext" not in sent.message for sent in bot.server.on(CONNECT))


@pytest.mark.parametrize(
    ("interval", "waited_s"),
    [(500, 0.5), (2000, 2.0), (1e12, 60.0), (-1, 0.0), ("2000", 0.0), (True, 0.0), (None, 0.0)],
)
async def test_interval_is_milliseconds_and_clamped(bot: Bot, interval: object, waited_s: float) -> None:
    """D1: the package would have slept so many seconds."""
    await bot.starts()
    bot.server.script[CONNECT] += [delivering(bot, *events(1), advice={"interval": interval})]
    await bot.hears(1)
    answered = bot.clock.time
    await bot.hears(1)
    assert bot.server.sent[-1].at - answered == waited_s


async def test_interval_of_the_handshake_holds_for_the_first_connect(bot: Bot) -> None:
    bot.server.script[HANDSHAKE] += [{"advice": {"interval": 2000}}]
    await bot.starts()
    assert bot.server.on(CONNECT)[0].at - bot.server.on(HANDSHAKE)[0].at == 2.0


async def test_advice_is_merged_so_that_the_poll_keeps_its_deadline(bot: Bot) -> None:
    """D2: without a timeout in the last advice the package would have waited 300 s."""
    bot.server.script[CONNECT] += [{"advice": {"reconnect": "retry"}}, {"advice": "nonsense"}]
    await bot.starts()
    await bot.hears(3)
    assert {sent.timeout_s for sent in bot.server.on(CONNECT)} == {HOLD_S + DEFAULT_LIMITS.poll_slack_s}


async def test_empty_polls_that_are_not_held_are_paced(bot: Bot) -> None:
    await bot.starts()
    bot.server.script[CONNECT] += [delivering_at_once for _ in range(4)]
    await bot.hears(4)
    assert [later.at - sooner.at for sooner, later in pairwise(bot.server.on(CONNECT)[1:])] == [0.25] * 3


async def delivering_at_once(message: Message) -> list[Any]:
    return [{"id": message["id"], "channel": CONNECT, "successful": True}]


@pytest.mark.parametrize(
    "malformed", [None, 7, "text", [], {}, {"data": 1}, {"channel": 7, "data": 1}, {"channel": None}]
)
async def test_malformed_message_costs_only_itself(bot: Bot, malformed: object) -> None:
    """D12."""
    await bot.starts()
    bot.server.script[CONNECT] += [delivering(bot, *events(1), malformed, *events(2))]
    assert await bot.hears(1) == [Batch(1, heard(1, 2))]


BODIES = [b"", b"[", b"null", b"7", b'"sorry"', b"[]", b"[null]", b"{}", b"<html>", b"[NaN]", b"[" * 100_000]


@pytest.mark.parametrize("channel", [HANDSHAKE, SUBSCRIBE, CONNECT])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:8]))
async def test_body_that_is_not_bayeux_is_an_error_of_ours(bot: Bot, channel: str, body: bytes) -> None:
    """D13."""
    bot.server.script[channel] += [Reply(200, {}, body)]
    assert isinstance(await bot.trouble(), WireError)
    assert await bot.hears(1) == [SessionStarted(1)]


ODD_FIELDS: list[tuple[str, Message]] = [
    (HANDSHAKE, {"clientId": None}),
    (HANDSHAKE, {"clientId": {"a": 1}}),
    (HANDSHAKE, {"supportedConnectionTypes": ["websocket"]}),
    (HANDSHAKE, {"successful": None}),
    (HANDSHAKE, {"successful": False, "error": ["403"]}),
    (CONNECT, {"successful": "no"}),
    (CONNECT, {"successful": False, "error": 402}),
    (CONNECT, {"id": "777"}),
    (SUBSCRIBE, {"successful": None, "subscription": None}),
    (SUBSCRIBE, {"channel": "/meta/unsubscribe", "subscription": [1]}),
]


@pytest.mark.parametrize(("channel", "fields"), ODD_FIELDS)
async def test_reply_with_odd_fields_is_an_error_of_ours(bot: Bot, channel: str, fields: Message) -> None:
    """D13: KeyError, TypeError and others in the package."""
    bot.server.script[channel] += [fields]
    assert isinstance(await bot.trouble(), ProtocolViolation)
    assert await bot.hears(1) == [SessionStarted(1)]


FORGIVEN: list[tuple[str, Message]] = [
    (HANDSHAKE, {"supportedConnectionTypes": None}),
    (HANDSHAKE, {"supportedConnectionTypes": [["long-polling"], 7, "long-polling"]}),
    (HANDSHAKE, {"successful": "true", "advice": {"reconnect": ["retry"], "timeout": "1", "interval": {}}}),
    (HANDSHAKE, {"advice": {"reconnect": "handshake"}}),
    (CONNECT, {"ext": 5, "advice": []}),
    (CONNECT, {"id": None}),
    (SUBSCRIBE, {"id": None, "subscription": None}),
    (SUBSCRIBE, {"subscription": [CHATS]}),
]


@pytest.mark.parametrize(("channel", "fields"), FORGIVEN)
async def test_odd_fields_that_do_not_matter_are_forgiven(bot: Bot, channel: str, fields: Message) -> None:
    """D26: a reply without id; and fields that the package reads without looking."""
    bot.server.script[channel] += [fields]
    await bot.starts()


async def test_single_message_instead_of_an_array_is_accepted(bot: Bot) -> None:
    reply = {"channel": HANDSHAKE, "successful": True, "clientId": "c1"}
    bot.server.script[HANDSHAKE] += [Reply(200, {}, json.dumps(reply).encode())]
    await bot.starts()


async def test_every_request_has_a_deadline(bot: Bot) -> None:
    """D15, D20."""
    await bot.starts()
    await bot.source.aclose()
    deadlines = {sent.message["channel"]: sent.timeout_s for sent in bot.server.sent}
    assert deadlines == {HANDSHAKE: 10.0, CONNECT: 40.0, SUBSCRIBE: 10.0, DISCONNECT: 2.0}


async def test_unknown_hold_of_the_server_is_taken_as_a_minute(bot: Bot) -> None:
    bot.server.script[HANDSHAKE] += [{"advice": None}]
    await bot.starts()
    assert bot.server.on(CONNECT)[0].timeout_s == 60.0 + DEFAULT_LIMITS.poll_slack_s


async def test_poll_before_a_session_is_a_programming_mistake(bot: Bot) -> None:
    with pytest.raises(RuntimeError, match="poll without open"):
        await bot.source._guard.poll()


async def test_unanswered_farewell_does_not_matter(bot: Bot) -> None:
    """D20: the package lets a bare TimeoutError through."""
    await bot.starts()
    bot.server.script[DISCONNECT] += [ConnectionLost("no answer to POST within 2 s")]
    await bot.source._guard.leave()
    assert len(bot.server.on(DISCONNECT)) == 1


async def test_advice_in_a_successful_subscribe_reply_counts(bot: Bot) -> None:
    """D25."""
    bot.server.script[SUBSCRIBE] += [{"advice": {"reconnect": "handshake"}}]
    assert isinstance(await bot.trouble(), SessionLost)


async def test_interval_that_is_not_repeated_still_holds(bot: Bot) -> None:
    """D2."""
    await bot.starts()
    advised, silent = {"advice": {"interval": 2000}}, {"advice": {"reconnect": "retry"}}
    bot.server.script[CONNECT] += [advised, delivering(bot, *events(1), **silent)]
    await bot.hears(2)
    answered = bot.clock.time
    await bot.hears(1)
    assert bot.server.sent[-1].at - answered == 2.0
