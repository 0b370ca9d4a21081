"""Bytes of an answer to JSON values: strict about JSON, patient with broken characters."""

from __future__ import annotations

import codecs
import json
from typing import Never

from pydantic_core import from_json

from chatbot.model.errors import ProtocolViolation, SessionLost

__all__ = ["decode"]


def decode(body: bytes) -> object:
    """The JSON value that the body holds.

    A lone surrogate or a byte that is not UTF-8 becomes a question mark: one customer's broken
    emoji must not cost the whole answer. NaN, Infinity and absurd nesting are not JSON.

    Raises:
        SessionLost: It is a web page: somebody wants us to log in.
        ProtocolViolation: It is not JSON.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        if body[:256].removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
            raise SessionLost("a web page came instead of JSON, perhaps a login page") from None
        return _decode_broken_text(body)


def _decode_broken_text(body: bytes) -> object:
    try:
        text = body.decode(json.detect_encoding(body), "replace").lstrip("\ufeff")
        value = json.loads(text, parse_constant=_refuse)
        whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        return from_json(whole, allow_inf_nan=False)
    except (ValueError, RecursionError) as exc:
        # not quoted: it may hold a customer's words
        raise ProtocolViolation(f"the answer is not JSON but {len(body)} bytes of something else") from exc


def _refuse(constant: str) -> Never:
    raise ValueError(constant)
