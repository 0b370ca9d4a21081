"""What an operator may do to a bot at work; the stories stand in tests/service/test_controls.py."""

import pytest

from chatbot.bot.intervention import InterventionRefused
from chatbot.model.config_care import FallbackSettings
from tests.bot.stage import on_stage


async def test_a_chat_that_only_rings_cannot_be_given_away() -> None:
    async with on_stage(auto_accept=False, fallback={"queue": "people"}) as stage:
        stage.desk.offer("c1")
        await stage.quiet()
        wishes = stage.bot.intervention
        assert wishes is not None
        with pytest.raises(InterventionRefused, match="is not in chat"):
            wishes.hand_over("c1")
        assert wishes.hand_over_all() == ["c1"]


async def test_where_the_operator_says_counts_more_than_what_bots_toml_says() -> None:
    async with on_stage(fallback={"queue": "people"}) as stage:
        stage.desk.offer("c1")
        await stage.quiet()
        assert stage.bot.intervention is not None
        stage.bot.intervention.hand_over("c1", FallbackSettings(queue="vip"))
        await stage.quiet()
        (transfer,) = [body for body in stage.desk.bodies if body.get("operationName") == "Transfer"]
        assert transfer["queueName"] == "vip"
