"""The agent's session: one login at a time, few tries of a refused password, and the way in and out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from chatbot.model.actions import Action
from chatbot.model.agent_actions import StartContactCenterSession
from chatbot.model.errors import ConnectionLost, LoginRefused, ProtocolViolation, SessionLost, WireError
from chatbot.wire.http import Reply
from chatbot.wire.outcomes import Accepted
from chatbot.wire.rest import Rest
from chatbot.wire.session import AgentSession, _cannot
from tests.wire.fakes import Answer, FakeClock, FakeHttp, Sent, envelope, json_reply, page

ME = "GET /api/v2/me"
START, READY = "POST /api/v2/me StartContactCenterSession", "POST /api/v2/me/channels/chat Ready"
WELCOME = envelope(0, user={"id": "u1"})


def agent(*script: Answer) -> tuple[AgentSession, FakeHttp]:
    clock = FakeClock()
    http = FakeHttp(clock, *script)
    rest = Rest(http, bot="concierge", clock=clock, timeout_s=7.0)
    return AgentSession(rest, clock=clock, start=StartContactCenterSession(place="p")), http


async def attempts(session: AgentSession, count: int) -> list[type[WireError] | None]:
    """Log in so many times; what came of each."""
    results: list[type[WireError] | None] = []
    for _ in range(count):
        try:
            await session.log_in()
        except WireError as error:
            results.append(type(error))
        else:
            results.append(None)
    return results


@pytest.mark.parametrize(
    ("value", "user_id"),
    [
        ({"user": {"id": "u1"}}, "u1"),
        ({"me": {"id": "u2"}}, "u2"),
        ({"user": {"id": 7}}, None),
        ({"user": "u1"}, None),
        ({"chats": []}, None),
    ],
)
async def test_login_reads_who_the_agent_is(value: dict[str, object], user_id: str | None) -> None:
    session, http = agent(envelope(0, **value))
    await session.log_in()
    assert (session.user_id, http.lines) == (user_id, [ME])


async def test_those_who_ask_while_a_login_runs_share_it() -> None:
    gate = asyncio.Event()

    async def slow(_: Sent) -> Reply:
        await gate.wait()
        return WELCOME

    session, http = agent(slow, slow)
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(session.renew())
        await asyncio.sleep(0)
        gate.set()
    assert http.lines == [ME]
    await session.renew()
    assert http.lines == [ME, ME]


async def test_login_that_is_cancelled_leaves_the_way_free_for_the_next() -> None:
    async def hang(_: Sent) -> Reply:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    session, http = agent(hang, WELCOME)
    first, second = asyncio.create_task(session.log_in()), asyncio.create_task(session.renew())
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert (first.cancelled(), http.lines) == (True, [ME, ME])


REFUSALS = [
    Reply(401, {}, b""),
    page(401),
    envelope(20, statusMessage="no"),
    envelope(20, http=401),
    envelope(5, http=401),
    envelope("20", http=403),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_password_refused_three_times_is_tried_once_a_minute_from_then_on(refusal: Reply) -> None:
    session, http = agent()
    http.otherwise = refusal
    assert await attempts(session, 6) == [LoginRefused] * 6
    assert [sent.at - 1000.0 for sent in http.sent] == [0.0, 0.0, 0.0, 60.0, 120.0, 180.0]


async def test_many_callers_together_try_a_refused_password_no_oftener() -> None:
    session, http = agent()
    http.otherwise = Reply(401, {}, b"")
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(attempts(session, 1))
    assert [sent.at - 1000.0 for sent in http.sent] == [0.0, 0.0, 0.0, 60.0]


async def test_minute_counts_from_the_last_refusal() -> None:
    session, http = agent(*[Reply(401, {}, b"")] * 3, WELCOME)
    await attempts(session, 3)
    http.clock.time += 45.0
    assert await attempts(session, 1) == [None]
    assert (http.clock.sleeps, http.sent[-1].at) == ([15.0], 1060.0)


async def test_accepted_password_forgives_what_was_refused_before() -> None:
    no = Reply(401, {}, b"")
    session, http = agent(no, no, WELCOME, no, no, WELCOME)
    await attempts(session, 6)
    assert (http.clock.time, len(http.sent)) == (1000.0, 6)


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (Reply(403, {}, b"Missing or invalid Csrf token"), SessionLost, 403),
        (page(403), SessionLost, 403),
        (Reply(402, {}, b""), SessionLost, 402),
        (Reply(302, {"location": "/login"}, b""), SessionLost, 302),
        (page(), SessionLost, None),
        (envelope(5), SessionLost, 5),
        (envelope(3), ProtocolViolation, 3),
        (Reply(500, {}, b""), ProtocolViolation, 500),
        (page(503), ProtocolViolation, 503),
        (Reply(429, {}, b""), ProtocolViolation, 429),
        (Reply(404, {}, b""), ProtocolViolation, 404),
        (json_reply([]), ProtocolViolation, 200),
        (ConnectionLost("down"), ConnectionLost, None),
    ],
    ids=str,
)
async def test_no_other_failure_counts_as_a_refused_password(
    answer: Answer, kind: type[WireError], status: int | None
) -> None:
    session, http = agent(*[answer] * 5)
    assert await attempts(session, 4) == [kind] * 4
    with pytest.raises(kind) as caught:
        await session.log_in()
    assert (caught.value.status, http.clock.time) == (status, 1000.0)


@pytest.mark.parametrize("answer", [envelope(8), envelope("8"), envelope(8, http=401)], ids=str)
async def test_password_that_must_be_changed_says_so_and_is_not_tried_at_once_again(answer: Reply) -> None:
    session, http = agent(answer, answer)
    for _ in range(2):
        with pytest.raises(LoginRefused, match="must be changed") as caught:
            await session.log_in()
        assert caught.value.status == 8
    assert [sent.at - 1000.0 for sent in http.sent] == [0.0, 60.0]


async def test_entering_starts_the_session_then_becomes_ready(caplog: pytest.LogCaptureFixture) -> None:
    session, http = agent(envelope(0), envelope(0))
    await session.enter()
    assert http.lines == [START, READY]
    assert http.sent[0].body == {
        "operationName": "StartContactCenterSession",
        "channels": ["chat"],
        "place": "p",
    }
    assert caplog.records == []


async def test_session_started_for_some_channels_is_worth_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    session, _ = agent(envelope(7), envelope(0))
    await session.enter()
    assert caplog.messages == ["the contact-centre session started for some channels only"]


@pytest.mark.parametrize(
    "started", [envelope(19), envelope(2), Reply(500, {}, b""), Reply(429, {}, b"")], ids=str
)
async def test_start_that_is_refused_does_not_matter_if_ready_is_accepted(started: Reply) -> None:
    session, http = agent(started, envelope(0))
    await session.enter()
    assert http.lines == [START, READY]


DOWN = ConnectionLost("down")


@pytest.mark.parametrize(
    ("started", "ready", "kind", "text", "status"),
    [
        (envelope(0), envelope(3), ProtocolViolation, "Ready was refused: status code 3", 3),
        (envelope(19), envelope(3), ProtocolViolation, "StartContactCenterSession was refused", 19),
        (Reply(404, {}, b""), Reply(404, {}, b""), ProtocolViolation, "was refused: HTTP 404", 404),
        (envelope(0), Reply(429, {}, b""), ProtocolViolation, "Ready has to wait: too many", 429),
        (envelope(0), Reply(503, {}, b""), ProtocolViolation, "HTTP 503", 503),
        (Reply(403, {}, b""), Reply(403, {}, b""), SessionLost, "HTTP 403", 403),
        (DOWN, DOWN, ConnectionLost, "down", None),
        (envelope(0), ConnectionLost("refused", sent=False), ConnectionLost, "refused", None),
    ],
)
async def test_agent_that_cannot_be_ready_is_an_error_of_what_failed_first(
    started: Answer, ready: Answer, kind: type[WireError], text: str, status: int | None
) -> None:
    session, _ = agent(started, ready)
    with pytest.raises(kind, match=text) as caught:
        await session.enter()
    assert caught.value.status == status


def state(word: object) -> Reply:
    return envelope(0, channels=[{"channel": "chat", "userState": {"state": word}}])


LOOK = "GET /api/v2/me/channels?fields=*"


async def test_agent_that_is_ready_still_stays_so() -> None:
    session, http = agent(state("Ready"))
    await session.stay()
    assert http.lines == [LOOK]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (state("NotReady"), "NotReady"),
        (envelope(0, channels=[]), "logged out"),
    ],
    ids=str,
)
async def test_agent_that_is_not_ready_any_more_enters_again(
    answer: Reply, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    session, http = agent(answer)
    await session.stay()
    assert http.lines == [LOOK, START, READY]
    assert caplog.messages == [f"the server has the agent as {word}: entering again"]


UNSHOWN = [envelope(6), page(404), Reply(500, {}, b"")]


@pytest.mark.parametrize("answer", UNSHOWN, ids=str)
async def test_agent_whose_state_is_not_shown_asks_to_be_ready(answer: Reply) -> None:
    session, http = agent(answer)
    await session.stay()
    assert http.lines == [LOOK, READY]


@pytest.mark.parametrize("answer", UNSHOWN, ids=str)
async def test_agent_whose_state_is_not_shown_enters_again_if_it_cannot_be_ready(answer: Reply) -> None:
    session, http = agent(answer, envelope(3))
    await session.stay()
    assert http.lines == [LOOK, READY, START, READY]


@pytest.mark.parametrize("answer", [DOWN, Reply(401, {}, b"")], ids=str)
async def test_agent_stays_as_it_is_if_nobody_answers(answer: Answer) -> None:
    session, http = agent(answer)
    with pytest.raises(WireError):
        await session.stay()
    assert http.lines == [LOOK]


Leave = Callable[[AgentSession], Awaitable[None]]
WAYS_OUT: list[tuple[Leave, str]] = [
    (AgentSession.not_ready, "POST /api/v2/me/channels/chat NotReady"),
    (AgentSession.end, "POST /api/v2/me EndContactCenterSession"),
]


@pytest.mark.parametrize(("leave", "line"), WAYS_OUT)
async def test_way_out_is_one_operation_each_and_a_refusal_is_told(leave: Leave, line: str) -> None:
    session, http = agent(envelope(0), envelope(3))
    await leave(session)
    with pytest.raises(ProtocolViolation, match=f"{line.rpartition(' ')[2]} was refused"):
        await leave(session)
    assert http.lines == [line, line]


FORGOTTEN = Reply(403, {}, b"")


@pytest.mark.parametrize(("leave", "line"), WAYS_OUT)
async def test_way_out_is_tried_once_more_after_a_login(leave: Leave, line: str) -> None:
    session, http = agent(FORGOTTEN, WELCOME, envelope(0))
    await leave(session)
    assert http.lines == [line, ME, line]


@pytest.mark.parametrize(("leave", "line"), WAYS_OUT)
async def test_way_out_that_is_forgotten_twice_is_told(leave: Leave, line: str) -> None:
    session, http = agent(FORGOTTEN, WELCOME, FORGOTTEN)
    with pytest.raises(SessionLost):
        await leave(session)
    assert http.lines == [line, ME, line]


@pytest.mark.parametrize(("leave", "line"), WAYS_OUT)
async def test_way_out_of_one_who_may_not_log_in_is_not_tried_again(leave: Leave, line: str) -> None:
    session, http = agent(FORGOTTEN, Reply(401, {}, b""))
    with pytest.raises(LoginRefused):
        await leave(session)
    assert http.lines == [line, ME]


@pytest.mark.parametrize(("leave", "line"), WAYS_OUT)
async def test_way_out_does_not_wait_for_the_next_try_of_a_refused_password(leave: Leave, line: str) -> None:
    session, http = agent()
    http.otherwise = Reply(401, {}, b"")
    await attempts(session, 3)
    trying = asyncio.create_task(session.renew())
    http.clock.sleep = forever  # type: ignore[method-assign]
    await asyncio.sleep(0)
    with pytest.raises(SessionLost):
        await leave(session)
    assert http.lines == [ME, ME, ME, line]
    trying.cancel()


async def forever(_: float) -> None:
    await asyncio.Event().wait()


TOO_MANY = Reply(429, {"retry-after": "2"}, b"")


@pytest.mark.parametrize(
    ("trouble", "pause_s"),
    [(DOWN, 0.5), (Reply(503, {}, b""), 0.5), (envelope(4), 0.5), (TOO_MANY, 2.0)],
    ids=str,
)
@pytest.mark.parametrize(("leave", "line"), WAYS_OUT)
async def test_way_out_is_tried_once_more_after_a_breath(
    leave: Leave, line: str, trouble: Answer, pause_s: float
) -> None:
    session, http = agent(trouble, trouble, envelope(0))
    with pytest.raises(WireError):
        await leave(session)
    assert (http.lines, http.clock.sleeps) == ([line, line], [pause_s])


def test_acceptance_has_no_error() -> None:
    with pytest.raises(AssertionError):
        _cannot(Action(), Accepted())


async def test_password_is_in_no_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    session, _ = agent(Reply(401, {}, b"canary"), page(401))
    await attempts(session, 2)
    assert "canary" not in caplog.text


async def test_a_session_that_is_only_read_is_never_entered() -> None:
    clock = FakeClock()
    http = FakeHttp(clock)
    session = AgentSession(Rest(http, bot="b", clock=clock, timeout_s=1.0), clock=clock, start=None)
    await session.enter()
    await session.stay()
    await session.rest()
    assert http.lines == []
    assert not session.may_have_begun
