"""A chat is handed to a human as one call: what is done, in which order, and what comes back."""

import asyncio
from typing import Any

import pytest

from chatbot import (
    Accepted,
    Chat,
    CustomerLeft,
    Event,
    HandoffRefused,
    Queued,
    TextReceived,
    TimedOut,
    hookimpl,
)
from chatbot.model.config_care import HandoffSettings
from chatbot.model.handoff import Outcome
from tests.bot.bells import Bells
from tests.bot.desk import ANA, CAN_TALK, HELENA, LOST, ME, code, reply
from tests.bot.stage import Stage, on_stage

WITH_HELENA = [ANA, ME, HELENA]


class HandsOver:
    """Hands the chat over when it is asked to, and says something to every other text."""

    def __init__(self, **options: Any) -> None:
        self.outcomes: list[Outcome] = []
        self.ends: list[str] = []
        self._options = {"target": "agent:helena", **options}

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        if event.text != "human":
            await chat.send_text(f"re {event.text}")
            return
        try:
            self.outcomes.append(await chat.handoff(**self._options))
        except asyncio.CancelledError:
            self.ends.append("stopped")
            raise


async def asked(stage: Stage, text: str = "human") -> None:
    stage.desk.says(text)
    await stage.quiet()


def done(stage: Stage) -> list[str]:
    """The operations since the chat was accepted."""
    names = [body["operationName"] for body in stage.desk.bodies if body.get("operationName")]
    return names[names.index("Accept") + 1 :]


async def test_an_agent_is_invited_and_when_they_have_come_the_bot_says_nothing_more() -> None:
    plugin = HandsOver(text="I get Helena.", summary="Ana wants a refund.", data={"Order": "1"})
    async with on_stage(plugin) as stage:
        Bells(stage)
        await stage.chatting()
        await asked(stage)
        assert done(stage) == ["UpdateUserData", "SendMessage", "Invite"]
        await asked(stage, "meanwhile")
        stage.desk.change(participants=WITH_HELENA, capabilities=[*CAN_TALK, "SendToAgents"])
        await stage.quiet()
        await asked(stage, "hello Helena")
        (outcome,) = plugin.outcomes
        assert isinstance(outcome, Accepted)
        assert outcome.by is not None
        assert outcome.by.nickname == "Helena"
        assert done(stage)[3:] == ["SendMessage", "SendToAgents"]
        assert stage.desk.texts() == ["I get Helena.", "re meanwhile"]
        data = next(body["userData"] for body in stage.desk.bodies if body.get("userData"))
        assert data == {"Order": "1", "chatbot_summary": "Ana wants a refund."}
        assert plugin.ends == []


async def test_nobody_who_comes_is_told_so_and_the_bot_has_the_chat_still() -> None:
    plugin = HandsOver(wait=30)
    async with on_stage(plugin) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await asked(stage)
        bells.ring(30)
        await stage.quiet()
        assert plugin.outcomes == [TimedOut(30)]
        await asked(stage, "still there?")
        assert stage.desk.texts() == ["re still there?"]


async def test_the_customer_hears_that_they_are_not_forgotten() -> None:
    settings = HandoffSettings(reassure=("One moment.", "Nearly there."), reassure_every=10.0)
    plugin = HandsOver(wait=25)
    async with on_stage(plugin, handoff=settings) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await asked(stage)
        for _ in range(2):
            bells.ring(10)
            await stage.quiet()
        assert (stage.desk.texts(), plugin.outcomes) == (["One moment.", "Nearly there."], [])
        assert bells.asked[-1] == 5
        bells.ring(5)
        await stage.quiet()
        assert plugin.outcomes == [TimedOut(25)]


async def test_an_invitation_that_is_refused_leads_to_the_second_choice() -> None:
    settings = HandoffSettings(second_queue="Support")
    plugin = HandsOver()
    async with on_stage(plugin, handoff=settings) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.answer("Invite", code(100))
        await asked(stage)
        assert plugin.outcomes == [Queued("Support")]
        assert done(stage) == ["Invite", "Transfer"]


