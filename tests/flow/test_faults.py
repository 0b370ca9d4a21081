"""What a customer notices of a bad connection: nothing lost, nothing said twice."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chatbot import (
    Chat,
    ChatEnded,
    ChatResumed,
    ChatStarted,
    OperationFailed,
    TextReceived,
    Unconfirmed,
    hookimpl,
)
from chatbot.bot import instep
from chatbot.simulator.faults import Answer, Double, Drop, Fault, Lose, Match, Swap
from chatbot.simulator.options import Options
from tests.flow.stage import PATIENCE_S, Stage, a_simulator, on_stage

SEND = Match(method="POST", operation="SendMessage", agent="robo")
LOG = Match(notification="NewMessages", agent="robo")


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"You said {event.text}"


async def talks_well(stage: Stage, *texts: str) -> None:
    """A customer says these, one after the other, and hears each answer exactly once."""
    async with stage.customer() as ana:
        await ana.sees_agent()
        for text in texts:
            await ana.says(text)
            await ana.hears(f"^You said {text}$")
        await ana.ends()
        await stage.seen.event(ChatEnded)
        await ana.sees_end()
        answers = [line.text for line in ana.lines if line.sender_type == "Agent" and line.type == "Text"]
    assert answers == [f"You said {text}" for text in texts]


@contextmanager
def told(words: str) -> Iterator[asyncio.Event]:
    """An event that is set when the bot logs these words."""
    heard = asyncio.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if words in record.getMessage():
                heard.set()

    listener = Listener()
    logging.getLogger("chatbot").addHandler(listener)
    try:
        yield heard
    finally:
        logging.getLogger("chatbot").removeHandler(listener)


LOST_ANSWERS = {
    "reply lost after the effect": Drop(performed=True),
    "request lost before the effect": Drop(performed=False),
    "500 after the effect": Answer(500, performed=True),
    "502 before the effect": Answer(502, performed=False),
    "code 4 before the effect": Answer(200, '{"statusCode": 4, "statusMessage": "internal"}'),
    "code 9 after the effect": Answer(200, '{"statusCode": 9}', performed=True),
    "empty answer after the effect": Answer(200, "", performed=True),
    "web page after the effect": Answer(200, "<html>done</html>", performed=True),
}


@pytest.mark.parametrize("action", LOST_ANSWERS.values(), ids=LOST_ANSWERS)
async def test_an_unanswered_text_is_said_exactly_once(action: Drop | Answer) -> None:
    async with on_stage(Echo()) as stage:
        stage.simulator.faults.append(Fault(SEND, action))
        await talks_well(stage, "one", "two")
        assert stage.simulator.faults == []


async def test_equal_texts_are_told_apart_when_an_answer_is_lost() -> None:
    class Ok:
        @hookimpl
        async def on_text(self) -> str:
            return "ok"

    async with on_stage(Ok()) as stage, stage.customer() as ana:
        await ana.sees_agent()
        stage.simulator.faults.append(Fault(SEND, Drop(performed=True), skip=1))
        for text in ("a", "b", "c"):
            await ana.says(text)
            await ana.hears("^ok$")
        await ana.ends()
        await ana.sees_end()
        assert [line.text for line in ana.lines if line.sender_type == "Agent" and line.type == "Text"] == [
            "ok"
        ] * 3


NOT_DONE = {
    "429 with Retry-After": Answer(429, "", {"Retry-After": "1"}),
    "401": Answer(401),
    "403 csrf": Answer(403, "Missing or invalid Csrf token"),
    "code 20": Answer(200, '{"statusCode": 20}'),
    "login page": Answer(200, "<html>please log in</html>"),
    "redirect": Answer(302, "", {"Location": "http://127.0.0.1:9/login"}),
}


@pytest.mark.parametrize("action", NOT_DONE.values(), ids=NOT_DONE)
async def test_a_text_that_the_server_did_not_take_is_sent_again(action: Answer) -> None:
    async with on_stage(Echo()) as stage:
        stage.simulator.faults.append(Fault(SEND, action))
        await talks_well(stage, "one", "two")


async def test_a_lost_notification_is_read_back_with_the_next_one() -> None:
    async with on_stage(Echo()) as stage, stage.customer() as ana:
        await ana.sees_agent()
        await stage.seen.event(ChatStarted)
        stage.simulator.faults.append(Fault(LOG, Lose()))
        await ana.says("lost")
        await ana.says("heard")
        await ana.hears("You said lost")
        await ana.hears("You said heard")


@pytest.mark.parametrize("action", [Double(), Swap()], ids=["doubled", "swapped"])
async def test_doubled_and_swapped_notifications_change_nothing(action: Double | Swap) -> None:
    async with on_stage(Echo()) as stage, stage.customer() as ana:
        await ana.sees_agent()
        await stage.seen.event(ChatStarted)
        stage.simulator.faults.append(Fault(LOG, action))
        for text in ("one", "two"):
            await ana.says(text)
        for text in ("one", "two"):
            await ana.hears(f"^You said {text}$")
        texts = [event.text for event in stage.seen.events if isinstance(event, TextReceived)]
    assert texts == ["one", "two"]


async def test_a_server_that_forgets_the_client_loses_no_text() -> None:
    async with on_stage(Echo()) as stage, stage.customer() as ana:
        await ana.sees_agent()
        await stage.seen.event(ChatStarted)
        stage.simulator.drop_clients()
        await ana.says("said while deaf")
        await ana.hears("You said said while deaf")
        assert stage.bot.counters.sessions == 2


@pytest.mark.parametrize("lost_session", ["401", "403", "20"])
async def test_a_server_that_forgets_the_login_loses_no_text(lost_session: str) -> None:
    async with on_stage(Echo(), options=Options(lost_session=lost_session)) as stage, stage.customer() as ana:
        await ana.sees_agent()
        await stage.seen.event(ChatStarted)
        stage.simulator.end_http_sessions()
        await ana.says("said while logged out")
        await ana.hears("You said said while logged out")
        await ana.says("and after")
        await ana.hears("You said and after")


async def test_a_server_that_restarts_and_has_forgotten_all_gets_the_agent_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(instep, "_LOOK_AGAIN_S", 0.1)
    first = a_simulator()
    async with on_stage(Echo(), simulator=first) as stage:
        async with stage.customer() as ana:
            await ana.sees_agent()
            await stage.seen.event(ChatStarted)
        second = a_simulator()
        # the same address, another world: what stands behind it knows neither session nor chat
        stage.simulator.asgi._gateway = second.asgi._gateway
        stage.simulator.asgi._polling.hold_polls(allowed=False)
        ended = await stage.seen.event(ChatEnded)
        assert ended.reason == "gone"
        async with stage.customer("Bruno") as bruno:
            await bruno.says("hi")
            await bruno.hears("You said hi")
        assert [r.operation for r in second.requests if r.operation][:2] == [
            "StartContactCenterSession",
            "Ready",
        ]


async def test_a_chat_that_ran_before_the_process_began_is_taken_up_again() -> None:
    simulator = a_simulator(Options(chats_at_logout="keep"))
    chat_id = simulator.world.request_chat("Ana", endpoint="robo")
    async with on_stage(Echo(), simulator=simulator, on_stop="keep") as stage:
        simulator.world.customer_says(chat_id, "one")
        await stage.seen.event(TextReceived)
        await (await stage.chat.send_text("answered one")).confirmed(PATIENCE_S)
    simulator.world.customer_says(chat_id, "two")
    async with on_stage(Echo(), simulator=simulator) as stage:
        await stage.seen.event(ChatResumed)
        await stage.seen.event(TextReceived, lambda event: event.text == "two")
        texts = [event.text for event in stage.seen.events if isinstance(event, TextReceived)]
        assert texts == ["two"]
        assert "ChatStarted" not in stage.seen.names()


async def test_an_operation_that_fails_later_is_reported() -> None:
    simulator = a_simulator()
    simulator.world.fail_next("Invite")
    async with on_stage(Echo(), simulator=simulator) as stage, stage.customer() as ana:
        await ana.sees_agent()
        await stage.seen.event(ChatStarted)
        receipt = await stage.chat.invite(
            f"{stage.url}/api/v2/users/{simulator.world.agents.get('helena').id}"
        )
        failed = await stage.seen.event(OperationFailed)
        assert failed.action == receipt.action
        assert failed.chat_id == stage.chat.id


async def test_an_invitation_nobody_answered_is_not_repeated() -> None:
    simulator = a_simulator()
    async with on_stage(Echo(), simulator=simulator) as stage, stage.customer() as ana:
        await ana.sees_agent()
        await stage.seen.event(ChatStarted)
        simulator.faults.append(Fault(Match(operation="Invite"), Drop(performed=False)))
        with pytest.raises(Unconfirmed):
            await stage.chat.invite(f"{stage.url}/api/v2/users/{simulator.world.agents.get('helena').id}")
    assert stage.operations().count("Invite") == 1


async def test_a_bot_is_not_ready_while_its_polls_fail() -> None:
    async with on_stage(Echo()) as stage:
        failing = Fault(Match(path="/api/v2/notifications", agent="robo"), Answer(503), times=None)
        stage.simulator.faults.append(failing)
        with told("HTTP 503") as heard:
            stage.simulator.drop_clients()
            async with asyncio.timeout(PATIENCE_S):
                await heard.wait()
        assert "not polling" in stage.bot.health.problems()
        stage.simulator.faults.clear()
        await talks_well(stage, "well again")
        assert stage.bot.health.problems() == []


async def test_a_server_without_transcripts_keeps_no_customer_waiting() -> None:
    async with on_stage(Echo()) as stage:
        nothing = Fault(Match(method="GET", path="/api/v2/me/chats/", agent="robo"), Answer(404), times=None)
        stage.simulator.faults.append(nothing)
        async with stage.customer() as ana:
            await ana.says("hi")
            await ana.hears("You said hi")
    reads = [record.path for record in stage.simulator.requests if record.path.endswith("/messages")]
    # for its history, and at the end of the first comparison
    assert len([path for path in reads if "/me/" in path]) <= 2


async def test_running_hooks_finish_before_the_bot_leaves() -> None:
    class Slow:
        def __init__(self) -> None:
            self.go = asyncio.Event()

        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            await self.go.wait()
            await chat.send_text("finished")

    slow = Slow()
    async with on_stage(slow) as stage, stage.customer() as ana:
        await ana.says("hi")
        await stage.seen.event(TextReceived)
        stage.bot.stop()
        await stage.seen.stopping.wait()
        slow.go.set()
        await ana.hears("finished")
        await stage.running
    assert stage.operations()[-2:] == ["NotReady", "EndContactCenterSession"] or stage.operations()[-3:] == [
        "NotReady",
        "SendMessage",
        "EndContactCenterSession",
    ]
    last = [r for r in stage.simulator.requests if r.agent == "robo"][-1]
    assert last.operation == "EndContactCenterSession"
