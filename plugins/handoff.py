"""Hands the chat to a human when the customer asks for one.

Settings::

    [bots.NAME.plugin.handoff]
    queue = "Support"                 # where the chat goes
    keywords = ["agent", "human"]     # any of these words, whatever their case
    text = "One moment please, I connect you with a colleague."
    sorry = "I cannot reach a colleague right now."    # if the transfer is not possible
"""

import re
from contextlib import suppress

from pydantic import BaseModel, ConfigDict, Field

from chatbot import ActionError, Chat, TextReceived, hookimpl


class Settings(BaseModel):
    """When to hand over, to whom, and what to say."""

    model_config = ConfigDict(extra="forbid")

    queue: str = Field(min_length=1)
    keywords: tuple[str, ...] = ("agent", "human", "person", "colleague")
    text: str = "One moment please, I connect you with a colleague."
    sorry: str = "I cannot reach a colleague right now. Please ask me something else."


@hookimpl
async def on_text(chat: Chat, event: TextReceived, settings: Settings) -> str | bool | None:
    """Transfer the chat, its user data saying why."""
    words = set(re.findall(r"\w+", event.text.lower()))
    if words.isdisjoint(keyword.lower() for keyword in settings.keywords):
        return None
    with suppress(ActionError):  # the human can do without; the customer cannot do without the human
        await chat.update_user_data({"HandoffReason": "customer asked for a human", "HandoffFrom": event.bot})
    try:
        await chat.transfer(queue=settings.queue, text=settings.text)
    except ActionError:
        return settings.sorry
    return True
