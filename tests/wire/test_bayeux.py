"""What the session sends next, by tables of what the server said; advice goes before error codes."""

from __future__ import annotations

from typing import Any

import pytest

from chatbot.model.errors import ConnectionLost, ProtocolViolation, SessionLost
from chatbot.model.notifications import Notification
from chatbot.wire.bayeux import BayeuxSession, Outcome, Phase
from tests.wire.bayeux_server import CHATS, ME, Message, refuse, replies, session_in, step

IN_SESSION = [Phase.SUBSCRIBE, Phase.CONNECT]
ALL = [Phase.HANDSHAKE, *IN_SESSION]


def test_handshake_comes_first_then_all_subscriptions_then_connects() -> None:
    session = BayeuxSession([CHATS, ME])
    handshake = session.request()
    assert (handshake.hold_s, handshake.messages) == (
        0.0,
        [
            {
                "id": "1",
                "channel": "/meta/handshake",
                "version": "1.0",
                "minimumVersion": "1.0",
                "supportedConnectionTypes": ["long-polling"],
                "ext": {"ack": True},
            }
        ],
    )
    assert session.answered(replies(handshake)) == Outcome()
    subscribe = session.request()
    assert subscribe.messages == [
        {"id": "2", "channel": "/meta/subscribe", "clientId": "c1", "subscription": CHATS},
        {"id": "3", "channel": "/meta/subscribe", "clientId": "c1", "subscription": ME},
    ]
    assert session.answered(replies(subscribe)) == Outcome(started=True)
    connect = session.request()
    assert connect.messages == [
        {
            "id": "4",
            "channel": "/meta/connect",
            "clientId": "c1",
            "connectionType": "long-polling",
            "advice": {"timeout": 0},
        }
    ]
    assert session.answered(replies(connect)) == Outcome(polled=True)
    (held,) = session.request().messages
    assert "advice" not in held


def test_each_poll_is_one_connect_and_answers_to_an_abandoned_one_count_for_nothing() -> None:
    session = session_in(Phase.CONNECT)
    abandoned, now = session.request(), session.request()
    assert [len(request.messages) for request in (abandoned, now)] == [1, 1]
    outcome = session.answered(replies(abandoned))
    assert isinstance(outcome.error, ProtocolViolation)
    assert outcome.error.text == "no answer to /meta/connect"


def test_ids_are_unique_and_rise_over_new_handshakes() -> None:
    session, ids = BayeuxSession([CHATS, ME]), []
    for _ in range(3):
        for _ in range(4):
            request = session.request()
            ids += [int(message["id"]) for message in request.messages]
            session.answered(replies(request))
        session.failed(SessionLost("gone"))
    assert ids == sorted(set(ids))
    assert session.number == 3


@pytest.mark.parametrize(
    ("last", "probes"),
    [
        (lambda s: None, True),
        (step, False),
        (lambda s: [step(s), s.failed(ConnectionLost("gone"))], True),
        (lambda s: [step(s), refuse(s, advice={"reconnect": "retry"})], True),
        (lambda s: [step(s), s.request(), s.answered([])], True),
        (lambda s: [refuse(s), step(s)], False),
    ],
)
def test_only_the_first_connect_and_those_after_a_failure_ask_for_an_answer_at_once(
    last: Any, *, probes: bool
) -> None:
    session = session_in(Phase.CONNECT)
    last(session)
    (message,) = session.request().messages
    assert (message.get("advice") == {"timeout": 0}, session.is_probing) == (probes, probes)


