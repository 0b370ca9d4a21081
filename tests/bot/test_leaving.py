import asyncio
from contextlib import suppress

import pytest

from chatbot import TextReceived, hookimpl
from chatbot.hooks.chat import Chat
from chatbot.model.errors import WireError
from chatbot.wire.http import Reply
from tests.bot.desk import LOST, NOT_SENT, Desk, reply
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers
from tests.bot.stage import Stage, on_stage

LAST_WORDS = ["NotReady", "unsubscribe", "EndContactCenterSession"]
FALLBACK = {"queue": "humans"}
EVERYTHING = [*LAST_WORDS, "UpdateUserData", "Transfer", "SendMessage", "me", "chats", "chat", "messages"]


async def test_a_bot_takes_leave_in_order() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        before = len(stage.desk.requests)
        await stage.stop()
        assert stage.desk.requests[before:] == LAST_WORDS
        assert stage.seen.life == ["started", "stopping"]
        assert "stopping" in stage.bot.health.problems()


async def test_a_bot_that_keeps_its_session_only_disconnects() -> None:
    async with on_stage(on_stop="keep") as stage:
        before = len(stage.desk.requests)
        await stage.stop()
        assert stage.desk.requests[before:] == ["unsubscribe"]


async def test_a_server_that_does_not_answer_does_not_keep_a_bot_from_leaving() -> None:
    async with on_stage() as stage:
        for request_kind in ("NotReady", "unsubscribe", "EndContactCenterSession"):
            stage.desk.always(request_kind, reply(503))
        await stage.stop()


