import asyncio
from itertools import pairwise

import pytest

from chatbot import ChatEnded, TextReceived, hookimpl
from chatbot.wire.http import Reply
from tests.bot.desk import LOST, NOT_SENT, Desk, Reaction, code, reply
from tests.bot.stage import Stage, on_stage

BEGINNING = ["me", "handshake", "subscribe", "StartContactCenterSession", "Ready", "chats"]
REFUSED_FOR_EVER = Reply(
    200,
    {},
    b'[{"channel": "/meta/connect", "successful": false, "advice": {"reconnect": "none"}}]',
)


def texts(stage: Stage) -> list[str]:
    return [event.text for event in stage.all(TextReceived)]


async def test_the_order_of_the_beginning_misses_no_offer() -> None:
    async with on_stage() as stage:
        assert stage.desk.requests == BEGINNING
        assert stage.bot.health.problems() == []
        assert stage.seen.life == ["started"]


async def test_an_offer_before_the_plugins_are_told_of_the_start_waits_for_that() -> None:
    class Slow:
        @hookimpl
        async def on_bot_started(self) -> None:
            desk.offer()
            desk.publish("belongs to no chat")
            for _ in range(200):
                await asyncio.sleep(0)
            seen.append(desk.requests.count("Accept"))

    seen: list[int] = []
    desk = Desk()
    async with on_stage(Slow(), desk=desk) as stage:
        await stage.quiet()
        assert seen == [0]
        assert sorted(stage.names()) == ["ChatOffered", "ChatStarted", "UnknownMessage"]


TROUBLES: dict[str, list[Reaction]] = {
    "out of reach": [NOT_SENT] * 20,
    "no answer": [LOST],
    "HTTP 503": [reply(503)] * 5,
    "password refused": [reply(401)] * 4,
}


@pytest.mark.parametrize("request_kind", ["me", "handshake", "subscribe", "Ready", "chats"])
@pytest.mark.parametrize("answers", TROUBLES.values(), ids=TROUBLES)
async def test_a_bot_begins_when_the_server_is_well(request_kind: str, answers: list[Reaction]) -> None:
    desk = Desk()
    desk.running()
    desk.answer(request_kind, *answers)
    async with on_stage(desk=desk, ready=False) as stage:
        await stage.until(lambda: stage.names() == ["ChatResumed"])
        await stage.quiet()
        assert stage.bot.health.problems() == []


async def test_a_bot_whose_login_fails_is_not_ready_and_asks_ever_less() -> None:
    desk = Desk()
    desk.always("me", reply(401))
    async with on_stage(desk=desk, ready=False) as stage:
        await stage.until(lambda: len(desk.times) > 8)
        times = [time for _, time in desk.times]
        assert set(desk.requests) == {"me"}
        assert all(later - earlier >= 60.0 for earlier, later in pairwise(times[2:]))
        assert "not logged in" in stage.bot.health.problems()
        assert any("refused user name and password" in told for told in stage.bot.problems())
        await stage.stop()
    assert desk.closed
    assert "EndContactCenterSession" not in desk.requests


async def test_a_bot_that_is_told_to_stop_at_once_leaves_without_a_word() -> None:
    async with on_stage(ready=False) as stage:
        assert stage.bot.chats == 0
        await stage.stop()
        assert stage.desk.requests == []
        assert stage.desk.closed


async def test_a_new_session_reads_all_again() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        desk = stage.desk
        desk.mute = True
        desk.says("while deaf")
        desk.offer("c2")
        desk.mute = False
        desk.forget_client()
        await stage.until(lambda: stage.bot.counters.sessions == 2)
        await stage.quiet()
        assert texts(stage) == ["while deaf"]
        assert stage.asked("Accept") == 2
        assert stage.asked("StartContactCenterSession") == 1


async def test_two_sessions_right_after_each_other_lose_nothing() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        gate = stage.desk.holding("chats")
        stage.desk.forget_client()
        await gate.reached.wait()
        stage.desk.mute = True
        stage.desk.says("between")
        stage.desk.forget_client()
        await stage.until(lambda: stage.bot.counters.sessions == 3)
        gate.open.set()
        await stage.quiet()
        assert texts(stage) == ["between"]


async def test_an_agent_whom_the_server_has_forgotten_enters_again() -> None:
    async with on_stage() as stage:
        stage.desk.agent_state = "LoggedOut"
        await stage.reconciled()
        assert stage.asked("StartContactCenterSession", "Ready") == 4
        assert stage.seen.life == ["started"]


async def test_a_bot_whose_agent_cannot_be_ready_is_not_ready_until_it_can() -> None:
    async with on_stage() as stage:
        stage.desk.agent_state = "NotReady"
        stage.desk.answer("Ready", *[code(3)] * 3)
        stage.bot.resync()
        await stage.until(stage.bot.health.problems)
        assert stage.bot.health.problems()[0] == "no contact-centre session"
        await stage.until(lambda: not stage.bot.health.problems())
        assert stage.desk.agent_state == "Ready"


