import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
import pytest

from chatbot.simulator.app import Simulator
from chatbot.simulator.faults import Match
from chatbot.simulator.named_faults import NAMED_FAULTS, UnknownFaultError, how_of, named, strike
from tests.simulator.stage import AgentClient, WatchedSimulator, agent_of, new_simulator

LINES, STATUS = "NewMessages", "StatusChange"


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[WatchedSimulator, AgentClient, str]]:
    """An agent in a chat, who has heard all so far; the id of the chat."""
    simulator = new_simulator()
    async with agent_of(simulator) as agent:
        await agent.start()
        chat = simulator.world.chat(simulator.world.request_chat("Ana"))
        await agent.post(f"/me/chats/{chat.id}", "Accept")
        await agent.events()
        yield simulator, agent, chat.id


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [line["text"] for event in events for line in event.get("messages", []) if "text" in line]


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("drop-notification", ["two", "three"]),
        ("duplicate-notification", ["one", "one", "two", "three"]),
        ("reorder-notifications", ["two", "one", "three"]),
    ],
)
async def test_a_notification_is_spoiled_once(name: str, heard: list[str]) -> None:
    async with talking() as (simulator, agent, chat_id):
        strike(simulator, name)
        for text in ("one", "two", "three"):
            simulator.world.customer_says(chat_id, text)
        assert texts(await agent.events()) == heard
        assert simulator.faults == []


@pytest.mark.parametrize(
    ("name", "status", "is_said"),
    [
        ("401", 401, False),
        ("403", 403, False),
        ("429", 429, False),
        ("500", 500, True),
        ("503", 503, False),
        ("refuse-operation", 200, False),
        ("fail-operation", 200, False),
        ("lost-reply", None, True),
        ("lost-request", None, False),
        ("slow-reply", 200, True),
        ("slow-request", 200, True),
    ],
)
async def test_an_operation_is_spoiled_once(name: str, status: int | None, *, is_said: bool) -> None:
    async with talking() as (simulator, agent, chat_id):
        strike(simulator, name, seconds=0.0)
        answer: int | None
        try:
            answer = (await agent.post(f"/me/chats/{chat_id}", "SendMessage", text="hi")).status_code
        except ConnectionResetError:
            answer = None
        assert answer == status
        lines = simulator.world.chat(chat_id).transcript.lines
        assert ("hi" in [line.content.get("text") for line in lines]) is is_said
        again = await agent.post(f"/me/chats/{chat_id}", "SendMessage", text="again")
        assert again.json() == {"statusCode": 0}


async def test_a_refusal_has_the_code_that_was_asked_for() -> None:
    async with talking() as (simulator, agent, chat_id):
        strike(simulator, "refuse-operation", on="Transfer", code=9)
        assert (await agent.post(f"/me/chats/{chat_id}", "SendMessage", text="hi")).json()["statusCode"] == 0
        assert (await agent.post(f"/me/chats/{chat_id}", "Transfer")).json()["statusCode"] == 9


async def test_a_failure_is_told_by_an_error_notification() -> None:
    async with talking() as (simulator, agent, chat_id):
        strike(simulator, "fail-operation")
        await agent.post(f"/me/chats/{chat_id}", "Leave")
        assert [event["notificationType"] for event in await agent.events()] == ["Error"]


async def test_402_forgets_the_client_at_once_although_its_poll_is_held() -> None:
    async with talking() as (simulator, agent, _), asyncio.TaskGroup() as tasks:
        held = tasks.create_task(agent.connect())
        await simulator.held()
        strike(simulator, "402", agent="bot")
        assert [reply["successful"] for reply in await held] == [True]
        [reply] = await agent.connect()
        assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")
        assert (await agent.handshake())["successful"] is True


async def test_a_lost_session_is_refused_until_the_next_login() -> None:
    async with talking() as (simulator, agent, _):
        strike(simulator, "session-lost")
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            await agent.connect(hold=False)
        assert (await agent.post("/me", "Ready")).status_code == 403
        assert (await agent.login()).status_code == 200


async def test_a_poll_breaks() -> None:
    async with talking() as (simulator, agent, _):
        strike(simulator, "lost-poll")
        with pytest.raises(ConnectionResetError):
            await agent.connect(hold=False)
        assert [reply["successful"] for reply in await agent.connect(hold=False)] == [True]


