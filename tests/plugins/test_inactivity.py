from typing import Any

import pytest

from chatbot import TextReceived, hookimpl
from chatbot.model.errors import ConfigError
from tests.bot.desk import ANA, CAN_TALK, HELENA, ME, Desk, code
from tests.bot.drawer import Drawer
from tests.bot.mortal import nobody_listening
from tests.bot.stage import Stage, on_stage
from tests.plugins.stage import WHERE, load
from tests.told import told

TABLE: dict[str, Any] = {
    "remind_after": 20.0,
    "reminders": ["Still there?", "I close soon."],
    "close_after": 60.0,
    "farewell": "Bye.",
}
BOTH = TABLE["reminders"]


def plugin(**table: Any) -> Any:
    return load("inactivity", **{**TABLE, **table})


async def passes(stage: Stage, seconds: int) -> list[str]:
    """What has been said when so much time has passed."""
    await stage.later(seconds)
    await stage.quiet()
    return stage.desk.texts()


class Takes:
    """Answers all, so that no later plugin is asked."""

    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"got {event.text}"


def farewells(stage: Stage) -> list[tuple[str, str]]:
    """The operations that carried the last text."""
    bodies = stage.desk.bodies
    return [(body["operationName"], body["text"]) for body in bodies if body.get("text") == "Bye."]


async def test_a_customer_who_says_nothing_is_reminded_and_closed() -> None:
    async with on_stage(plugin(), idle_after=10.0) as stage:
        await stage.chatting()
        assert await passes(stage, 19) == []
        assert await passes(stage, 2) == ["Still there?"]
        assert await passes(stage, 18) == ["Still there?"]
        assert await passes(stage, 2) == BOTH
        assert await passes(stage, 18) == BOTH
        assert await passes(stage, 2) == BOTH
        assert (farewells(stage), stage.bot.chats) == ([("Complete", "Bye.")], 0)


async def test_times_are_rounded_up_to_a_multiple_of_idle_after() -> None:
    async with on_stage(plugin(remind_after=15.0, close_after=31.0), idle_after=10.0) as stage:
        await stage.chatting()
        assert await passes(stage, 19) == []
        assert await passes(stage, 2) == ["Still there?"]
        assert await passes(stage, 10) == BOTH
        assert stage.bot.chats == 1
        await passes(stage, 10)
        assert stage.bot.chats == 0


async def test_with_a_long_idle_after_nobody_is_closed_who_was_not_reminded() -> None:
    async with on_stage(plugin(), idle_after=100.0) as stage:
        await stage.chatting()
        assert await passes(stage, 101) == ["Still there?"]
        assert await passes(stage, 100) == BOTH
        assert stage.bot.chats == 1
        await passes(stage, 100)
        assert stage.bot.chats == 0


async def test_what_the_customer_says_begins_all_anew_whoever_answers_it() -> None:
    async with on_stage(Takes(), plugin(), idle_after=10.0) as stage:
        await stage.chatting()
        assert await passes(stage, 41) == BOTH
        stage.desk.says("yes")
        await stage.quiet()
        assert await passes(stage, 19) == [*BOTH, "got yes"]
        assert await passes(stage, 2) == [*BOTH, "got yes", "Still there?"]
        assert await passes(stage, 20) == [*BOTH, "got yes", *BOTH]
        assert stage.bot.chats == 1


async def test_what_only_agents_can_see_ends_no_silence() -> None:
    async with on_stage(plugin(), idle_after=10.0, listen_to_agents=True, on_agent_joined="stay") as stage:
        await stage.chatting()
        await passes(stage, 21)
        stage.desk.says("psst", visibility="Agents")
        await stage.quiet()
        assert await passes(stage, 20) == BOTH


async def test_while_a_human_has_the_chat_nothing_is_done() -> None:
    async with on_stage(plugin(), idle_after=10.0) as stage:
        await stage.chatting()
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME, HELENA])
        await stage.quiet()
        assert await passes(stage, 100) == []
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME])
        # the silence begins anew
        assert await passes(stage, 19) == []
        assert await passes(stage, 2) == ["Still there?"]
        assert (await passes(stage, 20), stage.bot.chats) == (BOTH, 1)


async def test_no_reminder_comes_twice_over_a_restart_and_the_silence_goes_on() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(plugin(), desk=desk, journal=drawer, idle_after=10.0) as stage:
        await stage.chatting()
        desk.says("hm", timestamp=stage.clock.now().isoformat())
        await stage.quiet()
        assert await passes(stage, 21) == ["Still there?"]
        await stage.crash(drawer)
    async with on_stage(plugin(), desk=desk, journal=drawer, idle_after=10.0) as stage:
        # the second process begins at the time at which the first began
        assert await passes(stage, 39) == ["Still there?"]
        assert (await passes(stage, 2), stage.bot.chats) == (BOTH, 1)
        await passes(stage, 20)
        assert stage.bot.chats == 0


