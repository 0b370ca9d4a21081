from chatbot.bot.parts import where
from chatbot.hooks.chat import Chat
from chatbot.hooks.spec import hookimpl
from tests.bot.stage import on_stage


async def test_log_lines_of_a_hook_are_about_its_bot_and_chat() -> None:
    places: list[str] = []

    class Place:
        @hookimpl
        async def on_bot_started(self) -> None:
            places.append(where.get())

        @hookimpl
        async def on_chat_started(self, chat: Chat) -> None:
            places.append(where.get())

    async with on_stage(Place()) as stage:
        await stage.chatting("c7")
        parts = stage.bot._parts
        assert (parts.name, parts.clock, parts.counters) == ("robo", stage.clock, stage.bot.counters)
    assert places == ["robo", "robo/c7"]
    assert where.get() == ""
