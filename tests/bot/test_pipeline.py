import pytest

from chatbot import ChatEnded, ChatOffered, OperationFailed, TextReceived, UnknownMessage, hookimpl
from chatbot.hooks.chat import Chat
from tests.bot.desk import ANA, CAN_RING, reply
from tests.bot.stage import on_stage


async def test_a_chat_is_begun_by_whatever_comes_first() -> None:
    async with on_stage() as stage:
        desk = stage.desk
        desk.running("a")
        desk.status("a", "ParticipantsUpdated")
        desk.running("b")
        desk.says("hi", "b")
        desk.offer("c")
        await stage.quiet()
        assert sorted(stage.bot._pipeline.chats) == ["a", "b", "c"]
        assert [stage.names(c)[0] for c in "abc"] == ["ChatResumed", "ChatResumed", "ChatOffered"]


async def test_a_chat_that_is_over_or_says_no_state_is_not_begun() -> None:
    async with on_stage() as stage:
        for state in ({"state": "Completed"}, {"state": "Revoked"}, {}):
            stage.desk.publish({"notificationType": "StatusChange", "chat": {"id": "x", **state}})
        await stage.quiet()
        assert (stage.bot.chats, stage.names()) == (0, [])


async def test_lines_of_a_chat_that_has_ended_are_dropped_without_asking() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.end()
        await stage.quiet()
        asked = stage.asked("chat")
        stage.desk.says("late")
        await stage.quiet()
        assert stage.all(TextReceived) == []
        assert (stage.bot.chats, stage.asked("chat")) == (0, asked)


async def test_a_chat_that_is_offered_again_after_its_end_begins_anew() -> None:
    async with on_stage() as stage:
        for _ in "12":
            await stage.chatting()
            stage.desk.end()
            await stage.quiet()
        assert len(stage.all(ChatOffered)) == len(stage.all(ChatEnded)) == 2


async def test_a_chat_that_is_offered_again_while_its_end_is_still_told_begins_anew_after_it() -> None:
    class Handover:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            if stage.asked("Transfer") == 0:
                await chat.transfer(queue="own")
                desk.offer()
                await stage.turns()

    async with on_stage(Handover()) as stage:
        desk = stage.desk
        await stage.chatting()
        desk.says("help")
        await stage.quiet()
        kinds = ("ChatOffered", "ChatStarted", "TextReceived", "ChatEnded")
        names = [name for name in stage.names() if name in kinds]
        assert names[:5] == ["ChatOffered", "ChatStarted", "TextReceived", "ChatEnded", "ChatOffered"]
        assert stage.asked("Accept") == 2


async def test_an_offer_that_was_taken_back_while_the_end_is_told_is_not_begun() -> None:
    class Slow:
        @hookimpl
        async def on_chat_ended(self) -> None:
            desk.offer()
            desk.end(state="Revoked")
            await stage.turns()

    async with on_stage(Slow()) as stage:
        desk = stage.desk
        await stage.chatting()
        desk.end()
        await stage.quiet()
        assert len(stage.all(ChatOffered)) == 1
        assert stage.bot.chats == 0


async def test_a_failure_finds_its_chat_by_reference() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        receipt = await chat.invite("http://x/users/u2")
        bare = {"notificationType": "Error", "errorMessage": "Request failed"}
        stage.desk.publish({**bare, "referenceId": int(receipt.reference_id or 0)})
        await stage.quiet()
        (failed,) = stage.all(OperationFailed)
        assert (failed.chat_id, failed.action, receipt.state) == ("c1", receipt.action, "failed")


async def test_a_failure_whose_chat_is_named_needs_no_reference() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.publish({"notificationType": "Error", "errorMessage": "x", "chatPath": "/chats/c1"})
        await stage.quiet()
        assert [event.chat_id for event in stage.all(OperationFailed)] == ["c1"]


async def test_a_failure_that_comes_before_the_answer_waits_for_it() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        gate = stage.desk.holding("Invite")
        stage.desk.answer("Invite")
        inviting = stage.bot._tasks.create_task(chat.invite("http://x/users/u2"))
        await gate.reached.wait()
        number = len(stage.desk.requests)
        stage.desk.publish(
            {"notificationType": "Error", "errorMessage": "Request failed", "referenceId": number}
        )
        await stage.turns()
        assert stage.all(OperationFailed) == []
        gate.open.set()
        receipt = await inviting
        await stage.quiet()
        (failed,) = stage.all(OperationFailed)
        assert (receipt.reference_id, failed.chat_id) == (str(number), "c1")