async def test_meta_messages_are_refused() -> None:
    async with talking() as (simulator, agent, _):
        strike(simulator, "refuse-subscription")
        strike(simulator, "refuse-handshake")
        assert (await agent.meta("subscribe", subscription="/v2/me/x"))[0]["error"] == "403::Forbidden"
        assert (await agent.handshake())["error"] == "403::Forbidden"
        assert (await agent.handshake())["successful"] is True


@pytest.mark.parametrize("name", NAMED_FAULTS)
def test_each_name_has_a_sentence_and_spares_other_agents_and_customers(name: str) -> None:
    fault = named(Simulator(), name, agent="bot", times=None, skip=2)
    assert (fault.match.agent, fault.times, fault.skip) == ("bot", None, 2)
    assert fault.match != Match(agent="bot")
    sentence = NAMED_FAULTS[name].sentence
    assert sentence[0].islower()
    assert not sentence.endswith(".")


@pytest.mark.parametrize(
    ("name", "on", "match"),
    [
        ("drop-notification", "", Match(notification=LINES)),
        ("drop-notification", STATUS, Match(notification=STATUS)),
        ("drop-notification", "any", Match()),
        ("503", "", Match(method="POST", path="/api/v2/me/chats/")),
        ("503", "SendMessage", Match(path="/api/v2/me", operation="SendMessage")),
        ("503", "poll", Match(channel="/meta/connect")),
        ("503", "any", Match(path="/api/v2/me")),
        ("402", "", Match(channel="/meta/connect")),
        ("session-lost", "any", Match(path="/api/v2/me")),
        ("refuse-handshake", "", Match(channel="/meta/handshake")),
    ],
)
def test_what_a_rule_is_for_can_be_told(name: str, on: str, match: Match) -> None:
    assert named(Simulator(), name, on=on).match == match


def test_chance_is_drawn_from_the_given_rng() -> None:
    fault = named(Simulator(), "503", chance=0.3, rng=Random(7), times=None)
    rng = Random(7)
    assert [fault.chance() for _ in range(20)] == [rng.random() < 0.3 for _ in range(20)]


async def test_slow_things_take_their_seconds_by_the_given_sleep() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with talking() as (simulator, agent, chat_id):
        strike(simulator, "slow-reply", seconds=90.0, sleep=sleep)
        await agent.post(f"/me/chats/{chat_id}", "SendMessage", text="hi")
    assert slept == [90.0]


@pytest.mark.parametrize(
    ("name", "closest", "hint"),
    [
        ("drop-notificaton", "drop-notification", "closest: drop-notification"),
        ("lost_reply", "lost-reply", "closest: lost-reply"),
        ("earthquake", None, "known faults: drop-notification, duplicate-notification, "),
    ],
)
def test_an_unknown_name_gives_the_nearest(name: str, closest: str | None, hint: str) -> None:
    with pytest.raises(UnknownFaultError) as caught:
        named(Simulator(), name)
    assert caught.value.closest == closest
    assert str(caught.value).startswith(f"no fault is called {name!r}\n  {hint}")


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"times": 0}, "times is 0; expected 1 or more, or None for ever"),
        ({"skip": -1}, "skip and seconds cannot be negative"),
        ({"seconds": -0.1}, "skip and seconds cannot be negative"),
        ({"chance": 1.5}, "chance is 1.5; expected 0.0 to 1.0"),
        ({"chance": 0.5}, "a chance below 1.0 needs an rng to be drawn from"),
    ],
)
def test_what_cannot_be_is_refused(how: dict[str, Any], complaint: str) -> None:
    simulator = Simulator()
    with pytest.raises(ValueError, match=complaint):
        strike(simulator, "503", **how)
    assert simulator.faults == []


def test_words_are_read() -> None:
    told = {"on": "SendMessage", "times": "always", "skip": "1", "chance": "0.5", "seed": "7", "seconds": 3}
    how = how_of(told)
    rng = how.pop("rng")
    assert how == {"on": "SendMessage", "times": None, "skip": 1, "chance": 0.5, "seconds": 3.0}
    assert rng is not None
    assert rng.random() == Random(7).random()
    assert how_of({"chance": "0.5"})["rng"] is not None


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"time": "3"}, "no fault takes 'time'\n  closest: times"),
        ({"qq": "3"}, "no fault takes 'qq'\n  known: on, agent, "),
        ({"times": "often"}, "times is 'often'; expected a number, or always"),
        ({"seed": "x"}, "seed is 'x'; expected a number"),
    ],
)
def test_words_that_cannot_be_read_are_refused(told: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match="^" + complaint.replace("\n", "\\n")):
        how_of(told)
