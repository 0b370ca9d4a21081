"""Health that tells the truth: connections that live and are deaf, and what is done about them."""

from collections.abc import Callable

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.health import Counters
from chatbot.simulator.faults import Fault, Lose, Match
from chatbot.testing.kit import Kit
from chatbot.testing.staged_bot import StagedBot

both_sources = pytest.mark.parametrize("cometd", ["httpx", "aiocometd"])


class Echo:
    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        await chat.send_text(f"you said {event.text}")


class Silent:
    """Nothing of its own is told, either."""

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None: ...


def counted(bot: StagedBot) -> Counters:
    return bot._runner.counters


def problems(bot: StagedBot) -> str:
    return "; ".join(bot._runner.problems())


async def seconds_until(chatbot: Kit, holds: Callable[[], bool], within: int = 60) -> int:
    for passed in range(within + 1):
        if holds():
            return passed
        await chatbot.sleep(1)
    pytest.fail(f"not within {within} s")


def http_sessions(chatbot: Kit) -> int:
    assert chatbot._stage_or_none is not None
    return len(chatbot._stage_or_none.simulator._sessions.sessions)


def tell_nothing(chatbot: Kit) -> list[Fault]:
    """The server tells nothing any more, whatever is subscribed to."""
    assert chatbot._stage_or_none is not None
    faults = chatbot._stage_or_none.simulator.faults
    faults.append(Fault(Match(), Lose(), times=None))
    return faults


@both_sources
async def test_a_deaf_connection_is_found_and_rebuilt_within_a_minute(chatbot: Kit, cometd: str) -> None:
    bot = await chatbot.start(Echo(), options={"cometd": cometd})
    ana = await chatbot.customer()
    await ana.says("one")
    await chatbot.sleep(40)
    await chatbot.fault("deaf")
    await chatbot.sleep(40)
    assert (counted(bot).deaf, bot.is_ready) == (0, True)  # nothing was to be told
    await ana.says("two")
    await seconds_until(chatbot, lambda: counted(bot).sessions == 2)
    await ana.hears("you said two", within=1)
    await ana.says("three")
    await ana.hears("you said three", within=1)
    assert (counted(bot).deaf, bot.is_ready) == (1, True)


@both_sources
async def test_an_offer_that_is_not_told_proves_it_too(chatbot: Kit, cometd: str) -> None:
    bot = await chatbot.start(Echo(), options={"cometd": cometd})
    await chatbot.sleep(40)
    await chatbot.fault("deaf")
    await chatbot.sleep(1)
    ana = await chatbot.customer()
    await ana.says("one")
    await seconds_until(chatbot, lambda: counted(bot).sessions == 2)
    await ana.hears("you said one", within=10)


async def test_while_it_is_deaf_it_is_not_ready_and_says_since_when_and_why(chatbot: Kit) -> None:
    bot = await chatbot.start(Silent())
    ana = await chatbot.customer()
    await chatbot.sleep(40)
    tell_nothing(chatbot)
    await ana.says("one")
    await seconds_until(chatbot, lambda: counted(bot).sessions == 2)
    await chatbot.sleep(5)
    assert not bot.is_ready
    assert "deaf for" in problems(bot)
    assert f"a customer's text (chat {ana.chat.id}) was not told; rebuilt once" in problems(bot)


async def test_a_server_that_never_tells_is_not_hammered_and_customers_are_answered(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    ana = await chatbot.customer()
    await ana.says("zero")
    await chatbot.sleep(40)
    faults = tell_nothing(chatbot)
    for number in range(15):
        await ana.says(f"{number}")
        await ana.hears(f"you said {number}", within=40)
        await chatbot.sleep(80)
    # in half an hour: at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 25.5 minutes at most
    assert 5 <= counted(bot).sessions - 1 <= 7
    assert "deaf for" in problems(bot)
    assert "next try in" in problems(bot) or "rebuilt" in problems(bot)
    faults.clear()
    await ana.says("at last")
    await seconds_until(chatbot, lambda: bot.is_ready, 5)
    await ana.hears("you said at last", within=1)


async def test_a_second_time_the_bot_logs_in_anew(chatbot: Kit) -> None:
    bot = await chatbot.start(Silent())
    ana = await chatbot.customer()
    await chatbot.sleep(40)
    tell_nothing(chatbot)
    for number in (2, 3):
        before = http_sessions(chatbot)
        await ana.says("hello?")
        await seconds_until(chatbot, lambda number=number: counted(bot).sessions == number, 90)
        assert http_sessions(chatbot) - before == number - 2
    assert "rebuilt 2 times" in problems(bot)


async def test_own_lines_and_things_no_server_has_to_tell_prove_nothing(chatbot: Kit) -> None:
    bot = await chatbot.start(Silent())
    ana = await chatbot.customer()
    await chatbot.sleep(40)
    tell_nothing(chatbot)
    await ana.types("hel")
    await ana.stops_typing()
    await chatbot.sleep(300)
    assert (counted(bot).deaf, counted(bot).sessions) == (0, 1)


async def test_what_was_said_before_the_session_began_proves_nothing(chatbot: Kit) -> None:
    bot = await chatbot.start(Silent())
    ana = await chatbot.customer()
    await chatbot.sleep(40)
    await chatbot.fault("402")
    await chatbot.fault("refuse-handshake", times=3)
    await ana.says("meanwhile")
    bea = await chatbot.customer("Bea")
    await bea.says("meanwhile")
    await chatbot.sleep(300)
    assert (counted(bot).deaf, counted(bot).sessions) == (0, 2)


@both_sources
@pytest.mark.chatbot_platform(poll_interval=40.0)
async def test_a_server_that_wants_to_be_asked_seldom_is_not_taken_for_deaf(
    chatbot: Kit, cometd: str
) -> None:
    bot = await chatbot.start(Silent(), options={"cometd": cometd})
    ana = await chatbot.customer()
    for _ in range(5):
        await ana.says("hello?")
        await chatbot.sleep(61)
    assert (counted(bot).deaf, counted(bot).sessions) == (0, 1)


async def test_a_notification_that_was_lost_among_others_rebuilds_nothing(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    ana = await chatbot.customer()
    await ana.says("one")
    for _ in range(5):
        await chatbot.fault("drop-notification")
        await ana.says("two")  # its answer is told
        await chatbot.sleep(60)
    assert (counted(bot).deaf, counted(bot).sessions) == (0, 1)


async def test_what_was_said_before_it_was_rebuilt_is_no_proof_against_the_new_connection(
    chatbot: Kit,
) -> None:
    bot = await chatbot.start(Silent())
    ana = await chatbot.customer()
    await chatbot.sleep(40)
    await chatbot.fault("deaf")
    await chatbot.sleep(1)
    while counted(bot).sessions == 1:
        await ana.says("hello?")
        await chatbot.sleep(1)
    await chatbot.sleep(30)
    assert (counted(bot).sessions, bot.is_ready) == (2, False)
    await chatbot.sleep(60)
    assert (counted(bot).sessions, bot.is_ready) == (2, True)
