"""Many bots in one process: what happens to one is not seen at the others, and servers are not stormed."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx

from chatbot.bot.journal import NoJournal
from chatbot.bot.runner import BotRunner, World
from chatbot.model.config import BotSettings
from chatbot.service.supervisor import Service
from chatbot.simulator.app import Simulator
from chatbot.testing.network import ADDRESS, InProcess
from chatbot.testing.virtual_time import VirtualClock, VirtualTime
from chatbot.wire.http import Http, HttpxHttp

BOUND_S = 20.0


class Network(InProcess):
    """Notes when somebody logs in; with a fault of ours in it, if there is to be one.

    ``has_fault`` says whether.
    """

    has_fault = False

    def __init__(self, house: "House") -> None:
        super().__init__(house.simulator.asgi)
        self._house = house

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.has_fault:
            raise ZeroDivisionError
        if request.url.path == "/api/v2/me" and request.method == "GET":
            self._house.logins.append(self._house.time.passed)
        return await super().handle_async_request(request)


class House:
    """A simulator, and a service with many bots at it."""

    def __init__(self, time: VirtualTime, count: int, refused: str, faulty: str) -> None:
        self.time, self.refused, self.faulty = time, refused, faulty
        self.logins: list[float] = []
        self.simulator = Simulator(clock=lambda: time.now().timestamp())
        for number in range(count):
            self.simulator.world.add_agent(f"bot{number}", password="x")
        self.world = World(
            clock=VirtualClock(time),
            rng=random.Random(7),
            run_in_thread=asyncio.to_thread,
            open_http=self._open_http,
        )
        bots = [self._bot(number) for number in range(count)]
        self.service = Service(bots, world=self.world, drain_timeout=1.0)

    def _bot(self, number: int) -> BotRunner:
        password = "wrong" if f"bot{number}" == self.refused else "x"
        table = {"server": ADDRESS, "username": f"bot{number}", "password": password, "on_stop": "keep"}
        return BotRunner(f"bot{number}", BotSettings.model_validate(table), [], self.world, NoJournal())

    def _open_http(self, settings: BotSettings) -> Http:
        network = Network(self)
        network.has_fault = settings.username == self.faulty
        credentials = (settings.username, settings.password.read())
        return HttpxHttp(settings.server, credentials=credentials, transport=network)

    def ready(self) -> list[str]:
        return [name for name, problems in self.service.problems().items() if not problems]

    def most_logins_in_a_second(self) -> int:
        return max(sum(start <= at < start + 1 for at in self.logins) for start in self.logins)


@asynccontextmanager
async def house_of(count: int, *, refused: str = "", faulty: str = "") -> AsyncIterator[House]:
    """A service at work in virtual time."""
    time = VirtualTime(asyncio.get_running_loop(), datetime(2026, 1, 5, 9, tzinfo=UTC))
    time.install()
    try:
        house = House(time, count, refused, faulty)
        running = asyncio.create_task(house.service.run())
        yield house
        house.service.stop()
        await asyncio.wait_for(running, BOUND_S)
    finally:
        time.restore()


async def test_of_fifty_bots_two_that_cannot_work_do_not_touch_the_others() -> None:
    async with house_of(50, refused="bot1", faulty="bot2") as house:
        await asyncio.sleep(30)
        assert len(house.ready()) == 48
        refused, faulty = (house.service.problems()[name][-1] for name in ("bot1", "bot2"))
        assert refused.startswith("CB404 the server refused user name and password (3 times); next try in ")
        assert faulty.startswith("it failed ")
        assert " times (ZeroDivisionError) and begins again; next try in " in faulty


async def test_bots_log_in_one_after_the_other_at_the_start_and_when_a_server_has_forgotten_them() -> None:
    async with house_of(60) as house:
        await asyncio.sleep(60 / 20 + 1)  # five hundred take 25 seconds
        assert len(house.ready()) == 60
        assert house.most_logins_in_a_second() <= 30
        await asyncio.sleep(20)
        house.logins.clear()
        house.simulator.end_http_sessions()
        await asyncio.sleep(10)
        assert len(house.ready()) == 60
        assert len(house.logins) >= 50
        assert house.most_logins_in_a_second() <= 30
