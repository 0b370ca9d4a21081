"""Notification -> event -> hook -> REST, over real sockets."""

import asyncio

import pytest

from chatbot import (
    CapabilitiesChanged,
    Chat,
    ChatEnded,
    ChatOffered,
    ChatStarted,
    NotAllowed,
    ParticipantLeft,
    ParticipantsChanged,
    TextReceived,
    TypingStarted,
    UserDataChanged,
    hookimpl,
)
from chatbot.model.actions import SendToAgents, Transfer
from tests.flow.stage import PATIENCE_S, a_simulator, on_stage


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"You said {event.text}"


class Greeter:
    @hookimpl
    async def on_chat_started(self, chat: Chat) -> None:
        await chat.send_text(f"Hello {chat.customer.nickname if chat.customer else '?'}")


async def test_a_customer_is_greeted_and_answered() -> None:
    async with on_stage(Greeter(), Echo()) as stage, stage.customer("Ana") as ana:
        await ana.hears("^Hello Ana$")
        await ana.says("one")
        await ana.hears("^You said one$")
        await ana.says("two")
        await ana.hears("^You said two$")
    assert stage.operations() == [
        "StartContactCenterSession",
        "Ready",
        "Accept",
        "SendMessage",
        "SendMessage",
        "SendMessage",
        "NotReady",
        "EndContactCenterSession",
    ]


async def test_the_bots_own_words_never_reach_a_hook() -> None:
    async with on_stage(Echo(), listen_to_agents=True) as stage, stage.customer() as ana:
        await ana.says("one")
        await ana.hears("You said one")
        await ana.says("two")
        await ana.hears("You said two")
        texts = [event.text for event in stage.seen.events if isinstance(event, TextReceived)]
    assert texts == ["one", "two"]


async def test_events_come_in_the_order_of_a_chats_life() -> None:
    async with on_stage(Echo()) as stage, stage.customer() as ana:
        await ana.sees_agent()
        await ana.types()
        await stage.seen.event(TypingStarted)
        await ana.says("hi")
        await ana.hears("You said hi")
        await ana.ends()
        ended = await stage.seen.event(ChatEnded)
    kinds = (ChatOffered, ChatStarted, TypingStarted, TextReceived, ParticipantLeft, ChatEnded)
    assert [type(e) for e in stage.seen.events if isinstance(e, kinds)] == list(kinds)
    assert ended.reason == "Completed"
    assert len({event.chat_id for event in stage.seen.events}) == 1


async def test_texts_said_before_the_bot_came_are_waiting_and_are_answered_in_order() -> None:
    simulator = a_simulator()
    waiting = simulator.world.request_chat("Ana", endpoint="robo")
    for text in ("first", "second"):
        simulator.world.customer_says(waiting, text)
    async with on_stage(Echo(), simulator=simulator) as stage:
        second = await stage.seen.event(TextReceived, lambda event: event.text == "second")
        texts = [event.text for event in stage.seen.events if isinstance(event, TextReceived)]
        assert texts == ["first", "second"]
        assert [line.index for line in await stage.chat.messages() if line.index == second.index]


async def test_what_another_agent_has_answered_is_history() -> None:
    simulator = a_simulator()
    world = simulator.world
    chat = world.request_chat("Ana", endpoint="Support")
    async with on_stage(Echo(), simulator=simulator) as stage:
        world.customer_says(chat, "old")
        world.human_says(chat, "helena", "answered by Helena")
        world.customer_says(chat, "new")
        world.human_does(chat, "helena", "Transfer", queueName="robo")
        await stage.seen.event(TextReceived, lambda event: event.text == "new")
        texts = [event.text for event in stage.seen.events if isinstance(event, TextReceived)]
    assert texts == ["new"]


async def test_chats_run_in_parallel_and_each_in_order() -> None:
    class Slow:
        def __init__(self) -> None:
            self.go = asyncio.Event()

        @hookimpl
        async def on_text(self, chat: Chat, event: TextReceived) -> str:
            if chat.customer and chat.customer.nickname == "Slow":
                await self.go.wait()
            return f"You said {event.text}"

    slow = Slow()
    async with on_stage(slow) as stage, stage.customer("Slow") as first, stage.customer("Quick") as second:
        await first.says("a")
        await first.says("b")
        await stage.seen.event(TextReceived, lambda event: event.text == "a")
        await second.says("c")
        await second.hears("You said c")
        slow.go.set()
        assert [(await first.hears("You said")).text for _ in "ab"] == ["You said a", "You said b"]