async def test_a_reminder_that_was_said_just_before_a_crash_is_not_said_again() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(plugin(), desk=desk, journal=drawer, idle_after=10.0) as stage:
        await stage.chatting()
        desk.says("hm", timestamp=stage.clock.now().isoformat())
        await stage.quiet()
        gate = desk.unanswered("SendMessage")
        await stage.later(21)
        await stage.until(gate.reached.is_set)
        await stage.crash(drawer)
        assert desk.texts() == ["Still there?"]
    async with on_stage(plugin(), desk=desk, journal=drawer, idle_after=10.0) as stage:
        # later than the first process had come: the operation goes by another name
        stage.clock.time += 30
        stage.shift += 30
        assert await passes(stage, 1) == ["Still there?"]
        assert await passes(stage, 10) == BOTH


async def test_a_text_while_no_process_runs_ends_the_silence() -> None:
    desk, drawer = Desk(), Drawer()
    async with on_stage(plugin(), desk=desk, journal=drawer, idle_after=10.0) as stage:
        await stage.chatting()
        assert await passes(stage, 41) == BOTH
        await stage.crash(drawer)
    with nobody_listening(desk):
        desk.says("back")
    async with on_stage(plugin(), desk=desk, journal=drawer, idle_after=10.0) as stage:
        assert await passes(stage, 21) == [*BOTH, "Still there?"]


async def test_where_the_transcript_cannot_be_read_the_memory_is_enough() -> None:
    async with on_stage(plugin(), idle_after=10.0) as stage:
        await stage.chatting()
        stage.desk.always("messages", code(6))
        assert await passes(stage, 21) == ["Still there?"]
        assert await passes(stage, 20) == BOTH


async def test_a_reminder_that_could_not_be_said_is_said_the_next_time() -> None:
    async with on_stage(plugin(), idle_after=10.0) as stage:
        await stage.chatting()
        stage.desk.answer("SendMessage", code(11))
        assert await passes(stage, 21) == []
        assert await passes(stage, 10) == ["Still there?"]


@pytest.mark.parametrize(
    ("table", "done"),
    [
        ({"then": "transfer", "queue": "Night"}, {"operationName": "Transfer", "queueName": "Night"}),
        ({"then": "transfer", "target": "agent:x"}, {"operationName": "Transfer", "targetUri": "agent:x"}),
        ({"then": "leave"}, {"operationName": "Leave"}),
    ],
)
async def test_the_chat_may_be_handed_on_or_left(table: dict[str, Any], done: dict[str, str]) -> None:
    async with on_stage(plugin(reminders=[], **table), idle_after=10.0) as stage:
        await stage.chatting()
        await passes(stage, 61)
        [body] = [body for body in stage.desk.bodies if body.get("text") == "Bye."]
        assert done.items() <= body.items()
        # what was left is done with, too
        assert (stage.bot.chats, stage.asked("Complete")) == (0, int(table["then"] == "leave"))


async def test_an_end_that_is_not_possible_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async with on_stage(plugin(then="transfer", queue="Night"), idle_after=10.0) as stage:
        await stage.chatting()
        stage.desk.change(capabilities=[name for name in CAN_TALK if name != "Transfer"])
        assert await passes(stage, 65) == BOTH
        assert (stage.asked("Transfer"), stage.bot.chats) == (0, 1)
        [told] = [line for line in caplog.messages if "stays" in line]
        assert told.startswith(
            "chat c1 stays although its customer says nothing: CB310 Transfer is not allowed"
        )
        stage.desk.change(capabilities=CAN_TALK)
        await passes(stage, 10)
        assert (farewells(stage), stage.bot.chats) == ([("Transfer", "Bye.")], 0)


async def test_it_may_only_remind_or_go_without_a_word() -> None:
    async with on_stage(plugin(close_after=0.0, reminders=["a"]), idle_after=10.0) as stage:
        await stage.chatting()
        assert (await passes(stage, 500), stage.bot.chats) == (["a"], 1)


PLACE = 'then = "transfer" needs exactly one of queue and target; nothing else takes them'


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"close_after": 40.0}, "close_after = 40 is before the last reminder, at 40 s\n  fix: a longer"),
        ({"reminders": ["a", ""]}, "a reminder is empty"),
        ({"remind_after": 0}, "remind_after: "),
        ({"close_after": float("inf")}, "close_after: "),
        ({"farewell": ""}, "farewell: "),
        ({"then": "transfer"}, PLACE),
        ({"queue": "Night"}, PLACE),
        ({"then": "go"}, "then: expected"),
        ({"remind": "x"}, "has no key 'remind'\n  fix: rename remind to "),
    ],
)
def test_wrong_settings_are_told(table: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plugin(**table)
    assert expected in told(caught.value, WHERE)
    assert str(caught.value).startswith("CB10")
