"""A hook that asks the customer, over real sockets."""

import asyncio

from chatbot import Chat, ChatEnded, NotAllowed, TextReceived, hookimpl
from tests.bot.bells import Bells
from tests.flow.stage import on_stage


class Orders:
    """The plugin that docs/how-to/ask.md shows, with an order that takes its time."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.looks_up = asyncio.Event()

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
        if "order" not in event.text:
            return f"You said {event.text}"
        try:
            number = await chat.ask("Order number?", match=r"\b(\d{6})\b", timeout=600, retries=2)
            await self.looks_up.wait()
        finally:
            self.ended.append("ended")
        return f"Order {number} is on its way."


async def test_a_customer_is_asked_and_answered_and_asked_again() -> None:
    async with on_stage(orders := Orders()) as stage, stage.customer("Ana") as ana:
        orders.looks_up.set()
        await ana.sees_agent()
        await ana.says("hi")
        await ana.hears("^You said hi$")
        await ana.says("where is my order?")
        await ana.hears("^Order number[?]$")
        await ana.says("I have it here")
        await ana.says("it is 123456, thanks")
        await ana.hears("^Order 123456 is on its way.$")
        await ana.says("bye")
        await ana.hears("^You said bye$")
        lines = [line.text for line in await stage.chat.messages() if isinstance(line, TextReceived)]
    assert lines.count("Order number?") == 2
    assert stage.bot.counters.hook_failures == {}


async def test_a_customer_who_goes_instead_of_answering_ends_the_hook() -> None:
    async with on_stage(orders := Orders()) as stage, stage.customer("Ana") as ana:
        await ana.sees_agent()
        await ana.says("my order, please")
        await ana.hears("^Order number[?]$")
        await ana.ends()
        await stage.seen.event(ChatEnded)
        assert orders.ended == ["ended"]
        assert stage.bot.counters.hook_failures == {}


async def test_a_bot_that_stops_does_not_wait_for_the_customer() -> None:
    async with on_stage(orders := Orders()) as stage, stage.customer("Ana") as ana:
        await ana.sees_agent()
        await ana.says("my order, please")
        await ana.hears("^Order number[?]$")
        await stage.stop()
        assert orders.ended == ["ended"]


async def test_what_the_customer_says_stops_typing() -> None:
    class Types:
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
            if event.text == "stop":
                return "stopped"
            begins.set()
            try:
                await chat.send_text("and so on " * 1000, typing="natural", interruptible=True)
            except NotAllowed as error:
                reasons.append(error.reason)
            return None

    begins, reasons = asyncio.Event(), list[str]()
    async with on_stage(Types()) as stage, stage.customer("Ana") as ana:
        Bells(stage)  # the time for typing does not end by itself
        await ana.sees_agent()
        await ana.says("tell me")
        await begins.wait()
        await ana.says("stop")
        await ana.hears("^stopped$")
    assert reasons == ["the customer said something meanwhile"]
    typing = [one for one in stage.operations() if "Typing" in one]
    assert typing == ["SendStartTypingNotification", "SendStopTypingNotification"]