@pytest.mark.parametrize(
    ("phase", "reconnect", "then"),
    [
        *((phase, "none", Phase.STOPPED) for phase in ALL),
        *((phase, "handshake", Phase.HANDSHAKE) for phase in ALL),
        (Phase.HANDSHAKE, "retry", Phase.HANDSHAKE),
        (Phase.SUBSCRIBE, "retry", Phase.HANDSHAKE),
        (Phase.CONNECT, "retry", Phase.CONNECT),
        (Phase.HANDSHAKE, None, Phase.HANDSHAKE),
        (Phase.SUBSCRIBE, None, Phase.HANDSHAKE),
        (Phase.CONNECT, None, Phase.CONNECT),
        (Phase.CONNECT, "perhaps", Phase.CONNECT),
        (Phase.CONNECT, ["handshake"], Phase.CONNECT),
    ],
)
def test_advice_in_a_refusal_says_where_to_go_on(phase: Phase, reconnect: object, then: Phase) -> None:
    session = session_in(phase)
    outcome = refuse(session, "500::no", advice={} if reconnect is None else {"reconnect": reconnect})
    assert session.phase is then
    assert isinstance(outcome.error, ProtocolViolation)
    assert (outcome.started, outcome.polled) == (False, False)


@pytest.mark.parametrize(
    ("phase", "reconnect", "then", "error"),
    [
        *((phase, "none", Phase.STOPPED, SessionLost) for phase in ALL),
        *((phase, "handshake", Phase.HANDSHAKE, SessionLost) for phase in IN_SESSION),
        (Phase.HANDSHAKE, "handshake", Phase.SUBSCRIBE, type(None)),
        (Phase.HANDSHAKE, "retry", Phase.SUBSCRIBE, type(None)),
        (Phase.SUBSCRIBE, "retry", Phase.CONNECT, type(None)),
        (Phase.CONNECT, "retry", Phase.CONNECT, type(None)),
    ],
)
def test_advice_in_a_successful_reply_is_obeyed_too(
    phase: Phase, reconnect: str, then: Phase, error: type
) -> None:
    session = session_in(phase)
    outcome = step(session, advice={"reconnect": reconnect})
    assert (session.phase, type(outcome.error)) == (then, error)
    assert outcome.error is None or outcome.error.retryable == (reconnect != "none")


def test_advice_to_reconnect_holds_for_one_exchange_only() -> None:
    session = session_in(Phase.CONNECT)
    refuse(session, advice={"reconnect": "retry"})
    session.failed(ConnectionLost("gone"))
    refuse(session)
    assert session.phase is Phase.HANDSHAKE


def test_session_that_has_stopped_has_no_further_request() -> None:
    session = session_in(Phase.CONNECT)
    step(session, advice={"reconnect": "none"})
    assert session.farewell() is None
    with pytest.raises(RuntimeError, match="ended"):
        session.request()


def test_second_connect_refused_in_a_row_without_advice_means_a_new_handshake() -> None:
    session = session_in(Phase.CONNECT)
    refuse(session, "500::no")
    step(session)
    refuse(session, "500::no")
    assert session.phase is Phase.CONNECT
    refuse(session, "500::no")
    assert session.phase is Phase.HANDSHAKE
    step(session), step(session), refuse(session, "500::no")
    assert session.phase is Phase.CONNECT


def test_connects_refused_with_advice_to_retry_never_lead_to_a_handshake() -> None:
    session = session_in(Phase.CONNECT)
    for _ in range(5):
        refuse(session, advice={"reconnect": "retry"})
    assert session.phase is Phase.CONNECT


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        (0, 0.0),
        (500, 0.5),
        (2000.0, 2.0),
        (60_000, 60.0),
        (1e12, 60.0),
        (10**4000, 60.0),
        *((odd, 0.1) for odd in (-1, None, True, "2000", [1], {}, float("nan"))),
    ],
)
def test_interval_is_in_milliseconds_and_nonsense_leaves_the_last_one_standing(
    interval: object, seconds: float
) -> None:
    session = session_in(Phase.CONNECT)
    step(session, advice={"interval": 100})
    assert step(session, advice={"interval": interval}).interval_s == seconds


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(45_000, 45.0), (0, 0.0), (1e12, 120.0), (float("inf"), 120.0), (-5, 60.0), ("30000", 60.0)],
)
def test_timeout_advised_is_how_long_a_poll_may_be_held(timeout: object, seconds: float) -> None:
    session = session_in(Phase.CONNECT)
    step(session, advice={"timeout": timeout})
    assert session.request().hold_s == seconds