async def test_a_session_that_is_lost_while_comparing_is_renewed() -> None:
    async with on_stage() as stage:
        stage.desk.answer("channels", reply(403))
        logins = stage.asked("me")
        await stage.reconciled()
        assert stage.asked("me") == logins + 1


async def test_a_chat_that_is_gone_from_the_list_has_ended() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        del stage.desk.chats["c1"]
        await stage.reconciled()
        assert stage.all(ChatEnded) == []  # a node that has just taken over may show nothing for a moment
        await stage.later(12)
        assert [event.reason for event in stage.all(ChatEnded)] == ["gone"]


async def test_a_chat_that_is_only_not_in_the_list_goes_on() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.unlisted.add("c1")
        await stage.reconciled()
        assert stage.bot.chats == 1


async def test_a_chat_that_cannot_be_read_keeps_no_other_out_of_step() -> None:
    async with on_stage() as stage:
        await stage.chatting("c1")
        await stage.chatting("c2")
        stage.desk.unlisted.add("c1")
        stage.desk.always("chat", code(6))
        stage.desk.mute = True
        stage.desk.says("not heard", "c2")

        async def listed() -> None:
            stage.desk.answer("chats", reply(503))

        stage.desk.answer("chats", listed)
        await stage.reconciled()
        assert texts(stage) == ["not heard"]
        assert stage.bot.chats == 2


async def test_a_chat_that_ends_while_it_is_looked_for_stays_ended() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.unlisted.add("c1")
        old = reply(chat={**stage.desk.chats["c1"]})
        gate = stage.desk.holding("chat")
        stage.bot.resync()
        await gate.reached.wait()
        default = stage.desk._default
        stage.desk._default = lambda *_: old  # type: ignore[method-assign]
        stage.desk.end()
        await stage.until(lambda: stage.bot.chats == 0)
        gate.open.set()
        await stage.turns()
        stage.desk._default = default  # type: ignore[method-assign]
        await stage.quiet()
        assert (stage.bot.chats, stage.names().count("ChatEnded")) == (0, 1)


async def test_a_list_that_fails_is_read_again() -> None:
    async with on_stage() as stage:
        stage.desk.answer("chats", reply(503), LOST)
        stage.bot.resync()
        await stage.until(lambda: stage.asked("chats") == 4)
        await stage.quiet()
        assert stage.bot.health.problems() == []


async def test_a_bot_compares_itself_now_and_then() -> None:
    async with on_stage() as stage:
        before = stage.asked("chats")
        stage.desk.mute = True
        stage.desk.offer()
        await stage.later(31)
        await stage.quiet()
        assert (stage.asked("chats"), stage.names()) == (before + 1, ["ChatOffered"])


async def test_a_server_that_wants_no_reconnect_gets_a_new_login() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.answer("connect", REFUSED_FOR_EVER)
        stage.desk.says("hi")
        await stage.until(lambda: stage.bot.counters.sessions == 2)
        await stage.quiet()
        assert stage.asked("me") == 2
        assert stage.bot.health.problems() == []
        stage.desk.says("again")
        await stage.quiet()
        assert texts(stage) == ["hi", "again"]


async def test_a_session_that_is_lost_shows_in_the_health() -> None:
    async with on_stage() as stage:
        stage.desk.always("handshake", reply(503))
        stage.desk.forget_client()
        await stage.until(lambda: len(stage.bot.health.problems()) == 3)
        assert stage.bot.health.problems()[:2] == ["not subscribed", "not polling"]
        stage.desk.always("handshake", None)
        await stage.until(lambda: not stage.bot.health.problems())


async def test_a_fault_of_ours_ends_the_bot_loudly() -> None:
    async with on_stage() as stage:
        stage.desk.answer("connect", RuntimeError("a fault of ours"))
        stage.desk.publish("wake up")
        await stage.until(stage.running.done)
        with pytest.RaisesGroup(RuntimeError):
            await stage.running
        assert stage.desk.closed


async def test_a_bot_that_runs_again_after_a_fault_begins_from_the_beginning() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.answer("connect", RuntimeError("a fault of ours"))
        stage.desk.publish("wake up")
        stage.bot.resync()
        await stage.until(stage.running.done)
        with pytest.RaisesGroup(RuntimeError):
            await stage.running
        asked = len(stage.desk.requests)
        stage.running = asyncio.create_task(stage.bot.run(1.0))
        await stage.until(lambda: stage.names()[-1] == "ChatResumed")
        assert stage.desk.requests[asked : asked + 3] == BEGINNING[:3]
        assert stage.seen.life == ["started", "started"]
        await stage.quiet()


async def test_a_bot_that_fails_does_not_forget_how_often_its_password_was_refused() -> None:
    desk = Desk()
    desk.always("me", reply(401))
    async with on_stage(desk=desk, ready=False) as stage:
        await stage.until(lambda: stage.asked("me") == 3)
        stage.running.cancel()
        await asyncio.wait([stage.running])
        again = asyncio.create_task(stage.bot.run(5.0))
        await stage.until(lambda: stage.asked("me") == 4)
        again.cancel()
        await asyncio.wait([again])
    *_, third, fourth = [at for key, at in desk.times if key == "me"]
    assert fourth - third >= 60
