"""What an author writes to test a plugin."""

import re
from typing import assert_type

from chatbot.testing import Kit, StagedBot, StagedCustomer


async def test_hours_then_human(chatbot: Kit) -> None:
    """The first test of the manual."""
    bot = assert_type(await chatbot.start("hours", text="Open 8 to 18."), StagedBot)
    customer = assert_type(await chatbot.customer(nickname="Ana"), StagedCustomer)
    await customer.says("When are you open?")
    await customer.hears("Open 8 to 18.")
    await customer.chat.agent_joins()
    await customer.says("And on Sunday?")
    await customer.hears_nothing(within=60)
    assert bot.actions == ["Accept", "SendMessage"]
    assert_type(bot.actions, list[str])
    assert_type(await customer.hears(re.compile("Bye|bye"), within=5), str)
    assert_type(customer.texts, list[str])
    assert_type(customer.chat.user_data, dict[str, object])


async def mistakes(chatbot: Kit, customer: StagedCustomer) -> None:
    """One mistake a line."""
    await chatbot.start("hours", options="stay")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await customer.says(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await customer.hears_nothing(60)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await customer.chat.agent_joins(nick="Bo")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
