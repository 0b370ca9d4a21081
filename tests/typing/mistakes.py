"""Mistakes that the type checker finds: each ignore is needed, or the check fails."""

from chatbot import Chat, TextReceived
from chatbot.model.actions import SendMessage


async def mistakes(chat: Chat, event: TextReceived) -> None:
    """One mistake a line."""
    await chat.send_txt("hi")  # type: ignore[attr-defined]
    await chat.send_text(text=5)  # type: ignore[arg-type]
    await chat.send_text("hi", treat_as="Loud")  # type: ignore[arg-type]
    await chat.transfer(to="Support")  # type: ignore[call-arg]
    await chat.perform("SendMessage")  # type: ignore[arg-type]
    chat.id = "B"  # type: ignore[misc]
    chat.can(5)  # type: ignore[arg-type]
    event.text = "other"  # type: ignore[misc]
    event.txt  # type: ignore[attr-defined]  # noqa: B018
    SendMessage(txt="hi")  # type: ignore[call-arg]
