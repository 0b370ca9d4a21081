"""What is waiting in chats, and what a bot counts however odd the names are that it meets."""

import asyncio
from typing import ClassVar

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.survey import Survey
from chatbot.model.actions import Action
from chatbot.model.errors import ChatGone
from tests.bot.stage import Stage, on_stage


def surveyed(stage: Stage, later_s: float = 0.0) -> Survey:
    survey = Survey()
    for chat in stage.bot.live.values():
        survey.add(chat, stage.clock.monotonic() + later_s)
    return survey


class Slow:
    def __init__(self) -> None:
        self.go = asyncio.Event()

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> bool:
        await self.go.wait()
        return True


async def test_lines_and_their_age_are_seen_while_a_hook_runs_and_gone_afterwards() -> None:
    slow = Slow()
    async with on_stage(slow) as stage:
        await stage.chatting()
        await stage.chatting("c2")
        for words in ("one", "two"):
            stage.desk.says(words)
        await stage.quiet_but_busy()
        found = surveyed(stage, later_s=40.0)
        assert (found.lines, found.longest, found.states) == (2, 2, {"Chatting": 2})
        assert found.oldest_s >= 40.0
        slow.go.set()
        await stage.quiet()
        found = surveyed(stage, later_s=40.0)
        assert (found.lines, found.longest, found.oldest_s) == (0, 0, 0.0)


async def test_an_operation_without_an_answer_grows_old() -> None:
    async with on_stage() as stage:
        chat = await stage.chatting()
        gate = stage.desk.holding("SendMessage")
        sending = asyncio.create_task(chat.send_text("hello"))
        await gate.reached.wait()
        found = surveyed(stage, later_s=90.0)
        assert found.operations == 1
        assert found.unsettled_s >= 90.0
        gate.open.set()
        await sending
        await stage.quiet()
        assert surveyed(stage).operations == 0


async def test_a_state_that_nobody_knows_makes_no_name_of_its_own() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        stage.desk.change(state="Hovering")
        await stage.quiet()
        assert surveyed(stage).states == {"other": 1}


class Odd(Action):
    operation: ClassVar[str] = ""


async def test_ten_thousand_kinds_of_actions_are_counted_under_one_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with on_stage() as stage:
        for number in range(10_000):
            monkeypatch.setattr(Odd, "operation", f"Odd{number}")
            with pytest.raises(ChatGone):
                await stage.bot.sender.perform(Odd(), f"gone{number}")
        assert stage.bot.counters.actions == {("other", "ChatGone"): 10_000}
        assert [*stage.bot.counters.action_seconds] == ["other"]


async def test_messages_of_unknown_types_are_counted_under_one_name() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        for number in range(50):
            stage.desk.hint("c1", {"type": f"Odd{number}", "from": {"nickname": "x", "type": f"Odd{number}"}})
        await stage.quiet()
        assert {name for name in stage.bot.counters.events if "Odd" in name} == set()
        assert stage.bot.counters.events["UnknownMessage"] > 0


async def test_lines_told_twice_and_lines_found_are_counted() -> None:
    async with on_stage() as stage:
        await stage.chatting()
        duplicates, filled = stage.bot.counters.duplicates, stage.bot.counters.gaps_filled
        stage.desk.says("one")
        await stage.quiet()
        stage.desk.hint("c1", stage.desk.lines["c1"][-1])
        await stage.quiet()
        assert stage.bot.counters.duplicates == duplicates + 1
        assert stage.bot.counters.gaps_filled == filled
        stage.desk.mute = True
        stage.desk.says("two")
        stage.desk.mute = False
        stage.desk.says("three")
        await stage.quiet()
        assert stage.bot.counters.gaps_filled == filled + 1
