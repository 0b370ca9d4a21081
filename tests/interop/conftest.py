"""Fixtures of the interop tests: both sources against both servers, and nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.interop.bench import Bench, bench_of, nothing_left_behind
from tests.interop.node import skip_without_node

SOURCES = ("httpx", "aiocometd")
SERVERS = ("cometd", "faye")

Scenario = Callable[[Bench], Awaitable[None]]
AtOnce = Callable[[Scenario], None]


@pytest.fixture(params=SOURCES)
def source_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SERVERS)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def bench(source_kind: str, server_kind: str) -> AsyncIterator[Bench]:
    skip_without_node()
    async with nothing_left_behind(), bench_of(source_kind, server_kind) as bench:
        yield bench


class Played:
    """Scenarios that mostly wait, played for all sources and servers at the same time."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[Scenario, str, str], Exception | None] = {}

    def check(self, scenario: Scenario, source: str, server: str) -> None:
        """Play the scenario, unless another test had it played, and raise what this combination raised."""
        if (scenario, source, server) not in self._outcomes:
            asyncio.run(self._play_all(scenario))
        outcome = self._outcomes[scenario, source, server]
        if outcome is not None:
            raise outcome

    async def _play_all(self, scenario: Scenario) -> None:
        async with nothing_left_behind(), asyncio.TaskGroup() as group:
            for source in SOURCES:
                for server in SERVERS:
                    group.create_task(self._play(scenario, source, server), name=f"{source} {server}")

    async def _play(self, scenario: Scenario, source: str, server: str) -> None:
        try:
            async with bench_of(source, server) as bench:
                await scenario(bench)
        except Exception as exc:  # noqa: BLE001 (it is for the test of this combination)
            self._outcomes[scenario, source, server] = exc
        else:
            self._outcomes[scenario, source, server] = None


@pytest.fixture(scope="session")
def played() -> Played:
    return Played()


@pytest.fixture
def at_once(played: Played, source_kind: str, server_kind: str) -> AtOnce:
    skip_without_node()
    return lambda scenario: played.check(scenario, source_kind, server_kind)
