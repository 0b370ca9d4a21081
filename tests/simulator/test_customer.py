from typing import Any

import httpx
import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.customer import Customer, CustomerLine, NotHeardError, RefusedError
from tests.simulator.stage import BASE, new_simulator


def customer_of(simulator: Simulator, **settings: Any) -> Customer:
    transport = httpx.ASGITransport(simulator.asgi)
    return Customer(BASE, transport=transport, poll_s=0.001, **settings)


def staffed(**options: Any) -> Simulator:
    simulator = new_simulator(**options)
    simulator.world.add_agent("eva", nickname="Eva", human=True, auto_answer="Hello, I am Eva")
    return simulator


async def test_a_conversation() -> None:
    simulator = staffed()
    heard: list[str] = []
    given = {"nickname": "Ana", "subject": "Bill", "endpoint": "default", "user_data": {"k": "v"}}
    async with customer_of(simulator, on_line=lambda line: heard.append(str(line)), **given) as ana:
        assert (await ana.sees_agent()).nickname == "Eva"
        assert await ana.hears("I am") == CustomerLine(3, "Text", "Eva", "Agent", "Hello, I am Eva")
        await ana.types()
        await ana.stops_typing()
        await ana.says("Good bye")
        await ana.ends()
        await ana.sees_end()
    assert heard == [
        "(Ana: ParticipantJoined)",
        "(Eva: ParticipantJoined)",
        "Eva: Hello, I am Eva",
        "(Ana: TypingStarted)",
        "(Ana: TypingStopped)",
        "Ana: Good bye",
        "(Ana: ParticipantLeft)",
    ]
    [chat] = simulator.world.chats()
    assert chat.user_data == {"Subject": "Bill", "k": "v"}


async def test_each_text_is_heard_once_and_others_are_skipped() -> None:
    simulator = staffed()
    async with customer_of(simulator) as ana:
        await ana.hears()
        for text in ("one", "two", "three"):
            simulator.world.human_says(ana.chat_id, "eva", text)
        assert (await ana.hears("t")).text == "two"
        assert (await ana.hears("t")).text == "three"


async def test_the_own_texts_are_not_heard_and_waiting_ends_with_the_transcript() -> None:
    async with customer_of(new_simulator(), nickname="Ana") as ana:
        await ana.says("hello?")
        with pytest.raises(NotHeardError, match="a text like 'hello'") as caught:
            await ana.hears("hello", timeout_s=0.02)
    assert isinstance(caught.value, TimeoutError)
    assert "Ana: hello?" in str(caught.value)


async def test_nobody_comes_and_nothing_ends() -> None:
    async with customer_of(new_simulator()) as ana:
        with pytest.raises(NotHeardError, match="an agent to join"):
            await ana.sees_agent(timeout_s=0.02)
        with pytest.raises(NotHeardError, match="the end of the chat"):
            await ana.sees_end(timeout_s=0.02)


async def test_time_between_looks_is_passed_by_what_is_given() -> None:
    simulator = new_simulator()
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        simulator.world.add_agent("eva", human=True, auto_answer="hi")

    async with customer_of(simulator, sleep=nap) as ana:
        await ana.hears("hi")
    assert naps == [0.001]


async def test_a_refused_request_is_an_error() -> None:
    simulator = new_simulator(contact_center_id="another")
    with pytest.raises(RefusedError, match="No such contact centre"):
        async with customer_of(simulator):
            pass


def test_an_error_without_lines_says_so() -> None:
    assert "(nothing)" in str(NotHeardError("x", []))
