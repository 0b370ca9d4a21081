"""Whatever a server answers, the session goes on or says why not, and the source neither spins nor dies."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatbot.model.errors import ConnectionLost, ProtocolViolation, SessionLost, WireError
from chatbot.model.notifications import Batch, SessionStarted, Trouble
from chatbot.wire.bayeux import BayeuxSession, Outcome, Phase, Request
from chatbot.wire.cometd import CometdSource
from chatbot.wire.http import Reply
from tests.wire.bayeux_server import CHATS, ME, Message, reply_to
from tests.wire.fakes import Chance, FakeClock, Sent, json_reply, modest

MOST_IN_TEN_SECONDS = 50  # design 4.6
LONG_S = 200.0

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
errors = st.sampled_from(
    [
        ConnectionLost("down"),
        ConnectionLost("refused", sent=False),
        ProtocolViolation("odd"),
        ProtocolViolation("denied", status=403),
        SessionLost("gone"),
        SessionLost("gone", status=402),
    ]
)
numbers = st.sampled_from([0, 0.5, 250, 30_000, 1e12, -1, True, "9", None, float("inf"), 10**400])
advice = st.fixed_dictionaries(
    {},
    optional={
        "reconnect": st.sampled_from(["retry", "handshake", "none", "x", None, ["none"]]),
        "interval": numbers,
        "timeout": numbers,
    },
)
odd = json_values | st.none()
changes = st.fixed_dictionaries(
    {},
    optional={
        "successful": st.sampled_from([True, False, "true", None, 1]),
        "id": odd,
        "clientId": st.sampled_from(["c1", "", None, 5]),
        "channel": st.sampled_from(["/meta/connect", "/meta/handshake", CHATS, 5, None]),
        "error": st.sampled_from(["402::Unknown client", "403::no", "401:c1:Unknown client", "", None, {}]),
        "advice": advice | odd,
        "ext": st.sampled_from([{"ack": True}, {"ack": 7}, {"ack": {"enabled": True, "batch": 2}}, None, []]),
        "data": json_values,
    },
)
neighbours = st.lists(
    st.fixed_dictionaries({"channel": st.sampled_from([CHATS, ME, "/x", 1]), "data": odd}) | odd, max_size=3
)


@st.composite
def answers(draw: st.DrawFn) -> WireError | Any:
    """A WireError, any JSON, or how to bend the replies that were due."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(errors)
    if kind == 1:
        return draw(json_values)
    return Bent(draw(changes) if kind < 6 else {}, draw(neighbours), draw(st.integers(0, 3)))


class Bent:
    """Replies as they were due, but for some fields, with neighbours, and one of them left out."""

    def __init__(self, fields: Message, neighbours: list[Any], left_out: int) -> None:
        self.fields = fields
        self.neighbours = neighbours
        self.left_out = left_out

    def __repr__(self) -> str:
        return f"Bent({self.fields}, {self.neighbours}, {self.left_out})"

    def to(self, messages: list[Message]) -> list[Any]:
        due = [reply_to(message, **self.fields) for message in messages]
        if self.left_out == 0:
            due = due[1:]
        return [*self.neighbours, *due]


def exchange(session: BayeuxSession, request: Request, answer: Any) -> Outcome:
    if isinstance(answer, WireError):
        return session.failed(answer)
    return session.answered(answer.to(request.messages) if isinstance(answer, Bent) else answer)


@modest
@given(st.lists(answers(), min_size=1, max_size=12))
def test_session_always_has_a_request_or_has_stopped_with_a_reason(script: list[Any]) -> None:
    session, ids, number = BayeuxSession([CHATS, "/v2/**"]), [0], 0
    for answer in script:
        phase, request = session.phase, session.request()
        new = [int(str(message["id"])) for message in request.messages]
        assert new == sorted(set(new))
        assert min(new) > max(ids)
        ids += new
        assert json.loads(json.dumps(request.messages)) == request.messages
        assert 0 <= request.hold_s <= 120
        assert all(("clientId" in m) == (phase is not Phase.HANDSHAKE) for m in request.messages)
        outcome = exchange(session, request, answer)
        number += outcome.started
        assert session.number == number
        assert (outcome.started, outcome.polled) == (
            outcome.error is None and phase is Phase.SUBSCRIBE,
            outcome.error is None and phase is Phase.CONNECT,
        )
        assert 0 <= outcome.interval_s <= 60
        if session.phase is Phase.STOPPED:
            assert outcome.error is not None
            assert session.farewell() is None
            break
    else:
        assert session.request().messages


