"""How the session reads replies: refusals, acknowledgements, channels; and how it says farewell."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatbot.model.errors import ConnectionLost, ProtocolViolation, SessionLost, WireError
from chatbot.wire.bayeux import BayeuxSession, Outcome, Phase
from tests.wire.bayeux_server import CHATS, ME, refuse, replies, session_in, step

IN_SESSION = [Phase.SUBSCRIBE, Phase.CONNECT]
ALL = [Phase.HANDSHAKE, *IN_SESSION]


@pytest.mark.parametrize(
    ("phase", "error", "kind", "status"),
    [
        (Phase.CONNECT, "402::Unknown client", SessionLost, 402),
        (Phase.CONNECT, "402", SessionLost, 402),
        (Phase.CONNECT, "401:c1:Unknown client", SessionLost, 402),
        (Phase.SUBSCRIBE, "402::Unknown client", SessionLost, 402),
        (Phase.SUBSCRIBE, f"403:{CHATS}:denied", ProtocolViolation, 403),
        (Phase.CONNECT, "401::credentials", ProtocolViolation, 401),
        (Phase.HANDSHAKE, "402::unknown client", ProtocolViolation, 402),
        (Phase.HANDSHAKE, "403::denied", ProtocolViolation, 403),
        (Phase.HANDSHAKE, "4020::x", ProtocolViolation, None),
        (Phase.HANDSHAKE, "denied", ProtocolViolation, None),
        (Phase.HANDSHAKE, "", ProtocolViolation, None),
        (Phase.HANDSHAKE, "४०३::x", ProtocolViolation, None),
    ],
)
def test_refusal_says_what_the_server_said(
    phase: Phase, error: str, kind: type[WireError], status: int | None
) -> None:
    outcome = refuse(session_in(phase), error)
    assert outcome.error is not None
    assert (type(outcome.error), outcome.error.status) == (kind, status)
    assert str(outcome.error).endswith(f"was refused: {error or 'no reason given'}")


@pytest.mark.parametrize("successful", [False, None, 0, "yes", [], {}])
def test_whatever_is_not_plainly_successful_is_refused_and_long_reasons_are_cut(successful: object) -> None:
    outcome = step(session_in(Phase.CONNECT), successful=successful, error="x" * 10_000)
    assert isinstance(outcome.error, ProtocolViolation)
    assert len(str(outcome.error)) < 300
    assert refuse(session_in(Phase.CONNECT), error=None).error is not None  # type: ignore[arg-type]


def test_unknown_client_needs_a_new_handshake_without_the_old_client_id() -> None:
    session = session_in(Phase.CONNECT)
    refuse(session, "402::Unknown client", advice={"reconnect": "retry"})
    (message,) = session.request().messages
    assert (message["channel"], "clientId" in message) == ("/meta/handshake", False)


@pytest.mark.parametrize("answered", [1, 2])
def test_one_subscription_refused_or_unanswered_begins_the_session_anew(answered: int) -> None:
    session = session_in(Phase.SUBSCRIBE, channels=[CHATS, ME])
    first, second = replies(session.request())
    second["successful"] = False
    outcome = session.answered([first, second][:answered])
    assert isinstance(outcome.error, ProtocolViolation)
    assert (session.phase, session.number, outcome.started) == (Phase.HANDSHAKE, 0, False)


@pytest.mark.parametrize("client_id", [None, "", 5, ["c"]])
def test_handshake_without_a_usable_client_id_is_repeated(client_id: object) -> None:
    session = BayeuxSession([CHATS])
    assert isinstance(step(session, clientId=client_id).error, ProtocolViolation)
    assert session.phase is Phase.HANDSHAKE


@pytest.mark.parametrize("phase", ALL)
@pytest.mark.parametrize("error", [ConnectionLost("x"), ProtocolViolation("x"), SessionLost("x")], ids=repr)
def test_failure_keeps_the_session_only_while_polling(phase: Phase, error: WireError) -> None:
    session = session_in(phase)
    session.request()
    keeps = phase is Phase.CONNECT and not isinstance(error, SessionLost)
    assert session.failed(error) == Outcome(error=error)
    assert session.phase is (Phase.CONNECT if keeps else Phase.HANDSHAKE)
    assert session.is_probing


@pytest.mark.parametrize(
    ("offer", "first"),
    [
        (True, 0),
        ({"enabled": True, "batch": 3, "size": 0}, 3),
        ({"enabled": True}, 0),
        ({"enabled": True, "batch": True}, 0),
        *((no, None) for no in (False, None, 1, "true", {}, {"enabled": False, "batch": 3})),
    ],
)
def test_ack_extension_is_used_when_it_is_offered_in_either_form(offer: object, first: int | None) -> None:
    """CometD 3.1 and later offer an object (AckExtension.js: "new format")."""
    session = BayeuxSession([CHATS])
    step(session, ext={"ack": offer}), step(session)
    (connect,) = session.request().messages
    assert connect.get("ext") == (None if first is None else {"ack": first})


def test_ack_of_each_poll_is_echoed_in_the_next_and_a_lost_answer_does_not_advance_it() -> None:
    session, acks = session_in(Phase.CONNECT, ext={"ack": True}), []
    for reply in (7, None, 8, "lost", "refused", 9, [1], True, {}):
        request = session.request()
        acks.append(request.messages[0]["ext"]["ack"])  # type: ignore[index]
        if reply == "lost":
            session.failed(ConnectionLost("lost"))
        elif reply == "refused":
            session.answered(
                replies(request, successful=False, ext={"ack": 99}, advice={"reconnect": "retry"})
            )
        else:
            session.answered(replies(request, ext={"ack": reply}))
    assert acks == [0, 7, 7, 8, 8, 8, 9, 9, 9]


def test_ack_begins_anew_with_each_session_and_odd_extensions_are_ignored() -> None:
    session = session_in(Phase.CONNECT, ext={"ack": True})
    step(session, ext={"ack": 5})
    session.failed(SessionLost("gone"))
    step(session, ext=["ack"]), step(session)
    assert "ext" not in session.request().messages[0]


@pytest.mark.parametrize(
    ("pattern", "heard"),
    [
        ("/v2/me/chats", ["/v2/me/chats"]),
        ("/v2/me/*", ["/v2/me/chats", "/v2/me/"]),
        ("/v2/**", ["/v2/me/chats", "/v2/me/a/b", "/v2/me/", "/v2/x"]),
        ("/**", ["/v2/me/chats", "/v2/me/a/b", "/v2/me/", "/v2/x", "/v20/x"]),
    ],
)
def test_channels_are_matched_with_wildcards(pattern: str, heard: list[str]) -> None:
    session = session_in(Phase.CONNECT, channels=[pattern])
    channels = ["/v2/me/chats", "/v2/me/a/b", "/v2/me/", "/v2/x", "/v20/x", "v2"]
    events = [{"channel": channel, "data": {}} for channel in channels]
    outcome = session.answered([*events, *replies(session.request())])
    assert [one.channel for one in outcome.notifications] == heard


@pytest.mark.parametrize("phase", IN_SESSION)
def test_farewell_unsubscribes_disconnects_and_is_said_once(phase: Phase) -> None:
    session = session_in(phase, channels=[CHATS, ME])
    request = session.farewell()
    assert request is not None
    said = [(m["channel"], m.get("subscription"), m["clientId"]) for m in request.messages]
    assert said == [
        ("/meta/unsubscribe", CHATS, "c1"),
        ("/meta/unsubscribe", ME, "c1"),
        ("/meta/disconnect", None, "c1"),
    ]
    assert (session.farewell(), session.phase, request.hold_s) == (None, Phase.STOPPED, 0.0)


def test_answer_or_failure_after_the_farewell_changes_nothing() -> None:
    session = session_in(Phase.CONNECT)
    poll = session.request()
    session.farewell()
    assert session.answered(replies(poll, successful=False)) == Outcome()
    assert session.failed(SessionLost("gone")) == Outcome()
    assert session.phase is Phase.STOPPED


def test_farewell_is_not_said_to_a_server_that_knows_no_session() -> None:
    assert BayeuxSession([CHATS]).farewell() is None
    session = session_in(Phase.CONNECT)
    session.failed(SessionLost("gone"))
    assert session.farewell() is None


def test_data_is_handed_on_as_it_came() -> None:
    data: list[Any] = [None, 0, "", {"a": [1]}, [], False]
    session = session_in(Phase.CONNECT)
    events = [{"channel": CHATS, "data": value} for value in data]
    outcome = session.answered(json.loads(json.dumps([*events, *replies(session.request())])))
    assert [one.data for one in outcome.notifications] == data