async def test_what_belongs_to_no_chat_is_told_without_one() -> None:
    async with on_stage() as stage:
        stage.desk.publish({"notificationType": "Error", "errorMessage": "x", "referenceId": 99})
        stage.desk.publish("nonsense")
        await stage.quiet()
        assert [type(event) for event in stage.seen.events] == [OperationFailed, UnknownMessage]
        assert {event.chat_id for event in stage.seen.events} == {None}


async def test_a_flood_of_what_belongs_to_no_chat_is_bounded() -> None:
    class Slow:
        @hookimpl
        async def on_unknown_message(self) -> None:
            await stage.turns(300)

    async with on_stage(Slow()) as stage:
        for number in range(500):
            stage.desk.publish(number)
        await stage.until(lambda: stage.seen.events)
        assert len(stage.bot._pipeline.unattributed) <= 100
        stage.bot._pipeline.unattributed.clear()


async def test_a_line_that_names_no_chat_is_found_by_reading_all() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.mute = True
        stage.desk.says("whose?")
        stage.desk.mute = False
        line = stage.desk.lines["c1"][-1]
        stage.desk.publish({"notificationType": "NewMessages", "messages": [line]})
        await stage.quiet()
        assert [event.text for event in stage.all(TextReceived)] == ["whose?"]


@pytest.mark.parametrize("state", ["Chatting", "Invited"])
async def test_a_list_that_is_older_than_the_end_of_a_chat_does_not_bring_it_back(state: str) -> None:
    async with on_stage() as stage:
        await stage.chatting()
        desk = stage.desk
        old = {**desk.chats["c1"], "state": state, "capabilities": CAN_RING}
        gate = desk.holding("chats")
        asked = stage.asked("chats")
        stage.bot.resync()
        await gate.reached.wait()
        default = desk._default
        desk._default = lambda *_: reply(chats=[old])  # type: ignore[method-assign]
        desk.end()
        await stage.until(lambda: stage.bot.chats == 0)
        gate.open.set()
        await stage.turns()
        desk._default = default  # type: ignore[method-assign]
        await stage.quiet()
        assert (stage.asked("chats") - asked, stage.names().count("ChatEnded")) == (1, 1)
        assert stage.names().count("ChatResumed") == 0
        assert stage.names().count("ChatOffered") == 1


async def test_thousands_of_chats_come_and_go_and_leave_nothing_behind() -> None:
    async with on_stage() as stage:
        pipeline = stage.bot._pipeline
        for number in range(3_000):
            chat = f"c{number}"
            stage.desk.publish(
                {"notificationType": "StatusChange", "chat": {"id": chat, "state": "JoinFailed"}}
            )
            gone = {"id": chat, "state": "Completed", "participants": [ANA]}
            stage.desk.publish({"notificationType": "StatusChange", "chat": gone})
        await stage.until(lambda: pipeline.chats)
        await stage.until(lambda: not stage.bot._busy)
        await stage.until(lambda: len(stage.bot._tasks._tasks) == 3)
        assert (pipeline.chats, pipeline.handles, stage.bot._woken, stage.bot._worker._beginning.taken) == (
            {},
            {},
            set(),
            set(),
        )
        assert len(pipeline._ended) == 1000


async def test_a_chat_that_is_told_of_after_its_end_is_looked_for_at_once() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.end()
        await stage.quiet()
        stage.desk.running()
        stage.desk.status("c1")
        await stage.quiet()
        stage.desk.says("back again")
        await stage.quiet()
        assert [event.text for event in stage.all(TextReceived)] == ["back again"]
        assert stage.names("c1")[-2:] == ["ChatResumed", "TextReceived"]


async def test_all_that_is_told_late_of_a_chat_that_has_ended_begins_nothing() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        told = [{**stage.desk.chats["c1"], "state": state} for state in ("Invited", "Chatting")]
        stage.desk.end()
        await stage.quiet()
        before = stage.names()
        for view in told:
            stage.desk.publish({"notificationType": "StatusChange", "chat": view})
        stage.desk.publish({"notificationType": "ParticipantsUpdated", "chat": told[1]})
        await stage.quiet()
        assert (stage.names(), stage.bot.chats) == (before, 0)


async def test_what_is_told_late_of_a_chat_whose_end_came_first_is_not_believed() -> None:
    async with on_stage() as stage:
        for state in ("Completed", "Chatting"):
            view = {"id": "c1", "state": state, "participants": [ANA]}
            stage.desk.publish({"notificationType": "StatusChange", "chat": view})
        await stage.quiet()
        assert (stage.names(), stage.bot.chats, stage.asked("messages")) == ([], 0, 0)
