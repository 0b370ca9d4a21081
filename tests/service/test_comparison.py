"""What a shadow bot plans beside what humans do: the real bot, the simulator's agents, virtual time."""

from collections.abc import Callable
from typing import Any

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.hooks.trace import Record
from chatbot.model.comparison import ComparedChat, ComparedTurn, PlannedAnswer, Reaction
from chatbot.service.shadow_report import ShadowReport
from chatbot.testing.kit import Kit
from chatbot.testing.staged_bot import StagedBot
from chatbot.testing.staged_customer import StagedCustomer

SHADOW = {"mode": "shadow"}


class Hours:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str | None:
        return "We are open from 8 to 18." if "open" in event.text else None


class Passes:
    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        if "human" in event.text:
            await chat.transfer(queue="Support", text="One moment.")


class Desk:
    """A human at the login that the bot listens under."""

    def __init__(self, kit: Kit, bot: StagedBot, report: ShadowReport) -> None:
        self.bot = bot
        self._kit = kit
        self._report = report
        self._world = kit.simulator.world
        self._world.operate(
            bot.username, {"operationName": "StartContactCenterSession", "channels": ["chat"]}
        )
        self._world.operate_channel(bot.username, "chat", {"operationName": "Ready"})

    async def takes(self, **about: Any) -> StagedCustomer:
        customer = await self._kit.customer(bot=self.bot, **about)
        await self.does(customer, "Accept")
        return customer

    async def does(self, customer: StagedCustomer, operation: str, **given: Any) -> None:
        chat_id = self._world.chat(customer.chat.id).id
        self._world.perform(self.bot.username, chat_id, {"operationName": operation, **given})
        await self._kit.sleep(0)

    async def says(self, customer: StagedCustomer, text: str, after: float = 0) -> None:
        await self._kit.sleep(after)
        await self.does(customer, "SendMessage", text=text)

    @property
    def told(self) -> ComparedChat:
        return self._report.chats()[-1]

    @property
    def turns(self) -> list[ComparedTurn]:
        return [turn for turn in self.told.turns if turn.kind == "text"]


Start = Callable[..., Any]


@pytest.fixture
def start(chatbot: Kit, monkeypatch: pytest.MonkeyPatch) -> Start:
    """A bot in shadow with these plugins, whom the report watches as in a service."""

    async def begin(*plugins: Any, with_texts: bool = False) -> Desk:
        report = ShadowReport(["bot"], lambda: chatbot.now, with_texts=with_texts)
        watch = StagedBot.observe

        def observe(bot: StagedBot, record: Record) -> None:
            report.observe(record)
            watch(bot, record)

        monkeypatch.setattr(StagedBot, "observe", observe)
        return Desk(chatbot, await chatbot.start(*plugins, options=SHADOW), report)

    return begin


async def test_who_says_the_same_agrees(start: Start) -> None:
    desk = await start(Hours(), with_texts=True)
    ana = await desk.takes()
    await ana.says("When are you open?")
    await desk.says(ana, "Hi, we are open 8 to 18!", after=40)
    await ana.leaves()
    (turn,) = desk.turns
    assert (turn.bot, turn.human) == (
        PlannedAnswer(plugin="hours", seconds=0),
        Reaction(texts=1, chars=24, seconds=40, said=("Hi, we are open 8 to 18!",)),
    )
    assert turn.likeness == 0.857
    assert (turn.said, turn.planned[0].text) == (("When are you open?",), "We are open from 8 to 18.")


async def test_texts_are_left_out_unless_they_are_asked_for(start: Start) -> None:
    desk = await start(Hours())
    ana = await desk.takes()
    await ana.says("When are you open?")
    await desk.says(ana, "At eight.", after=2)
    written = desk.told.model_dump_json()
    assert "8 to 18" not in written
    assert "eight" not in written
    assert "you open" not in written
    assert (desk.turns[0].planned[0].chars, desk.turns[0].human.chars) == (25, 9)


async def test_who_says_something_else_differs_and_what_follows_counts_by_itself(start: Start) -> None:
    desk = await start(Hours())
    ana = await desk.takes()
    await ana.says("Is it open?")
    await desk.says(ana, "No idea", after=3)
    await ana.says("Then open it!")
    await desk.says(ana, "Done", after=4)
    one, two = desk.turns
    assert (one.likeness, two.likeness) == (0.0, 0.0)
    assert (one.index, two.index, one.human.seconds, two.human.seconds) == (3, 5, 3, 4)


