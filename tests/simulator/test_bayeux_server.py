from typing import Any

import pytest

from chatbot.simulator.bayeux_server import BayeuxServer, Client, ack_of, channels_of, matches, reply
from chatbot.simulator.options import Options
from chatbot.simulator.tokens import CountingTokens
from tests.simulator.stage import Clock

Json = dict[str, Any]


class Bench:
    """A Bayeux server with one client."""

    def __init__(self, *, ack: bool = False, **options: Any) -> None:
        self.clock = Clock()
        self.server = BayeuxServer(Options(**options), self.clock, CountingTokens())
        answer = self.handshake(ack=ack)
        found = self.server.find(answer["clientId"], "session")
        assert found is not None
        self.client: Client = found
        self.subscribe("/v2/me/*")

    def handshake(self, *, ack: bool = False, username: str = "bot", browser: str = "b") -> Json:
        message: Json = {
            "channel": "/meta/handshake",
            "id": "1",
            "supportedConnectionTypes": ["long-polling", "websocket"],
            "ext": {"ack": ack},
        }
        return self.server.handshake(message, username, "session", browser)

    def subscribe(self, subscription: object, kind: str = "subscribe") -> Json:
        message: Json = {"channel": f"/meta/{kind}", "id": "2", "subscription": subscription}
        return self.server.subscribe(message, self.client)

    def say(self, text: str, channel: str = "/v2/me/chats") -> None:
        self.server.deliver("bot", channel, {"text": text})

    def poll(self, ack: int | None = None) -> tuple[list[str], Json]:
        if ack is not None:
            self.client.acknowledge(ack)
        *events, answer = self.server.connected({"channel": "/meta/connect", "id": "3"}, self.client, None)
        return [event["data"]["text"] for event in events], answer  # type: ignore[index]


def test_a_handshake_makes_a_client_and_gives_advice_in_milliseconds() -> None:
    bench = Bench(poll_timeout=30, poll_interval=0.5, max_interval=15, advise_max_interval=True)
    answer = bench.handshake()
    assert answer["successful"] is True
    assert (answer["id"], answer["version"], answer["minimumVersion"]) == ("1", "1.0", "1.0")
    assert answer["supportedConnectionTypes"] == ["long-polling"]
    expected = {"reconnect": "retry", "interval": 500, "timeout": 30000, "maxInterval": 15000}
    assert answer["advice"] == expected
    assert answer["clientId"] in bench.server.clients


@pytest.mark.parametrize("types", [None, [], ["websocket"], "long-polling"])
def test_without_long_polling_there_is_no_client(types: object) -> None:
    bench = Bench()
    message: Json = {"channel": "/meta/handshake", "supportedConnectionTypes": types}
    answer = bench.server.handshake(message, "bot", "session", "b")
    assert (answer["successful"], answer["advice"]) == (False, {"reconnect": "none"})
    assert list(bench.server.clients) == [bench.client.id]


@pytest.mark.parametrize(
    ("pattern", "channel", "expected"),
    [
        ("/v2/me/chats", "/v2/me/chats", True),
        ("/v2/me/chats", "/v2/me", False),
        ("/v2/me/*", "/v2/me/chats", True),
        ("/v2/me/*", "/v2/me", False),
        ("/v2/*", "/v2/me/chats", False),
        ("/**", "/v2/me/chats", True),
        ("/v2/**", "/v2/me/chats", True),
        ("/v3/**", "/v2/me/chats", False),
    ],
)
def test_patterns(pattern: str, channel: str, *, expected: bool) -> None:
    assert matches(pattern, channel) is expected


def test_only_what_is_subscribed_arrives_and_only_at_its_agent() -> None:
    bench = Bench()
    bench.say("one")
    bench.say("elsewhere", "/v2/users")
    bench.server.deliver("eva", "/v2/me/chats", {"text": "for eva"})
    assert bench.poll()[0] == ["one"]
    assert bench.poll()[0] == []


def test_several_channels_are_subscribed_at_once_and_echoed() -> None:
    bench = Bench()
    answer = bench.subscribe(["/v2/users", "/v2/me"])
    assert (answer["successful"], answer["subscription"]) == (True, ["/v2/users", "/v2/me"])
    bench.say("one", "/v2/users")
    bench.subscribe("/v2/users", "unsubscribe")
    bench.say("two", "/v2/users")
    assert bench.poll()[0] == ["one"]


