"""What goes wrong, and who sees what of it: the table of docs/explanation/failures.md.

Each row there has its test here, by name.
"""

import asyncio

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.journal_sqlite import JournalError, SqliteStore
from chatbot.service.supervisor import Service
from chatbot.service.why import explain
from chatbot.testing.kit import Kit
from chatbot.testing.staged_bot import StagedBot
from chatbot.testing.staged_customer import StagedCustomer
from tests.service.staged import serving

FALLBACK = {"fallback": {"queue": "people", "say": "One moment."}, "reply_timeout": 20.0}


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"you said {event.text}"


class Raises:
    @hookimpl
    async def on_text(self) -> None:
        raise LookupError("gone")


class Hangs:
    @hookimpl
    async def on_text(self) -> None:
        await asyncio.Event().wait()


class Babbles:
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        for number in range(50):
            await chat.send_text(f"and {number * 7919}")


class SendsOn:
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await chat.transfer(queue="people")


def problems(service: Service) -> str:
    return "; ".join(service.problems()["bot"])


def network(bot: StagedBot, *, is_down: bool) -> None:
    for one in bot._networks:
        one.is_down = is_down


def said(bot: StagedBot, customer: StagedCustomer) -> list[str]:
    return bot.said_in(customer.chat.id)


async def helena(chatbot: Kit) -> None:
    await chatbot.human("Helena", queues=("people",), says="Helena here")


async def test_the_server_cannot_be_reached_for_a_moment(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo(), options=FALLBACK)
    service, customer = serving(bot), await chatbot.customer()
    network(bot, is_down=True)
    await customer.says("one")
    await chatbot.sleep(31)
    assert "not polling" in problems(service)
    network(bot, is_down=False)
    await customer.hears("you said one")
    await chatbot.sleep(15)
    assert (problems(service), said(bot, customer)) == ("", ["you said one"])


async def test_the_server_cannot_be_reached_for_long(chatbot: Kit) -> None:
    bot = await chatbot.start(Hangs(), options={"fallback": {"queue": "people", "give_up_after": 30.0}})
    await helena(chatbot)
    service, customer = serving(bot), await chatbot.customer()
    network(bot, is_down=True)
    await customer.says("one")
    await chatbot.sleep(90)
    assert "not polling" in problems(service)
    network(bot, is_down=False)
    await customer.hears("Helena here")
    assert customer.chat.user_data["chatbot_fallback"] == "no connection"
    bot.errors.clear()


