import asyncio
from itertools import pairwise

import pytest

from chatbot import ChatGone, NotAllowed, RateLimited, Refused, Unconfirmed
from chatbot.model.actions import Action, Consult, Leave, SendMessage
from chatbot.wire.http import Reply
from tests.bot.desk import CAN_TALK, LOST, NOT_SENT, Reaction, code, reply
from tests.bot.stage import on_stage

SENT_AGAIN: dict[str, list[Reaction]] = {
    "connection refused": [NOT_SENT, NOT_SENT],
    "no answer, and no effect": [LOST],
    "HTTP 500": [reply(500)],
    "code 4": [code(4)],
    "code 9": [code(9)],
    "code 12": [code(12)],
    "HTTP 401": [reply(401)],
    "HTTP 403": [reply(403), reply(403), reply(403)],
    "code 20": [code(20)],
    "code 5, once": [code(5)],
    "HTTP 429": [reply(429, {"retry-after": "7"}), reply(429)],
}


@pytest.mark.parametrize("answers", SENT_AGAIN.values(), ids=SENT_AGAIN)
async def test_what_did_not_take_effect_is_sent_again_and_said_once(answers: list[Reaction]) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", *answers)
        receipt = await chat.send_text("hello")
        await stage.quiet()
        assert receipt.state == "confirmed"
        assert stage.desk.texts() == ["hello"]
        assert stage.asked("SendMessage") == len(answers) + 1
        assert stage.bot.counters.actions["SendMessage", "accepted"] == 1


@pytest.mark.parametrize("answer", [LOST, reply(503), code(4)])
async def test_typing_is_never_repeated(answer: Reaction) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting(capabilities=["Accept"])
        stage.desk.change(capabilities=[*CAN_TALK, "SendStartTypingNotification"])
        await stage.quiet()
        stage.desk.answer("SendStartTypingNotification", answer)
        with pytest.raises(Unconfirmed):
            await chat.start_typing()
        assert stage.asked("SendStartTypingNotification") == 1


async def test_user_data_is_sent_again_without_looking() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        read = stage.asked("chat", "messages")
        stage.desk.answer("UpdateUserData", LOST, reply(503))
        await chat.update_user_data({"a": "b"})
        assert stage.asked("UpdateUserData") == 3
        assert stage.asked("chat", "messages") == read
        stage.desk.always("UpdateUserData", LOST)
        with pytest.raises(Unconfirmed):
            await chat.update_user_data({"a": "b"})


REFUSED = {"invalid state": 2, "forbidden": 3, "not found": 6}


@pytest.mark.parametrize("number", REFUSED.values(), ids=REFUSED)
async def test_a_refusal_that_tells_of_an_old_view_has_the_chat_read_again(number: int) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        read = stage.asked("chat")
        stage.desk.answer("SendMessage", code(number))
        with pytest.raises(Refused) as refused:
            await chat.send_text("hello")
        assert refused.value.status == number
        assert (stage.asked("chat") - read, stage.asked("SendMessage")) == (1, 1)


async def test_a_refusal_of_a_chat_that_is_gone_says_so_and_ends_the_chat() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        del stage.desk.chats["c1"]
        stage.desk.answer("SendMessage", code(6))
        with pytest.raises(ChatGone):
            await chat.send_text("hello")
        await stage.quiet()
        assert stage.names()[-1] == "ChatEnded"


async def test_a_refusal_of_a_chat_that_is_not_listed_just_now_makes_the_bot_look_for_it_again() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", code(2))
        stage.desk.answer("chats", *[reply(statusCode=0, chats=[])] * 2)
        stage.desk.answer("chat", *[code(6)] * 2)
        with pytest.raises(Refused):
            await chat.send_text("hello")
        await stage.later(16)
        assert stage.names().count("ChatEnded") == 0
        del stage.desk.chats["c1"]
        stage.desk.answer("SendMessage", code(2))
        with pytest.raises(Refused):
            await chat.send_text("hello")
        await stage.later(16)
        assert stage.names()[-1] == "ChatEnded"


async def test_a_refusal_stands_even_if_the_chat_cannot_be_read_again() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", code(2), code(10))
        stage.desk.answer("chat", LOST)
        for _ in "12":
            with pytest.raises(Refused):
                await chat.send_text("hello")


async def test_http_404_is_a_chat_that_is_gone() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", Reply404)
        with pytest.raises(ChatGone):
            await chat.send_text("hello")


Reply404 = reply(404, status="")


async def test_code_5_twice_is_a_refusal() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", code(5), code(5))
        with pytest.raises(Refused) as refused:
            await chat.send_text("hello")
        assert refused.value.status == 5


async def test_a_server_that_goes_on_asking_for_fewer_requests_is_told_no_more() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.always("SendMessage", reply(429, {"retry-after": "30"}))
        began = stage.clock.time
        with pytest.raises(RateLimited) as limited:
            await chat.send_text("hello")
        assert (limited.value.retry_after, stage.asked("SendMessage")) == (30.0, 11)
        assert stage.clock.time - began >= 300.0


