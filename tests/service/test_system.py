"""The real world: the only place where time, chance and threads are the machine's."""

import asyncio
import gc
import threading
import time
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from chatbot.service.system import SystemClock, WriterThread, _frame_of, _repeat, system_world

place: ContextVar[str] = ContextVar("place", default="")


async def test_the_clock_is_the_system_s() -> None:
    clock = SystemClock()
    assert abs(clock.monotonic() - time.monotonic()) < 5
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().utcoffset() == timedelta(0)


async def test_a_wait_takes_its_time() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0.02)
    # the event loop may wake up a tick of its own clock early
    assert clock.monotonic() - before >= 0.019


def test_two_worlds_differ_by_chance() -> None:
    one, other = system_world(), system_world()
    assert [one.rng.uniform(0, 1) for _ in range(4)] != [other.rng.uniform(0, 1) for _ in range(4)]


async def test_a_blocking_function_runs_in_a_thread_that_holds_up_nobody_s_end() -> None:
    thread = await system_world().run_in_thread(threading.current_thread)
    assert thread is not threading.main_thread()
    assert thread.daemon


async def test_the_thread_knows_the_place_of_its_caller() -> None:
    place.set("maid/1")
    assert await system_world().run_in_thread(place.get) == "maid/1"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
async def test_what_the_function_raises_comes_to_who_waits(error: BaseException) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        await system_world().run_in_thread(fails)
    assert raised.value is error


async def test_many_threads_that_hang_keep_no_other_from_running() -> None:
    gate = threading.Event()
    run = system_world().run_in_thread
    hanging = [asyncio.ensure_future(run(gate.wait)) for _ in range(50)]
    assert await asyncio.wait_for(run(lambda: "done"), 5) == "done"
    gate.set()
    assert await asyncio.wait_for(asyncio.gather(*hanging), 5) == [True] * 50


async def test_who_waits_may_go_before_the_function_ends() -> None:
    gate, ended = threading.Event(), threading.Event()

    def work() -> None:
        gate.wait()
        ended.set()

    waiting = asyncio.ensure_future(system_world().run_in_thread(work))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    assert await asyncio.to_thread(ended.wait, 5)


# one thread for all


async def test_one_thread_does_one_thing_after_another() -> None:
    run = WriterThread("journal")
    done: list[int] = []

    def work(number: int) -> threading.Thread:
        done.append(number)
        return threading.current_thread()

    threads = await asyncio.gather(*(run(partial(work, number)) for number in range(50)))
    assert done == list(range(50))
    [thread] = set(threads)
    assert (thread.name, thread.daemon) == ("journal", True)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
async def test_what_one_function_raises_comes_to_who_waits_and_the_next_is_run(error: BaseException) -> None:
    def fails() -> None:
        raise error

    run = WriterThread("journal")
    failing, next_one = run(fails), run(lambda: "done")
    with pytest.raises(type(error)) as raised:
        await failing
    assert raised.value is error
    assert await next_one == "done"


async def test_who_waits_for_the_one_thread_may_go(caplog: pytest.LogCaptureFixture) -> None:
    run, gate = WriterThread("journal"), threading.Event()
    waiting, next_one = asyncio.ensure_future(run(gate.wait)), run(lambda: "done")
    waiting.cancel()
    gate.set()
    assert await asyncio.wait_for(next_one, 5) == "done"
    assert caplog.messages == []


async def leaves(run: WriterThread, gate: threading.Event) -> None:
    run(gate.wait)


async def asks(run: WriterThread) -> threading.Thread:
    async with asyncio.timeout(5):
        return await run(threading.current_thread)


def test_the_one_thread_outlives_a_loop_and_ends_with_who_asked_for_it() -> None:
    run, gate = WriterThread("journal"), threading.Event()
    asyncio.run(leaves(run, gate))
    gate.set()
    thread = asyncio.run(asks(run))
    del run
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


# the watchdog's thread


def test_a_function_is_called_again_and_again_in_a_thread_until_it_is_to_end() -> None:
    threads: list[threading.Thread] = []
    often = threading.Event()

    def look() -> None:
        threads.append(threading.current_thread())
        if len(threads) == 3:
            often.set()

    end = _repeat(look, 0.001)
    assert often.wait(5)
    end()
    assert threads[0] is not threading.main_thread()
    assert (threads[0].name, threads[0].daemon, threads[0].is_alive()) == ("watchdog", True, False)
    assert set(threads) == {threads[0]}


def test_what_a_thread_runs_is_seen_from_another() -> None:
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    frame = _frame_of(thread.ident or 0)
    assert frame is not None
    assert frame.f_code.co_filename == threading.__file__
    gate.set()
    thread.join()
    assert _frame_of(thread.ident or 0) is None
