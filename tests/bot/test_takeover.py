"""A human agent comes and goes: who talks to the customer, and who hears of it."""

import asyncio
from typing import Any

import pytest

from chatbot import Chat, ChatTakenOver, NotAllowed, TextReceived, hookimpl
from tests.bot.bells import Bells
from tests.bot.desk import ANA, CAN_TALK, HELENA, ME, Desk
from tests.bot.drawer import Drawer
from tests.bot.stage import Stage, on_stage

WITH_HELENA = [ANA, ME, HELENA]


class Talks:
    """Answers, but "slow" only when it is let go; keeps what became of it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.told: list[str] = []
        self.go = asyncio.Event()

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        try:
            if event.text == "slow":
                await self.go.wait()
            await chat.send_text(f"re {event.text}")
        except NotAllowed as error:
            self.said.append(error.reason)
        except asyncio.CancelledError:
            self.said.append("stopped")
            raise
        else:
            self.said.append(event.text)

    @hookimpl
    async def on_takeover(self, event: ChatTakenOver) -> None:
        self.told.append(event.agent.nickname)

    @hookimpl
    async def on_handback(self) -> None:
        self.told.append("back")


def helena_joins(stage: Stage, how: str) -> None:
    if how == "line":
        stage.desk.line("c1", {"type": "ParticipantJoined", "from": HELENA})
    else:
        stage.desk.change("c1", "ParticipantsUpdated", participants=WITH_HELENA)


def helena_leaves(stage: Stage, how: str) -> None:
    if how == "line":
        stage.desk.line("c1", {"type": "ParticipantLeft", "from": HELENA})
    else:
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME])


def say(stage: Stage, *texts: str) -> None:
    for words in texts:
        stage.desk.says(words)


@pytest.mark.parametrize("how", ["line", "list"])
async def test_the_bot_is_silent_from_the_moment_it_is_told_until_the_human_has_left(how: str) -> None:
    async with on_stage(talks := Talks()) as stage:
        await stage.chatting()
        say(stage, "one")
        await stage.quiet()
        helena_joins(stage, how)
        say(stage, "two")
        await stage.quiet()
        helena_leaves(stage, how)
        say(stage, "three")
        await stage.quiet()
        assert (stage.desk.texts(), stage.bot.counters.takeovers) == (["re one", "re three"], 1)
        assert (talks.said, talks.told) == (
            ["one", "a human agent has the chat", "three"],
            ["Helena", "back"],
        )


@pytest.mark.parametrize(("policy", "said"), [("mute", ["stopped"]), ("observe", [])])
async def test_a_hook_that_runs_is_stopped_or_at_least_not_let_talk(policy: str, said: list[str]) -> None:
    async with on_stage(talks := Talks(), on_agent_joined=policy) as stage:
        await stage.chatting()
        say(stage, "slow")
        await stage.quiet_but_busy()
        helena_joins(stage, "line")
        await stage.turns(200)
        assert talks.said == said
        talks.go.set()
        await stage.quiet()
        assert (talks.said[-1] == "a human agent has the chat") == (policy == "observe")
        assert (stage.desk.texts(), stage.bot.counters.hook_failures.total()) == ([], 0)


async def test_a_hook_that_waits_for_the_customer_is_stopped_too() -> None:
    ends: list[str] = []

    class Asks:
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> None:
            if event.text != "ask":
                ends.append(event.text)
                return
            try:
                await chat.ask("Order number?", timeout=60)
            finally:
                ends.append("stopped")

    async with on_stage(Asks()) as stage:
        Bells(stage)
        await stage.chatting()
        say(stage, "ask")
        await stage.quiet()
        helena_joins(stage, "line")
        await stage.quiet()
        say(stage, "123456")
        await stage.quiet()
        assert (ends, stage.desk.texts()) == (["stopped", "123456"], ["Order number?"])
        assert (stage.live().runs, stage.bot.counters.hook_failures.total()) == (set(), 0)


async def test_what_waits_for_its_turn_is_dropped() -> None:
    async with on_stage(talks := Talks()) as stage:
        chat = await stage.chatting()
        stage.desk.change(capabilities=[*CAN_TALK, "SendToAgents"])
        await stage.quiet()
        gate = stage.hold_turn()
        sending = asyncio.ensure_future(chat.send_text("unsent"))
        await gate.reached.wait()
        helena_joins(stage, "line")
        await stage.until(lambda: talks.told or stage.live().ownership.human)
        gate.open.set()
        with pytest.raises(NotAllowed, match="a human agent has the chat"):
            await sending
        await chat.update_user_data({"a": 1})
        await chat.send_to_agents("a note")
        assert stage.desk.texts() == []


async def test_a_hook_that_asked_the_agent_in_runs_on_and_may_still_write_to_agents() -> None:
    done = asyncio.Event()

    class Invites:
        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> None:
            await chat.invite("agent:helena")
            await done.wait()
            with pytest.raises(NotAllowed):
                await chat.send_text("not said")
            await chat.update_user_data({"summary": "short"})

    async with on_stage(Invites()) as stage:
        await stage.chatting()
        say(stage, "help")
        await stage.quiet_but_busy()
        helena_joins(stage, "list")
        await stage.turns(200)
        done.set()
        await stage.quiet()
        assert (stage.asked("UpdateUserData"), stage.bot.counters.hook_failures.total()) == (1, 0)
        assert stage.desk.texts() == []


async def test_who_is_to_leave_leaves_after_its_hooks_have_heard_why() -> None:
    async with on_stage(talks := Talks(), on_agent_joined="leave") as stage:
        await stage.chatting()
        helena_joins(stage, "list")
        await stage.quiet()
        assert (talks.told, stage.asked("Leave")) == (["Helena"], 1)
        assert stage.bot.chats == 0


async def test_who_is_to_stay_muted_talks_no_more() -> None:
    async with on_stage(talks := Talks(), on_agent_left="stay_muted") as stage:
        await stage.chatting()
        helena_joins(stage, "line")
        helena_leaves(stage, "line")
        say(stage, "one")
        await stage.quiet()
        assert (talks.told, talks.said, stage.desk.texts()) == (
            ["Helena"],
            ["a human agent had the chat"],
            [],
        )


@pytest.mark.parametrize("is_there", [True, False])
async def test_over_a_restart_the_chat_stays_with_whom_it_was(*, is_there: bool) -> None:
    drawer = Drawer()
    async with on_stage(Talks(), journal=drawer) as stage:
        await stage.chatting()
        helena_joins(stage, "list")
        await stage.quiet()
        await stage.crash(drawer)
    if not is_there:
        stage.desk.chats["c1"]["participants"] = [ANA, ME]
    async with on_stage(talks := Talks(), desk=stage.desk, journal=drawer) as stage:
        say(stage, "one")
        await stage.quiet()
        assert talks.told == ([] if is_there else ["back"])
        assert stage.desk.texts() == ([] if is_there else ["re one"])


async def test_an_agent_who_hands_the_chat_to_the_bot_has_time_to_go() -> None:
    async with on_stage(talks := Talks(), settle_time=5.0) as stage:
        stage.desk.mute = True
        say(stage, "one")
        stage.desk.mute = False
        stage.desk.offer("c1", ANA, HELENA)
        await stage.quiet()
        assert stage.names() == ["ChatOffered"]
        await stage.later(2)
        stage.desk.change("c1", "ParticipantsUpdated", participants=[ANA, ME])
        await stage.quiet()
        assert (talks.told, stage.desk.texts()) == ([], ["re one"])


async def test_an_agent_who_stays_has_the_chat_from_the_start() -> None:
    async with on_stage(talks := Talks(), settle_time=5.0) as stage:
        stage.desk.offer("c1", ANA, HELENA)
        await stage.quiet()
        await stage.later(6)
        await stage.quiet()
        say(stage, "one")
        await stage.quiet()
        assert (talks.told, stage.desk.texts()) == (["Helena"], [])


async def test_the_bot_takes_no_chat_twice() -> None:
    async with on_stage(Talks()) as stage:
        await stage.chatting()
        ring: dict[str, Any] = {**stage.desk.chats["c1"], "state": "Invited", "capabilities": ["Accept"]}
        stage.desk.publish({"notificationType": "StatusChange", "chat": ring})
        await stage.quiet()
        assert (stage.asked("Accept"), stage.names()) == (1, ["ChatOffered", "ChatStarted"])


async def test_without_lists_the_transcript_tells_who_is_there() -> None:
    desk = Desk()
    async with on_stage(talks := Talks(), desk=desk) as stage:
        desk.line("c1", {"type": "ParticipantJoined", "from": ANA})
        desk.line("c1", {"type": "ParticipantJoined", "from": ME})
        desk.offer("c1")
        desk.chats["c1"]["participants"] = []
        await stage.until(lambda: "c1" in stage.bot._pipeline.chats and stage.live().started_at)
        helena_joins(stage, "line")
        say(stage, "one")
        await stage.quiet()
        helena_leaves(stage, "line")
        say(stage, "two")
        await stage.quiet()
        assert (talks.told, desk.texts()) == (["Helena", "back"], ["re two"])
