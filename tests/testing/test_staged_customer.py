"""A customer under test: says, hears, waits in vain."""

from datetime import timedelta

import pytest

from chatbot import TextReceived, hookimpl
from chatbot.testing import Kit, TalkError


class Echo:
    """Says what it hears."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"you said {event.text}"


async def test_what_was_said_and_not_heard_counts(chatbot: Kit) -> None:
    await chatbot.start(Echo)
    ana = await chatbot.customer()
    await ana.says("one")
    with pytest.raises(TalkError, match="wanted to hear nothing within 5 s, and heard 'you said one'"):
        await ana.hears_nothing(within=5)


async def test_waits_in_vain_end_when_they_say(chatbot: Kit) -> None:
    ana = await chatbot.customer(queue="nobody")
    at = chatbot.now
    with pytest.raises(TalkError, match=r"waited 7 s in vain for a text(?s:.*)\(no agents\)"):
        await ana.hears(within=7)
    assert chatbot.now - at == timedelta(seconds=7)
    for waits, told in ((ana.sees("PushUrl", within=1), "PushUrl"), (ana.sees_end(within=1), "the end")):
        with pytest.raises(TalkError, match=told):
            await waits
