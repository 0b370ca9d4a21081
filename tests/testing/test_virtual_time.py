"""Virtual time on a plain event loop."""

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from chatbot.testing.virtual_time import StandStill, VirtualClock, VirtualTime

START = datetime(2026, 1, 5, tzinfo=UTC)
T = TypeVar("T")


def in_virtual_time(test: Callable[[VirtualTime], Awaitable[T]]) -> T:
    async def play() -> T:
        virtual = VirtualTime(asyncio.get_running_loop(), START)
        virtual.install()
        try:
            return await test(virtual)
        finally:
            virtual.restore()

    return asyncio.run(play())


def test_sleeps_take_no_time_and_keep_their_order() -> None:
    async def test(virtual: VirtualTime) -> list[str]:
        order: list[str] = []
        virtual.announce(86_400)

        async def after(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            order.append(f"{name} {virtual.passed:.0f}")

        await asyncio.gather(
            after(3600, "hour"), after(60, "minute"), after(86_400, "day"), after(60, "again")
        )
        return order

    assert in_virtual_time(test) == ["minute 60", "again 60", "hour 3600", "day 86400"]


def test_quiet_comes_before_time_goes_on_and_later_after_it() -> None:
    async def test(virtual: VirtualTime) -> list[float]:
        asyncio.get_running_loop().call_later(5, int)
        await virtual.quiet()
        first = virtual.passed
        await virtual.quiet(later=True)
        return [first, virtual.passed]

    assert in_virtual_time(test) == [0.0, 5.0]


def test_threads_are_waited_for_while_time_stands_still() -> None:
    async def test(virtual: VirtualTime) -> tuple[str, float]:
        asyncio.get_running_loop().call_later(1, int)
        result = await asyncio.to_thread(lambda: time.sleep(0.02) or threading.current_thread().name)
        return str(result), virtual.passed

    name, passed = in_virtual_time(test)
    assert name != threading.main_thread().name
    assert passed == 0


def test_sockets_of_others_are_given_real_time() -> None:
    async def test(virtual: VirtualTime) -> bytes:
        here, there = socket.socketpair()
        with here, there:
            here.settimeout(0)
            loop = asyncio.get_running_loop()
            loop.call_later(3600, int)
            threading.Timer(0.1, there.send, [b"x"]).start()
            got = await loop.sock_recv(here, 1)
            assert virtual.passed < 3600
            return got

    assert in_virtual_time(test) == b"x"


def test_the_clock_tells_virtual_time_and_date() -> None:
    async def test(virtual: VirtualTime) -> tuple[float, datetime, datetime]:
        clock = VirtualClock(virtual)
        began = clock.monotonic()
        await clock.sleep(90)
        before = clock.now()
        virtual.set(datetime(2030, 1, 1, tzinfo=UTC))
        return round(clock.monotonic() - began, 6), before, clock.now()

    assert in_virtual_time(test) == (
        90,
        datetime(2026, 1, 5, 0, 1, 30, tzinfo=UTC),
        datetime(2030, 1, 1, tzinfo=UTC),
    )


def test_what_rounding_leaves_of_a_wait_passes_too() -> None:
    async def test(virtual: VirtualTime) -> float:
        clock = VirtualClock(virtual)
        virtual.announce(1e7)
        await clock.sleep(1e7)
        until = clock.monotonic() + 0.1
        while (rest := until - clock.monotonic()) > 0:
            await clock.sleep(min(rest, 0.03))
        for tiny in (1e-7, 1e-9, 1e-13):
            await clock.sleep(tiny)
        return round(virtual.passed - 1e7, 3)

    assert in_virtual_time(test) == 0.1


def test_who_waits_for_ever_is_told() -> None:
    async def test(_: VirtualTime) -> None:
        await asyncio.Event().wait()

    with pytest.raises(StandStill, match="in vain"):
        in_virtual_time(test)


def test_who_waits_beside_something_that_goes_on_for_ever_is_told_too() -> None:
    async def test(_: VirtualTime) -> None:
        async def tick() -> None:
            for _ in range(1000):
                await asyncio.sleep(600)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(tick())
            await asyncio.Event().wait()

    with pytest.raises(StandStill, match="nothing has come for 4 hours"):
        in_virtual_time(test)


def test_afterwards_the_loop_has_its_own_time_and_timers_keep_theirs() -> None:
    async def play() -> float:
        loop = asyncio.get_running_loop()
        virtual = VirtualTime(loop, START)
        virtual.install()
        await asyncio.sleep(10_000)
        fired = loop.create_future()
        loop.call_later(0.01, lambda: fired.set_result(None))
        virtual.restore()
        assert abs(loop.time() - time.monotonic()) < 1
        began = time.monotonic()
        await fired
        return time.monotonic() - began

    assert asyncio.run(play()) < 5


def test_other_event_loops_are_refused() -> None:
    with pytest.raises(TypeError, match="needs an event loop of asyncio, not AbstractEventLoop"):
        VirtualTime(asyncio.AbstractEventLoop(), START)


def test_processes_are_given_real_time() -> None:
    async def test(virtual: VirtualTime) -> float:
        asyncio.get_running_loop().call_later(3600, int)
        process = await asyncio.create_subprocess_exec("sleep", "0.1")
        await process.wait()
        return virtual.passed

    assert in_virtual_time(test) == 0


async def turn() -> None:
    """Never rest."""
    for _ in itertools.count():
        await asyncio.sleep(0)


def test_time_goes_on_for_what_never_rests() -> None:
    async def test(virtual: VirtualTime) -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(turn(), 10)
        return virtual.passed

    assert in_virtual_time(test) == pytest.approx(10, abs=0.1)


def test_what_never_rests_is_in_vain_in_the_end() -> None:
    with pytest.raises(StandStill, match="never comes to an end"):
        in_virtual_time(lambda _: turn())
