"""What markers and faults do to a test."""

import pytest

from chatbot import TextReceived, hookimpl
from chatbot.simulator.app import Simulator
from chatbot.testing import Kit
from chatbot.testing.conditions import Trouble


class Echo:
    """Says what it hears."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"you said {event.text}"


async def test_faults_in_the_middle(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo)
    ana = await chatbot.customer()
    await chatbot.fault("lost-reply", on="SendMessage")
    await ana.says("one")
    await ana.hears("you said one")
    await ana.hears_nothing(within=60)
    await chatbot.fault("402")
    await ana.says("two")
    await ana.hears("you said two")
    await chatbot.sleep(5)
    assert bot.is_ready


@pytest.mark.chatbot_faults("503", on="any", times=2)
async def test_a_bot_becomes_ready_in_spite_of_faults(chatbot: Kit) -> None:
    assert (await chatbot.start(Echo)).is_ready


def test_a_fault_with_a_seed_strikes_now_and_again_and_alike() -> None:
    rolls = []
    for _ in range(2):
        simulator = Simulator()
        Trouble("drop-notification", {"seed": 7}).strike(simulator)
        assert simulator.faults[0].times is None
        rolls.append([simulator.faults[0].chance() for _ in range(50)])
    assert rolls[0] == rolls[1]
    assert set(rolls[0]) == {True, False}
