from chatbot.bot.live import LiveChat
from chatbot.bot.surroundings import Surroundings
from tests.bot.stage import on_stage


async def test_a_bot_is_what_its_chats_need() -> None:
    async with on_stage() as stage:
        around: Surroundings[LiveChat] = stage.bot
        assert around.policy.on_agent_joined == "mute"
        assert around.journal is stage.bot.journal