async def test_one_that_fails_later_is_refused_with_the_servers_reason() -> None:
    plugin = HandsOver()
    async with on_stage(plugin) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.answer("Invite", reply(statusCode=0, referenceId=35))
        await asked(stage)
        error = {"notificationType": "Error", "errorMessage": "the agent is not logged in", "referenceId": 35}
        stage.desk.publish(error)
        await stage.quiet()
        assert plugin.outcomes == [HandoffRefused("the agent is not logged in")]


async def test_a_customer_who_leaves_meanwhile_ends_it() -> None:
    plugin = HandsOver()
    async with on_stage(plugin) as stage:
        Bells(stage)
        await stage.chatting()
        await asked(stage)
        stage.desk.line("c1", {"type": "ParticipantLeft", "from": ANA})
        await stage.quiet()
        assert plugin.outcomes == [CustomerLeft()]


async def test_a_chat_that_ends_meanwhile_is_a_customer_who_left() -> None:
    plugin = HandsOver()
    async with on_stage(plugin) as stage:
        Bells(stage)
        await stage.chatting()
        await asked(stage)
        stage.desk.end()
        await stage.quiet()
        assert (plugin.outcomes, stage.bot.chats) == ([CustomerLeft()], 0)


@pytest.mark.parametrize("tells", [True, False])
async def test_a_queue_gets_the_chat_whether_or_not_the_server_tells_so(*, tells: bool) -> None:
    plugin = HandsOver(target=None, queue="Support", text="One moment.")
    async with on_stage(plugin) as stage:
        bells = Bells(stage)
        await stage.chatting()
        if not tells:
            stage.desk.answer("Transfer", reply(statusCode=0))
        await asked(stage)
        bells.ring()
        await stage.quiet()
        assert plugin.outcomes == [Queued("Support")]
        transfer = next(body for body in stage.desk.bodies if body.get("operationName") == "Transfer")
        assert transfer == {"operationName": "Transfer", "queueName": "Support", "text": "One moment."}


async def test_an_agent_who_cannot_be_invited_gets_the_chat_by_transfer() -> None:
    plugin = HandsOver()
    async with on_stage(plugin) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.change(capabilities=["SendMessage", "Transfer", "UpdateUserData"])
        await asked(stage)
        assert (plugin.outcomes, done(stage)) == ([Accepted()], ["Transfer"])


async def test_a_refused_transfer_is_refused_and_data_that_cannot_be_set_is_no_reason() -> None:
    plugin = HandsOver(target=None, queue="Support", data={"a": 1})
    async with on_stage(plugin) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.answer("UpdateUserData", code(100))
        stage.desk.answer("Transfer", code(100))
        await asked(stage)
        (outcome,) = plugin.outcomes
        assert isinstance(outcome, HandoffRefused)
        assert stage.bot.chats == 1


async def test_a_stop_does_not_wait_for_it() -> None:
    plugin = HandsOver()
    async with on_stage(plugin) as stage:
        Bells(stage)
        await stage.chatting()
        await asked(stage)
        await stage.stop()
    assert (plugin.ends, plugin.outcomes) == (["stopped"], [])


# what it must not do


@pytest.mark.parametrize("option", [{"target": "agent:otto"}, {"target": None, "queue": "Support"}])
async def test_a_human_who_has_the_chat_keeps_it(option: dict[str, Any]) -> None:
    plugin = HandsOver(text="One moment.", summary="A refund.", **option)
    async with on_stage(plugin) as stage:
        await stage.chatting()
        stage.desk.change(participants=WITH_HELENA, capabilities=[*CAN_TALK, "SendToAgents"])
        await stage.quiet()
        await asked(stage)
        (outcome,) = plugin.outcomes
        assert isinstance(outcome, Accepted)
        assert outcome.by is not None
        assert outcome.by.nickname == "Helena"
        assert done(stage) == ["UpdateUserData", "SendToAgents"]


