import asyncio
from collections.abc import Callable

import pytest

from chatbot import Unconfirmed, hookimpl
from chatbot.hooks.chat import Chat
from chatbot.model.actions import (
    Complete,
    Leave,
    Transfer,
)
from chatbot.model.resources import Participant
from chatbot.wire.http import Reply
from tests.bot.desk import ANA, HELENA, LOST, ME, Desk, Reaction, code, reply
from tests.bot.drawer import Drawer
from tests.bot.stage import Stage, on_stage


@pytest.mark.parametrize("answer", [LOST, reply(500), code(4), code(9)])
async def test_a_text_that_took_effect_is_not_sent_again(answer: Reaction) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.mute = True
        stage.desk.after_effect("SendMessage", answer)
        receipt = await chat.send_text("hello")
        assert receipt.state == "confirmed"
        assert stage.asked("SendMessage") == 1


async def test_the_settle_time_is_over_before_a_text_is_sent_again() -> None:
    async with on_stage(settle_time=5.0) as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", LOST)
        await chat.send_text("hello")
        first, second = (time for key, time in stage.desk.times if key == "SendMessage")
        assert second - first >= 5.0


async def test_an_echo_that_is_heard_meanwhile_is_evidence_enough() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.after_effect("SendMessage")
        stage.desk.always("messages", reply(503))
        receipt = await chat.send_text("hello")
        assert (receipt.state, stage.asked("SendMessage")) == ("confirmed", 1)


async def test_a_late_effect_within_the_settle_time_is_seen() -> None:
    async with on_stage(settle_time=5.0) as stage:
        chat = await stage.chatting()
        desk = stage.desk
        desk.mute = True

        async def arrives_late() -> None:
            desk.says("hello", who=desk.chats["c1"]["participants"][-1])

        desk.answer("SendMessage", LOST)
        desk.answer("messages", reply(messages=[]), reply(messages=[]), arrives_late)
        await chat.send_text("hello")
        assert stage.asked("SendMessage") == 1


async def test_equal_texts_are_told_apart() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.mute = True
        await chat.send_text("ok")  # accepted, not seen yet
        stage.desk.answer("SendMessage", LOST)
        await chat.send_text("ok")
        assert stage.desk.texts() == ["ok", "ok"]
        stage.desk.after_effect("SendMessage")
        await chat.send_text("ok")
        assert stage.desk.texts() == ["ok", "ok", "ok"]


async def test_a_text_that_was_accepted_and_swallowed_does_not_make_the_next_one_twice() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.mute = True
        stage.desk.answer("SendMessage", reply())  # accepted, and never shown
        await chat.send_text("swallowed")
        stage.desk.after_effect("SendMessage")
        await chat.send_text("second")
        assert stage.desk.texts() == ["second"]


async def test_what_is_on_its_way_outlives_who_asked_for_it() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.mute = True
        gate = stage.desk.holding("SendMessage", effect=False)
        sending = asyncio.create_task(chat.send_text("first"))
        await gate.reached.wait()
        sending.cancel()
        await asyncio.wait([sending])
        stage.desk.says("first", who=stage.desk.chats["c1"]["participants"][-1])  # it had arrived
        second = asyncio.create_task(chat.send_text("second"))
        await stage.turns()
        assert stage.asked("SendMessage") == 1  # one at a time
        gate.open.set()
        await second
        assert stage.desk.texts() == ["first", "second"]


async def test_who_is_cancelled_before_its_turn_has_sent_nothing() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        gate = stage.desk.holding("SendMessage")
        first, second = (asyncio.create_task(chat.send_text(words)) for words in ("first", "second"))
        await gate.reached.wait()
        second.cancel()
        await asyncio.wait([second])
        gate.open.set()
        await first
        await chat.send_text("third")
        assert stage.desk.texts() == ["first", "third"]


async def test_a_server_that_rewrites_texts_is_believed_by_position() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        desk = stage.desk
        desk.mute = True

        async def masked() -> None:
            desk.says("****", who=desk.chats["c1"]["participants"][-1])
            raise LOST

        desk.answer("SendMessage", masked)
        await chat.send_text("1234")
        assert desk.texts() == ["****"]