class Slow:
    """A hook that runs until it is told to end."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.ended = ""

    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        self.ended = "cancelled"
        await self.go.wait()
        await chat.send_text("finished")
        self.ended = "finished"


async def test_running_hooks_finish_and_no_other_begins() -> None:
    slow = Slow()
    async with on_stage(slow) as stage:
        await stage.chatting()
        stage.desk.says("one")
        stage.desk.says("two")
        await stage.until(lambda: slow.ended)
        stage.bot.stop()
        await stage.until(lambda: "stopping" in stage.seen.life)
        stage.desk.offer("c2")
        slow.go.set()
        await stage.until(stage.running.done)
        assert (slow.ended, [event.text for event in stage.all(TextReceived)]) == ("finished", ["one"])
        assert stage.desk.requests[-1] == "EndContactCenterSession"


async def test_a_hook_that_does_not_finish_is_cancelled_after_the_drain_time() -> None:
    slow = Slow()
    async with on_stage(slow, drain=0.01) as stage:
        chat = await stage.chatting()
        chat.spawn(asyncio.Event().wait())
        stage.desk.says("one")
        await stage.until(lambda: slow.ended)
        stage.bot.stop()
        async with asyncio.timeout(5):
            await stage.running
        assert slow.ended == "cancelled"
        assert stage.desk.requests[-1] == "EndContactCenterSession"


async def test_a_stop_while_the_server_is_out_of_reach_ends() -> None:
    async with on_stage() as stage:
        stage.desk.always("handshake", NOT_SENT)
        stage.desk.always("NotReady", NOT_SENT)
        stage.desk.forget_client()
        await stage.until(lambda: stage.asked("handshake") > 5)
        await stage.stop()


async def test_a_bot_that_leaves_is_not_made_ready_again() -> None:
    slow = Slow()
    async with on_stage(slow, drain=600.0, hook_timeout=600.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.until(lambda: slow.ended)
        stage.bot.stop()
        await stage.until(lambda: "stopping" in stage.seen.life)
        compared = stage.asked("chats")
        await stage.later(65)
        assert stage.asked("chats") == compared + 2
        stage.desk.forget_client()
        await stage.until(lambda: stage.asked("chats") == compared + 3)
        await stage.turns()
        assert stage.desk.agent_state == "NotReady"
        slow.go.set()
        await stage.until(stage.running.done)
        after = stage.desk.requests[stage.desk.requests.index("NotReady") :]
        assert {"Ready", "StartContactCenterSession"}.isdisjoint(after)
        assert (slow.ended, after[-1]) == ("finished", "EndContactCenterSession")


async def silence() -> Reply | None:
    await asyncio.Event().wait()
    return None


async def seconds_until_gone(stage: Stage) -> int:
    stage.bot.stop()
    seconds = 0
    await stage.turns(50)
    while not stage.running.done():
        await stage.later(1)
        seconds += 1
    return seconds


class Leech:
    """A hook that does not end."""

    def __init__(self) -> None:
        self.has_begun = False

    @hookimpl
    async def on_text(self) -> None:
        self.has_begun = True
        await asyncio.Event().wait()


@pytest.mark.parametrize("fallback", [None, FALLBACK], ids=["nobody else", "fallback"])
@pytest.mark.parametrize("drain", [0.5, 20.0])
async def test_a_silent_server_gets_all_last_words_and_keeps_a_bot_no_longer_than_ten_seconds(
    drain: float, fallback: dict[str, str] | None
) -> None:
    leech = Leech()
    async with on_stage(
        leech, drain=drain, fallback=fallback, hook_timeout=600.0, request_timeout=60.0
    ) as stage:
        await stage.chatting("idle")
        await stage.chatting("busy")
        stage.desk.says("one", "busy")
        await stage.until(lambda: leech.has_begun)
        for request_kind in EVERYTHING:
            stage.desk.always(request_kind, silence)
        assert await seconds_until_gone(stage) <= drain + 10
        assert [one for one in stage.desk.requests if one in LAST_WORDS] == LAST_WORDS
        assert stage.desk.requests[-1] == "EndContactCenterSession"


async def test_a_server_that_is_silent_about_not_ready_takes_no_time_from_hooks() -> None:
    slow = Slow()
    async with on_stage(slow, drain=5.0, hook_timeout=600.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.until(lambda: slow.ended)
        stage.desk.always("NotReady", silence)
        stage.bot.stop()
        await stage.later(5)
        assert "stopping" in stage.seen.life
        slow.go.set()
        await stage.until(stage.running.done)
        assert (slow.ended, stage.desk.requests[-1]) == ("finished", "EndContactCenterSession")


async def test_a_hook_for_the_stop_that_does_not_end_keeps_nobody() -> None:
    class Clinging:
        @hookimpl
        async def on_bot_stopping(self) -> None:
            while not let_go:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    continue

    let_go: list[bool] = []
    async with on_stage(Clinging(), drain=2.0, fallback=FALLBACK, hook_timeout=600.0) as stage:
        await stage.chatting()
        stage.bot.stop()
        await stage.turns()
        await stage.later(7)
        assert stage.desk.requests[-3:] == ["Transfer", "unsubscribe", "EndContactCenterSession"]
        let_go.append(True)
        stage.running.cancel()
        await asyncio.wait([stage.running])


TROUBLES = [LOST, NOT_SENT, reply(503), reply(429), reply(statusCode=4)]


@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
@pytest.mark.parametrize("word", ["NotReady", "EndContactCenterSession"])
async def test_a_last_word_is_said_once_more_if_it_came_to_nothing(word: str, trouble: object) -> None:
    async with on_stage() as stage:
        stage.desk.answer(word, trouble)  # type: ignore[arg-type]
        await stage.stop()
        assert stage.asked(word) == 2
        assert stage.desk.requests[-1] == "EndContactCenterSession"
        assert stage.desk.agent_state == "NotReady"


async def test_last_words_do_not_wait_until_a_server_in_trouble_may_be_asked_again() -> None:
    async with on_stage() as stage:
        for request_kind in EVERYTHING:
            stage.desk.always(request_kind, reply(503))
        reads = [asyncio.create_task(read(stage)) for _ in range(60)]
        await stage.until(lambda: stage.asked("messages") >= 44)
        stage.desk.always("connect", silence)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stage.clock, "sleep", forever)
            before = len(stage.desk.requests)
            assert await seconds_until_gone(stage) <= 15
            after = stage.desk.requests[before:]
            assert [one for one in after if one in LAST_WORDS] == LAST_WORDS
        for task in reads:
            task.cancel()


async def read(stage: Stage) -> None:
    with suppress(WireError):
        await stage.bot.read("c1", 1, None)


async def forever(_: float) -> None:
    await asyncio.Event().wait()


async def test_a_bot_whose_password_is_refused_says_each_last_word_once() -> None:
    async with on_stage() as stage:
        for request_kind in (*EVERYTHING, "handshake", "subscribe"):
            stage.desk.always(request_kind, reply(401))
        stage.desk.answer("connect", reply(401))
        with pytest.MonkeyPatch.context() as patch:
            logins = stage.asked("me")
            stage.desk.publish("wake up")
            await stage.until(lambda: stage.asked("me") == logins + 3)
            patch.setattr(stage.clock, "sleep", forever)
            await stage.turns()
            before = len(stage.desk.requests)
            assert await seconds_until_gone(stage) <= 1
            # the CometD session went with the login
            assert stage.desk.requests[before:] == ["NotReady", "EndContactCenterSession"]


@pytest.mark.parametrize("word", ["StartContactCenterSession", "Ready"])
async def test_a_session_that_may_have_begun_is_ended(word: str) -> None:
    """The stop comes before the answer."""
    desk = Desk()
    gate = desk.unanswered(word)
    async with on_stage(desk=desk, ready=False) as stage:
        await stage.until(gate.reached.is_set)
        assert await seconds_until_gone(stage) <= 10
        assert desk.requests[-1] == "EndContactCenterSession"
        assert stage.seen.life == []


@pytest.mark.parametrize("word", ["StartContactCenterSession", "Ready"])
async def test_not_ready_waits_for_the_answer_to_ready_and_nothing_makes_the_agent_ready_after_it(
    word: str,
) -> None:
    slow = Slow()
    async with on_stage(slow, hook_timeout=600.0, drain=20.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.until(lambda: slow.ended)
        stage.desk.agent_state = "LoggedOut"
        gate = stage.desk.holding(word)
        stage.bot.resync()
        await stage.until(gate.reached.is_set)
        before = len(stage.desk.requests)
        stage.bot.stop()
        await stage.turns()
        gate.open.set()
        await stage.until(lambda: stage.asked("NotReady"))
        slow.go.set()
        await stage.until(stage.running.done)
        assert {"StartContactCenterSession", "Ready"}.isdisjoint(stage.desk.requests[before:])
        assert stage.desk.agent_state == "NotReady"


async def test_a_bot_that_is_asked_to_stay_while_it_leaves_is_not_made_ready() -> None:
    slow = Slow()
    async with on_stage(slow, hook_timeout=600.0, drain=20.0) as stage:
        await stage.chatting()
        stage.desk.says("one")
        await stage.until(lambda: slow.ended)
        stage.desk.agent_state = "NotReady"
        gate = stage.desk.unanswered("channels")
        stage.bot.resync()
        await stage.until(gate.reached.is_set)
        before = len(stage.desk.requests)
        stage.bot.stop()
        await stage.until(lambda: stage.asked("NotReady"))
        gate.open.set()
        await stage.turns()
        slow.go.set()
        await stage.until(stage.running.done)
        assert {"StartContactCenterSession", "Ready"}.isdisjoint(stage.desk.requests[before:])


async def test_hooks_that_waited_for_the_journal_do_not_begin_after_the_stop() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(before := Answers(), desk=desk, journal=drawer, on_stop="keep") as stage:
        await stage.chatting()
        drawer.hold()
        desk.says("one")
        await stage.until(lambda: stage.live().progress.trigger)
        stage.bot.stop()
        await stage.turns()
        drawer.let_go()
        await stage.until(stage.running.done)
    assert (before.heard, drawer.checkpoint().attempts) == ([], 0)
    async with on_stage(after := Answers(), desk=desk, journal=drawer):
        assert after.heard == ["one"]
