"""What became of an operation, by tables of reliability 2.2 and design 4.5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model.errors import ConnectionLost, ProtocolViolation, SessionLost, WireError
from chatbot.wire.http import Reply
from chatbot.wire.outcomes import (
    Accepted,
    Gone,
    Later,
    NotSent,
    Outcome,
    Refusal,
    SessionFault,
    Unknown,
    outcome_of,
    outcome_of_error,
)
from tests.wire.fakes import envelope, json_reply, modest, page

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionLost("refused", sent=False), NotSent),
        (ConnectionLost("reset"), Unknown),
        (ProtocolViolation("too large"), Unknown),
        (SessionLost("odd"), Unknown),
    ],
)
def test_only_a_request_that_certainly_did_not_leave_counts_as_not_sent(
    error: WireError, kind: type[NotSent | Unknown]
) -> None:
    assert outcome_of_error(error) == kind(error)


ACCEPTED, PARTLY = Accepted(), Accepted(partly=True)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (envelope(0), ACCEPTED),
        (envelope(0, referenceId=35), Accepted("35")),
        (envelope(0, referenceId="r-1"), Accepted("r-1")),
        (envelope(0, referenceId={}), ACCEPTED),
        (envelope("0"), ACCEPTED),
        (envelope(" 0 "), ACCEPTED),
        (envelope(0, http=202), ACCEPTED),
        (envelope(7), PARTLY),
        (envelope("7", referenceId=5), Accepted("5", partly=True)),
        (json_reply({"status": 0}), ACCEPTED),
        (json_reply({"status": "ok"}), ACCEPTED),
        (json_reply({"status": "OK"}), ACCEPTED),
        (json_reply({"statusCode": None, "status": "0"}), ACCEPTED),
        *(
            (envelope(code, statusMessage="why"), Refusal(code, f"status code {code}: why"))
            for code in (1, 2, 3, 6, 8, 10, 11, 13, 14, 15, 16, 17, 18, 19, 21, 99)
        ),
        (envelope("6"), Refusal(6, "status code 6: no reason given")),
        (envelope(3, http=403, statusMessage="why"), Refusal(3, "status code 3: why")),
        (envelope(6, http=404, statusMessage="why"), Refusal(6, "status code 6: why")),
        (envelope(8, http=401, statusMessage="why"), Refusal(8, "status code 8: why")),
        (envelope(1, statusMessage="x" * 9999), Refusal(1, "status code 1: " + "x" * 200)),
        *(
            (Reply(status, {}, b"no"), Refusal(status, f"HTTP {status}"))
            for status in (400, 405, 409, 413, 415)
        ),
        *((page(status), Refusal(status, f"HTTP {status}")) for status in (400, 405, 413)),
        *(
            (reply, Gone(404, "HTTP 404"))
            for reply in (Reply(404, {}, b""), page(404), envelope(0, http=404))
        ),
        (json_reply({"error": "none"}, 404), Gone(404, "HTTP 404")),
        (envelope(7, http=404), Gone(404, "HTTP 404")),
    ],
    ids=str,
)
def test_answer_that_is_plain_is_sorted_as_it_says(reply: Reply, outcome: Outcome) -> None:
    assert outcome_of(reply) == outcome


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (envelope(5), 5),
        (envelope(20), 20),
        (envelope("20"), 20),
        (envelope(20, http=403), 20),
        *((Reply(status, {}, b"no"), status) for status in (401, 402, 403, 301, 302, 303, 307, 308)),
        *((page(status), status) for status in (401, 402, 403, 302)),
        *((envelope(code, http=401), 401) for code in (0, 3, 4, 5, 6, 7, 20)),
        *((envelope(code, http=302), 302) for code in (0, 7)),
        (page(), None),
        (page(201), None),
    ],
    ids=str,
)
def test_server_that_does_not_know_who_asked_did_nothing(reply: Reply, status: int | None) -> None:
    outcome = outcome_of(reply)
    assert isinstance(outcome, SessionFault)
    assert isinstance(outcome.error, SessionLost)
    assert outcome.error.status == status


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        *((Reply(status, {}, b""), status) for status in (408, 500, 502, 503, 504, 599)),
        *((page(status), status) for status in (500, 503)),
        (envelope(0, http=500), 500),
        (envelope(6, http=503), 503),
        *((envelope(code), code) for code in (4, 9, 12)),
        (json_reply({"status": "error", "errorDescription": "why"}), 4),
        (json_reply({}), 200),
        (json_reply([]), 200),
        (json_reply(None), 200),
        *((envelope(code), 200) for code in (True, None, [], "x", "0x0", -0.0, "9" * 12)),
        (Reply(200, {}, b""), None),
        (Reply(204, {}, b""), None),
        (Reply(200, {}, b'{"statusCode":'), None),
    ],
    ids=str,
)
def test_answer_that_says_nothing_certain_leaves_the_effect_unknown(reply: Reply, status: int | None) -> None:
    outcome = outcome_of(reply)
    assert isinstance(outcome, Unknown)
    assert isinstance(outcome.error, ProtocolViolation)
    assert outcome.error.status == status


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 2.5 ", 2.5),
        ("60", 60.0),
        ("61", 60.0),
        ("1e9", 60.0),
        ("inf", 60.0),
        ("-1", 0.0),
        ("-inf", 0.0),
        ("nan", 1.0),
        ("", 1.0),
        ("abc", 1.0),
        ("1, 2", 1.0),
        ("Sun, 01 Mar 2026 12:00:05 GMT", 5.0),
        ("Sun, 01 Mar 2026 13:00:05 +0100", 5.0),
        ("Sun, 01 Mar 2026 12:10:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 60.0),
        ("Sun, 01 Mar 2026 12:00:05", 1.0),
        ("Sun, 99 Mar 2026 12:00:05 GMT", 1.0),
        ("Sun, 01 Mar 99999999999999999999 12:00:05 GMT", 1.0),
        ("Sun, 01 Mar 2026 12:00:05 +99999999999999999999", 1.0),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"statusCode": 0}'])
def test_too_many_requests_says_when_to_ask_again(value: str, seconds: float, body: bytes) -> None:
    assert outcome_of(Reply(429, {"retry-after": value}, body), now=NOW) == Later(seconds)


@pytest.mark.parametrize("headers", [{}, {"retry-after": "Sun, 01 Mar 2026 12:00:05 GMT"}], ids=str)
def test_wait_that_cannot_be_known_is_a_second(headers: dict[str, str]) -> None:
    assert outcome_of(Reply(429, headers, b"")) == Later(1.0)


def test_date_is_compared_in_any_time_zone() -> None:
    now = NOW.astimezone(timezone(timedelta(hours=-7)))
    reply = Reply(429, {"retry-after": "Sun, 01 Mar 2026 12:00:05 GMT"}, b"")
    assert outcome_of(reply, now=now) == Later(5.0)


@modest
@given(
    st.text()
    | st.from_regex(r"\A(Mon, )?\d{1,25} (Jan|Dec) \d{1,25} \d{1,5}:\d{1,3}:\d{1,3} ([+-]\d{1,25}|GMT)\Z")
)
def test_any_retry_after_is_between_nothing_and_a_minute(value: str) -> None:
    outcome = outcome_of(Reply(429, {"retry-after": value}, b""), now=NOW)
    assert isinstance(outcome, Later)
    assert 0.0 <= outcome.seconds <= 60.0


@modest
@given(st.integers(200, 599), st.binary(max_size=30) | st.sampled_from([b'{"statusCode":0}', b"<html>"]))
def test_any_answer_has_an_outcome_and_only_a_success_is_accepted(status: int, body: bytes) -> None:
    outcome = outcome_of(Reply(status, {}, body))
    assert not isinstance(outcome, Accepted) or status < 300
