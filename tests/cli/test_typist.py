"""The bot hears that the customer types: once at the beginning, once at the end."""

import asyncio

from chatbot.cli.typist import Typist


async def test_many_keys_are_one_beginning_and_sending_is_one_end() -> None:
    told: list[bool] = []
    typist = Typist(told.append)
    for text in ("h", "he", "hey", "he"):
        typist.changed(text)
    typist.stops()
    typist.stops()
    assert told == [True, False]


async def test_a_line_that_is_cleared_is_an_end() -> None:
    told: list[bool] = []
    typist = Typist(told.append)
    for text in ("h", "", "  ", "h", " "):
        typist.changed(text)
    assert told == [True, False, True, False]


async def test_silence_is_an_end_and_another_key_a_new_beginning() -> None:
    told: asyncio.Queue[bool] = asyncio.Queue()
    typist = Typist(told.put_nowait, pause_s=0.01)
    async with asyncio.timeout(5):
        typist.changed("h")
        assert [await told.get(), await told.get()] == [True, False]
        typist.changed("he")
        assert [await told.get(), await told.get()] == [True, False]


async def test_slash_commands_are_not_typed_at_anybody() -> None:
    told: list[bool] = []
    typist = Typist(told.append)
    for text in ("/", "/s", "/state"):
        typist.changed(text)
    assert told == []
    typist.changed("//path")
    typist.stops()
    assert told == [True, False]
