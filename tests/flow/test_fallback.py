"""Nobody is stranded, over real sockets: who gets no answer gets a human."""

from chatbot import Chat, ChatEnded, hookimpl
from chatbot.model.config_care import FallbackSettings
from tests.flow.stage import on_stage

TO_HELENA = FallbackSettings(queue="Support", say="I get you a colleague.")


class Breaks:
    """Knows no answer, and says so in its own way."""

    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        raise RuntimeError("the secret inner life of a plugin")


async def test_who_gets_no_answer_gets_a_human_and_no_error_text() -> None:
    async with on_stage(Breaks(), fallback=TO_HELENA, reply_timeout=0.2) as stage:
        async with stage.customer() as ana:
            await ana.says("help")
            await ana.hears("^I get you a colleague")
            await ana.hears("^Hi, Helena here")
            await stage.seen.event(ChatEnded)
            assert not [line for line in ana.lines if "secret" in line.text or "Error" in line.text]
        (chat,) = stage.simulator.world.chats()
        assert chat.user_data["chatbot_fallback"] == "no answer"


async def test_without_plugins_a_customer_gets_a_human_too() -> None:
    async with on_stage(fallback=TO_HELENA, reply_timeout=0.2) as stage, stage.customer() as ana:
        await ana.says("anybody?")
        await ana.hears("^Hi, Helena here")
