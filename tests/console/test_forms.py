"""What an operator may do: by forms, over a real bot in virtual time."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from chatbot import TextReceived, hookimpl
from chatbot.console.places import chat_at
from chatbot.testing import Kit, StagedBot, StagedCustomer
from tests.console.desk import desk, send
from tests.service.staged import serving


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"you said {event.text}"


@pytest.fixture
async def bot(chatbot: Kit) -> StagedBot:
    return await chatbot.start(Echo(), options={"fallback": {"queue": "people"}})


@pytest.fixture
async def customer(chatbot: Kit, bot: StagedBot) -> StagedCustomer:
    return await chatbot.customer()


@pytest.fixture
async def http(bot: StagedBot) -> AsyncIterator[httpx.AsyncClient]:
    async with desk(serving(bot)) as found:
        yield found


async def test_a_bot_is_drained_and_takes_chats_again(
    http: httpx.AsyncClient, bot: StagedBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = (await http.get("/bots/bot/drain")).text
    assert "takes no more chats" in before
    assert "queue people" in before
    page = await send(http, "/bots/bot/drain")
    assert (page.url.path, bot._runner.wishes.draining) == ("/bots/bot", True)
    assert "Bot bot takes no more chats." in page.text
    assert "drained" in page.text
    page = await send(http, "/bots/bot", to="/bots/bot/resume")
    assert "Bot bot takes chats again." in page.text
    assert not bot._runner.wishes.draining
    assert "operator at 127.0.0.1: bot bot takes no more chats" in caplog.messages


async def test_draining_may_hand_its_customers_over(
    http: httpx.AsyncClient, chatbot: Kit, bot: StagedBot, customer: StagedCustomer
) -> None:
    await send(http, "/bots/bot/drain", hand_over="yes")
    await chatbot.sleep(5)
    assert "Transfer" in bot.actions


async def test_a_plugin_is_paused_and_resumed(
    chatbot: Kit,
) -> None:
    bot = await chatbot.start(Echo())
    customer = await chatbot.customer()
    async with desk(serving(bot)) as http:
        page = await send(http, "/bots/bot/plugins/echo/pause")
        assert "Plugin echo of bot bot is not asked any more." in page.text
        await customer.says("one")
        await customer.hears_nothing(within=5)
        page = await send(http, "/bots/bot", to="/bots/bot/plugins/echo/unpause")
        assert "is asked again." in page.text
        await customer.says("two")
        await customer.hears("you said two")


async def test_a_bot_is_muted_in_a_chat_and_may_talk_again(
    http: httpx.AsyncClient, customer: StagedCustomer
) -> None:
    chat = chat_at("bot", customer.chat.id)
    page = await send(http, f"{chat}/mute")
    assert page.url.path == chat
    assert "an operator has silenced the bot" in page.text
    await customer.says("one")
    await customer.hears_nothing(within=5)
    page = await send(http, chat, to=f"{chat}/unmute")
    assert "may talk again" in page.text
    await customer.says("two")
    await customer.hears("you said two")


async def test_a_chat_is_handed_to_a_queue(
    http: httpx.AsyncClient, chatbot: Kit, bot: StagedBot, customer: StagedCustomer
) -> None:
    page = await send(http, f"{chat_at('bot', customer.chat.id)}/hand-over", queue=" people ")
    assert "is handed over." in page.text
    await chatbot.sleep(5)
    assert "Transfer" in bot.actions


@pytest.mark.parametrize("fields", [{"queue": "a", "target": "b"}, {"queue": "x" * 201}, {"target": "a\nb"}])
async def test_what_cannot_be_done_is_refused_with_a_reason(
    http: httpx.AsyncClient, bot: StagedBot, customer: StagedCustomer, fields: dict[str, str]
) -> None:
    page = await send(http, f"{chat_at('bot', customer.chat.id)}/hand-over", **fields)
    assert "Refused: " in page.text
    assert "Transfer" not in bot.actions


async def test_a_chat_that_has_gone_is_told(
    http: httpx.AsyncClient, chatbot: Kit, customer: StagedCustomer
) -> None:
    page = await send(http, "/bots/bot/drain", to="/bots/bot/chats/gone/unmute")
    assert page.status_code == 404
    chat = chat_at("bot", customer.chat.id)
    await customer.says("hello")
    await customer.leaves()
    await chatbot.sleep(30)
    page = await send(http, "/bots/bot/drain", to=f"{chat}/unmute")
    assert "Refused: " in page.text


async def test_a_note_is_shown_to_who_knows_its_name_only(http: httpx.AsyncClient) -> None:
    assert 'class="note' not in (await http.get("/bots/bot?note=1")).text


@pytest.mark.parametrize(
    "path", ["/bots/x/drain", "/bots/bot/plugins/~/pause", "/bots/bot/chats/~zz/mute", "/bots/x/resume"]
)
async def test_what_is_not_there_has_no_form(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code in {404, 405}
