"""What an operator does to bots at work, and what customers notice of it."""

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.service.controls import ControlRefused, Controls
from chatbot.service.status import chat_status, status_of
from chatbot.service.supervisor import Service
from chatbot.testing.kit import Kit
from tests.service.staged import serving


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"you said {event.text}"


class Asks:
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await chat.send_text(f"so it is {await chat.ask('Which one?', timeout=60.0)}")


FALLBACK = {"fallback": {"queue": "people"}, "reply_timeout": 20.0}


def state(service: Service) -> str:
    return status_of(service).bots[0].state


async def test_a_drained_bot_finishes_its_chat_and_takes_no_other(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Echo()))
    controls = Controls(service)
    first = await chatbot.customer("Ana")
    assert controls.drain("bot") == []
    await chatbot.sleep(1)
    assert state(service) == "draining"
    second = await chatbot.customer("Ben")
    await first.says("one")
    await first.hears("you said one")
    await second.hears_nothing()
    await first.leaves()
    await chatbot.sleep(5)
    assert state(service) == "drained"
    controls.resume("bot")
    await second.says("two")
    await second.hears("you said two")
    assert state(service) == "ready"


async def test_a_bot_that_is_drained_rejects_what_rings_already(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    Controls(serving(bot)).drain("bot")
    await chatbot.customer()  # before the server has taken NotReady
    await chatbot.sleep(1)
    assert "Accept" not in bot.actions


async def test_a_drained_bot_stays_so_when_the_server_forgets_it(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    service = serving(bot)
    Controls(service).drain("bot")
    await chatbot.sleep(60)
    await chatbot.fault("session-lost")
    await chatbot.sleep(60)
    customer = await chatbot.customer()
    await customer.hears_nothing()
    assert state(service) == "drained"


async def test_its_customers_go_to_somebody_else_at_once(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Echo(), options=FALLBACK))
    await chatbot.human("Helena", queues=("people",), says="Helena here")
    customer = await chatbot.customer()
    Controls(service).drain("bot", hand_over=True)
    await customer.hears("Helena here")
    assert customer.chat.user_data["chatbot_fallback"] == "operator"


async def test_without_a_fallback_nobody_is_sent_anywhere(chatbot: Kit) -> None:
    controls = Controls(serving(await chatbot.start(Echo())))
    customer = await chatbot.customer()
    with pytest.raises(ControlRefused, match="nobody has said where the customers of bot bot are to go"):
        controls.drain("bot", hand_over=True)
    with pytest.raises(ControlRefused, match="nobody has said where chat") as refused:
        controls.hand_over("bot", customer.chat.id)
    assert "name a queue or a target" in refused.value.fix
    with pytest.raises(ControlRefused, match="not to both"):
        controls.hand_over("bot", customer.chat.id, queue="a", target="b")


async def test_a_chat_is_handed_to_the_queue_that_the_operator_names(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Asks()))
    await chatbot.human("Helena", queues=("vip",), says="Helena here")
    customer = await chatbot.customer()
    await customer.says("order")
    Controls(service).hand_over("bot", customer.chat.id, queue="vip")
    await customer.hears("Helena here")
    await customer.says("the second")
    assert "so it is" not in " ".join(customer.texts)


async def test_a_silenced_bot_says_nothing_until_it_may_again(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    service = serving(bot)
    controls, customer = Controls(service), await chatbot.customer()
    controls.mute("bot", customer.chat.id)
    await customer.says("one")
    await customer.hears_nothing()
    live = service.bots[0].live[customer.chat.id]
    assert chat_status(live, 0.0).is_held
    await bot.restart(crash=True)
    await customer.says("two")
    await customer.hears_nothing()
    again = Controls(serving(bot))
    again.unmute("bot", customer.chat.id)
    await customer.says("three")
    await customer.hears("you said three")


async def test_a_human_who_comes_and_goes_does_not_give_a_silenced_bot_its_voice_back(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Echo()))
    customer = await chatbot.customer()
    Controls(service).mute("bot", customer.chat.id)
    await customer.chat.agent_joins()
    await customer.chat.agent_leaves()
    await customer.says("one")
    await customer.hears_nothing()


async def test_whoever_waits_for_a_silenced_bot_gets_somebody_else_in_time(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Echo(), options=FALLBACK))
    await chatbot.human("Helena", queues=("people",), says="Helena here")
    customer = await chatbot.customer()
    Controls(service).mute("bot", customer.chat.id)
    await customer.says("one")
    await customer.hears_nothing(within=19)
    await customer.hears("Helena here", within=5)


async def test_a_hook_that_waits_is_stopped_with_the_voice_of_its_bot(chatbot: Kit) -> None:
    bot = await chatbot.start(Asks())
    service = serving(bot)
    customer = await chatbot.customer()
    await customer.says("order")
    Controls(service).mute("bot", customer.chat.id)
    await chatbot.sleep(1)
    assert bot.running == []
    assert bot.calls[-1].outcome == "stopped"


async def test_a_paused_plugin_is_not_asked(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    service = serving(bot)
    controls, customer = Controls(service), await chatbot.customer()
    controls.pause("bot", "echo")
    assert status_of(service).bots[0].plugins[0].is_paused
    await customer.says("one")
    await customer.hears_nothing()
    assert (bot.calls[-1].outcome, bot.calls[-1].why) == ("skipped", "an operator has paused it")
    controls.unpause("bot", "echo")
    await customer.says("two")
    await customer.hears("you said two")


async def test_what_is_not_there_is_told_with_what_is(chatbot: Kit) -> None:
    controls = Controls(serving(await chatbot.start(Echo())))
    with pytest.raises(ControlRefused, match="there is no such bot") as bot:
        controls.resume("bott")
    assert bot.value.fix == "closest: bot"
    with pytest.raises(ControlRefused, match="bot bot has no such plugin") as plugin:
        controls.pause("bot", "zzz")
    assert plugin.value.fix == "there are: echo"
    with pytest.raises(ControlRefused, match="bot bot has no such chat"):
        controls.mute("bot", "c1")


async def test_a_bot_in_shadow_is_let_alone(chatbot: Kit) -> None:
    controls = Controls(serving(await chatbot.start(Echo(), options={"mode": "shadow"})))
    with pytest.raises(ControlRefused, match="in shadow"):
        controls.drain("bot")
    with pytest.raises(ControlRefused, match="in shadow"):
        controls.mute("bot", "c1")


async def test_a_chat_that_a_human_has_is_not_the_operators_to_give(chatbot: Kit) -> None:
    controls = Controls(serving(await chatbot.start(Echo())))
    customer = await chatbot.customer()
    await customer.chat.agent_joins()
    with pytest.raises(ControlRefused, match="a human agent has chat"):
        controls.hand_over("bot", customer.chat.id, queue="vip")


async def test_a_bot_that_has_failed_and_waits_can_be_drained_and_no_more(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo(), options=FALLBACK)
    customer = await chatbot.customer()
    service, chat_id = serving(bot), customer.chat.id
    await bot.crash()
    controls = Controls(service)
    for wish in (controls.mute, controls.unmute, controls.hand_over):
        with pytest.raises(ControlRefused, match="bot bot is not running at the moment"):
            wish("bot", chat_id)
    with pytest.raises(ControlRefused, match="not running"):
        controls.drain("bot", hand_over=True)
    assert not service.bots[0].wishes.draining
    controls.drain("bot")
    assert service.bots[0].wishes.draining
