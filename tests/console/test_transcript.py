"""A transcript that was not recorded is read from the server."""

import asyncio

import pytest

from chatbot import hookimpl
from chatbot.console.transcript import Transcripts
from chatbot.model.errors import ConnectionLost
from chatbot.testing import Kit
from tests.service.house import HandClock


class Silent:
    @hookimpl
    async def on_text(self) -> None: ...


async def test_it_is_read_once(chatbot: Kit) -> None:
    bot = await chatbot.start(Silent())
    customer = await chatbot.customer()
    await customer.says("hello")
    reader = Transcripts(HandClock().monotonic)
    runner = bot._runner
    first = await reader.of(runner, customer.chat.id)
    assert [getattr(line, "text", "") for line in first.lines][-1] == "hello"
    assert await reader.of(runner, customer.chat.id) is first


async def test_trouble_is_told_in_words_and_the_server_is_left_alone_for_a_while(
    chatbot: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    reader, tries = Transcripts(clock.monotonic), list[str]()

    async def fails(chat_id: str, start: int, count: int | None) -> list[object]:
        tries.append(chat_id)
        raise ConnectionLost("the server is away")

    bot = (await chatbot.start(Silent()))._runner
    monkeypatch.setattr(type(bot), "read", property(lambda _: fails))
    reading = await reader.of(bot, "c")
    assert (reading.lines, reading.trouble) == ((), "CB402 the server is away")
    await reader.of(bot, "c")
    clock.time += 16
    await reader.of(bot, "c")
    assert tries == ["c", "c"]


async def test_a_server_that_does_not_answer_is_not_waited_for(
    chatbot: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.console.transcript._WITHIN_S", 0.0)
    bot = (await chatbot.start(Silent()))._runner

    async def never(_: str, __: int, ___: int | None) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(type(bot), "read", property(lambda _: never))
    reading = await Transcripts(HandClock().monotonic).of(bot, "c")
    assert reading.trouble == "the server did not answer within 0 s"
