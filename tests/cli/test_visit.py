"""A visit: a chat that is followed until it is over."""

import asyncio
from dataclasses import replace

import pytest

from chatbot.cli.backstage import Trouble
from chatbot.cli.visit import Guest, Place, Visit
from chatbot.simulator.app import Simulator
from chatbot.simulator.server import Front, serve
from tests.cli.parlour import BOUND_S, at_visit, contact_centre


def visit_at(url: str) -> Visit:
    return Visit(Place(url), Guest(), lambda _: None)


pytestmark = pytest.mark.usefixtures("eager")


async def test_lines_are_shown_as_they_come_and_the_chat_ends_with_the_visit() -> None:
    async with at_visit() as (visit, parlour):
        assert visit.has_agent
        await visit.says("hi")
        await visit.until(lambda: parlour.shown[-1] == "Ana: hi" or None, BOUND_S)
    assert parlour.shown[:4] == ["Ana joined", "Eva joined", "Eva: hello", "Ana: hi"]
    assert parlour.chat.is_over
    assert parlour.chat.user_data["Order"] == "7"


async def test_who_types_is_known_until_he_stops_or_speaks() -> None:
    async with at_visit() as (visit, parlour):
        world, chat_id = parlour.simulator.world, parlour.chat.id
        for text in ("one", "two"):
            world.human_does(chat_id, "eva", "SendStartTypingNotification")
            assert await visit.until(lambda: visit.typists or None, BOUND_S) == ["Eva"]
            world.human_says(chat_id, "eva", text)
            await visit.until(lambda: not visit.typists or None, BOUND_S)
        world.human_does(chat_id, "eva", "SendStartTypingNotification")
        await visit.until(lambda: visit.typists or None, BOUND_S)
        world.human_does(chat_id, "eva", "SendStopTypingNotification")
        await visit.until(lambda: not visit.typists or None, BOUND_S)
        assert visit.typists == []


async def test_the_customer_types_and_ends() -> None:
    async with at_visit() as (visit, parlour):
        await visit.types(is_typing=True)
        await visit.types(is_typing=False)
        assert parlour.types()[1:] == ["TypingStarted", "TypingStopped"]
        await visit.ends()
        await visit.over.wait()
        with pytest.raises(Trouble, match="The chat is over"):
            await visit.says("hi")
        assert await visit.until(lambda: None, BOUND_S) is None


async def test_a_chat_rests_when_nothing_happens_and_no_bot_works() -> None:
    work = iter([True, True, False])
    async with at_visit() as (visit, _):
        visit.place = replace(visit.place, is_busy=lambda: next(work))
        await visit.rests(0.01, BOUND_S)
    assert list(work) == []


async def test_who_types_is_waited_for_but_not_for_ever() -> None:
    async with at_visit() as (visit, parlour):
        parlour.simulator.world.human_does(parlour.chat.id, "eva", "SendStartTypingNotification")
        await visit.until(lambda: visit.typists or None, BOUND_S)
        clock = asyncio.get_running_loop().time
        began = clock()
        await visit.rests(0.01, 0.1)
        assert clock() - began >= 0.1
        async with asyncio.TaskGroup() as tasks:
            resting = tasks.create_task(visit.rests(0.01, BOUND_S))
            parlour.simulator.world.human_says(parlour.chat.id, "eva", "so")
            await resting
        assert visit.lines[-1].text == "so"


async def test_a_server_that_does_not_answer_is_asked_again() -> None:
    front = Front(contact_centre().asgi)
    async with front, asyncio.timeout(BOUND_S), asyncio.TaskGroup() as tasks, visit_at(front.url) as visit:
        following = tasks.create_task(visit.follow())
        await visit.until(lambda: visit.has_agent or None, BOUND_S)
        await front.shut()
        assert await visit.until(lambda: visit.trouble or None, BOUND_S)
        with pytest.raises(Trouble, match="the server does not answer: "):
            await visit.says("hi")
        await front.open()
        await visit.until(lambda: not visit.trouble or None, BOUND_S)
        await visit.says("hi")
        following.cancel()


async def test_a_chat_that_the_server_has_forgotten_is_over() -> None:
    async with at_visit() as (visit, parlour):
        parlour.simulator.world.chat(parlour.chat.id)
        parlour.simulator.world._scene.by_id.clear()
        await visit.over.wait()
        assert visit.trouble.startswith("No chat ")


async def test_no_visit_where_there_is_no_server_or_another_one() -> None:
    async with serve(Simulator().asgi) as server:
        gone = server
        for url in (f"{server}/customer", f"{server}/simulator"):
            with pytest.raises(Trouble, match=r"^HTTP 40.: this is no server with a Customer Chat API"):
                async with visit_at(url):
                    pass
        with pytest.raises(Trouble, match="Parameter nickname is missing"):
            async with Visit(Place(server), Guest(nickname=""), lambda _: None):
                pass
    with pytest.raises(Trouble, match="the server does not answer: "):
        async with visit_at(gone):
            pass
