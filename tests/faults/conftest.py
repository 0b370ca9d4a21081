"""After each row: no secret in any log line, and no customer's words in what the log shows."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Iterator

import pytest

from chatbot.cli.log import JsonLines, TextLines
from tests.faults.raw import COOKIE, CSRF, Platform
from tests.faults.stage import PASSWORD

SECRETS = [PASSWORD, COOKIE, CSRF, b64encode(f"robo:{PASSWORD}".encode()).decode()]
WORDS = ["hello", "still there?", "canary-words", "4111 1111 1111 1111", "DE89370400440532013000"]


@pytest.fixture(autouse=True)
def _logs_tell_nothing(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG, logger="chatbot")
    caplog.set_level(logging.DEBUG, logger="asyncio")
    yield
    records = caplog.get_records("call")
    raw = "\n".join(map(logging.Formatter("%(levelname)s %(message)s").format, records))
    assert [secret for secret in SECRETS if secret in raw] == []
    for lines in (TextLines(), JsonLines()):
        shown = "\n".join(map(lines.format, records))
        assert [word for word in WORDS if word in shown] == []


@pytest.fixture
def platform() -> Platform:
    return Platform()