async def test_texts_that_wait_together_are_answered_together(start: Start) -> None:
    desk = await start(Hours())
    ana = await desk.takes()
    await ana.says("Hello")
    await ana.says("are you open?")
    await desk.says(ana, "Open 8 to 18", after=9)
    (turn,) = desk.turns
    assert (turn.index, turn.texts, turn.planned[0].index) == (3, 2, 4)
    assert (turn.human.texts, turn.human.seconds) == (1, 9)
    assert turn.likeness is not None
    assert turn.likeness > 0.5


async def test_nobody_answers_but_the_bot_would_have(start: Start) -> None:
    desk = await start(Hours())
    ana = await desk.takes()
    await ana.says("Are you open?")
    await ana.leaves()
    (turn,) = desk.turns
    assert turn.bot is not None
    assert (turn.human, turn.likeness) == (Reaction(), None)


async def test_a_human_answers_what_the_bot_would_not_have(start: Start) -> None:
    desk = await start(Hours())
    ana = await desk.takes()
    await ana.says("My parcel is gone")
    await desk.says(ana, "I am looking for it", after=5)
    (turn,) = desk.turns
    assert (turn.bot, turn.human.texts, turn.planned) == (None, 1, ())


async def test_of_two_plugins_the_first_that_speaks_is_the_answer(start: Start) -> None:
    class Notes:
        @hookimpl
        async def on_text(self, chat: Chat) -> None:
            await chat.add_comment("look")
            async with chat.typing():
                await chat.send_text("one")
            await chat.send_text("two")

    desk = await start(Notes(), Hours(), with_texts=True)
    ana = await desk.takes()
    await ana.says("open?")
    await desk.says(ana, "two one", after=1)
    (turn,) = desk.turns
    assert [(it.plugin, it.action, it.text) for it in turn.planned] == [
        ("notes", "AddComment", None),
        ("notes", "SendMessage", "one"),
        ("notes", "SendMessage", "two"),
        ("hours", "SendMessage", "We are open from 8 to 18."),
    ]
    assert turn.bot == PlannedAnswer(plugin="notes", seconds=0)
    assert turn.likeness == 1.0


async def test_a_greeting_is_compared_in_the_opening(start: Start) -> None:
    class Greets:
        @hookimpl
        async def on_chat_started(self) -> str:
            return "Hello, how can I help?"

    desk = await start(Greets())
    ana = await desk.takes()
    await desk.says(ana, "Hello! How can I help you?", after=2)
    (opening,) = desk.told.turns
    assert (opening.kind, opening.index, opening.likeness) == ("opening", None, 0.909)
    assert opening.bot == PlannedAnswer(plugin="greets", seconds=0)


@pytest.mark.parametrize("to", [{"queueName": "Support"}, {"targetUri": "helena"}], ids=["queue", "agent"])
@pytest.mark.parametrize("helena", ["Hi, Helena here", None], ids=["takes it", "lets it ring"])
async def test_both_pass_the_chat_on(
    chatbot: Kit, start: Start, to: dict[str, str], helena: str | None
) -> None:
    desk = await start(Passes())
    await chatbot.human("helena", queues=("Support",), says=helena)
    ana = await desk.takes()
    await ana.says("a human please")
    await desk.does(ana, "Transfer", **to)
    told = desk.told
    assert (told.bot_hands_over, told.human_hands_over, told.unclear) == (1, 1, False)
    (turn,) = desk.turns
    assert turn.human.handed_over
    assert turn.bot is not None
    assert turn.bot.hands_over
    assert (turn.planned[0].queue, told.reason) == ("Support", "Completed")


async def test_only_the_bot_would_have_passed_it_on(start: Start) -> None:
    desk = await start(Passes())
    ana = await desk.takes()
    await ana.says("a human please")
    await desk.says(ana, "You have one", after=1)
    await desk.does(ana, "Complete")
    told = desk.told
    assert (told.bot_hands_over, told.human_hands_over, told.unclear) == (1, None, False)


@pytest.mark.parametrize("operation", ["Invite", "Consult"])
async def test_a_human_who_calls_in_another_passes_on(chatbot: Kit, start: Start, operation: str) -> None:
    desk = await start(Hours())
    await chatbot.human("helena", says="")
    ana = await desk.takes()
    await ana.says("It is difficult")
    await desk.does(ana, operation, targetUri="helena")
    assert (desk.told.human_hands_over, desk.told.ended) == (1, None)


