"""A day in the life: everything that can happen happens."""

from chatbot import Event, SessionReport, hookimpl
from chatbot.hooks.checks import HOOKS
from chatbot.testing import Kit
from chatbot.testing.day import live_a_day


class Watches:
    def __init__(self) -> None:
        self.seen: set[str] = set()

    @hookimpl
    async def on_event(self, event: Event) -> None:
        self.seen.add(event.hook)

    @hookimpl
    async def on_session_report(self, event: SessionReport) -> None:
        self.seen.add(event.hook)

    @hookimpl
    async def on_idle(self) -> str:
        return "hello?"

    @hookimpl
    async def on_text(self) -> str:
        return "yes"


async def test_a_day_holds_every_event(chatbot: Kit) -> None:
    plugin = Watches()
    bot = await chatbot.start(plugin, options={"idle_after": 60})
    await live_a_day(chatbot, bot)
    life = {"on_event", "on_action", "on_bot_started", "on_bot_stopping", "on_participant_rejoined"}
    assert set(HOOKS) - life - plugin.seen == set()
