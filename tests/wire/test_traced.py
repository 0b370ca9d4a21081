"""Requests in the trace that they are part of."""

import pytest

from chatbot.model.errors import ConnectionLost
from chatbot.wire.http import Reply
from chatbot.wire.traced import TracedHttp, route_of
from tests.spans import Spans
from tests.wire.fakes import FakeClock, FakeHttp

PATH = "/api/v2/me/chats/0a1b/messages?startIndex=1"
LOST = ConnectionLost("no answer")


async def test_a_request_is_a_span_with_its_route_and_its_status() -> None:
    spans, http = Spans(), FakeHttp(FakeClock(), Reply(404, {}, b""))
    with spans.tracer.span("chatbot.event", {}):
        reply = await TracedHttp(http, spans.tracer).request("GET", PATH, timeout_s=1.0)
    assert reply.status == 404
    (sent,) = http.sent
    assert sent.path == PATH
    request = spans.one("chatbot.request")
    assert request.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/v2/me/chats/{id}/messages",
        "http.response.status_code": 404,
    }
    assert spans.parent_of(request) is spans.one("chatbot.event")


async def test_a_request_that_is_lost_is_an_error() -> None:
    spans = Spans()
    with spans.tracer.span("chatbot.event", {}), pytest.raises(ConnectionLost):
        await TracedHttp(FakeHttp(FakeClock(), LOST), spans.tracer).request(
            "POST", "/me", content=b"{}", timeout_s=1.0
        )
    request = spans.one("chatbot.request")
    assert request.status.description == LOST.masked
    assert request.attributes is not None
    assert request.attributes["error.type"] == "ConnectionLost"


async def test_what_belongs_to_no_trace_begins_none() -> None:
    spans, http = Spans(), FakeHttp(FakeClock(), Reply(200, {}, b""))
    traced = TracedHttp(http, spans.tracer)
    await traced.request("GET", "/me", timeout_s=1.0)
    await traced.aclose()
    assert (spans.all, http.closed) == ([], 1)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v2/me", "/api/v2/me"),
        ("/api/v2/me/chats?fields=*", "/api/v2/me/chats"),
        ("/api/v2/me/chats/a~1", "/api/v2/me/chats/{id}"),
        ("/api/v2/users/u1/channels/chat", "/api/v2/users/{id}/channels/chat"),
        ("/api/v2/users/u1/chats/c1", "/api/v2/users/{id}/chats/{id}"),
    ],
)
def test_a_route_names_no_chat_and_no_user(path: str, route: str) -> None:
    assert route_of(path) == route