async def test_a_hook_that_fails_costs_only_itself() -> None:
    class Broken:
        @hookimpl
        async def on_text(self) -> None:
            raise RuntimeError("a plugin's mistake")

    async with on_stage(Broken(), Echo()) as stage, stage.customer() as ana:
        await ana.says("hi")
        await ana.hears("You said hi")
        await ana.says("again")  # counted at the latest when the next line has its turn
        await ana.hears("You said again")
        assert stage.bot.counters.hook_failures["p1"] in {1, 2}


async def test_what_the_chat_does_not_allow_is_refused_before_it_is_sent() -> None:
    async with on_stage(Echo()) as stage, stage.customer() as ana:
        await ana.says("hi")
        await ana.hears("You said hi")
        with pytest.raises(NotAllowed) as refused:
            await stage.chat.send_to_agents("nobody there")
        assert (refused.value.action, refused.value.needed) == ("SendToAgents", "SendToAgents")
        assert not stage.chat.can(SendToAgents)
        assert stage.chat.can(Transfer)
    assert "SendToAgents" not in stage.operations()


async def test_a_human_who_joins_is_seen_and_not_answered() -> None:
    async with on_stage(Echo(), on_agent_joined="stay") as stage, stage.customer() as ana:
        await ana.sees_agent()
        await stage.seen.event(ChatStarted)
        chat = stage.simulator.world.chats()[0]
        stage.simulator.world.human_joins(chat.id, "helena")
        await stage.seen.event(ParticipantsChanged)
        await stage.seen.event(CapabilitiesChanged, lambda event: "SendToAgents" in event.granted)
        assert [agent.nickname for agent in stage.chat.agents] == ["Helena"]
        stage.simulator.world.human_says(chat.id, "helena", "I take over")
        await ana.hears("I take over")
        receipt = await stage.chat.send_to_agents("a note")
        await receipt.confirmed(PATIENCE_S)
        await ana.says("thanks")
        await ana.hears("You said thanks")
    texts = [event.text for event in stage.seen.events if isinstance(event, TextReceived)]
    assert texts == ["thanks"]
    assert not any("note" in line.text for line in ana.lines)


async def test_user_data_goes_there_and_comes_back() -> None:
    async with on_stage() as stage, stage.customer(user_data={"Segment": "gold"}) as ana:
        await ana.sees_agent()
        await stage.seen.event(ChatStarted)
        assert stage.chat.user_data["Segment"] == "gold"
        await (await stage.chat.update_user_data({"Intent": "hours", "Segment": "silver"})).confirmed(
            PATIENCE_S
        )
        changed = await stage.seen.event(UserDataChanged)
        assert (changed.added, changed.changed) == ({"Intent": "hours"}, {"Segment": "silver"})
        await (await stage.chat.delete_user_data("Intent")).confirmed(PATIENCE_S)
        removed = await stage.seen.event(UserDataChanged, lambda event: bool(event.removed))
        assert removed.removed == ("Intent",)


async def test_a_plugin_may_reject_an_offer_itself() -> None:
    class Choosy:
        @hookimpl
        async def on_chat_offered(self, chat: Chat) -> None:
            await chat.reject()

    async with on_stage(Choosy()) as stage, stage.customer():
        ended = await stage.seen.event(ChatEnded)
        assert ended.reason == "Completed"
    assert "Accept" not in stage.operations()


async def test_beyond_max_chats_offers_are_left_to_others() -> None:
    async with on_stage(Echo(), max_chats=1) as stage, stage.customer("One") as one:
        await one.sees_agent()
        await stage.seen.event(ChatStarted)
        async with stage.customer("Two"):
            await stage.seen.event(ChatEnded)
            assert stage.operations().count("Accept") == 1
            assert stage.operations().count("Reject") == 1


async def test_a_chat_that_could_not_be_joined_is_completed() -> None:
    simulator = a_simulator()
    simulator.world.fail_next("Accept")
    async with on_stage(Echo(), simulator=simulator) as stage, stage.customer():
        ended = await stage.seen.event(ChatEnded)
        assert ended.reason == "Completed"
    assert stage.operations().count("Complete") == 1


async def test_a_handed_over_chat_is_no_longer_the_bots() -> None:
    class Handoff:
        @hookimpl
        async def on_text(self, chat: Chat) -> bool:
            await chat.transfer(queue="Support", text="One moment")
            return True

    async with on_stage(Handoff()) as stage, stage.customer() as ana:
        await ana.says("help")
        await ana.hears("One moment")
        await ana.hears("Helena here")
        await stage.seen.event(ChatEnded)
        assert dict(stage.seen.bot.chats) == {}
