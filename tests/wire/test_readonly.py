"""The second lock of shadow: whatever is asked for, only reads and CometD's own messages go out."""

import json
from typing import Any

import pytest

from chatbot.model.errors import ReadOnly
from chatbot.wire.http import Method, Reply
from chatbot.wire.readonly import ReadOnlyHttp

COMETD = "/api/v2/notifications"


class Lets:
    """Keeps what was let out."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.is_closed = False

    async def request(
        self, method: Method, path: str, *, content: bytes | None = None, timeout_s: float
    ) -> Reply:
        self.asked.append((method, path))
        return Reply(200, {}, b"{}")

    async def aclose(self) -> None:
        self.is_closed = True


def polls(*channels: str) -> bytes:
    return json.dumps([{"channel": channel} for channel in channels]).encode()


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/api/v2/me", None),
        ("GET", "/api/v2/me/chats?fields=*", None),
        ("POST", COMETD, polls("/meta/handshake")),
        ("POST", COMETD, polls("/meta/subscribe", "/meta/connect")),
    ],
)
async def test_reads_and_the_transport_pass(method: Method, path: str, content: bytes | None) -> None:
    inner = Lets()
    http = ReadOnlyHttp(inner, COMETD)
    assert (await http.request(method, path, content=content, timeout_s=1)).status == 200
    assert inner.asked == [(method, path)]
    await http.aclose()
    assert inner.is_closed


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/api/v2/me", b'{"operationName": "Ready"}'),
        ("POST", "/api/v2/me/chats/1?x=secret", b'{"operationName": "SendMessage"}'),
        ("PUT", "/api/v2/me", b"{}"),
        ("DELETE", "/api/v2/me", None),
        ("POST", COMETD, b'{"operationName": "Ready"}'),
        ("POST", COMETD, polls("/meta/connect", "/v2/me/chats")),
        ("POST", COMETD, b"[1]"),
        ("POST", COMETD, b"\xff"),
        ("POST", COMETD, None),
        ("POST", COMETD + "/x", polls("/meta/connect")),
        ("DELETE", COMETD, polls("/meta/connect")),
    ],
)
async def test_nothing_else_does(method: Any, path: str, content: bytes | None) -> None:
    inner = Lets()
    with pytest.raises(ReadOnly) as refused:
        await ReadOnlyHttp(inner, COMETD).request(method, path, content=content, timeout_s=1)
    assert inner.asked == []
    plain = path.partition("?")[0]
    assert str(refused.value) == f"shadow: {method} {plain} was not sent, for the server is only read"
