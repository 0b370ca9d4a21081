"""A hand-off over real sockets: a human agent is invited and comes, or the chat goes to a queue."""

from chatbot import Accepted, Chat, Queued, TextReceived, hookimpl
from chatbot.model.handoff import Outcome
from tests.flow.stage import on_stage


class HandsOver:
    """Hands the chat over when the customer says where to."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        if event.text == "queue":
            self.outcomes.append(await chat.handoff(queue="Support", text="One moment.", data={"Why": "x"}))
        elif event.text.startswith("/users/"):
            outcome = await chat.handoff(target=event.text, summary="A note for Helena.", wait=5)
            self.outcomes.append(outcome)
        else:
            await chat.send_text(f"re {event.text}")


async def test_a_human_who_is_invited_takes_over_and_reads_the_note() -> None:
    async with on_stage(plugin := HandsOver()) as stage, stage.customer() as ana:
        (helena,) = [agent for agent in stage.simulator.world.agents if agent.human]
        await ana.says(f"/users/{helena.id}")
        await ana.hears("^Hi, Helena here")
        await ana.says("thanks")
        stage.simulator.world.human_says(stage.simulator.world.chats()[0].id, "helena", "You are welcome.")
        await ana.hears("^You are welcome")
        (outcome,) = plugin.outcomes
        assert isinstance(outcome, Accepted)
        assert outcome.by is not None
        assert outcome.by.nickname == "Helena"
        assert not [line for line in ana.lines if line.nickname == "Robo" and line.text]
        assert "SendToAgents" in stage.operations()


async def test_a_queue_gets_the_chat_with_its_data() -> None:
    async with on_stage(plugin := HandsOver()) as stage, stage.customer() as ana:
        await ana.says("queue")
        await ana.hears("^One moment")
        await ana.hears("^Hi, Helena here")
        (chat,) = stage.simulator.world.chats()
        assert (plugin.outcomes, chat.user_data["Why"]) == ([Queued("Support")], "x")