async def test_a_server_whose_start_index_counts_places_does_not_make_a_text_twice() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        desk = stage.desk
        desk.line("c1", {"type": "Text", "text": "far", "from": ANA, "index": 50})
        await stage.quiet()
        desk.after_effect("SendMessage")
        desk.lines["c1"].append({"type": "Notice", "from": ANA, "index": 51})
        desk.mute = True
        stage.live().order.highest = 51
        own = {"type": "Text", "text": "hello", "from": desk.chats["c1"]["participants"][-1], "index": 52}
        desk.lines["c1"].append(own)

        async def by_place() -> Reply:
            start = int(desk._path.partition("startIndex=")[2])
            return reply(messages=desk.lines["c1"][start - 1 :])

        desk.always("messages", by_place)
        await chat.send_text("hello")
        assert stage.asked("SendMessage") == 1


async def test_after_ten_unknown_outcomes_nobody_can_say() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.always("SendMessage", LOST)
        with pytest.raises(Unconfirmed):
            await chat.send_text("hello")
        assert stage.asked("SendMessage") == 10
        assert stage.bot.counters.actions["SendMessage", "Unconfirmed"] == 1


async def test_a_server_that_never_shows_a_transcript_does_not_hold_a_text_for_ever() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", LOST)
        stage.desk.always("messages", code(3))
        with pytest.raises(Unconfirmed):
            await chat.send_text("hello")
        assert stage.asked("SendMessage") == 1
        assert not stage.live().sending.locked()


async def test_a_text_is_given_up_when_the_chat_ends_before_it_can_be_looked_for() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        desk = stage.desk

        async def ends() -> None:
            desk.end()
            desk.always("messages", reply(503))
            raise LOST

        desk.answer("SendMessage", ends)
        with pytest.raises(Unconfirmed):
            await chat.send_text("hello")
        await stage.quiet()
        assert stage.bot.chats == 0


ENDINGS = {"transfer": Transfer(queue_name="q"), "complete": Complete(), "leave": Leave()}


@pytest.mark.parametrize("action", ENDINGS.values(), ids=ENDINGS)
@pytest.mark.parametrize("took_effect", [True, False])
async def test_what_ends_a_chat_is_verified_by_its_state(action: Complete, *, took_effect: bool) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.mute = True
        if took_effect:
            stage.desk.after_effect(action.operation)
        else:
            stage.desk.answer(action.operation, LOST)
        receipt = await chat.perform(action)
        assert receipt.state == ("confirmed" if took_effect else "accepted")
        assert stage.asked(action.operation) == (1 if took_effect else 2)


LEFT, JOINED = ({"type": kind, "from": ME} for kind in ("ParticipantLeft", "ParticipantJoined"))
DEPARTURES: dict[str, Callable[[Desk], object]] = {
    "a state": lambda desk: desk.change(state="LeftChat", capabilities=["Complete"]),
    "the end": lambda desk: desk.end(),
    "the list": lambda desk: desk.change(participants=[ANA, HELENA]),
    "a line": lambda desk: desk.line("c1", dict(LEFT)),
}


@pytest.mark.parametrize("depart", DEPARTURES.values(), ids=DEPARTURES)
@pytest.mark.parametrize("action", [Transfer(queue_name="q"), Leave()], ids=lambda it: it.operation)
async def test_a_departure_is_seen_wherever_it_shows(action: Leave, depart: Callable[[Desk], object]) -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()

        async def departs() -> None:
            stage.desk.mute = True
            depart(stage.desk)
            raise LOST

        stage.desk.answer(action.operation, departs)
        receipt = await chat.perform(action)
        assert (receipt.state, stage.asked(action.operation)) == ("confirmed", 1)
    assert (action.operation, "confirmed") in drawer.fates()


ROBO = {"nickname": "Robo", "type": "Agent", "participantId": "P-new"}
PRESENCES: dict[str, Callable[[Desk], object]] = {
    "it has joined again": lambda desk: [desk.line("c1", dict(line)) for line in (LEFT, JOINED)],
    "another has left": lambda desk: desk.line("c1", {"type": "ParticipantLeft", "from": HELENA}),
    "the list is empty": lambda desk: desk.change(participants=[]),
    "the list has its name": lambda desk: desk.change(participants=[ANA, ROBO]),
    "no transcript is shown": lambda desk: desk.always("messages", code(3)),
}


@pytest.mark.parametrize("stay", PRESENCES.values(), ids=PRESENCES)
async def test_what_does_not_show_a_departure_is_no_evidence_of_one(stay: Callable[[Desk], object]) -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()

        async def stays() -> None:
            stage.desk.mute = True
            stay(stage.desk)
            raise LOST

        stage.desk.answer("Transfer", stays)
        await chat.transfer(queue="q")
        assert stage.asked("Transfer") == 2