def test_advice_is_merged_field_by_field() -> None:
    session = session_in(Phase.CONNECT)
    step(session, advice={"timeout": 20_000, "interval": 1500})
    step(session, advice={"reconnect": "retry"})
    assert step(session, advice="odd").interval_s == 1.5
    assert session.request().hold_s == 20.0


def test_interval_of_an_old_session_does_not_slow_the_new_one() -> None:
    session = session_in(Phase.CONNECT)
    refuse(session, advice={"reconnect": "handshake", "interval": 5000})
    assert step(session).interval_s == 0.0


@pytest.mark.parametrize("phase", ALL)
@pytest.mark.parametrize("change", [{"id": None}, {"id": 0}, {"successful": "true"}], ids=str)
def test_reply_without_id_or_with_a_number_for_id_is_accepted(phase: Phase, change: Message) -> None:
    session = session_in(phase, channels=[CHATS, ME])
    request = session.request()
    answers = replies(request)
    for reply in answers:
        reply.update(change if change.get("id") != 0 else {"id": int(reply["id"])})
        if reply["id"] is None:
            del reply["id"]
    assert session.answered(answers).error is None
    assert session.phase is not phase or phase is Phase.CONNECT


@pytest.mark.parametrize("phase", ALL)
@pytest.mark.parametrize("change", [{"id": "77"}, {"id": [1]}, {"channel": "/meta/other"}], ids=str)
def test_reply_to_another_message_is_not_ours(phase: Phase, change: Message) -> None:
    session = session_in(phase)
    outcome = step(session, **change)
    assert isinstance(outcome.error, ProtocolViolation)
    assert outcome.error.text.startswith("no answer to /meta/")
    assert session.phase is (Phase.CONNECT if phase is Phase.CONNECT else Phase.HANDSHAKE)


def test_second_reply_to_one_message_counts_for_nothing() -> None:
    session = session_in(Phase.CONNECT)
    request = session.request()
    late = replies(request, successful=False, error="500::late")
    assert session.answered([*replies(request), *late]).error is None


@pytest.mark.parametrize("phase", ALL)
def test_single_message_instead_of_an_array_is_read(phase: Phase) -> None:
    session = session_in(phase)
    assert session.answered(replies(session.request())[0]).error is None


@pytest.mark.parametrize("phase", ALL)
@pytest.mark.parametrize(
    "rubbish", [[], {}, None, 7, "text", [None, 1, {"id": "1"}, {"channel": 5}]], ids=str
)
def test_answer_without_any_message_is_a_failure(phase: Phase, rubbish: object) -> None:
    session = session_in(phase)
    session.request()
    outcome = session.answered(rubbish)
    assert isinstance(outcome.error, ProtocolViolation)
    assert session.phase is (Phase.CONNECT if phase is Phase.CONNECT else Phase.HANDSHAKE)


def test_malformed_neighbours_cost_only_themselves() -> None:
    session = session_in(Phase.CONNECT)
    events = [{"channel": CHATS, "data": n} for n in range(3)]
    odd = [None, 3, {"data": 1}, {"channel": None, "data": 1}, [], {"channel": CHATS}]
    outcome = session.answered([*odd, *events, *odd, *replies(session.request())])
    assert outcome == Outcome(
        notifications=tuple(Notification(CHATS, n) for n in range(3)), polled=True, malformed=10
    )


@pytest.mark.parametrize("phase", ALL)
@pytest.mark.parametrize("successful", [True, False])
def test_events_ride_on_any_answer_also_on_a_refusal(phase: Phase, *, successful: bool) -> None:
    session = session_in(phase)
    reply = replies(session.request(), successful=successful)
    outcome = session.answered([{"channel": CHATS, "data": 1}, *reply, {"channel": CHATS, "data": 2}])
    assert outcome.notifications == (Notification(CHATS, 1), Notification(CHATS, 2))
    assert (outcome.error is None) == successful