async def test_the_server_forgets_the_session(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    service, customer = serving(bot), await chatbot.customer()
    sessions = bot._runner.counters.sessions
    await chatbot.fault("session-lost")
    await customer.says("one")
    await customer.hears("you said one")
    await chatbot.sleep(5)
    assert (bot._runner.counters.sessions, problems(service)) == (sessions + 1, "")
    assert said(bot, customer) == ["you said one"]


async def test_the_password_is_refused(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    service = serving(bot)
    chatbot.simulator.world.agents.get("bot").password = "another"
    await chatbot.fault("session-lost")
    await chatbot.sleep(60)
    assert "the server refused user name and password" in problems(service)


async def test_the_connection_lives_and_is_deaf(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    service, customer = serving(bot), await chatbot.customer()
    await customer.says("one")
    await chatbot.sleep(40)
    await chatbot.fault("deaf")
    await chatbot.sleep(40)
    await customer.says("two")
    await chatbot.sleep(60)
    assert said(bot, customer) == ["you said one", "you said two"]
    await customer.says("three")
    await customer.hears("you said three", within=1)
    assert (bot._runner.counters.deaf, problems(service)) == (1, "")


async def test_a_notification_is_lost(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    customer = await chatbot.customer()
    await chatbot.fault("drop-notification")
    await customer.says("one")
    await customer.hears("you said one", within=31)
    assert said(bot, customer) == ["you said one"]


async def test_nobody_knows_whether_a_text_was_sent(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    customer = await chatbot.customer()
    await chatbot.fault("lost-reply", on="SendMessage")
    await customer.says("one")
    await customer.hears("you said one")
    await chatbot.sleep(60)
    assert said(bot, customer) == ["you said one"]
    assert bot._runner.counters.actions["SendMessage", "accepted"] == 1


async def test_the_server_wants_fewer_requests(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    customer = await chatbot.customer()
    await chatbot.fault("429", on="SendMessage", times=2)
    await customer.says("one")
    await customer.hears("you said one")
    assert said(bot, customer) == ["you said one"]
    assert problems(serving(bot)) == ""


@pytest.mark.chatbot_capabilities(without=["Transfer"])
async def test_the_chat_does_not_allow_an_action(chatbot: Kit) -> None:
    bot = await chatbot.start(SendsOn(), Echo())
    service, customer = serving(bot), await chatbot.customer()
    await customer.says("one")
    await customer.hears("you said one")
    why = explain(service, customer.chat.id, "3")
    assert why.verdict.startswith("sendson.on_text wanted Transfer, which was held back: NotAllowed")
    bot.errors.clear()


async def test_a_plugin_raises(chatbot: Kit) -> None:
    bot = await chatbot.start(Raises(), Echo())
    service, customer = serving(bot), await chatbot.customer()
    await customer.says("one")
    await customer.hears("you said one")
    assert bot._runner.counters.hook_failures == {"raises": 1}
    assert [entry.record for entry in service.recorder.errors] == bot.errors
    bot.errors.clear()


async def test_no_plugin_has_an_answer(chatbot: Kit) -> None:
    bot = await chatbot.start(Raises(), options=FALLBACK)
    await helena(chatbot)
    customer = await chatbot.customer()
    await customer.says("one")
    await customer.hears("One moment.", within=21)
    await customer.hears("Helena here")
    assert bot._runner.counters.handed_over == {"no answer": 1}
    bot.errors.clear()


async def test_a_plugin_only_fails(chatbot: Kit) -> None:
    bot = await chatbot.start(Raises(), options={**FALLBACK, "breaker": {"errors": 2}})
    await helena(chatbot)
    customer = await chatbot.customer()
    await customer.says("one", "two", "three")
    await customer.hears("Helena here", within=2)
    assert bot._runner.breakers["raises"].state == "open"
    bot.errors.clear()


async def test_a_plugin_does_not_come_to_an_end(chatbot: Kit) -> None:
    bot = await chatbot.start(Hangs(), Echo(), options={"hook_timeout": 3.0})
    customer = await chatbot.customer()
    await customer.says("one")
    await customer.hears("you said one", within=4)
    assert [call.outcome for call in bot.errors] == ["overran"]
    bot.errors.clear()


async def test_a_chat_is_stuck(chatbot: Kit) -> None:
    bot = await chatbot.start(Hangs(), options={"hook_timeout": 90.0, "stuck_after": 20.0})
    service, customer = serving(bot), await chatbot.customer()
    await customer.says("one")
    await chatbot.sleep(30)
    assert f"chat {customer.chat.id}" in problems(service)
    assert "on_text of plugin hangs is running" in problems(service)
    await chatbot.sleep(70)
    assert problems(service) == ""
    bot.errors.clear()


async def test_a_bot_talks_too_much(chatbot: Kit) -> None:
    bot = await chatbot.start(Babbles(), options=FALLBACK)
    await helena(chatbot)
    customer = await chatbot.customer()
    await customer.says("one")
    await customer.hears("Helena here")
    assert bot._runner.counters.guards["sends_per_trigger", "stopped"] == 1
    assert len([text for text in said(bot, customer) if text.startswith("and")]) == 21


async def test_a_human_agent_takes_over(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    customer = await chatbot.customer()
    await customer.chat.agent_joins("Helena")
    await customer.says("one")
    await customer.hears_nothing()
    assert bot._runner.counters.takeovers == 1
    (call,) = [call for call in bot.calls if call.hook == "on_text"]
    assert (call.outcome, "a human agent has the chat" in call.why) == ("silenced", True)


async def test_the_journal_cannot_be_written(chatbot: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = await chatbot.start(Echo())
    stage, customer = bot._stage, await chatbot.customer()

    def disk_full(*_: object) -> None:
        raise JournalError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(SqliteStore, "apply", disk_full)
        await customer.says("one")
        await customer.hears_nothing(within=20)
        assert "the disk is full" in stage.journal.trouble
    await customer.hears("you said one", within=60)
    assert (stage.journal.trouble, said(bot, customer)) == ("", ["you said one"])


async def test_the_process_is_killed(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    customer = await chatbot.customer()
    await customer.says("one")
    await customer.hears("you said one")
    await bot.crash()
    await customer.says("two")
    await bot.start()
    await customer.hears("you said two")
    assert said(bot, customer) == ["you said one", "you said two"]


async def test_the_service_is_stopped(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo(), options={**FALLBACK, "on_stop": "logout"})
    await helena(chatbot)
    customer = await chatbot.customer()
    await bot.stop()
    await customer.hears("Helena here")
    assert customer.chat.user_data["chatbot_fallback"] == "stopping"


async def test_the_customer_leaves(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    customer = await chatbot.customer()
    await customer.leaves()
    await chatbot.sleep(5)
    assert bot.actions[-1] == "Complete"
    assert bot._runner.chats == 0
