import asyncio

from chatbot import Bot, Chat
from chatbot.hooks.ports import ActionSender, ChatView, ReadLines
from chatbot.model.actions import SendMessage
from chatbot.model.events import TranscriptEvent
from chatbot.model.resources import ChatResource
from tests.hooks.stage import HELLO, ME, NOW, RecordingSender, View


async def test_a_chat_needs_nothing_but_a_view_and_a_way_out() -> None:
    view: ChatView = View(ChatResource(id="A"))
    sender: ActionSender = RecordingSender()
    chat = Chat(view, sender)
    assert (chat.id, chat.me, chat.started_at, chat.memory) == ("A", ME, NOW, {})
    assert (await chat.send_text("hi")).action == SendMessage(text="hi")


async def test_a_bot_needs_nothing_but_a_way_out() -> None:
    sender: ActionSender = RecordingSender()
    bot = Bot("concierge", nickname=None, chats={}, sender=sender, memory={})
    assert (await bot.perform(SendMessage(text="hi"))).action == SendMessage(text="hi")


async def test_a_transcript_is_read_by_chat_start_and_count() -> None:
    async def read(chat_id: str, start: int, count: int | None) -> list[TranscriptEvent]:
        return [HELLO] if (chat_id, start, count) == ("A", 1, None) else []

    lines: ReadLines = read
    assert await lines("A", 1, None) == [HELLO]
    assert await asyncio.wait_for(lines("A", 2, 1), 1.0) == []


def test_a_view_without_a_known_bot_is_a_view() -> None:
    view = View(ChatResource(id="A"))
    view.me, view.started_at = None, None
    chat = Chat(view, RecordingSender())
    assert (chat.me, chat.started_at) == (None, None)
