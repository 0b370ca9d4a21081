"""One address for the admin pages, whoever serves it."""

import asyncio
import socket

import httpx
import pytest
from starlette.responses import PlainTextResponse

from chatbot.cli.door import Door
from chatbot.model.errors import ConfigError
from chatbot.simulator.server import serve


async def page(url: str) -> tuple[int, str]:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(url)
    return answer.status_code, answer.text


async def test_the_address_stays_while_those_who_serve_it_come_and_go() -> None:
    door, bots = Door(), PlainTextResponse("bots")
    assert door.url == ""
    assert await door.move("127.0.0.1:0")
    assert door.listener is not None
    for _ in range(2):
        async with serve(bots, listener=door.listener.dup()) as url:
            assert url == door.url
            assert await page(url) == (200, "bots")
        await door.excuse()
        assert await page(url) == (503, "the bots have ended; save a plugin, and they are started again\n")
        await door.leave_to_bots()
    waiting = asyncio.create_task(page(door.url))  # between two of them a caller waits
    async with serve(bots, listener=door.listener.dup()):
        assert await waiting == (200, "bots")
    door.close()


async def test_it_moves_only_where_it_can() -> None:
    door = Door()
    assert await door.move("127.0.0.1:0")
    assert not await door.move("127.0.0.1:0")
    url = door.url
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(
            ConfigError, match=r"^CB114  \[service\] admin = '127\.0\.0\.1:\d+' cannot be used: "
        ):
            await door.move(f"127.0.0.1:{taken.getsockname()[1]}")
        assert door.url == url
    assert await door.move("")
    assert (door.url, door.listener) == ("", None)
    await door.excuse()
    await door.leave_to_bots()
    door.close()
