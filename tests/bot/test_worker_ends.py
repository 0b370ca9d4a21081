import asyncio

import pytest

from chatbot import (
    ChatEnded,
    ChatStarted,
    Event,
    TextReceived,
    hookimpl,
)
from tests.bot.desk import ANA, CAN_LEAVE, HELENA, Desk, Reaction, code, reply
from tests.bot.mortal import nobody_listening
from tests.bot.stage import Stage, on_stage


def texts(stage: Stage) -> list[str]:
    return [event.text for event in stage.all(TextReceived)]


def customer_leaves(desk: Desk) -> None:
    desk.line("c1", {"type": "ParticipantLeft", "from": ANA})


async def test_a_chat_without_a_customer_is_completed() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        customer_leaves(stage.desk)
        await stage.quiet()
        assert (stage.asked("Complete"), stage.bot.chats) == (1, 0)


@pytest.mark.parametrize(
    ("policy", "done"), [("complete", ["Complete"]), ("leave", ["Leave", "Complete"]), ("stay", [])]
)
async def test_how_a_chat_without_a_customer_ends_is_a_setting(policy: str, done: list[str]) -> None:
    async with on_stage(on_customer_left=policy) as stage:
        await stage.chatting()
        customer_leaves(stage.desk)
        await stage.quiet()
        assert [name for name in stage.desk.requests if name in {"Leave", "Complete"}] == done
        assert stage.bot.chats == (0 if done else 1)


async def test_a_chat_without_a_customer_is_left_to_the_other_agents() -> None:
    async with on_stage(on_agent_joined="stay") as stage:
        await stage.chatting("c1", ANA, HELENA)
        customer_leaves(stage.desk)
        await stage.quiet()
        assert (stage.asked("Leave"), stage.asked("Complete")) == (1, 1)
        assert stage.bot.chats == 0


async def test_a_chat_with_another_customer_goes_on() -> None:
    async with on_stage() as stage:
        await stage.chatting("c1", ANA, {**ANA, "participantId": "P-bea"})
        customer_leaves(stage.desk)
        await stage.quiet()
        assert stage.asked("Complete", "Leave") == 0


async def test_a_customer_who_comes_back_at_once_keeps_the_chat() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        left, back = ({"type": f"Participant{word}", "from": ANA} for word in ("Left", "Rejoined"))
        stage.desk.mute = True
        stage.desk.line("c1", left)
        stage.desk.line("c1", back)
        stage.desk.hint("c1", left, back)
        await stage.quiet()
        assert stage.asked("Complete") == 0


@pytest.mark.parametrize("answer", [code(3), code(10), reply(429, {"retry-after": "0"})])
async def test_a_chat_without_a_customer_does_not_stay_when_its_end_was_refused(answer: Reaction) -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.always("Complete", answer)
        customer_leaves(stage.desk)
        await stage.quiet()
        assert 1 <= stage.asked("Complete") <= 11
        stage.desk.always("Complete", None)
        await stage.reconciled()
        assert stage.bot.chats == 0


async def test_a_chat_that_the_server_has_left_is_completed() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.change(state="LeftChat", capabilities=CAN_LEAVE)
        await stage.quiet()
        assert (stage.asked("Complete"), stage.bot.chats) == (1, 0)


async def test_a_chat_that_a_plugin_has_left_is_its_own_to_complete() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        await chat.leave()
        await stage.quiet()
        await stage.reconciled()
        assert stage.asked("Complete") == 0
        await chat.set_disposition("done")
        await chat.complete()
        await stage.quiet()
        assert stage.bot.chats == 0


async def test_the_end_is_told_once_whatever_comes_while_it_is_told() -> None:
    class Slow:
        @hookimpl
        async def on_chat_ended(self) -> None:
            stage.desk.says("late")
            stage.desk.hint("c1", {"type": "TranscriptSaveDone", "index": -1})
            stage.desk.publish(
                {"notificationType": "PropertiesUpdated", "chat": {"id": "c1", "state": "Completed"}}
            )
            await stage.turns()

    async with on_stage(Slow()) as stage:
        await stage.chatting()
        stage.desk.end()
        await stage.quiet()
        assert stage.names().count("ChatEnded") == 1
        assert stage.names()[-1] == "ChatEnded"
        assert stage.bot.chats == 0


