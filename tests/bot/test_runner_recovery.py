"""What a process leaves behind when it dies, and what the next one makes of it."""

from typing import Any

import pytest

from chatbot import ActionError, Chat, TextReceived, hookimpl
from chatbot.hooks.bot import Bot
from chatbot.model.events import TypingStarted
from chatbot.wire.http import Reply
from tests.bot.desk import ANA, LOST, Desk, code, reply
from tests.bot.drawer import Drawer
from tests.bot.mortal import Answers, Hangs, killed, nobody_listening
from tests.bot.stage import on_stage


async def test_a_chat_is_taken_up_again_and_what_was_said_meanwhile_is_answered_in_order() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        await stage.quiet()
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.says("two")
        desk.says("three")
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        assert stage.names() == ["ChatResumed", "TextReceived", "TextReceived"]
        desk.says("four")
        await stage.quiet()
    assert desk.texts() == ["re one", "re two", "re three", "re four"]


async def test_many_chats_are_taken_up_by_one_look_at_the_list() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        for number in range(20):
            await stage.chatting(f"c{number}")
        await stage.crash(drawer)
        desk.requests.clear()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        assert stage.names().count("ChatResumed") == 20
        assert (stage.asked("chats"), stage.asked("chat")) == (1, 0)


@pytest.mark.parametrize(("word", "mismatches"), [("re", 0), ("in other words", 1)])
async def test_a_hook_that_is_run_again_gets_what_it_had_sent(word: str, mismatches: int) -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(dies := Answers(hangs_after="one"), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        await stage.until(lambda: drawer.states()[-1:] == ["confirmed"])
        await killed(stage, drawer, dies)
    async with on_stage(again := Answers(word), desk=desk, journal=drawer) as stage:
        assert (again.heard, again.states) == (["one"], ["confirmed"])
        assert stage.bot.counters.replay_mismatches == mismatches
    assert desk.texts() == ["re one"]
    assert drawer.checkpoint().trigger == ""


async def test_a_failure_before_the_crash_is_the_same_failure_after_it() -> None:
    desk, drawer = Desk(), Drawer()
    failures: list[str] = []

    class Insists(Answers):
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> None:
            try:
                await chat.send_text("hello")
            except ActionError as error:
                failures.append(f"{type(error).__name__}: {error}")
            await self._perhaps_hang(event.text, self._after)

    desk.answer("SendMessage", code(100))
    async with on_stage(dies := Insists(hangs_after="one"), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        await killed(stage, drawer, dies)
    async with on_stage(Insists(), desk=desk, journal=drawer):
        pass
    assert len(failures) == 2
    assert failures[0] == failures[1]
    assert desk.texts() == []


async def test_an_intent_that_is_found_to_have_been_done_is_not_sent_again() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        gate = desk.unanswered("SendMessage")
        desk.says("one")
        desk.mute = True
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    assert drawer.states() == ["intent"]
    desk.mute = False
    async with on_stage(again := Answers(), desk=desk, journal=drawer) as stage:
        assert (again.heard, again.states, stage.asked("SendMessage")) == (["one"], ["confirmed"], 1)
    assert (desk.texts(), drawer.fates()[-1]) == (["re one"], ("SendMessage", "confirmed"))


async def test_an_intent_that_is_not_found_is_sent_once_after_the_settle_time() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        gate = desk.holding("SendMessage")
        desk.says("one")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    assert desk.texts() == []
    async with on_stage(again := Answers("other"), desk=desk, journal=drawer, settle_time=7.0) as stage:
        [_, second] = [time for key, time in desk.times if key == "SendMessage"]
        assert second >= 1007.0
        assert again.heard == ["one"]
    assert desk.texts() == ["re one"]


async def test_hooks_for_a_chat_that_began_to_start_are_started_again() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(dies := Hangs("started"), desk=desk, journal=drawer) as stage:
        desk.offer()
        await killed(stage, drawer, dies)
    with nobody_listening(desk):
        desk.says("one")
    async with on_stage(again := Hangs(), answers := Answers(), desk=desk, journal=drawer):
        assert (again.called, answers.heard) == (["started"], ["one"])
    assert drawer.checkpoint().phase == "started"


async def test_texts_that_waited_when_the_bot_joined_wait_over_a_crash() -> None:
    desk, drawer = Desk(), Drawer()
    desk.mute = True
    async with on_stage(dies := Hangs("started"), desk=desk, journal=drawer) as stage:
        desk.says("waiting")
        desk.mute = False
        desk.offer()
        await killed(stage, drawer, dies)
    async with on_stage(answers := Answers(), desk=desk, journal=drawer) as stage:
        assert (stage.names(), answers.heard) == (["ChatStarted", "TextReceived"], ["waiting"])


async def test_a_chat_that_rang_when_the_process_died_is_offered_again() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(dies := Hangs("offered"), desk=desk, journal=drawer) as stage:
        desk.offer()
        await killed(stage, drawer, dies)
    assert drawer.checkpoint().phase == "offered"
    async with on_stage(again := Hangs(), desk=desk, journal=drawer) as stage:
        assert (again.called, stage.asked("Accept")) == (["offered", "started"], 1)


async def test_an_old_ring_is_no_new_offer_to_the_next_process() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(dies := Answers(hangs_before="one"), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        await killed(stage, drawer, dies)
    desk.publish({"notificationType": "StatusChange", "chat": {**desk.chats["c1"], "state": "Invited"}})
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        assert (stage.names(), stage.asked("Accept")) == (["ChatResumed", "TextReceived"], 1)


async def test_a_chat_that_ended_meanwhile_and_rings_again_is_told_as_both() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.lines["c1"].clear()
        desk.offer()
    async with on_stage(told := Hangs(), desk=desk, journal=drawer):
        assert told.called == ["ended: gone", "offered", "started"]


async def test_a_chat_that_ended_meanwhile_is_told_once_and_its_operations_end() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        gate = desk.holding("SendMessage")
        desk.says("one")
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    del desk.chats["c1"]
    async with on_stage(told := Hangs(), desk=desk, journal=drawer) as stage:
        await stage.later(12)
        assert (told.called, stage.bot.chats) == (["ended: gone"], 0)
    assert drawer.fates()[-1] == ("SendMessage", "abandoned")
    assert (drawer.checkpoint().phase, desk.texts()) == ("ended", [])
    async with on_stage(told, desk=desk, journal=drawer):
        pass
    assert told.called == ["ended: gone"]


async def test_the_end_of_a_chat_is_told_again_if_a_crash_came_between() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(dies := Hangs("ended: Completed"), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.end()
        await killed(stage, drawer, dies)
    async with on_stage(again := Hangs(), desk=desk, journal=drawer) as stage:
        await stage.later(12)
    assert again.called == ["ended: gone"]


async def test_typing_from_before_a_restart_is_not_handed_on() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(desk=desk, journal=drawer) as stage:
        await stage.chatting()
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.line("c1", {"type": "TypingStarted", "from": ANA})
    async with on_stage(desk=desk, journal=drawer) as stage:
        assert stage.names() == ["ChatResumed"]
        desk.line("c1", {"type": "TypingStarted", "from": ANA})
        await stage.quiet()
        assert [event.index for event in stage.all(TypingStarted)] == [3]


async def test_typing_from_before_a_restart_is_known_by_what_was_said_since() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(desk=desk, journal=drawer) as stage:
        await stage.chatting()
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.line("c1", {"type": "TypingStarted", "from": ANA, "timestamp": "2026-01-01T00:00:01Z"})
        desk.says("just now", timestamp="2026-01-01T00:00:05Z")
        desk.line("c1", {"type": "TypingStarted", "from": ANA, "timestamp": "2026-01-01T00:00:06Z"})
    async with on_stage(desk=desk, journal=drawer) as stage:
        await stage.later(30)
        assert [event.index for event in stage.all(TypingStarted)] == [2]


async def test_a_chat_is_taken_up_again_where_the_server_lists_addresses_only() -> None:
    class Addresses(Desk):
        def _default(self, key: str, path: str, body: dict[str, Any]) -> Reply:
            if key == "chats":
                return reply(statusCode=0, uris=[f"http://x/api/v2/chats/{chat}" for chat in self.chats])
            return code(6) if key == "chat" else super()._default(key, path, body)

    desk, drawer = Addresses(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        await stage.quiet()
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.says("two")
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        assert stage.names() == ["ChatResumed", "TextReceived"]
    assert desk.texts() == ["re one", "re two"]


async def test_memory_survives() -> None:
    desk, drawer = Desk(), Drawer()

    class Counts:
        @hookimpl
        async def on_text(self, bot: Bot, chat: Chat) -> None:
            chat.memory["texts"] = chat.memory.get("texts", 0) + 1
            bot.memory["all"] = [*bot.memory.get("all", []), chat.id]

    for number in range(1, 4):
        async with on_stage(Counts(), desk=desk, journal=drawer) as stage:
            chat = stage.live().handle if desk.chats else await stage.chatting()
            desk.says("count")
            await stage.quiet()
            assert dict(chat.memory) == {"texts": number}
            assert stage.seen.bot is not None
            assert dict(stage.seen.bot.memory) == {"all": ["c1"] * number}
            await stage.crash(drawer)


async def test_a_hook_that_is_run_again_finds_the_memory_of_the_first_time() -> None:
    desk, drawer = Desk(), Drawer()
    found: list[int] = []

    class Steps(Answers):
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> None:
            found.append(chat.memory.get("step", 0))
            chat.memory["step"] = found[-1] + 1
            await self._perhaps_hang(event.text, self._after)

    async with on_stage(dies := Steps(hangs_after="two"), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        desk.says("two")
        await killed(stage, drawer, dies)
    async with on_stage(Steps(), desk=desk, journal=drawer):
        pass
    assert found == [0, 1, 1]


async def test_a_value_that_nobody_can_keep_costs_only_its_hook() -> None:
    class Careless:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            chat.memory["person"] = object()

    drawer = Drawer()
    async with on_stage(Careless(), answers := Answers(), journal=drawer) as stage:
        chat = await stage.chatting()
        stage.desk.says("one")
        await stage.quiet()
        assert (dict(chat.memory), answers.heard) == ({}, ["one"])
        assert stage.bot.counters.hook_failures["p1"] == 1


async def test_a_request_that_nobody_answered_is_known_to_be_so_after_a_crash() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(Answers(), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.answer("SendMessage", LOST)
        reading = desk.holding("messages")
        desk.says("one")
        await stage.until(reading.reached.is_set)
        await stage.crash(drawer)
    assert drawer.states() == ["intent", "unknown"]
    async with on_stage(Answers(), desk=desk, journal=drawer):
        pass
    assert (desk.texts(), drawer.states()[-1]) == (["re one"], "confirmed")


async def test_a_chat_whose_customer_has_left_is_completed_also_by_the_next_process() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(desk=desk, journal=drawer) as stage:
        await stage.chatting()
        gate = desk.holding("Complete")
        desk.line("c1", {"type": "ParticipantLeft", "from": ANA})
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
    async with on_stage(told := Hangs(), desk=desk, journal=drawer) as stage:
        assert (told.called, stage.bot.chats) == (["resumed", "ended: Completed"], 0)


async def test_a_hook_that_takes_another_way_the_second_time_finds_what_it_had_sent() -> None:
    desk, drawer = Desk(), Drawer()

    class Learns(Answers):
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> None:
            if not self._after:
                await chat.update_user_data({"topic": "bills"})
            self.states.append((await chat.send_text("hello")).state)
            await self._perhaps_hang(event.text, self._after)

    async with on_stage(dies := Learns(hangs_after="one"), desk=desk, journal=drawer) as stage:
        await stage.chatting()
        desk.says("one")
        await stage.until(lambda: drawer.states()[-1:] == ["confirmed"])
        await killed(stage, drawer, dies)
        assert stage.asked("UpdateUserData") == 0
    async with on_stage(again := Learns(), desk=desk, journal=drawer) as stage:
        assert (again.states, stage.bot.counters.replay_mismatches) == (["confirmed"], 0)
        assert (stage.asked("UpdateUserData"), stage.asked("SendMessage")) == (1, 1)
    assert [body["userData"] for body in desk.bodies if "userData" in body] == [{"topic": "bills"}]
    assert desk.texts() == ["hello"]