async def test_a_list_that_never_held_the_bot_is_no_evidence() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, HELENA])
        await stage.quiet()
        stage.desk.answer("Transfer", LOST)
        await chat.transfer(queue="q")
        assert stage.asked("Transfer") == 2


async def test_a_chat_that_the_bot_has_left_is_not_complete() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        await chat.leave()
        stage.desk.change(participants=[ANA])
        stage.desk.line("c1", dict(LEFT))
        await stage.quiet()
        stage.desk.answer("Complete", LOST)
        await chat.complete()
        assert stage.asked("Complete") == 2


@pytest.mark.parametrize("action", ENDINGS.values(), ids=ENDINGS)
async def test_an_end_that_comes_late_is_the_effect_all_the_same(action: Complete) -> None:
    drawer = Drawer()
    async with on_stage(journal=drawer) as stage:
        chat = await stage.chatting()

        async def ends() -> Reply:
            stage.desk.mute = True
            stage.desk.end()
            return reply(404)

        stage.desk.answer(action.operation, LOST, ends)
        receipt = await chat.perform(action)
        assert (receipt.state, stage.asked(action.operation)) == ("confirmed", 2)
    assert (action.operation, "confirmed") in drawer.fates()


async def test_a_rejection_that_nobody_answered_is_seen_by_the_chat_being_gone() -> None:
    class Choosy:
        @hookimpl
        async def on_chat_offered(self, chat: Chat) -> None:
            stage.desk.mute = True
            self.receipt = await chat.reject()

    choosy = Choosy()
    async with on_stage(choosy) as stage:
        stage.desk.after_effect("Reject")
        stage.desk.offer()
        await stage.until(lambda: stage.asked("Reject"))
        await stage.quiet()
        assert choosy.receipt.state == "confirmed"
        assert stage.asked("Reject") == 1


async def test_the_identity_is_learnt_from_the_words_when_nothing_else_tells() -> None:
    desk = Desk()
    desk.user = {}
    twin = {"nickname": "X", "type": "Agent", "participantId": "P-1"}
    own = {"nickname": "Y", "type": "Agent", "participantId": "P-2"}
    async with on_stage(desk=desk, nickname=None, on_agent_joined="stay") as stage:
        chat = await started_among(stage, twin, own)
        desk.answer("SendMessage", reply())
        receipt = await chat.send_text("Good day")
        desk.says("Good day", who=ANA)
        await stage.quiet()
        assert (receipt.state, chat.me) == ("accepted", None)
        desk.says("Good day", who=own)
        await stage.quiet()
        await receipt.confirmed(1)
        assert stage.live().identity.is_me(Participant(participant_id="P-2"))


async def test_without_an_identity_the_customers_equal_words_are_no_evidence() -> None:
    desk = Desk()
    desk.user = {}
    twins = [{"nickname": n, "type": "Agent", "participantId": n} for n in ("X", "Y")]
    async with on_stage(desk=desk, nickname=None, on_agent_joined="stay") as stage:
        chat = await started_among(stage, *twins)
        desk.mute = True

        async def customer_says_it() -> None:
            desk.says("ok", who=ANA)
            raise LOST

        desk.answer("SendMessage", customer_says_it)
        await chat.send_text("ok")
        assert stage.asked("SendMessage") == 2


async def started_among(stage: Stage, *agents: dict[str, str]) -> Chat:
    stage.desk.running("c1", ANA, *agents)
    stage.desk.status("c1")
    await stage.quiet()
    return stage.live().handle


async def test_answers_that_are_cut_short_for_a_while_cost_no_text() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", LOST)
        stage.desk.answer("messages", *[Reply(200, {}, b'{"statusCode": 0, "mess')] * 12)
        await chat.send_text("hello")
        assert stage.desk.texts() == ["hello"]
        assert stage.asked("SendMessage") == 2


async def test_a_transcript_that_can_never_be_read_makes_nobody_wait_for_ever() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        stage.desk.answer("SendMessage", LOST)
        stage.desk.always("messages", Reply(200, {}, b"no JSON"))
        began = stage.clock.time
        with pytest.raises(Unconfirmed):
            await chat.send_text("hello")
        assert 60.0 <= stage.clock.time - began < 90.0
