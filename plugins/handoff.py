"""Hands the chat to a human when the customer asks for one.

Settings::

    [bots.NAME.plugin.handoff]
    queue = "Support"                 # where the chat goes; or target: an agent's address, who is invited
    keywords = ["agent", "real person"]    # any of these words, whatever their case
    text = "One moment please, I connect you with a colleague."
    sorry = "I cannot reach a colleague right now."    # if nobody takes the chat

How long an agent may take, a second choice, and what the customer hears meanwhile stand in
``[bots.NAME.handoff]``.
"""

import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chatbot import Accepted, Chat, CustomerLeft, Queued, TextReceived, hookimpl


class Settings(BaseModel):
    """When to hand over, to whom, and what to say."""

    model_config = ConfigDict(extra="forbid")

    queue: str | None = Field(None, min_length=1)
    target: str | None = Field(None, min_length=1)
    keywords: tuple[str, ...] = ("agent", "human", "person", "colleague")
    text: str = "One moment please, I connect you with a colleague."
    sorry: str = "I cannot reach a colleague right now. Please ask me something else."

    @field_validator("keywords")
    @classmethod
    def _have_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for keyword in value:
            if not _words(keyword).strip():
                raise ValueError(f"{keyword!r} has no words")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.queue is None) == (self.target is None):
            raise ValueError("give exactly one of queue (a name) and target (the address of an agent)")
        return self


@hookimpl
async def on_text(chat: Chat, event: TextReceived, settings: Settings) -> str | bool | None:
    """Hand the chat over, its user data saying why."""
    said = _words(event.text)
    if not any(_words(keyword) in said for keyword in settings.keywords):
        return None
    outcome = await chat.handoff(
        queue=settings.queue,
        target=settings.target,
        text=settings.text,
        data={"HandoffReason": "customer asked for a human", "HandoffFrom": event.bot},
    )
    return True if isinstance(outcome, Accepted | Queued | CustomerLeft) else settings.sorry


def _words(text: str) -> str:
    """The words of a text, with spaces round each, so that words in a row can be found in others."""
    words = re.findall(r"\w+", text.lower())
    return f" {' '.join(words)} "
