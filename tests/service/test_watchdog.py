"""The event loop is watched: by hand, with a clock and a stack that stand still, and once for real."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from chatbot import hookimpl
from chatbot.bot.runner import BotRunner
from chatbot.service.culprit import Culprit
from chatbot.service.system import system_watchdog
from chatbot.service.watchdog import BEAT_EVERY_S, BLOCKED_AFTER_S, Watchdog
from tests.hooks.stage import Stage
from tests.service.house import bot_at, until

NOWHERE = "http://127.0.0.1:1"
LIMITS = {"breaker": {"blocked": 1.5}}


class Nap:
    @hookimpl
    async def on_text(self) -> None:
        time.sleep(BLOCKED_AFTER_S + 0.2)  # noqa: ASYNC251 (the fault itself)


class Hands:
    """A clock, a loop and a thread that do nothing but what a test says."""

    def __init__(self) -> None:
        self.time = 50.0
        self.bots = [bot_at(NOWHERE, name, Nap(), **LIMITS) for name in ("day", "night")]
        self.looking: Callable[[], None] | None = None
        self.every_s = 0.0
        self.runs: FrameType | None = None
        self.dog = Watchdog(monotonic=lambda: self.time, frame_of=self._frame_of, repeat=self._repeat)

    def _frame_of(self, thread: int) -> FrameType | None:
        assert thread == threading.get_ident()
        return self.runs

    def _repeat(self, function: Callable[[], None], every_s: float, /) -> Callable[[], None]:
        self.looking, self.every_s = function, every_s

        def end() -> None:
            self.looking = None

        return end

    def looks_after(self, seconds: float) -> None:
        self.time += seconds
        assert self.looking is not None
        self.looking()

    def beats_after(self, seconds: float) -> None:
        self.time += seconds
        self.dog.beat()

    def blocked_s(self) -> list[float]:
        return [pytest.approx(bot.breakers["p0"].blocked_s) for bot in self.bots]


class Suspect:
    """What ``find_culprit`` finds, for its own tests are elsewhere."""

    def __init__(self) -> None:
        self.culprit: Culprit | None = None

    def __call__(self, *_: Any) -> Culprit | None:
        return self.culprit

    def is_(self, *bots: BotRunner, place: str = "nap.py:7") -> None:
        breakers = tuple(bot.breakers["p0"] for bot in bots)
        self.culprit = Culprit(breakers, "on_text", place, "  the scene")


@pytest.fixture
def suspect(monkeypatch: pytest.MonkeyPatch) -> Suspect:
    found = Suspect()
    monkeypatch.setattr("chatbot.service.watchdog.find_culprit", found)
    return found


@pytest.fixture
async def hands(suspect: Suspect, caplog: pytest.LogCaptureFixture) -> Hands:
    return Hands()


FIX = "  fix: await what takes time, or write the hook as a plain def: that runs in a thread of its own"


async def test_who_blocks_is_named_once_while_it_does_and_charged_with_all_of_it(
    hands: Hands, suspect: Suspect, caplog: pytest.LogCaptureFixture
) -> None:
    day, _ = hands.bots
    with hands.dog.watching(hands.bots):
        hands.runs = sys._getframe()
        suspect.is_(day)
        hands.looks_after(BEAT_EVERY_S + BLOCKED_AFTER_S - 0.01)
        assert caplog.messages == []
        hands.looks_after(0.07)
        hands.looks_after(0.1)
        suspect.is_(day, place="nap.py:8")
        hands.looks_after(0.1)
        who = "plugin p0 of bot day, on_text at nap.py:7"
        stands = f"the event loop has stood still for 0.6 s, and all chats with it: blocked by {who}"
        assert caplog.messages == [f"{stands}\n{FIX}\n  the scene"]
        assert hands.blocked_s() == [0.76, 0.0]
        hands.beats_after(0.04)
    assert hands.blocked_s() == [0.8, 0.0]
    assert [(record.levelno, record.getMessage()) for record in caplog.records[1:]] == [
        (
            logging.WARNING,
            "the event loop turns again, after 0.8 s: plugin p0 of bot day, on_text at nap.py:8",
        )
    ]
    assert caplog.records[0].levelno == logging.ERROR


async def test_each_block_is_told_anew(
    hands: Hands, suspect: Suspect, caplog: pytest.LogCaptureFixture
) -> None:
    with hands.dog.watching(hands.bots):
        hands.runs = sys._getframe()
        suspect.is_(hands.bots[0])
        for _ in range(2):
            hands.looks_after(0.7)
            hands.beats_after(0.0)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING] * 2


async def test_the_breaker_opens_with_the_block_and_not_later(
    hands: Hands, suspect: Suspect, caplog: pytest.LogCaptureFixture
) -> None:
    """Other chats may be next, before the heartbeat is."""
    breaker = hands.bots[0].breakers["p0"]
    with hands.dog.watching(hands.bots):
        hands.runs = sys._getframe()
        suspect.is_(hands.bots[0])
        hands.looks_after(1.55)
        assert breaker.begin("on_text") is not None
        hands.looks_after(0.1)
        assert breaker.begin("on_text") is None


async def test_that_it_opens_is_told_although_nobody_asks(
    hands: Hands, suspect: Suspect, caplog: pytest.LogCaptureFixture
) -> None:
    with hands.dog.watching(hands.bots):
        hands.runs = sys._getframe()
        suspect.is_(hands.bots[0])
        hands.looks_after(2.0)
        hands.beats_after(0.0)
    assert caplog.messages[-1] == (
        "plugin p0 of bot day is not asked for 60 s: it blocked the event loop for 1.9 s"
    )


async def test_several_that_block_one_after_another_are_all_named_and_each_pays_its_part(
    hands: Hands, suspect: Suspect, caplog: pytest.LogCaptureFixture
) -> None:
    day, night = hands.bots
    with hands.dog.watching(hands.bots):
        hands.runs = sys._getframe()
        suspect.is_(day)
        hands.looks_after(0.7)
        suspect.is_(night)
        hands.looks_after(0.1)
        hands.looks_after(0.1)
        hands.beats_after(0.0)
    assert hands.blocked_s() == [0.6, 0.2]
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.ERROR, logging.WARNING]


async def test_a_block_of_ours_is_told_with_its_stack_and_charged_to_nobody(
    hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    with hands.dog.watching(hands.bots):
        hands.runs = sys._getframe()
        hands.looks_after(0.7)
        hands.looks_after(0.1)
        hands.beats_after(0.0)
    told, again = caplog.messages
    assert told.startswith("the event loop has stood still for 0.6 s, and no plugin runs in it\n  File ")
    assert "in test_a_block_of_ours_is_told_with_its_stack" in told
    assert again == "the event loop turns again, after 0.7 s: no plugin's fault"
    assert hands.blocked_s() == [0.0, 0.0]


async def test_a_block_that_nobody_could_see_is_told_at_its_end(
    hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    with hands.dog.watching(hands.bots):
        hands.looks_after(5.0)
        hands.beats_after(0.1)
    why = "something held Python's lock, or the whole process was stopped"
    assert caplog.messages == [f"the event loop stood still for 5.0 s, and nobody saw why: {why}"]


async def test_a_loop_that_is_a_little_late_is_nobody_s_fault(
    hands: Hands, suspect: Suspect, caplog: pytest.LogCaptureFixture
) -> None:
    with hands.dog.watching(hands.bots):
        hands.runs = sys._getframe()
        suspect.is_(hands.bots[0])
        for _ in range(20):
            hands.looks_after(0.25)
            hands.beats_after(0.25)
    assert (caplog.messages, hands.blocked_s()) == ([], [0.0, 0.0])
    assert hands.dog.worst_lag_s == pytest.approx(0.4)


async def test_the_worst_lag_of_the_last_minute_is_told(hands: Hands) -> None:
    assert hands.dog.worst_lag_s == 0.0
    with hands.dog.watching(hands.bots):
        hands.beats_after(0.4)
        hands.beats_after(0.2)
        assert hands.dog.worst_lag_s == pytest.approx(0.3)
        for _ in range(600):
            hands.beats_after(0.1)
        assert hands.dog.worst_lag_s == pytest.approx(0.1)
        hands.time += 0.3
        assert hands.dog.worst_lag_s == pytest.approx(0.0)
        assert len(hands.dog._lags) < 700


async def test_all_plugins_of_all_bots_are_known_by_their_files(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hands = Hands()
    for bot in hands.bots:
        bot.sources["p0"] = __file__
    with hands.dog.watching(hands.bots):
        hands.runs = sys._getframe()
        hands.looks_after(0.7)
    assert hands.blocked_s() == [0.6, 0.6]
    assert f"blocked by plugin p0 of bot day, night at {__file__}:" in caplog.text


async def test_it_looks_as_often_as_the_heart_beats_and_no_longer_than_it_is_to(hands: Hands) -> None:
    with hands.dog.watching(hands.bots):
        assert (hands.looking, hands.every_s) == (hands.dog.look, BEAT_EVERY_S)
    assert hands.looking is None
    assert hands.dog._timer.cancelled()


async def test_the_heart_beats_as_long_as_the_loop_turns(hands: Hands) -> None:
    with hands.dog.watching(hands.bots):
        for _ in range(2):
            due = hands.dog._due
            hands.time += 0.1
            await until(lambda due=due: hands.dog._due > due)  # type: ignore[misc]
    timer = hands.dog._timer
    assert timer.cancelled()


# for real


async def test_a_hook_that_sleeps_is_caught_in_the_act(caplog: pytest.LogCaptureFixture) -> None:
    bot = bot_at(NOWHERE, "maid", Nap(), breaker={"blocked": 0.5})
    breaker = bot.breakers["p0"]
    before = threading.active_count()
    dog = system_watchdog()
    with dog.watching([bot]):
        assert threading.active_count() == before + 1
        stage = Stage()
        await stage.call(bot._plugins)
        await until(lambda: dog.worst_lag_s > BLOCKED_AFTER_S)
    assert threading.active_count() == before
    assert (breaker.state, breaker.blocked_s > BLOCKED_AFTER_S) == ("open", True)
    told, opens, again = (line for line in caplog.messages if "p0" in line)
    line = Nap.on_text.__code__.co_firstlineno + 2
    assert f"blocked by plugin p0 of bot maid, on_text at {__file__}:{line}\n" in told
    assert opens.startswith("plugin p0 of bot maid is not asked for 60 s: it blocked the event loop for 0.")
    assert again.startswith("the event loop turns again, after 0.")
