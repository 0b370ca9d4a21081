import asyncio
from collections.abc import Coroutine
from typing import Any

from chatbot.bot.aside import Aside
from chatbot.hooks.run import HookRun, current_run
from tests.bot.stage import VirtualClock


class Crew:
    is_stopping = False

    def __init__(self) -> None:
        self.worker = asyncio.ensure_future(asyncio.Event().wait())
        self.released: list[str] = []

    def start(self, coroutine: Coroutine[Any, Any, None], purpose: str) -> asyncio.Task[None]:
        return asyncio.ensure_future(coroutine)

    def release(self, chat_id: str) -> asyncio.Task[Any]:
        self.released.append(chat_id)
        return self.worker


async def test_a_worker_stands_aside_until_it_is_forsaken_and_is_known_until_it_ends() -> None:
    aside = Aside(VirtualClock(), crew := Crew())
    assert aside.leave("c1") is crew.worker
    assert (crew.released, aside.workers, aside.tasks) == (["c1"], {crew.worker}, [crew.worker])
    aside.forsake(crew.worker)
    assert (aside.workers, aside.tasks) == (set(), [crew.worker])
    crew.worker.cancel()
    await asyncio.wait([crew.worker])
    await asyncio.sleep(0)
    assert aside.tasks == []
    aside.forsake(crew.worker)
    assert aside.tasks == []


async def test_an_alarm_rings_in_its_time_and_for_nobody() -> None:
    aside = Aside(clock := VirtualClock(), crew := Crew())
    rung: list[object] = []
    before = clock.time
    token = current_run.set(HookRun("faq", "on_text", None))
    alarm = aside.after(60.0, lambda: rung.append(current_run.get()))
    current_run.reset(token)
    assert aside.tasks == [alarm]
    await alarm
    await asyncio.sleep(0)
    assert (rung, clock.time - before, aside.tasks) == ([None], 60.0, [])
    crew.worker.cancel()


async def test_an_alarm_that_is_cancelled_does_not_ring() -> None:
    aside = Aside(VirtualClock(), crew := Crew())
    rung: list[str] = []
    alarm = aside.after(60.0, lambda: rung.append("rung"))
    alarm.cancel()
    await asyncio.wait([alarm])
    await asyncio.sleep(0)
    assert (rung, aside.tasks, aside.is_stopping) == ([], [], False)
    crew.worker.cancel()
