"""Why a bot did what it did: the story of one event, as an operator is told."""

import asyncio

import pytest

from chatbot import Chat, TextReceived, hookimpl
from chatbot.service.why import NotKnown, Why, explain
from chatbot.testing.kit import Kit
from tests.service.staged import serving


class Faq:
    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | None:
        return "8 to 18" if "open" in event.text else None


class Broken:
    @hookimpl
    async def on_text(self) -> None:
        raise LookupError("no such order")


class Asks:
    @hookimpl
    async def on_text(self, chat: Chat) -> str:
        return f"so it is {await chat.ask('Which one?', timeout=60.0)}"


class Talks:
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await chat.send_text("short")
        await chat.send_text("a longer text")


class Slow:
    @hookimpl
    async def on_text(self, chat: Chat) -> None:
        await asyncio.sleep(5)


def steps(why: Why) -> list[tuple[str, str, str]]:
    return [(step.who, step.what, step.result) for step in why.steps]


async def test_a_text_that_a_plugin_answers(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Faq(), Broken()))
    customer = await chatbot.customer()
    await customer.says("When are you open?")
    why = explain(service, customer.chat.id, "3")
    assert (why.type, why.who, why.text) == ("TextReceived", "Customer Ana", "When are you open?")
    assert why.verdict == "handled by faq.on_text: returned '8 to 18'"
    assert steps(why) == [
        ("faq.on_text", "SendMessage", "confirmed"),
        ("faq.on_text", "said", "returned '8 to 18'"),
        ("broken.on_text", "skipped", "faq came first"),
    ]
    assert (why.steps[0].is_action, why.steps[1].is_action) == (True, False)
    assert "test_why.py:" in why.steps[1].place


async def test_a_hook_that_fails_and_one_that_knows_nothing(chatbot: Kit) -> None:
    bot = await chatbot.start(Broken(), Faq())
    service = serving(bot)
    customer = await chatbot.customer()
    await customer.says("Hello?")
    why = explain(service, customer.chat.id, "3", "bot")
    assert why.verdict == "not handled: broken.on_text failed, raised LookupError: no such order"
    assert steps(why)[1] == ("faq.on_text", "declined", "returned None")
    bot.errors.clear()


async def test_an_action_that_a_guard_held_back(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Talks(), options={"guards": {"text_length": 6}}))
    customer = await chatbot.customer()
    await customer.says("Hello?")
    why = explain(service, customer.chat.id, "3")
    (held_back,) = [step for step in why.steps if step.is_held_back]
    assert (held_back.who, held_back.what) == ("talks.on_text", "SendMessage")
    assert held_back.result.startswith("NotAllowed: ")
    assert "guard: text_length" in held_back.result
    assert why.verdict.startswith("talks.on_text wanted SendMessage, which was held back: NotAllowed")


async def test_the_answer_that_a_hook_had_waited_for(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Asks()))
    customer = await chatbot.customer()
    await customer.says("An order")
    await customer.says("The second")
    assert explain(service, customer.chat.id, "3").verdict == (
        "handled by asks.on_text: returned 'so it is The second'"
    )
    why = explain(service, customer.chat.id, "5")
    assert why.verdict == "handled by asks.on_text: had waited for this event, and went on"
    assert steps(why)[0] == ("asks.on_text", "SendMessage", "confirmed")


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        ("1", "no hook was asked: it was said before the bot came, and is answered"),
        ("4", "no hook was asked: the bot's own"),
        ("started", "no hook was asked: no plugin has on_chat_started"),
    ],
)
async def test_what_no_hook_was_asked_for(chatbot: Kit, event: str, verdict: str) -> None:
    service = serving(await chatbot.start(Faq()))
    customer = await chatbot.customer()
    await customer.says("open?")
    assert explain(service, customer.chat.id, event).verdict == verdict


async def test_a_line_that_waits_behind_a_hook_that_runs(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Slow()))
    customer = await chatbot.customer()
    await customer.says("one", "two")
    assert explain(service, customer.chat.id, "3").verdict == "slow.on_text for 3 runs"
    why = explain(service, customer.chat.id, "4")
    assert (why.at, why.text) == (None, "two")
    assert why.verdict == "it waits in the mailbox behind slow.on_text for 3"


async def test_what_the_bot_did_by_itself_afterwards(chatbot: Kit) -> None:
    fallback = {"fallback": {"queue": "people"}, "reply_timeout": 20.0}
    service = serving(await chatbot.start(Faq(), options=fallback))
    customer = await chatbot.customer()
    await customer.says("Hello?")
    await chatbot.sleep(25)
    why = explain(service, customer.chat.id, "3")
    assert [step.what for step in why.afterwards] == ["UpdateUserData", "Transfer"]
    assert {step.who for step in why.afterwards} == {"fallback"}


async def test_what_nothing_is_known_of(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Faq()))
    customer = await chatbot.customer()
    with pytest.raises(NotKnown, match="nothing is known of such an event") as event:
        explain(service, customer.chat.id, "99")
    assert event.value.fix == "known are: offered, started, 1, 2"
    with pytest.raises(NotKnown, match="no bot of this process knows this chat") as chat:
        explain(service, customer.chat.id[:-1] + "x", "1")
    assert chat.value.fix == f"closest: {customer.chat.id}"
    with pytest.raises(NotKnown, match="no bot of this process knows this chat"):
        explain(service, customer.chat.id, "1", "night")