async def test_no_operation_goes_out_between_failed_logins() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        before = len(stage.desk.times)
        stage.desk.answer("SendMessage", reply(401))
        stage.desk.answer("me", *[reply(401)] * 5)
        await chat.send_text("hello")
        asked = stage.desk.times[before:]
        assert [key for key, _ in asked] == ["SendMessage", *["me"] * 6, "SendMessage"]
        logins = [time for key, time in asked if key == "me"]
        # three tries of a password, then one a minute
        assert all(later - earlier >= 60.0 for earlier, later in pairwise(logins[2:]))


async def test_a_chat_that_ends_while_the_session_is_gone_is_gone() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        desk = stage.desk
        desk.always("SendMessage", reply(403))

        async def ends() -> Reply:
            desk.end()
            desk.always("me", None)
            return reply(503)

        desk.answer("me", reply(503), reply(503), ends)
        desk.always("me", reply(503))
        with pytest.raises(ChatGone):
            await chat.send_text("hello")


async def test_an_old_list_of_capabilities_is_read_again_before_refusing() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.chats["c1"]["capabilities"] = [*CAN_TALK, "Consult"]
        await chat.consult("http://x/users/u2")
        assert stage.asked("Consult") == 1


@pytest.mark.parametrize(("answers", "reads"), [([], 1), ([LOST], 2), ([code(6)], 1), ([LOST] * 20, 10)])
async def test_what_is_not_allowed_is_refused_before_it_is_sent(answers: list[Reaction], reads: int) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        read = stage.asked("chat")
        stage.desk.answer("chat", *answers)
        with pytest.raises(NotAllowed) as refused:
            await chat.consult("http://x/users/u2")
        assert refused.value.have == tuple(CAN_TALK)
        assert (stage.asked("Consult"), stage.asked("chat") - read) == (0, reads)


async def test_one_operation_is_in_flight_in_each_chat() -> None:
    async with on_stage() as stage:
        chat, other = await stage.chatting("c1"), await stage.chatting("c2")
        gate = stage.desk.holding("SendMessage")
        first = asyncio.create_task(chat.send_text("first"))
        await gate.reached.wait()
        second = asyncio.create_task(chat.send_text("second"))
        await other.send_text("elsewhere")
        assert stage.asked("SendMessage") == 2
        gate.open.set()
        await asyncio.gather(first, second)
        assert stage.desk.texts("c1") == ["first", "second"]


async def test_who_waits_for_a_chat_that_ends_meanwhile_sends_nothing() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        gate = stage.desk.holding("SendMessage")
        first = asyncio.create_task(chat.send_text("first"))
        await gate.reached.wait()
        second = asyncio.create_task(chat.send_text("second"))
        await stage.turns(5)
        stage.desk.change(state="Completed")
        await stage.turns()
        gate.open.set()
        await first
        with pytest.raises(ChatGone):
            await second
        assert stage.asked("SendMessage") == 1


async def test_what_was_sent_outlives_whoever_asked_for_it() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        gate = stage.desk.holding("SendMessage")
        sending = asyncio.create_task(chat.send_text("first"))
        await gate.reached.wait()
        sending.cancel()
        await asyncio.wait([sending])
        gate.open.set()
        await chat.send_text("second")
        assert stage.desk.texts() == ["first", "second"]


async def test_who_is_cancelled_while_waiting_for_its_turn_has_sent_nothing() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        gate = stage.desk.holding("SendMessage")
        first = asyncio.create_task(chat.send_text("first"))
        await gate.reached.wait()
        second = asyncio.create_task(chat.send_text("second"))
        await stage.turns(5)
        second.cancel()
        await asyncio.wait([second])
        gate.open.set()
        await first
        await chat.send_text("third")
        assert stage.desk.texts() == ["first", "third"]


@pytest.mark.parametrize("action", [Consult(target_uri="http://x/users/u2"), SendMessage(text="hello")])
async def test_a_view_read_for_a_chat_that_ended_meanwhile_does_not_bring_it_back(action: Action) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        desk = stage.desk
        old = reply(chat={**desk.chats["c1"]})
        gate = desk.holding("chat")
        desk.answer("SendMessage", code(2))
        asking = asyncio.create_task(chat.perform(action))
        await gate.reached.wait()
        desk._default = lambda *_: old  # type: ignore[method-assign]
        desk.end()
        await stage.until(lambda: stage.bot.chats == 0)
        gate.open.set()
        with pytest.raises(ChatGone):
            await asking
        del desk._default
        await stage.quiet()
        assert stage.bot.chats == 0


async def test_operations_of_no_chat_are_sent_and_not_verified() -> None:
    async with on_stage() as stage:
        bot = stage.seen.bot
        assert bot is not None
        receipt = await bot.cancel_monitoring("u2")
        assert receipt.reference_id is not None
        stage.desk.answer("CancelSupervisorMonitoring", NOT_SENT, code(7), LOST)
        assert (await bot.cancel_monitoring("u2")).partly
        with pytest.raises(Unconfirmed):
            await bot.cancel_monitoring("u2")


async def test_a_mistake_of_a_plugin_is_counted_and_raised() -> None:
    async with on_stage() as stage:
        bot = stage.seen.bot
        assert bot is not None
        with pytest.raises(ValueError, match="not the id"):
            await bot.perform(Leave())
        assert stage.bot.counters.actions["Leave", "failed"] == 1