async def test_what_a_bot_could_not_say_once_a_second_human_is_there_is_held_back(
    chatbot: Kit, start: Start
) -> None:
    desk = await start(Hours())
    await chatbot.human("helena", says="")
    ana = await desk.takes()
    await desk.does(ana, "Invite", targetUri="helena")
    await ana.says("Are you open?")
    (turn,) = desk.turns
    assert turn.bot is None
    assert [(it.action, it.held_back) for it in turn.planned] == [("SendMessage", "CB311")]


async def test_after_a_restart_the_rest_is_compared_and_called_partial(start: Start) -> None:
    desk = await start(Hours())
    ana = await desk.takes()
    await ana.says("Are you open?")
    await desk.says(ana, "Yes", after=1)
    await desk.bot.restart()
    await ana.says("How long open?")
    await desk.says(ana, "Till 18", after=2)
    told = desk.told
    assert told.partial
    assert [(turn.index, turn.human.seconds) for turn in desk.turns] == [(5, 2)]
    await ana.leaves()
    await desk.does(ana, "Complete")
    assert desk.told.ended is not None


async def test_a_customer_who_still_waits_after_a_restart_is_compared_whole(start: Start) -> None:
    desk = await start(Hours())
    ana = await desk.takes()
    await ana.says("Are you open?")
    await desk.bot.restart()
    await desk.says(ana, "Yes, we are open", after=30)
    (turn,) = desk.turns
    assert (desk.told.partial, turn.bot is not None, turn.human.seconds) == (False, True, 30)


async def test_a_chat_that_others_took_is_not_told_of(start: Start) -> None:
    desk = await start(Hours())
    ana = await desk._kit.customer(bot=desk.bot)
    await desk.does(ana, "Reject")
    assert desk._report.chats() == []


async def test_who_only_watches_plans_for_those_who_are_seen(chatbot: Kit, start: Start) -> None:
    desk = await start(Hours())
    world = chatbot.simulator.world
    world.agents.get("bot").supervisor = True
    world.add_agent("helena", nickname="Helena", human=True, queues=("Support",))
    world.operate_user("bot", "helena", {"operationName": "Monitor"})
    ana = await chatbot.customer(queue="Support")
    world.human_joins(ana.chat.id, "helena")
    await ana.says("Are you open?")
    await chatbot.sleep(7)
    world.human_says(ana.chat.id, "helena", "We are open 8 to 18")
    await chatbot.sleep(1)
    (turn,) = desk.turns
    assert turn.bot == PlannedAnswer(plugin="hours", seconds=0)
    assert (turn.human.seconds, turn.human.texts, turn.planned[0].held_back) == (7, 1, "")
    await chatbot.human("otto", says="Otto here")
    world.human_does(ana.chat.id, "helena", "Transfer", targetUri="otto")
    await chatbot.sleep(1)
    assert desk.told.human_hands_over == 1
    world.human_does(ana.chat.id, "otto", "Complete")
    await chatbot.sleep(1)
    assert (desk.told.reason, desk.told.human_hands_over) == ("Revoked", 1)


@pytest.mark.chatbot_platform(
    participant_ids="participantId", participant_visibility=False, chat_path=False, timestamp_seconds=False
)
async def test_a_server_that_tells_little_of_people_is_enough(chatbot: Kit, start: Start) -> None:
    desk = await start(Passes(), Hours())
    await chatbot.human("helena", queues=("Support",), says="Helena here")
    ana = await desk.takes()
    await ana.says("Are you open?")
    await desk.says(ana, "We are open", after=5)
    await ana.says("a human please")
    await desk.does(ana, "Transfer", queueName="Support")
    assert [(turn.bot is not None, turn.human.texts > 0) for turn in desk.turns] == [
        (True, True),
        (True, True),
    ]
    assert (desk.told.bot_hands_over, desk.told.human_hands_over, desk.turns[0].human.seconds) == (2, 2, 5)


@pytest.mark.chatbot_platform(after_transfer="Revoked", after_customer_left="LeftChat")
async def test_however_the_server_calls_the_end_a_customer_who_stays_was_passed_on(start: Start) -> None:
    desk = await start(Hours())
    ana, ben = await desk.takes(), await desk.takes(nickname="Ben")
    await desk.does(ana, "Transfer", queueName="Support")
    one = desk._report.chats()[0]
    assert (one.reason, one.human_hands_over, one.unclear) == ("Revoked", 0, False)
    await ben.leaves()
    await desk.does(ben, "Complete")
    other = next(chat for chat in desk._report.chats() if chat.chat != one.chat)
    assert (other.human_hands_over, other.unclear, other.ended is not None) == (None, False, True)
