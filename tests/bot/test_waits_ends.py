"""How a wait ends that nothing has come for."""

import asyncio
import logging

import pytest

from chatbot import Chat, TextReceived, TypingStarted
from tests.bot.bells import Bells, Tells, asks, nothing_is_left, say
from tests.bot.stage import on_stage


async def test_a_wait_that_lasts_too_long_ends_in_the_hook(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with on_stage(Tells(ask=asks)) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        bells.ring()
        await stage.quiet()
        await say(stage, "late")
        assert stage.desk.texts() == ["number?", "re late"]
        assert nothing_is_left(stage)
        # not the fault of the plugin
        assert stage.bot.counters.hook_failures == {}
        line = "plugin p1: on_text ended: the customer did not answer within 60 s"
        assert [one.levelname for one in caplog.records if one.getMessage() == line] == ["INFO"]


async def test_a_hook_whose_wait_has_ended_goes_on_when_no_other_runs() -> None:
    async def gives_up(chat: Chat, event: TextReceived) -> str:
        try:
            await chat.wait_for(TypingStarted, timeout=60)
        except TimeoutError as error:
            log.append(str(error))
        return "gave up"

    async def slow(chat: Chat, event: TextReceived) -> str:
        await go.wait()
        log.append("the other has ended")
        return "slow"

    go, log = asyncio.Event(), list[str]()
    async with on_stage(Tells(a=gives_up, slow=slow)) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await say(stage, "a")
        stage.desk.says("slow")
        await stage.turns()
        bells.ring()
        await stage.turns()
        assert log == []
        go.set()
        await stage.quiet()
        assert log == ["the other has ended", "no TypingStarted came within 60 s"]
        assert stage.desk.texts() == ["slow", "gave up"]


async def test_a_wait_ends_also_in_a_chat_in_which_nothing_can_be_done() -> None:
    async with on_stage(tells := Tells(ask=asks)) as stage:
        bells = Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        stage.live().stalled = True
        bells.ring()
        await stage.quiet()
        assert nothing_is_left(stage)
        assert tells.heard == ["ask"]


async def test_what_where_raises_is_raised_in_the_hook_and_the_event_goes_on() -> None:
    async def broken(chat: Chat, event: TextReceived) -> str:
        try:
            await chat.wait_for(TextReceived, where=lambda it: bool(it.text[99]), timeout=60)
        except IndexError:
            return "my own mistake"
        return ""

    async with on_stage(tells := Tells(a=broken)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "a", "b")
        assert stage.desk.texts() == ["my own mistake", "re b"]
        assert tells.heard == ["a", "b"]


async def test_an_event_for_a_wait_that_is_cancelled_just_then_is_for_others() -> None:
    async def is_cancelled(chat: Chat, event: TextReceived) -> str:
        async def stops(seen: TextReceived) -> None:
            await chat.wait_for(TextReceived, where=lambda _: waiting.cancel(), timeout=60)

        waiting = asyncio.ensure_future(stops(event))
        await asyncio.wait({waiting})
        return "cancelled"

    async with on_stage(tells := Tells(a=is_cancelled)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "a", "b")
        assert tells.heard == ["a", "b"]
        assert sorted(stage.desk.texts()) == ["cancelled", "re b"]
        assert nothing_is_left(stage)


async def test_at_the_end_of_a_chat_hooks_that_wait_are_stopped_and_tidy_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def tidy(chat: Chat, event: TextReceived) -> None:
        try:
            await chat.ask("number?", timeout=60)
        finally:
            await asyncio.sleep(0)
            tells.log.append("tidied up")

    caplog.set_level(logging.INFO)
    async with on_stage(tells := Tells(ask=tidy)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        stage.desk.end()
        await stage.quiet()
        assert tells.log == ["tidied up", "ended"]
        assert (stage.bot.chats, stage.bot._aside.tasks) == (0, [])
        assert stage.bot.counters.hook_failures == {}
        line = "plugin p1: on_text was stopped: the chat has ended"
        assert [one.levelname for one in caplog.records if one.getMessage() == line] == ["INFO"]


async def test_a_bot_that_stops_stops_hooks_that_wait_at_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with on_stage(Tells(ask=asks), drain=600.0) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        await stage.stop()
        assert "on_text was stopped: the bot is stopping" in caplog.text
        assert stage.bot.counters.hook_failures == {}


async def test_a_hook_that_waited_may_tidy_up_when_the_bot_stops() -> None:
    async def tidies(chat: Chat, event: TextReceived) -> None:
        try:
            await chat.ask("number?", timeout=60)
        finally:
            await go.wait()
            log.append("tidied up")

    go, log = asyncio.Event(), list[str]()
    async with on_stage(Tells(ask=tidies), drain=600.0) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        stage.bot.stop()
        await stage.later(8)
        assert not stage.running.done()
        go.set()
        await stage.until(stage.running.done)
        assert log == ["tidied up"]


@pytest.mark.parametrize("fallback", [None, {"queue": "humans"}])
async def test_a_hook_that_tidies_up_for_too_long_keeps_no_bot(fallback: dict[str, str] | None) -> None:
    async def lingers(chat: Chat, event: TextReceived) -> None:
        try:
            await chat.ask("number?", timeout=60)
        finally:
            try:
                await asyncio.Event().wait()
            finally:
                requests.extend(stage.desk.requests)

    requests: list[str] = []
    async with on_stage(Tells(ask=lingers), drain=2.0, fallback=fallback) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        stage.bot.stop()
        await stage.later(12)
        assert stage.running.done()
        # nobody else talks to the customer before it has gone
        assert requests
        assert "EndContactCenterSession" not in requests


async def test_a_hook_that_goes_on_after_a_wait_has_its_drain_time_and_no_more() -> None:
    async def lingers(chat: Chat, event: TextReceived) -> None:
        await chat.ask("number?", timeout=60)
        try:
            await asyncio.Event().wait()
        finally:
            log.append("handed over" if "Transfer" in stage.desk.requests else "cancelled")

    log: list[str] = []
    async with on_stage(
        Tells(ask=lingers), drain=2.0, fallback={"queue": "humans"}, hook_timeout=600.0
    ) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        stage.desk.says("12")
        await stage.turns()
        stage.bot.stop()
        await stage.later(12)
        assert stage.running.done()
        assert (log, "Transfer" in stage.desk.requests) == (["cancelled"], True)


async def test_no_hook_begins_to_wait_in_a_bot_that_stops() -> None:
    async def thinks(chat: Chat, event: TextReceived) -> None:
        await go.wait()
        await chat.ask("number?", timeout=60)
        log.append("answered")

    go, log = asyncio.Event(), list[str]()
    async with on_stage(Tells(ask=thinks), drain=600.0) as stage:
        Bells(stage)
        await stage.chatting()
        stage.desk.says("ask")
        await stage.turns()
        stage.bot.stop()
        await stage.until(lambda: "stopping" in stage.seen.life)
        go.set()
        await stage.until(stage.running.done)
        assert (stage.desk.texts(), log) == (["number?"], [])


async def test_a_hook_that_is_cut_while_it_waits_stops_and_the_chat_goes_on() -> None:
    async with on_stage(Tells(ask=asks)) as stage:
        Bells(stage)
        await stage.chatting()
        await say(stage, "ask")
        [run] = stage.live().runs
        run.cut("a human took over")
        await say(stage, "12")
        assert stage.desk.texts() == ["number?", "re 12"]
        assert nothing_is_left(stage)
