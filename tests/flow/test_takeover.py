"""Humans first, over real sockets: a human agent comes, talks and goes, and the bot knows its place."""

import asyncio

import pytest

from chatbot import (
    Chat,
    ChatEnded,
    ChatHandedBack,
    ChatTakenOver,
    NotAllowed,
    ParticipantJoined,
    TextReceived,
    hookimpl,
)
from tests.flow.stage import Stage, on_stage


class Echo:
    """Answers all; keeps what it was not let say."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        try:
            await chat.send_text(f"re {event.text}")
        except NotAllowed as error:
            self.refused.append(event.text)
            await chat.send_to_agents(f"unsaid: {error.reason}")


def chat_id(stage: Stage) -> str:
    """The platform's own name of the only chat."""
    (chat,) = stage.simulator.world.chats()
    return chat.id


@pytest.mark.parametrize("policy", ["mute", "observe"])
async def test_while_a_human_is_there_only_the_human_talks_to_the_customer(policy: str) -> None:
    async with on_stage(echo := Echo(), on_agent_joined=policy) as stage, stage.customer() as ana:
        world = stage.simulator.world
        await ana.says("one")
        await ana.hears("^re one$")
        world.human_joins(chat_id(stage), "helena")
        taken = await stage.seen.event(ChatTakenOver)
        await ana.says("two")
        await stage.seen.event(TextReceived, lambda event: event.text == "two")
        world.human_says(chat_id(stage), "helena", "I am with you.")
        await ana.hears("^I am with you")
        world.human_leaves(chat_id(stage), "helena")
        await stage.seen.event(ChatHandedBack)
        await ana.says("three")
        await ana.hears("^re three$")
        assert (taken.agent.nickname, echo.refused) == ("Helena", ["two"])
        heard = [line.text for line in ana.lines if line.nickname == "Robo" and line.text]
        assert heard == ["re one", "re three"]


async def test_a_hook_that_runs_when_a_human_comes_is_stopped() -> None:
    stopped = asyncio.Event()

    class Slow:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            try:
                async with chat.typing():
                    await asyncio.Event().wait()
            finally:
                stopped.set()

    async with on_stage(Slow()) as stage, stage.customer() as ana:
        await ana.says("one")
        await stage.seen.event(TextReceived)
        stage.simulator.world.human_joins(chat_id(stage), "helena")
        async with asyncio.timeout(5):
            await stopped.wait()
        await stage.seen.event(ChatTakenOver)
        assert stage.operations()[-1] == "SendStopTypingNotification"


async def test_a_bot_that_is_to_leave_leaves_the_customer_with_the_human() -> None:
    async with on_stage(Echo(), on_agent_joined="leave") as stage, stage.customer() as ana:
        await ana.says("one")
        await ana.hears("^re one$")
        stage.simulator.world.human_joins(chat_id(stage), "helena")
        await stage.seen.event(ChatEnded)
        await ana.says("two")
        stage.simulator.world.human_says(chat_id(stage), "helena", "Still here.")
        await ana.hears("^Still here")
        assert "Leave" in stage.operations()


async def test_another_bot_of_the_service_mutes_nobody() -> None:
    async with on_stage(Echo()) as stage, stage.customer() as ana:
        await ana.says("one")
        await ana.hears("^re one$")
        (helena,) = [agent for agent in stage.simulator.world.agents if agent.human]
        stage.bot.colleagues.know(helena.id)
        stage.simulator.world.human_joins(chat_id(stage), "helena")
        await stage.seen.event(ParticipantJoined, lambda event: event.sender.nickname == "Helena")
        await ana.says("two")
        await ana.hears("^re two$")
        assert "ChatTakenOver" not in stage.seen.names()
