"""What bytes of an answer become."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model.errors import ProtocolViolation, SessionLost
from chatbot.wire.body import decode
from tests.wire.fakes import modest


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        (b"\xef\xbb\xbf[1]", [1]),
        ('["ä€😀"]'.encode(), ["ä€😀"]),
        *(('["ä€😀"]'.encode(code), ["ä€😀"]) for code in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")),
        (b'["\\u0000\\u202e"]', ["\x00\u202e"]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'"' + b"x" * 100_000 + b'"', "x" * 100_000),
    ],
)
def test_json_is_read_in_any_unicode_encoding(body: bytes, value: object) -> None:
    assert decode(body) == value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'["\\ud83d", "whole"]', ["?", "whole"]),
        (b'["\\ude00\\ud83d!"]', ["??!"]),
        (b'{"\\ud83d": 1}', {"?": 1}),
        (b'["caf\xe9", "whole"]', ["caf\ufffd", "whole"]),
        (b'["\xed\xa0\xbd"]', ["\ufffd\ufffd\ufffd"]),
        (b'\xef\xbb\xbf["\xff"]', ["\ufffd"]),
    ],
)
def test_broken_characters_cost_only_themselves(body: bytes, value: object) -> None:
    assert decode(body) == value


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><html></html>",
        b"  \r\n\t<html>",
        b"\xef\xbb\xbf<html>",
        b"\xef\xbb\xbf\r\n <?xml version='1.0'?><html/>",
        b"<" + b"\xff" * 100,
    ],
)
def test_web_page_means_that_somebody_wants_a_login(page: bytes) -> None:
    with pytest.raises(SessionLost, match="login page"):
        decode(page)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"Missing or invalid Csrf token",
        b'{"a": 1',
        b'[{"a": 1},]',
        b"{'a': 1}",
        b"[1] [2]",
        b"NaN",
        b'{"a": Infinity}',
        b'["\xff", -Infinity]',
        b'["\xff", 1e999]',
        b"[" * 100_000,
        b'["\xff",' + b"[" * 100_000,
        b"[" * 500 + b"]" * 500,
        b"[" + b"9" * 5000 + b"]",
        b'["\xff", ' + b"9" * 5000 + b"]",
        b"\x1f\x8b\x08\x00",
        b"x" * 300 + b"<html>",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_anything_else_is_a_violation_that_does_not_quote_it(body: bytes) -> None:
    with pytest.raises(
        ProtocolViolation, match=f"^CB406 the answer is not JSON but {len(body)} bytes of something"
    ):
        decode(body)


@modest
@given(st.binary(max_size=40) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_value_or_one_of_two_errors(body: bytes) -> None:
    try:
        value = decode(body)
    except (SessionLost, ProtocolViolation):
        return
    assert not isinstance(value, float) or not math.isnan(value)
