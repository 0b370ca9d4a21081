"""Pages that are told of changes."""

import asyncio

import httpx
import pytest
from starlette.types import Message

from chatbot.console.admin import create_admin
from chatbot.console.live import EventStream, Live, version_of
from chatbot.service.supervisor import Service
from chatbot.simulator.server import serve
from tests.service.house import bot_at, until, world


class Reader:
    """The other end: takes what is sent, until it goes."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.gone = asyncio.Event()
        self.is_stuck = False

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.is_stuck:
            await asyncio.Event().wait()
        self.heard.append(message.get("body", b"").decode())


def listen(live: Live, reader: Reader, state: list[int]) -> asyncio.Task[None]:
    stream = live.stream(lambda: state[0])
    return asyncio.create_task(stream({"type": "http", "method": "GET"}, reader.receive, reader.send))


async def test_each_change_is_told_once_until_the_reader_goes() -> None:
    reader, state = Reader(), [1]
    listening = listen(Live(every_s=0.001), reader, state)
    await until(lambda: any(version_of(1) in part for part in reader.heard))
    state[0] = 2
    await until(lambda: any(version_of(2) in part for part in reader.heard))
    reader.gone.set()
    await listening
    assert reader.heard[1] == "retry: 3000\n\n"
    changes = [part for part in reader.heard if part.startswith("event: changed\ndata: ")]
    assert len(changes) == 2


async def test_silence_is_filled_so_that_a_proxy_does_not_end_it() -> None:
    reader = Reader()
    listening = listen(Live(every_s=0.0005), reader, [1])
    await until(lambda: ":\n\n" in reader.heard)
    reader.gone.set()
    await listening


async def test_who_reads_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.console.live._SEND_WITHIN_S", 0.01)
    reader, live = Reader(), Live()
    reader.is_stuck = True
    await listen(live, reader, [1])
    assert isinstance(live.stream(lambda: 1), EventStream)


async def test_there_are_only_so_many_listeners() -> None:
    live, readers = Live(most=2, every_s=0.001), [Reader(), Reader()]
    tasks = [listen(live, reader, [1]) for reader in readers]
    await until(lambda: all(len(reader.heard) > 2 for reader in readers))
    assert live.stream(lambda: 1).status_code == 503
    readers[0].gone.set()
    await tasks[0]
    assert live.stream(lambda: 1).status_code == 200
    live.set_open(is_open=False)
    await tasks[1]
    assert live.stream(lambda: 1).status_code == 503


async def test_many_pages_that_take_long_to_look_at_are_told_less_often() -> None:
    live, readers = Live(), [Reader(), Reader()]
    tasks = [listen(live, reader, [1]) for reader in readers]
    await until(lambda: all(len(reader.heard) > 2 for reader in readers))
    assert (live.pause_after(0.001), live.pause_after(0.1)) == (1.0, 4.0)
    live.set_open(is_open=False)
    await asyncio.gather(*tasks)


async def test_a_server_that_stops_sends_all_listeners_away_at_once() -> None:
    service = Service([bot_at("http://127.0.0.1:1", "day")], world=world(), drain_timeout=1)
    async with httpx.AsyncClient(trust_env=False) as http:
        async with serve(create_admin(service)) as url:
            request = http.build_request("GET", f"{url}/events")
            answer = await http.send(request, stream=True)
            lines = answer.aiter_lines()
            assert (answer.headers["content-type"], await anext(lines)) == (
                "text/event-stream; charset=utf-8",
                "retry: 3000",
            )
            before = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - before < 0.9
        assert [line async for line in lines][-1:] == [""]
        await answer.aclose()
