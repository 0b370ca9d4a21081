"""What is outside is waited for while it may still say something."""

import selectors
import socket

from chatbot.testing.outside import Outside


def test_what_stays_silent_is_not_waited_for_again() -> None:
    here, there = socket.socketpair()
    with here, there, selectors.DefaultSelector() as selector:
        selector.register(here, selectors.EVENT_READ)
        outside, asked = Outside(selector, own=-1), []

        def select(seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
            asked.append(seconds)
            return selector.select(min(seconds, 0.01))

        there.send(b"x")
        assert len(outside.wait(select)) == 1
        here.recv(1)
        assert [outside.wait(select) for _ in range(20)] == [[]] * 20
        assert asked[0] > 1
        assert max(asked[1:]) <= 0.1
        assert len(asked) < 20


def test_where_nothing_is_outside_nothing_is_waited_for() -> None:
    with selectors.DefaultSelector() as selector:
        assert Outside(selector, own=-1).wait(lambda _: [None]) == []
