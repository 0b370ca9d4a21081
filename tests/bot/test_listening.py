"""What trouble with the connection means for customers. How notifications are read: tests/wire."""

from chatbot.bot.fallback import NO_CONNECTION
from chatbot.model.config_care import FallbackSettings
from chatbot.model.errors import ConnectionLost
from chatbot.model.notifications import Batch, Trouble
from tests.bot.desk import ANA, HELENA, ME, Desk, code, reply
from tests.bot.stage import Stage, on_stage

TO_HUMANS = FallbackSettings(queue="humans", say="One moment.", give_up_after=20.0)


def trouble(stage: Stage) -> None:
    stage.bot._listening._take(Trouble(ConnectionLost("no answer")))


async def test_a_connection_that_stays_away_hands_the_chats_over() -> None:
    async with on_stage(fallback=TO_HUMANS) as stage:
        await stage.chatting()
        trouble(stage)
        stage.clock.time += 19
        trouble(stage)
        await stage.quiet()
        assert stage.asked("Transfer") == 0
        stage.clock.time += 1
        trouble(stage)
        await stage.quiet()
        assert stage.asked("Transfer") == 1
        data = next(body["userData"] for body in stage.desk.bodies if body.get("userData"))
        assert data == {"chatbot_fallback": NO_CONNECTION}


async def test_one_that_comes_back_in_time_does_not() -> None:
    async with on_stage(fallback=TO_HUMANS) as stage:
        await stage.chatting()
        trouble(stage)
        stage.clock.time += 19
        stage.bot._listening._take(Batch(1, ()))
        trouble(stage)
        stage.clock.time += 19
        trouble(stage)
        await stage.quiet()
        assert stage.asked("Transfer") == 0


async def test_what_was_not_begun_when_it_comes_back_is_called_off() -> None:
    async with on_stage(fallback=TO_HUMANS) as stage:
        await stage.chatting()
        stage.desk.always("chat", ConnectionLost("no answer"))
        trouble(stage)
        stage.clock.time += 21
        trouble(stage)
        await stage.quiet()
        rescue = stage.live().due.rescue
        assert rescue is not None
        assert (rescue.reason, rescue.tries) == (NO_CONNECTION, 0)
        stage.bot._listening._take(Batch(1, ()))
        assert stage.live().due.rescue is None
        assert stage.asked("Transfer") == 0


async def test_without_a_fallback_chats_are_kept() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        trouble(stage)
        stage.clock.time += 1000
        trouble(stage)
        await stage.quiet()
        assert (stage.bot.chats, stage.asked("Transfer")) == (1, 0)


async def test_what_was_given_up_is_not_begun_again_before_the_connection_was_back() -> None:
    async with on_stage(fallback=TO_HUMANS) as stage:
        await stage.chatting()
        stage.desk.always("Transfer", code(100))
        stage.desk.mute = True
        trouble(stage)
        for _ in range(60):
            await stage.later(2)
            trouble(stage)
        await stage.quiet()
        assert (stage.live().due.rescue, stage.desk.texts()) == (None, ["One moment."])
        stage.bot._listening._take(Batch(1, ()))
        trouble(stage)
        stage.clock.time += 21
        trouble(stage)
        await stage.quiet()
        assert stage.desk.texts() == ["One moment."] * 2


async def test_a_human_who_came_while_nothing_was_heard_keeps_the_customer() -> None:
    async with on_stage(fallback=TO_HUMANS) as stage:
        await stage.chatting()
        trouble(stage)
        stage.desk.chats["c1"]["participants"] = [ANA, ME, HELENA]
        stage.clock.time += 21
        trouble(stage)
        await stage.quiet()
        assert (stage.asked("Transfer"), stage.live().human is not None) == (0, True)


async def test_a_read_loop_that_stands_still_is_found_by_the_clock() -> None:
    async with on_stage() as stage:
        assert stage.bot.problems() == []
        hold_s = stage.bot._listening.source._session._hold_s
        stage.clock.time += hold_s + 9
        assert stage.bot.problems() == []
        stage.clock.time += 2
        assert stage.bot.problems() == ["not polling: an answer is 11 s overdue"]


async def test_what_may_have_been_lost_with_an_answer_is_no_proof_of_deafness() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.mute = True
        stage.desk.says("lost with the answer")
        stage.desk.mute = False
        trouble(stage)
        stage.bot._listening._take(Batch(1, ()))
        await stage.quiet()
        for _ in range(15):
            await stage.later(1)
        assert "TextReceived" in stage.names()
        assert stage.bot.counters.deaf == 0


async def test_a_password_that_is_refused_in_the_midst_of_work_is_not_logged_in() -> None:
    desk = Desk()
    async with on_stage(desk=desk) as stage:
        desk.answer("me", *[reply(401)] * 4)
        desk.answer("connect", *[reply(401)] * 2)
        desk.forget_client()
        await stage.until(lambda: "CB404" in " ".join(stage.bot.problems()))
        assert stage.bot.problems()[:2] == ["not logged in", "not subscribed"]
        await stage.until(lambda: stage.bot.problems() == [])