async def test_a_human_who_comes_before_the_transfer_keeps_the_chat() -> None:
    plugin = HandsOver(target=None, queue="Support", data={"Order": "1"})
    async with on_stage(plugin) as stage:
        await stage.chatting()
        gate = stage.desk.holding("UpdateUserData")
        stage.desk.says("human")
        await gate.reached.wait()
        stage.desk.change(participants=WITH_HELENA)
        await stage.turns()
        gate.open.set()
        await stage.quiet()
        assert [type(outcome) for outcome in plugin.outcomes] == [Accepted]
        assert done(stage) == ["UpdateUserData"]


async def test_a_customer_who_asks_twice_is_handed_over_once() -> None:
    plugin = HandsOver(text="I get Helena.", data={"Order": "1"}, wait=30)
    async with on_stage(plugin) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await asked(stage)
        await asked(stage)
        assert done(stage) == ["UpdateUserData", "SendMessage", "Invite"]
        bells.ring()
        await stage.quiet()
        assert plugin.outcomes == [TimedOut(30), TimedOut(30)]
        # and again later, if nobody came
        await asked(stage)
        assert done(stage)[3:] == ["UpdateUserData", "SendMessage", "Invite"]
        stage.desk.change(participants=WITH_HELENA)
        await stage.quiet()
        assert isinstance(plugin.outcomes[2], Accepted)


async def test_an_invitation_that_nobody_answered_may_have_reached_the_agent() -> None:
    plugin = HandsOver()
    async with on_stage(plugin, handoff=HandoffSettings(second_queue="Support")) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.answer("Invite", LOST)
        await asked(stage)
        assert plugin.outcomes == []
        stage.desk.change(participants=WITH_HELENA)
        await stage.quiet()
        assert [type(outcome) for outcome in plugin.outcomes] == [Accepted]
        assert done(stage) == ["Invite"]


async def test_an_agent_who_leaves_at_once_is_not_waited_for() -> None:
    plugin = HandsOver()
    settings = HandoffSettings(second_target="agent:otto", reassure=("One moment.",))
    async with on_stage(plugin, handoff=settings) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await asked(stage)
        for kind in ("ParticipantJoined", "ParticipantLeft"):
            stage.desk.line("c1", {"type": kind, "from": HELENA})
        await stage.quiet()
        assert (done(stage), stage.desk.texts()) == (["Invite", "Invite"], [])
        bells.ring()
        await stage.quiet()
        bells.ring()
        await stage.quiet()
        assert plugin.outcomes == [TimedOut(90)]


async def test_words_that_went_with_a_refused_transfer_go_with_the_next_one() -> None:
    plugin = HandsOver(target=None, queue="Support", text="One moment.")
    async with on_stage(plugin, handoff=HandoffSettings(second_queue="Night")) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.answer("Transfer", code(100))
        await asked(stage)
        texts = [body["text"] for body in stage.desk.bodies if body.get("operationName") == "Transfer"]
        assert (plugin.outcomes, texts) == ([Queued("Night")], ["One moment.", "One moment."])


async def test_words_that_cannot_be_said_are_no_reason_to_keep_the_chat() -> None:
    plugin = HandsOver(text="One moment.")
    async with on_stage(plugin) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.answer("SendMessage", code(100))
        await asked(stage)
        assert (plugin.outcomes, done(stage)) == ([], ["SendMessage", "Invite"])


@pytest.mark.parametrize("wait", [float("nan"), float("inf"), -1])
async def test_a_wait_that_is_no_time_is_refused_before_anything_is_done(wait: float) -> None:
    async with on_stage(HandsOver(text="One moment.", wait=wait)) as stage:
        Bells(stage)
        await stage.chatting()
        await asked(stage)
        assert (done(stage), stage.bot.counters.hook_failures["p1"]) == ([], 1)


async def test_who_cannot_wait_is_told_so_before_anything_is_done() -> None:
    class Watches:
        @hookimpl
        async def on_event(self, chat: Chat, event: Event) -> None:
            if isinstance(event, TextReceived):
                with pytest.raises(RuntimeError, match="on_event cannot wait"):
                    await chat.handoff(target="agent:helena", text="One moment.", data={"Order": "1"})

    async with on_stage(Watches()) as stage:
        Bells(stage)
        await stage.chatting()
        await asked(stage)
        assert (done(stage), stage.bot.counters.hook_failures) == ([], {})
