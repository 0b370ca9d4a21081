"""Hooks that wait for events."""

import asyncio

from chatbot import Chat, Event, ParticipantJoined, TextReceived, TypingStarted
from tests.bot.bells import Bells, Tells, asks, nothing_is_left, say
from tests.bot.desk import ANA, HELENA
from tests.bot.stage import on_stage


async def test_what_a_hook_waits_for_comes_to_it_and_not_to_its_own_hook() -> None:
    async with on_stage(tells := Tells(ask=asks)) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        assert (stage.desk.texts(), bells.asked) == (["number?"], [60])
        await say(stage, "12", "34")
        assert stage.desk.texts() == ["number?", "thanks 12", "re 34"]
        assert tells.heard == ["ask", "34"]
        # who watches all sees all
        assert [event.text for event in stage.all(TextReceived)] == ["ask", "12", "34"]
        assert nothing_is_left(stage)


async def test_what_nobody_waits_for_reaches_hooks_meanwhile() -> None:
    async def waits(chat: Chat, event: TextReceived) -> str:
        joined = await chat.wait_for(ParticipantJoined, where=lambda it: it.sender.is_agent, timeout=9)
        return f"hello {joined.sender.nickname}"

    async with on_stage(tells := Tells(wait=waits), on_agent_joined="stay") as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "wait", "one", "two")
        assert stage.desk.texts() == ["re one", "re two"]
        stage.desk.line("c1", {"type": "ParticipantJoined", "from": {**ANA, "participantId": "P-2"}})
        await stage.quiet()
        assert len(stage.desk.texts()) == 2
        stage.desk.line("c1", {"type": "ParticipantJoined", "from": HELENA})
        await stage.quiet()
        assert (stage.desk.texts()[2:], tells.heard) == (["hello Helena"], ["wait", "one", "two"])


async def test_only_texts_of_the_customer_that_all_can_see_are_answers() -> None:
    async with on_stage(Tells(ask=asks), listen_to_agents=True, on_agent_joined="stay") as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        stage.desk.says("of an agent", who=HELENA)
        stage.desk.says("aside", visibility="Agents")
        await stage.quiet()
        assert stage.desk.texts() == ["number?", "re of an agent", "re aside"]
        await say(stage, "12")
        assert stage.desk.texts()[3:] == ["thanks 12"]


async def test_the_bots_own_words_are_no_answer_to_itself() -> None:
    async def waits(chat: Chat, event: TextReceived) -> str:
        await chat.send_text("own")
        return (await chat.wait_for(TextReceived, timeout=9)).text

    async with on_stage(Tells(wait=waits), listen_to_agents=True) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "wait", "theirs")
        assert stage.desk.texts() == ["own", "theirs"]


async def test_one_hook_of_a_chat_runs_at_any_time() -> None:
    async def thinks(chat: Chat, event: TextReceived) -> str:
        answer = await chat.ask("number?", timeout=60)
        await go.wait()
        return f"thanks {answer}"

    go = asyncio.Event()
    async with on_stage(tells := Tells(ask=thinks)) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.says("ask")
        await stage.quiet()
        for text in ("12", "34"):
            stage.desk.says(text)
        await stage.turns()
        assert tells.heard == ["ask"]
        go.set()
        await stage.quiet()
        assert (tells.heard, stage.desk.texts()) == (["ask", "34"], ["number?", "thanks 12", "re 34"])


async def test_a_hook_may_wait_again_and_again() -> None:
    async def asks_twice(chat: Chat, event: TextReceived) -> str:
        one = await chat.ask("one?", timeout=60)
        two = await chat.ask("two?", timeout=60)
        return f"{event.text}: {one} {two}"

    async with on_stage(Tells(a=asks_twice)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "a", "1", "2", "3")
        assert stage.desk.texts() == ["one?", "two?", "a: 1 2", "re 3"]


async def test_of_two_who_wait_the_older_one_gets_what_comes() -> None:
    async def waits_beside_typing(chat: Chat, event: TextReceived) -> str:
        await chat.wait_for(TypingStarted, timeout=60)
        return f"{event.text} has {await chat.ask('what?', timeout=60)}"

    async def waits_for_all(chat: Chat, event: TextReceived) -> str:
        seen = await chat.wait_for(Event, where=lambda it: isinstance(it, TextReceived), timeout=60)
        assert isinstance(seen, TextReceived)
        return f"{event.text} has {seen.text}"

    async with on_stage(Tells(a=waits_beside_typing, b=waits_for_all)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "a", "b")
        stage.desk.line("c1", {"type": "TypingStarted", "from": ANA})
        await say(stage, "1", "2")
        assert stage.desk.texts() == ["what?", "b has 1", "a has 2"]