class TooMuch(AssertionError):
    """The source asked too often."""


class OddServer:
    """Goes through a script of answers for ever; a request takes no time unless it says so."""

    def __init__(self, clock: FakeClock, script: list[Any], *, latency_s: float = 0.0) -> None:
        self.clock = clock
        self.script = script
        self.latency_s = latency_s
        self.times: list[float] = []
        self.answered = 0

    async def request(
        self, method: str, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        self.note()
        sent = Sent("POST", path, json.loads(content or b""), timeout_s)
        answer = self.script[self.answered % len(self.script)]
        self.answered += 1
        self.clock.time += self.latency_s
        if isinstance(answer, WireError):
            raise answer
        if isinstance(answer, Reply):
            return answer
        return json_reply(answer.to(sent.body) if isinstance(answer, Bent) else answer)

    async def renew(self) -> None:
        self.note()
        answer = self.script[self.answered % len(self.script)]
        if isinstance(answer, WireError):
            self.answered += 1
            raise answer

    async def aclose(self) -> None:
        """Nothing to close."""

    def note(self) -> None:
        self.times.append(self.clock.time)
        recent = [time for time in self.times[-MOST_IN_TEN_SECONDS - 1 :] if self.clock.time - time < 10.0]
        if len(recent) > MOST_IN_TEN_SECONDS:
            raise TooMuch


async def listen(clock: FakeClock, server: OddServer) -> list[Any]:
    """What is heard in a long time; ends sooner only if the source may end."""
    source = CometdSource(
        server,
        path="/cometd",
        channels=[CHATS],
        clock=clock,
        rng=Chance(0.0),
        renew=server.renew,
    )
    heard: list[Any] = []
    try:
        async for signal in source.signals():
            heard.append(signal)
            if clock.time > 1000.0 + LONG_S:
                break
    except SessionLost as ended:
        if ended.retryable or not isinstance(heard[-1], Trouble):
            raise
    await source.aclose()
    return heard


http_faults = st.sampled_from(
    [
        *(Reply(status, {}, b"") for status in (200, 204, 302, 400, 401, 402, 403, 404, 429, 500, 503)),
        Reply(200, {}, b"<html>"),
        Reply(200, {}, b"{"),
        json_reply({"statusCode": 20}),
        json_reply({"statusCode": "0"}),
    ]
)
# what a server in trouble says: no notifications, and a success now and then
troubles = st.one_of(
    errors,
    http_faults,
    st.builds(
        Bent,
        st.fixed_dictionaries({"successful": st.just(0)}, optional={"advice": advice}),
        st.just([]),
        st.just(1),
    ),
    st.builds(Bent, st.fixed_dictionaries({}, optional={"advice": advice}), st.just([]), st.integers(0, 2)),
)


@modest
@given(st.lists(troubles, min_size=1, max_size=8))
async def test_server_in_trouble_gets_few_requests_and_is_polled_for_ever(script: list[Any]) -> None:
    clock = FakeClock()
    server = OddServer(clock, script)
    heard = await listen(clock, server)
    ended = isinstance(heard[-1], Trouble) and clock.time <= 1000.0 + LONG_S
    stops = [
        a for a in script if isinstance(a, Bent) and (a.fields.get("advice") or {}).get("reconnect") == "none"
    ]
    assert bool(stops) or not ended
    gaps = [later - sooner for sooner, later in zip(server.times, server.times[1:], strict=False)]
    assert max(gaps, default=0.0) <= 60.0


@modest
@given(st.lists(answers(), min_size=1, max_size=8))
async def test_source_survives_any_answers_and_signals_in_order(script: list[Any]) -> None:
    clock = FakeClock()
    heard = await listen(clock, OddServer(clock, script, latency_s=0.21))
    number = 0
    for signal in heard:
        match signal:
            case SessionStarted(session):
                assert session == number + 1
                number = session
            case Batch(session, notifications):
                assert session == number
                assert all(one.channel == CHATS for one in notifications)
            case _:
                assert isinstance(signal.error, WireError)


async def test_server_that_answers_each_poll_at_once_with_nothing_gets_four_polls_a_second() -> None:
    clock = FakeClock()
    server = OddServer(clock, [Bent({}, [], 1)])
    heard = await listen(clock, server)
    assert LONG_S * 4 <= len(heard) <= LONG_S * 4 + 4
