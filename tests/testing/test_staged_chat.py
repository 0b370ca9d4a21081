"""A chat under test: what people in the contact centre do."""

import pytest

from chatbot import Chat, hookimpl
from chatbot.testing import Kit, TalkError


class Asks:
    @hookimpl
    async def on_text(self, chat: Chat) -> str:
        return f"thank you, {await chat.ask('Your name?', timeout=600)}"


async def test_customers_and_humans_can_do_what_they_can(chatbot: Kit) -> None:
    bot = await chatbot.start(Asks, options={"on_agent_joined": "leave"})
    ana = await chatbot.customer(subject="Help", user_data={"level": "gold"})
    await ana.types("Hel")
    await ana.stops_typing()
    await ana.says("Hello")
    await ana.hears("Your name?")
    await ana.says("Ana")
    await ana.hears("thank you, Ana")
    assert ana.chat.user_data["level"] == "gold"
    assert ana.chat.queue == "bot"
    await ana.chat.agent_joins()
    assert ana.chat.agents == {"bot": "Completed", "Helena": "Chatting"}
    await ana.chat.agent_says("Hello, this is Helena.")
    await ana.hears("Helena")
    await ana.chat.agent_says("strange customer", to="Agents")
    await ana.chat.agent_does("SendUrl", url="https://example.com")
    assert await ana.sees("PushUrl") == "https://example.com"
    await ana.chat.agent_leaves()
    await ana.sees_end()
    assert "strange customer" not in ana.texts
    assert bot.actions[-1] == "Leave"


async def test_what_the_platform_does_not_let_people_do_is_told(chatbot: Kit) -> None:
    await chatbot.start()
    ana = await chatbot.customer()
    with pytest.raises(TalkError, match="does not let Helena do that"):
        await ana.chat.agent_says("hello")
    await ana.leaves()
    with pytest.raises(TalkError, match="cannot do that"):
        await ana.says("still there?")