async def test_waits_of_one_hook_side_by_side_are_all_answered() -> None:
    async def both(chat: Chat, event: TextReceived) -> str:
        async with asyncio.TaskGroup() as group:
            one = group.create_task(chat.wait_for(TextReceived, timeout=60))
            two = group.create_task(chat.wait_for(TextReceived, timeout=60))
        return f"{one.result().text} and {two.result().text}"

    async with on_stage(tells := Tells(both=both)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "both", "1", "2", "3")
        assert (tells.heard, stage.desk.texts()) == (["both", "3"], ["1 and 2", "re 3"])
        assert nothing_is_left(stage)


async def test_a_hook_of_which_a_part_still_waits_acts_only_between_other_hooks() -> None:
    async def either(chat: Chat, event: TextReceived) -> str:
        one = asyncio.ensure_future(chat.wait_for(TextReceived, timeout=60))
        two = asyncio.ensure_future(chat.wait_for(TypingStarted, timeout=60))
        await asyncio.wait({one, two}, return_when=asyncio.FIRST_COMPLETED)
        await first.wait()
        await chat.send_text("acts")
        log.append("has acted")
        two.cancel()
        return "ends"

    async def slow(chat: Chat, event: TextReceived) -> str:
        first.set()
        await go.wait()
        log.append("the other has ended")
        return "slow"

    first, go, log = asyncio.Event(), asyncio.Event(), list[str]()
    async with on_stage(Tells(either=either, slow=slow)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "either", "1")
        stage.desk.says("slow")
        await stage.turns()
        assert first.is_set()
        assert stage.desk.texts() == []
        go.set()
        await stage.quiet()
        assert log == ["the other has ended", "has acted"]
        assert stage.desk.texts() == ["slow", "acts", "ends"]
        assert nothing_is_left(stage)


# what else runs for the event, and how long


async def test_who_waits_has_handled_its_event() -> None:
    async def asks_in_vain(chat: Chat, event: TextReceived) -> None:
        await chat.wait_for(TextReceived, timeout=60)

    async with on_stage(Tells(ask=asks_in_vain), later := Tells()) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask", "12")
        assert later.heard == []


async def test_an_event_that_only_who_waits_wants_is_handed_on() -> None:
    async def waits(chat: Chat, event: TextReceived) -> str:
        await chat.wait_for(TypingStarted, timeout=60)
        return "you type"

    async with on_stage(Tells(wait=waits)) as stage:
        Bells(stage)
        await stage.chatting()
        stage.bot._plugins._hooks["on_event"] = ()
        await say(stage, "wait")
        stage.desk.line("c1", {"type": "TypingStarted", "from": ANA})
        await stage.quiet()
        assert stage.desk.texts() == ["you type"]


async def test_a_worker_that_stood_aside_leaves_the_chat_to_the_other_one_when_it_ends() -> None:
    async def waits(chat: Chat, event: TextReceived) -> None:
        await chat.wait_for(TypingStarted, timeout=60)

    async def slow(chat: Chat, event: TextReceived) -> None:
        await go.wait()

    go = asyncio.Event()
    async with on_stage(Tells(wait=waits, slow=slow)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "wait")
        [waiting] = chat_runs = stage.live().runs
        stage.desk.says("slow")
        await stage.until(lambda: len(chat_runs) == 2)
        at_work = stage.live().worker
        waiting.cut("a human")
        await stage.until(lambda: len(chat_runs) == 1)
        await stage.turns()
        assert at_work is not None
        assert stage.live().worker is at_work
        go.set()
        await stage.quiet()
        assert stage.live().worker is None


async def test_each_time_a_hook_goes_on_it_has_its_full_time() -> None:
    async def asks_and_thinks(chat: Chat, event: TextReceived) -> str:
        for _ in range(3):
            await chat.ask("more?", timeout=600)
            await thought.acquire()
        return "done"

    thought = asyncio.Semaphore(0)
    async with on_stage(Tells(ask=asks_and_thinks), hook_timeout=10.0) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        for _ in range(3):
            stage.desk.says("yes")
            await stage.later(8)
            thought.release()
            await stage.quiet()
            await stage.later(30)
        assert stage.desk.texts()[3:] == ["done"]
        await say(stage, "ask")
        stage.desk.says("yes")
        await stage.later(11)
        assert stage.bot.counters.hook_failures == {"p1": 1}
