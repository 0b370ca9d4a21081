from chatbot.model.tracing import NO_TRACER
from tests.bot.stage import on_stage


async def test_a_bot_is_made_of_what_the_world_gives_it() -> None:
    async with on_stage() as stage:
        parts = stage.bot._parts
        assert (parts.name, parts.clock, parts.counters) == ("robo", stage.clock, stage.bot.counters)
        assert (parts.observer, parts.tracer, parts.shadow) == (None, NO_TRACER, None)
