"""What each log line is about: bot, chat and event, wherever the work is done."""

import asyncio

import pytest

from chatbot.bot.place import Place, event_of, inside, where
from chatbot.hooks.chat import Chat
from chatbot.hooks.spec import hookimpl
from tests.bot.stage import on_stage


class Places:
    """A plugin that notes where it is."""

    def __init__(self) -> None:
        self.seen: dict[str, Place] = {}

    def note(self, name: str) -> None:
        self.seen[name] = where.get()

    @hookimpl
    async def on_bot_started(self) -> None:
        self.note("started")

    @hookimpl
    async def on_chat_started(self, chat: Chat) -> None:
        self.note("chat")
        chat.spawn(self._beside())

    async def _beside(self) -> None:
        self.note("spawned")

    @hookimpl
    def on_text(self) -> None:
        self.note("text, in a thread")

    @hookimpl
    async def on_action(self) -> None:
        self.note("action")

    @hookimpl
    async def on_chat_ended(self) -> None:
        self.note("ended")


async def test_a_hook_is_about_its_bot_its_chat_and_its_event() -> None:
    places = Places()
    async with on_stage(places) as stage:
        chat = await stage.chatting("c7")
        stage.desk.says("hello", "c7")
        await stage.until(lambda: "text, in a thread" in places.seen)
        await chat.send_text("Hello")
        stage.desk.end("c7")
        await stage.quiet()
        assert where.get() == Place()
    events = {name: (place.bot, place.chat, event_of(place.trigger)) for name, place in places.seen.items()}
    assert events == {
        "started": ("robo", "", ""),
        "chat": ("robo", "c7", "started"),
        "spawned": ("robo", "c7", "started"),
        "text, in a thread": ("robo", "c7", "2"),
        "action": ("", "", ""),  # asked for by the test, which is nowhere
        "ended": ("robo", "c7", "ended"),
    }


@pytest.mark.parametrize(
    ("trigger", "event"),
    [
        ("12:TextReceived:1:2:3:0", "12"),
        ("-1:TextReceived:1:2:3:0", "-1"),
        ("idle:7", "idle:7"),
        ("started", "started"),
        ("on_chat_updated:1.3", "on_chat_updated:1.3"),
        ("12", "12"),
        ("", ""),
    ],
)
def test_an_event_is_called_as_an_operator_calls_it(trigger: str, event: str) -> None:
    assert event_of(trigger) == event


async def test_a_task_begins_where_it_was_started_and_moves_alone() -> None:
    async def elsewhere() -> Place:
        with inside(chat="c2", trigger="started"):
            return where.get()

    token = where.set(Place("maid", "c1", "ended"))
    try:
        assert await asyncio.create_task(elsewhere()) == Place("maid", "c2", "started")
        with inside(trigger="idle:7"):
            assert where.get() == Place("maid", "c1", "idle:7")
        assert where.get() == Place("maid", "c1", "ended")
    finally:
        where.reset(token)