async def test_a_chat_that_ends_while_a_hook_runs_ends_after_it() -> None:
    class Slow:
        @hookimpl
        async def on_text(self) -> None:
            stage.desk.end()
            await stage.turns()
            done.append(len(stage.all(ChatEnded)))

    done: list[int] = []
    async with on_stage(Slow()) as stage:
        await stage.chatting()
        stage.desk.says("hi")
        await stage.quiet()
        assert done == [0]
        assert len(stage.all(ChatEnded)) == 1


async def test_what_is_said_while_a_drain_finishes_is_not_forgotten() -> None:
    class Chain:
        @hookimpl
        async def on_event(self, event: Event) -> None:
            if isinstance(event, TextReceived) and len(texts(stage)) < 50:
                stage.desk.says(f"text {len(texts(stage))}")
                for _ in range(len(texts(stage)) % 7):
                    await asyncio.sleep(0)

    async with on_stage(Chain()) as stage:
        await stage.chatting()
        stage.desk.says("text 0")
        await stage.quiet()
        assert texts(stage) == [f"text {number}" for number in range(50)]


async def test_a_started_chat_is_told_of_once_however_often_it_is_seen() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        for _ in "123":
            stage.desk.status("c1")
            await stage.reconciled()
        assert len(stage.all(ChatStarted)) == 1


async def test_what_nobody_told_of_is_read_once_more_at_the_end() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        with nobody_listening(stage.desk):
            stage.desk.says("bye")
        asked = stage.asked("messages")
        stage.desk.end()
        await stage.quiet()
        assert stage.names()[-2:] == ["TextReceived", "ChatEnded"]
        assert stage.asked("messages") == asked + 1


async def test_a_chat_ends_although_its_transcript_is_shown_no_more() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.hint("c1", {"type": "Text", "text": "heard", "from": ANA, "index": 4})
        stage.desk.always("messages", reply(404))
        stage.desk.end()
        await stage.quiet()
        assert stage.names()[-2:] == ["TextReceived", "ChatEnded"]


async def test_a_chat_whose_customer_is_back_before_the_bot_has_left_goes_on() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        turn = stage.hold_turn()
        stage.desk.line("c1", {"type": "ParticipantLeft", "from": ANA})
        await stage.until(turn.reached.is_set)
        stage.desk.line("c1", {"type": "ParticipantRejoined", "from": ANA})
        stage.desk.says("I am back")
        await stage.until(lambda: stage.live().order.highest == 4)
        turn.open.set()
        await stage.quiet()
        assert [event.text for event in stage.all(TextReceived)] == ["I am back"]
        assert (stage.asked("Complete"), stage.live().is_live) == (0, True)


async def test_a_customer_who_is_back_and_was_not_told_of_is_not_left() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        transcript = stage.desk.holding("messages")
        stage.desk.line("c1", {"type": "ParticipantLeft", "from": ANA})
        await stage.until(transcript.reached.is_set)
        with nobody_listening(stage.desk):
            stage.desk.line("c1", {"type": "ParticipantRejoined", "from": ANA})
            stage.desk.says("I am back")
        transcript.open.set()
        await stage.quiet()
        assert [event.text for event in stage.all(TextReceived)] == ["I am back"]
        assert (stage.asked("Complete"), stage.live().is_live) == (0, True)


async def test_a_chat_that_is_told_late_to_be_revoked_goes_on_if_the_server_says_so() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        late = {**stage.desk.chats["c1"], "state": "Revoked", "capabilities": []}
        stage.desk.publish({"notificationType": "StatusChange", "chat": late})
        await stage.quiet()
        stage.desk.says("still here?")
        await stage.quiet()
        assert [event.text for event in stage.all(TextReceived)] == ["still here?"]
        assert (stage.names().count("ChatEnded"), stage.live().is_live) == (0, True)


class Thinks:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.began, self.may_answer = asyncio.Event(), asyncio.Event()

    @hookimpl
    async def on_text(self) -> str:
        self.began.set()
        await self.may_answer.wait()
        return "here you are"


async def test_what_a_hook_says_just_then_is_said() -> None:
    plugin = Thinks()
    async with on_stage(plugin) as stage:
        await stage.chatting()
        stage.desk.says("still here?")
        await plugin.began.wait()
        late = {**stage.desk.chats["c1"], "state": "Revoked", "capabilities": []}
        stage.desk.publish({"notificationType": "StatusChange", "chat": late})
        await stage.until(lambda: stage.live().is_over)
        plugin.may_answer.set()
        await stage.quiet()
        assert stage.desk.texts() == ["here you are"]
        assert (stage.names().count("ChatEnded"), stage.live().is_live) == (0, True)
