"""What an author of a plugin writes: it must satisfy the type checker as it stands."""

import asyncio
from datetime import datetime
from typing import assert_type

from pydantic import BaseModel

from chatbot import (
    Bot,
    CapabilitiesChanged,
    Chat,
    ChatEnded,
    ChatIdle,
    ChatOffered,
    ChatState,
    Event,
    NotAllowed,
    OperationFailed,
    Participant,
    Receipt,
    Refused,
    SessionReport,
    TextReceived,
    TypingStarted,
    Unconfirmed,
    UnknownMessage,
    UserDataChanged,
    Visibility,
    hookimpl,
)
from chatbot.model.actions import Action, SendMessage, SetInFocus


class Settings(BaseModel):
    """Settings of a module plugin."""

    text: str = "Hello"
    limit: int = 3


@hookimpl
async def on_text(chat: Chat, event: TextReceived, settings: Settings) -> str | bool | None:
    """Return values of all kinds."""
    assert_type(event.text, str)
    assert_type(event.message_type, str | None)
    assert_type(event.index, int | None)
    assert_type(event.timestamp, datetime | None)
    assert_type(event.sender.visibility, Visibility)
    if event.sender.is_customer and "open" in event.text.lower():
        return settings.text * settings.limit
    return True if await answered(chat) else None


async def answered(chat: Chat) -> bool:
    """Actions, their receipts and their errors."""
    receipt = assert_type(await chat.send_text("hi", treat_as="System"), Receipt)
    assert_type(receipt.action, Action)
    try:
        await receipt.confirmed(timeout=0.01)
    except (Refused, Unconfirmed) as error:
        assert_type(error.status, int | None)
        return False
    except NotAllowed as error:
        assert_type(error.have, tuple[str, ...])
        return False
    async with chat.typing():
        await chat.perform(SetInFocus())
    return chat.can(SendMessage) or chat.can("SendMessage")


@hookimpl
def on_typing_started(event: TypingStarted) -> None:
    """A plain hook, which runs in a thread."""
    assert_type(event.text, str)


@hookimpl(tryfirst=True)
async def on_chat_offered(bot: Bot, chat: Chat, event: ChatOffered) -> bool | None:
    """An offer, decided by what the bot does already."""
    if len(bot.chats) > 1:
        await chat.reject()
        return True
    assert_type(event.chat_id, str | None)
    return None


class Watcher:
    """A class plugin with its own settings."""

    class Settings(BaseModel):
        """Its settings."""

        queue: str = "Support"

    def __init__(self, settings: Settings) -> None:
        self._queue = settings.queue
        self._ended: dict[str, str] = {}

    @hookimpl
    async def on_event(self, chat: Chat | None, event: Event) -> None:
        """Every event."""
        assert_type(event.received_at, datetime)
        if chat is not None:
            assert_type(chat.state, ChatState)
            assert_type(chat.customer, Participant | None)
            assert_type(chat.agents, tuple[Participant, ...])
            assert_type(chat.started_at, datetime | None)
            chat.memory["last"] = type(event).__name__

    @hookimpl
    async def on_chat_ended(self, chat: Chat, event: ChatEnded) -> None:
        """The end."""
        self._ended[chat.id] = event.reason
        chat.report("done", topic="invoice", steps=[1, 2])

    @hookimpl
    async def on_session_report(self, event: SessionReport) -> None:
        """The record."""
        assert_type(event.duration, float)
        assert_type(event.result, str | None)

    @hookimpl
    async def on_idle(self, chat: Chat, event: ChatIdle) -> str | None:
        """Silence."""
        if event.seconds > 60:
            await chat.transfer(queue=self._queue, text="One moment.")
        for line in await chat.messages(start=1, count=10):
            assert_type(line.index, int | None)
        return None

    @hookimpl
    async def on_capabilities_changed(self, event: CapabilitiesChanged) -> None:
        """Words come and go."""
        assert_type(event.granted + event.withdrawn, tuple[str, ...])

    @hookimpl
    async def on_user_data_changed(self, chat: Chat, event: UserDataChanged) -> None:
        """Data comes and goes."""
        await chat.delete_user_data(*event.removed)
        await chat.update_user_data({**event.added, **event.changed})

    @hookimpl
    async def on_operation_failed(self, chat: Chat | None, event: OperationFailed) -> None:
        """A late failure."""
        assert_type(event.action, Action | None)
        if chat is not None:
            chat.spawn(asyncio.sleep(1))

    @hookimpl
    async def on_unknown_message(self, event: UnknownMessage) -> None:
        """Something new."""
        assert_type(event.type, str)

    @hookimpl
    async def on_bot_started(self, bot: Bot) -> None:
        """A supervisor's work."""
        await bot.monitor("429a55994ef64991a77acb77c1cf9041", mode="AllChats")
