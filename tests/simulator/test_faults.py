import asyncio

import pytest

from chatbot.simulator.bayeux_server import Refuse
from chatbot.simulator.faults import (
    Action,
    Answer,
    Call,
    Delay,
    Do,
    Double,
    Drop,
    Fault,
    Lose,
    Match,
    Swap,
    take_http,
    take_notice,
    take_refusal,
)

CALL = Call("POST", "/api/v2/me/chats/1", "Accept", ("/meta/connect",), "bot", "StatusChange")


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (Match(), True),
        (Match(method="POST"), True),
        (Match(method="GET"), False),
        (Match(path="/api/v2/me"), True),
        (Match(path="/api/v2/users"), False),
        (Match(operation="Accept"), True),
        (Match(operation="Reject"), False),
        (Match(channel="/meta/connect"), True),
        (Match(channel="/meta/handshake"), False),
        (Match(agent="bot", notification="StatusChange"), True),
        (Match(agent="eva"), False),
        (Match(notification="Error"), False),
    ],
)
def test_what_a_rule_covers(match: Match, *, expected: bool) -> None:
    assert match.covers(CALL) is expected


def test_a_rule_is_used_up_after_its_times() -> None:
    faults = [Fault(Match(), Answer(503), times=2)]
    assert [take_http(faults, CALL) is not None for _ in range(3)] == [True, True, False]
    assert faults == []


def test_a_rule_without_times_stays() -> None:
    faults = [Fault(Match(), Drop(), times=None)]
    assert all(take_http(faults, CALL) for _ in range(5))


def test_the_first_matches_may_be_skipped() -> None:
    faults = [Fault(Match(), Drop(), skip=2)]
    assert [take_http(faults, CALL) is not None for _ in range(4)] == [False, False, True, False]


def test_rules_are_tried_in_order() -> None:
    faults = [
        Fault(Match(agent="eva"), Answer(500)),
        Fault(Match(), Answer(502)),
        Fault(Match(), Answer(503)),
    ]
    assert take_http(faults, CALL) == Answer(502)


@pytest.mark.parametrize(
    ("action", "taker"),
    [
        (Answer(), take_http),
        (Delay(asyncio.Event()), take_http),
        (Drop(), take_http),
        (Do(print), take_http),
        (Lose(), take_notice),
        (Double(), take_notice),
        (Swap(), take_notice),
        (Refuse(), take_refusal),
    ],
)
def test_each_place_takes_its_own_kind_only(action: Action, taker: object) -> None:
    for other in (take_http, take_notice, take_refusal):
        faults = [Fault(Match(), action)]
        assert other(faults, CALL) == (action if other is taker else None)


def test_a_rule_with_a_chance_happens_when_chance_has_it_and_only_then_counts() -> None:
    dice = iter([False, True, False, True, True])
    faults = [
        Fault(Match(operation="Reject"), Answer(500), chance=lambda: pytest.fail("not asked for")),
        Fault(Match(), Answer(503), times=2, chance=lambda: next(dice)),
    ]
    taken = [take_http(faults, CALL) is not None for _ in range(5)]
    assert (taken, len(faults)) == ([False, True, False, True, False], 1)
