from chatbot.bot.ports import NotificationSource
from tests.bot.stage import on_stage


async def test_the_source_of_a_bot_fits_its_port() -> None:
    async with on_stage() as stage:
        source: NotificationSource | None = stage.bot._listening.source
        assert source is not None
        assert callable(source.signals)
        assert callable(source.aclose)