def test_a_subscription_must_be_named() -> None:
    assert Bench().subscribe(None)["successful"] is False


def test_a_silent_client_is_forgotten_after_max_interval() -> None:
    bench = Bench(max_interval=15)
    bench.clock.advance(15)
    bench.server.sweep()
    assert bench.client.id in bench.server.clients
    bench.clock.advance(0.1)
    bench.say("lost")
    assert bench.server.clients == {}


def test_a_held_client_is_not_silent() -> None:
    bench = Bench()
    bench.client.wake = lambda: None
    bench.clock.advance(100)
    bench.server.sweep()
    assert bench.client.id in bench.server.clients


def test_a_client_belongs_to_its_http_session() -> None:
    bench = Bench()
    assert bench.server.find(bench.client.id, "another session") is None
    assert bench.server.find(None, "session") is None


def test_an_unknown_client_is_told_to_handshake() -> None:
    answer = Bench().server.unknown({"channel": "/meta/connect", "id": "9"})
    assert answer == {
        "channel": "/meta/connect",
        "id": "9",
        "successful": False,
        "error": "402::Unknown client",
        "advice": {"reconnect": "handshake", "interval": 0},
    }


def test_disconnect_forgets_one_client_and_wakes_it() -> None:
    bench = Bench()
    woken: list[bool] = []
    bench.client.wake = lambda: woken.append(True)
    other = bench.handshake()["clientId"]
    bench.server.disconnect({"channel": "/meta/disconnect"}, bench.client)
    assert (list(bench.server.clients), woken) == ([other], [True])


def test_without_acknowledgements_events_are_sent_once() -> None:
    bench = Bench(ack=False)
    bench.say("one")
    assert bench.poll()[0] == ["one"]
    events, answer = bench.poll()
    assert events == []
    assert "ext" not in answer


def test_what_was_not_acknowledged_is_sent_again_in_order() -> None:
    bench = Bench(ack=True)
    bench.say("one")
    events, answer = bench.poll(ack=-1)
    assert (events, answer["ext"]) == (["one"], {"ack": 1})
    bench.say("two")
    assert bench.poll(ack=0)[0] == ["one", "two"]
    assert bench.poll(ack=2) == ([], reply_with(3, bench))
    assert bench.client.queue == []


def reply_with(batch: int, bench: Bench) -> Json:
    return {
        "channel": "/meta/connect",
        "id": "3",
        "successful": True,
        "clientId": bench.client.id,
        "ext": {"ack": batch},
    }


def test_what_is_sent_again_counts_as_news() -> None:
    bench = Bench(ack=True)
    bench.say("one")
    bench.poll(ack=-1)
    assert not bench.client.has_news()
    bench.client.acknowledge(0)
    assert bench.client.has_news()


@pytest.mark.parametrize(("offered", "wanted"), [(True, False), (False, True), (False, False)])
def test_both_sides_must_want_acknowledgements(*, offered: bool, wanted: bool) -> None:
    bench = Bench(ack=wanted, ack_extension=offered)
    assert not bench.client.acks


def test_one_browser_may_have_a_limited_number_of_held_polls() -> None:
    bench = Bench(max_sessions_per_browser=1, multi_session_interval=2.0)
    other = bench.server.find(bench.handshake()["clientId"], "session")
    stranger = bench.server.find(bench.handshake(browser="c")["clientId"], "session")
    assert other is not None
    assert stranger is not None
    assert not bench.server.is_crowded(other)
    bench.client.wake = lambda: None
    assert bench.server.is_crowded(other)
    assert not bench.server.is_crowded(bench.client)
    assert not bench.server.is_crowded(stranger)
    advice = bench.server.advice(crowded=True)
    assert (advice["multiple-clients"], advice["interval"]) == (True, 2000)


def test_parts_of_messages_are_read_with_care() -> None:
    assert channels_of({"subscription": ["/a", 5]}) == ["/a"]
    assert [ack_of({"ext": {"ack": value}}) for value in (3, True, "x", None)] == [3, None, None, None]
    assert ack_of({"ext": "x"}) is None
    assert reply({"channel": "/x"}, successful=True) == {"channel": "/x", "successful": True}
