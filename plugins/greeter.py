"""Greets each customer by name when the bot joins the chat.

Settings::

    [bots.NAME.plugin.greeter]
    text = "Hello {customer}."    # {customer}: the customer's nickname
"""

from pydantic import BaseModel, ConfigDict, Field

from chatbot import Chat, hookimpl


class Settings(BaseModel):
    """What to say."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field("Hello {customer}. How may I help you?", min_length=1)


@hookimpl
async def on_chat_started(chat: Chat, settings: Settings) -> None:
    """Say hello. Other plugins may have something to say too, so this handles nothing."""
    name = chat.customer.nickname if chat.customer else ""
    # a plain replacement: whatever stands in a nickname is only text
    if text := settings.text.replace("{customer}", name).strip():
        await chat.send_text(text)
