"""What hears signals, in processes of their own: it may end them."""

import signal
from pathlib import Path

import pytest

from chatbot.cli.signals import Signals
from tests.cli.programs import program

BEGINNING = """
import os, signal, threading, time
from chatbot.cli import signals
from chatbot.cli.signals import Signals
signals._AT_ONCE_S = 0.2
"""


def script(text: str) -> tuple[str, str]:
    return "-c", BEGINNING + text


async def test_a_signal_before_there_is_anybody_to_ask_ends_the_process_well(tmp_path: Path) -> None:
    text = """
with Signals():
    print("here", flush=True)
    time.sleep(60)
"""
    async with program(cwd=tmp_path, start=script(text)) as run:
        await run.says("here")
        run.signal(signal.SIGTERM)
        assert await run.ends() == 0


BLOCKED = """
with Signals() as ears:
    ears.hand_on(lambda: print("asked", flush=True), {patience})
    print("here", flush=True)
    time.sleep(60)
"""


async def test_who_is_asked_and_does_not_go_is_ended_when_the_patience_is_over(tmp_path: Path) -> None:
    async with program(cwd=tmp_path, start=script(BLOCKED.format(patience=0.2))) as run:
        await run.says("here")
        run.signal(signal.SIGTERM)
        await run.says("asked")
        assert await run.ends() == 1
        await run.says("the process ends without it")


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_has_no_patience(tmp_path: Path, second: signal.Signals) -> None:
    async with program(cwd=tmp_path, start=script(BLOCKED.format(patience=60))) as run:
        await run.says("here")
        run.signal(signal.SIGINT)
        await run.says("asked")
        run.signal(second)
        assert await run.ends() == 130
        assert run.out == ["here", "asked", "asked"]


async def test_what_still_waits_when_all_is_settled_holds_the_process_for_a_moment(tmp_path: Path) -> None:
    text = """
with Signals() as ears:
    ears.hand_on(lambda: None, 60)
    os.kill(os.getpid(), signal.SIGTERM)
    ears.settled(0)
threading.Thread(target=time.sleep, args=[60]).start()
print("here", flush=True)
"""
    async with program(cwd=tmp_path, start=script(text)) as run:
        await run.says("here")
        assert await run.ends() == 0
        await run.says("something still waits for an answer")


async def test_who_has_gone_before_it_is_asked_is_watched_all_the_same(tmp_path: Path) -> None:
    text = """
import asyncio
loop = asyncio.new_event_loop()
loop.close()
with Signals() as ears:
    ears.hand_on(lambda: loop.call_soon_threadsafe(print), 0.2)
    print("here", flush=True)
    time.sleep(60)
"""
    async with program(cwd=tmp_path, start=script(text)) as run:
        await run.says("here")
        run.signal(signal.SIGTERM)
        assert await run.ends() == 1


async def test_who_was_never_asked_ends_when_it_likes(tmp_path: Path) -> None:
    text = """
with Signals() as ears:
    ears.hand_on(lambda: None, 60)
    ears.settled(0)
raise SystemExit(7)
"""
    async with program(cwd=tmp_path, start=script(text)) as run:
        assert await run.ends() == 7


def test_all_is_as_before_when_nobody_listens_any_more() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with Signals() as signals:
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] != before
    signals.close()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
