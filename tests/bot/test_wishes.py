"""What an operator wants outlives a run of the bot."""

from chatbot.bot.wishes import Wishes
from tests.bot.desk import reply
from tests.bot.stage import on_stage


def test_nothing_is_wanted_at_first() -> None:
    assert Wishes() == Wishes(draining=False)


async def test_a_bot_that_begins_while_it_is_drained_does_not_stay_ready() -> None:
    async with on_stage(ready=False) as stage:
        stage.bot.drain(wanted=True)
        await stage.until(lambda: stage.bot._is_open)
        await stage.until(lambda: stage.desk.agent_state == "NotReady")
        assert stage.bot.wishes == Wishes(draining=True)


async def test_a_server_that_does_not_show_the_state_is_told_all_the_same() -> None:
    async with on_stage() as stage:
        stage.desk.always("channels", reply(statusCode=0))
        stage.bot.drain(wanted=True)
        await stage.until(lambda: "NotReady" in stage.desk.requests)
