"""The brake on all requests of one bot."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model.errors import ConnectionLost, LoginRefused, ProtocolViolation, WireError
from chatbot.wire.governor import GovernedHttp, is_last_word
from chatbot.wire.http import Method, Reply
from tests.wire.fakes import Answer, FakeClock, FakeHttp, Sent, envelope, json_reply, modest, page

LARGE = json_reply({"statusCode": 0, "messages": ["x" * 100_000]})


def governed(answer: Answer) -> tuple[GovernedHttp, FakeHttp]:
    clock = FakeClock()
    http = FakeHttp(clock)
    http.otherwise = answer
    return GovernedHttp(http, clock), http


async def ask(http: GovernedHttp, times: int) -> None:
    for _ in range(times):
        with suppress(WireError):
            await http.request("GET", "/", timeout_s=1.0)


@pytest.mark.parametrize(
    ("answer", "is_braked"),
    [
        (envelope(0), False),
        (envelope(7), False),
        (envelope(3), False),
        (envelope(6), False),
        (json_reply([{"channel": "/meta/connect", "successful": True}]), False),
        (json_reply({"chats": []}), False),
        (Reply(200, {}, b'{"statusCode":0,"text":"\xff"}'), False),
        (LARGE, False),
        (envelope(4), True),
        (envelope(5), True),
        (envelope(9), True),
        (envelope("12"), True),
        (envelope(20), True),
        (page(), True),
        (Reply(200, {}, b""), True),
        (Reply(200, {}, b'{"statusCode":0'), True),
        (Reply(200, {}, LARGE.body[:-1]), True),
        (Reply(404, {}, b""), False),
        (Reply(404, {}, b" <html>"), False),
        (Reply(302, {}, b""), True),
        (Reply(401, {}, b""), True),
        (Reply(503, {}, b""), True),
        (ConnectionLost("down"), True),
        (ProtocolViolation("too large"), True),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_only_requests_that_come_to_nothing_are_braked(answer: Answer, *, is_braked: bool) -> None:
    http, below = governed(answer)
    await ask(http, 100)
    assert [sent.at - 1000.0 for sent in below.sent] == (
        [0.0] * 45 + [10.0] * 45 + [20.0] * 10 if is_braked else [0.0] * 100
    )


async def test_request_passes_unchanged_and_its_wait_does_not_count_as_its_time() -> None:
    http, below = governed(Reply(503, {}, b"no"))
    await ask(http, 45)
    reply = await http.request("POST", "/path", content=b'{"a":1}', timeout_s=3.0)
    assert reply == Reply(503, {}, b"no")
    assert below.sent[-1] == Sent("POST", "/path", {"a": 1}, 3.0, 1010.0)


async def test_errors_pass_unchanged() -> None:
    error = ConnectionLost("down", sent=False)
    http, _ = governed(error)
    with pytest.raises(ConnectionLost) as caught:
        await http.request("GET", "/", timeout_s=1.0)
    assert caught.value is error


async def test_cancelled_request_counts_as_one_that_came_to_nothing() -> None:
    async def hang(_: Sent) -> Reply:
        raise asyncio.CancelledError

    http, below = governed(hang)
    for _ in range(46):
        with pytest.raises(asyncio.CancelledError):
            await http.request("GET", "/", timeout_s=1.0)
    assert [sent.at for sent in below.sent[-2:]] == [1000.0, 1010.0]


async def test_many_who_wait_at_once_are_let_through_in_portions() -> None:
    http, below = governed(Reply(503, {}, b""))
    await ask(http, 45)
    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(ask(http, 1))
    times = [sent.at for sent in below.sent]
    assert all(later - sooner >= 10.0 for sooner, later in zip(times, times[45:], strict=False))


@modest
@given(
    statuses=st.lists(st.sampled_from([200, 302, 403, 500]), min_size=1, max_size=10),
    latency=st.sampled_from([0.0, 0.05, 0.2]),
)
async def test_failing_bot_sends_at_most_five_a_second_over_any_ten_seconds(
    statuses: list[int], latency: float
) -> None:
    statuses = [*statuses, 500]  # at most ten of eleven succeed
    clock, answered = FakeClock(), list[int]()

    async def answer(_: Sent) -> Reply:
        clock.time += latency
        answered.append(statuses[len(below.sent) % len(statuses)])
        return Reply(answered[-1], {}, b"{}")

    below = FakeHttp(clock)
    below.otherwise = answer
    is_failing = statuses.count(200) <= len(statuses) // 2
    await ask(GovernedHttp(below, clock), 200)
    times = [sent.at for sent in below.sent]
    if is_failing:
        first = next(number for number, status in enumerate(answered) if status != 200)
        in_trouble = zip(times[first:], times[first + 50 :], strict=False)
        assert all(later - sooner >= 10.0 - 1e-6 for sooner, later in in_trouble)
    assert all(sooner <= later for sooner, later in pairwise(times))


async def test_closing_closes_what_is_below() -> None:
    http, below = governed(envelope(0))
    await http.aclose()
    assert below.closed == 1


async def test_five_last_words_are_not_held_up_and_the_next_is() -> None:
    http, below = governed(Reply(503, {}, b""))
    await ask(http, 45)
    token = is_last_word.set(True)
    await ask(http, 6)
    is_last_word.reset(token)
    assert [sent.at - 1000.0 for sent in below.sent[45:]] == [0.0] * 5 + [10.0]


# who asks


LOGIN = "/api/v2/me"
WELCOME = envelope(0, user={"id": "u1"})
STRANGERS = [Reply(401, {}, b""), envelope(20), envelope(20, http=403)]


def with_login(*script: Answer) -> tuple[GovernedHttp, FakeHttp, list[float]]:
    clock = FakeClock()
    below = FakeHttp(clock, *script)
    http = GovernedHttp(below, clock)
    logins: list[float] = []

    async def log_in() -> None:
        logins.append(clock.time)
        reply = await http.request("GET", LOGIN, timeout_s=1.0)
        if reply != WELCOME:
            raise LoginRefused("no", status=reply.status)

    http.log_in = log_in
    return http, below, logins


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
async def test_after_an_answer_to_a_stranger_nothing_goes_out_before_the_login(stranger: Reply) -> None:
    http, below, logins = with_login(stranger, WELCOME)
    await ask(http, 1)
    assert logins == []
    await ask(http, 2)
    assert below.lines == ["GET /", f"GET {LOGIN}", "GET /", "GET /"]
    assert len(logins) == 1


@pytest.mark.parametrize("answer", [Reply(403, {}, b""), page(), Reply(402, {}, b""), envelope(5)], ids=str)
async def test_no_other_trouble_needs_a_login_before_the_next_request(answer: Reply) -> None:
    http, _, logins = with_login(answer)
    await ask(http, 2)
    assert logins == []


@pytest.mark.parametrize("answer", [Reply(401, {}, b""), Reply(503, {}, b""), page()], ids=str)
async def test_a_request_is_certainly_not_sent_while_the_login_fails(answer: Reply) -> None:
    http, below, _ = with_login(STRANGERS[0], answer, WELCOME)
    await ask(http, 1)
    with pytest.raises(ConnectionLost, match=r"^CB401 no$") as caught:
        await http.request("POST", "/", content=b"{}", timeout_s=1.0)
    assert (caught.value.sent, below.lines) == (False, ["GET /", f"GET {LOGIN}"])
    await ask(http, 1)
    assert below.lines[2:] == [f"GET {LOGIN}", "GET /"]


async def test_what_the_brake_has_held_up_asks_who_it_is_before_it_goes() -> None:
    http, below, logins = with_login()
    below.otherwise = Reply(503, {}, b"")
    await ask(http, 45)
    below.script.append(STRANGERS[0])
    below.otherwise = WELCOME
    async with asyncio.TaskGroup() as group:
        group.create_task(ask(http, 1))
        await asyncio.sleep(0)
        group.create_task(ask(http, 1))
    assert below.lines[45:] == ["GET /", f"GET {LOGIN}", "GET /"]
    assert len(logins) == 1


async def test_a_last_word_does_not_ask_who_it_is() -> None:
    http, below, logins = with_login(STRANGERS[0])
    await ask(http, 1)
    token = is_last_word.set(True)
    await ask(http, 1)
    is_last_word.reset(token)
    assert (below.lines, logins) == (["GET /", "GET /"], [])


# Retry-After


def later(value: str, code: int = 429) -> Reply:
    return Reply(code, {"retry-after": value}, b"")


async def waited(answer: Reply, *requests: tuple[Method, str]) -> list[float]:
    """When each of these goes out, if the first one is answered like this."""
    http, below, _ = with_login(answer)
    for method, path in requests:
        await http.request(method, path, timeout_s=1.0)
    return [sent.at - 1000.0 for sent in below.sent]


NOTIFICATIONS = "/api/v2/notifications"
CHAT = "/api/v2/me/chats/c1"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (later("7"), 7.0),
        (later("1e9"), 60.0),
        (later("-1"), 0.0),
        (later("Thu, 01 Jan 1970 00:16:50 GMT"), 10.0),
        (later("7", 503), 7.0),
        (later("7", 500), 0.0),
        (later("7", 200), 0.0),
        (Reply(429, {}, b""), 0.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("request_", [("GET", LOGIN), ("POST", NOTIFICATIONS), ("POST", LOGIN)], ids=str)
async def test_who_is_told_to_come_later_does(
    request_: tuple[Method, str], answer: Reply, seconds: float
) -> None:
    assert await waited(answer, request_, request_) == [0.0, seconds]


async def test_the_same_is_not_asked_in_other_words_meanwhile() -> None:
    times = await waited(later("7"), ("GET", f"{CHAT}/messages?startIndex=1"), ("GET", f"{CHAT}/messages"))
    assert times == [0.0, 7.0]


async def test_nothing_else_has_to_wait_nor_does_an_operation_whose_sender_waits() -> None:
    assert await waited(later("7"), ("GET", CHAT), ("POST", CHAT), ("GET", LOGIN)) == [0.0, 0.0, 0.0]
    assert await waited(later("7"), ("POST", CHAT), ("POST", CHAT), ("GET", CHAT)) == [0.0, 0.0, 0.0]


async def test_a_last_word_does_not_come_later() -> None:
    http, below, _ = with_login(later("7"))
    await http.request("POST", LOGIN, timeout_s=1.0)
    token = is_last_word.set(True)
    await http.request("POST", LOGIN, timeout_s=1.0)
    is_last_word.reset(token)
    assert [sent.at - 1000.0 for sent in below.sent] == [0.0, 0.0]
