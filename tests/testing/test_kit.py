"""The kit through its own fixture: bots, customers, time."""

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from chatbot import Chat, ChatIdle, TextReceived, hookimpl
from chatbot.model.errors import ConfigError
from chatbot.testing import Kit


class Echo:
    """Says what it hears."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"you said {event.text}"


class Patient:
    @hookimpl
    async def on_idle(self, event: ChatIdle) -> str:
        return f"still there after {event.seconds:.0f}?"


async def test_an_hour_takes_no_time(chatbot: Kit) -> None:
    await chatbot.start(Patient, options={"idle_after": 3600})
    ana = await chatbot.customer()
    began, at = time.perf_counter(), chatbot.now
    assert await ana.hears("still there", within=4000) == "still there after 3600?"
    assert chatbot.now - at == timedelta(seconds=3600)
    assert time.perf_counter() - began < 30


async def test_two_runs_are_alike(chatbot: Kit) -> None:
    await chatbot.start(Echo)
    ana = await chatbot.customer()
    await ana.says("one", "two", "three")
    assert ana.texts == ["one", "two", "three", "you said one", "you said two", "you said three"]
    assert [line.at for line in chatbot.simulator.world.chats()[0].transcript.lines] == [1767603600.0] * 8


async def test_a_human_at_work_takes_what_is_handed_over(chatbot: Kit) -> None:
    class Hands:
        @hookimpl
        async def on_text(self, chat: Chat) -> bool:
            await chat.handoff(queue="sales")
            return True

    await chatbot.human("Helena", queues=("sales",), says="Helena here.")
    await chatbot.start(Hands)
    ana = await chatbot.customer()
    await ana.says("help")
    await ana.hears("Helena here.")


async def test_the_date_can_be_set(chatbot: Kit) -> None:
    assert chatbot.now == datetime(2026, 1, 5, 9, tzinfo=UTC)
    await chatbot.at("2026-12-24T18:30+00:00")
    assert chatbot.now == datetime(2026, 12, 24, 18, 30, tzinfo=UTC)
    await chatbot.sleep(60)
    assert chatbot.now == datetime(2026, 12, 24, 18, 31, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        await chatbot.at("2026-12-24T18:30")


async def test_mistakes_of_a_test_are_told(chatbot: Kit) -> None:
    with pytest.raises(RuntimeError, match="start one first"):
        _ = chatbot.simulator
    with pytest.raises(TypeError, match="pairs"):
        await chatbot.start(Echo, Patient, text="x")
    with pytest.raises(ConfigError, match="on_agent_joined"):
        await chatbot.start(options={"on_agent_joind": "leave"})
    await chatbot.start(SimpleNamespace(), Echo())
    with pytest.raises(ValueError, match="another name"):
        await chatbot.start()


async def test_pairs_have_their_own_settings_and_bots_of_the_file_their_own(chatbot: Kit) -> None:
    bot = await chatbot.start(("greeter", {"text": "Hello."}), "faq")
    ana = await chatbot.customer()
    await ana.hears("Hello.")
    other = await chatbot.start_bot("concierge")
    assert (bot.name, other.name, other.is_ready) == ("bot", "concierge", True)
    with pytest.raises(ConfigError, match="closest: concierge"):
        await chatbot.start_bot("conciergo")


async def test_time_passes_as_long_as_it_is_told_to(chatbot: Kit) -> None:
    await chatbot.start(Echo)
    await chatbot.customer()
    for seconds in (48.0, 6.05, 0.1, 0.3, 123.456, 0.7, 1e-3) * 5:
        before = chatbot.now
        await chatbot.sleep(seconds)
        assert (chatbot.now - before).total_seconds() == pytest.approx(seconds, abs=1e-5)
