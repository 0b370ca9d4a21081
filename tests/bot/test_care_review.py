"""Customers who wait, where things come together that were not thought of at first."""

import pytest

from chatbot.bot.fallback import Fallback
from chatbot.model.config_care import FallbackSettings
from tests.bot.desk import HELENA
from tests.bot.stage import on_stage
from tests.bot.test_care import Picky, a_while
from tests.bot.test_takeover import helena_joins, helena_leaves

TO_HUMANS = FallbackSettings(queue="humans", say="One moment.", give_up_after=40.0)


async def test_who_gets_a_human_meanwhile_is_not_taken_from_them(caplog: pytest.LogCaptureFixture) -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet()
        gate = stage.desk.holding("UpdateUserData")
        await stage.later(21)
        await gate.reached.wait()
        helena_joins(stage, "line")
        await stage.turns()
        gate.open.set()
        await a_while(stage, 60)
        assert (stage.asked("Transfer"), stage.desk.texts()) == (0, [])
    assert "came to nothing" not in caplog.text


async def test_who_has_a_human_already_needs_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS) as stage:
        await stage.chatting()
        helena_joins(stage, "line")
        await stage.quiet()
        Fallback(stage.bot._parts, stage.bot.wake).begin(stage.live(), "no connection", "connection:1")
        assert (stage.live().due.rescue, stage.live().progress.owed_at) == (None, 0)
    assert "handed over" not in caplog.text


@pytest.mark.parametrize(("says", "handed"), [("I see to it.", 0), ("", 1)])
async def test_who_waited_when_the_human_came_is_answered_by_what_the_human_says(
    says: str, handed: int
) -> None:
    async with on_stage(Picky(), fallback=TO_HUMANS, reply_timeout=20.0) as stage:
        await stage.chatting()
        stage.desk.says("hm")
        await stage.quiet()
        helena_joins(stage, "line")
        if says:
            stage.desk.says(says, who=HELENA)
        await a_while(stage, 60)
        helena_leaves(stage, "line")
        await stage.quiet()
        await a_while(stage, 15)
        assert stage.asked("Transfer") == 0
        await a_while(stage, 10)
        assert stage.asked("Transfer") == handed
