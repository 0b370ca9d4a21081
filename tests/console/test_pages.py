"""What the pages show, over a real bot in virtual time."""

from html import unescape

import pytest

from chatbot import TextReceived, hookimpl
from chatbot.console.places import bot_at, chat_at
from chatbot.service.supervisor import Service
from chatbot.testing import Kit
from tests.console.desk import desk
from tests.service.house import bot_at as quick_bot
from tests.service.house import world
from tests.service.staged import serving

EVIL = "<img src=x onerror=alert(1)>'\"&{{7*7}}"


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str | None:
        if "fail" in event.text:
            raise ValueError(EVIL)
        return None if "silence" in event.text else f"you said {event.text}"


async def test_all_bots_with_states_in_words(chatbot: Kit) -> None:
    async with desk(serving(await chatbot.start(Echo()))) as http:
        page = (await http.get("/")).text
    assert "1 of 1 bot is ready. 0 chats now." in " ".join(page.split()).replace("</span>", "").replace(
        " </p>", ""
    )
    assert "None since the service began." in page


async def test_bots_that_are_not_ready_come_first_and_say_why() -> None:
    bots = [quick_bot("http://127.0.0.1:1", name) for name in ("day", EVIL)]
    bots[0].health.logged_in = bots[0].health.subscribed = bots[0].health.entered = True
    bots[0].health.polling = True
    bots[1].health.trouble = EVIL
    async with desk(Service(bots, world=world(), drain_timeout=1)) as http:
        page = (await http.get("/")).text
        found = (await http.get("/?q=day")).text
        assert (await http.get(bot_at(EVIL))).status_code == 200
    assert page.index(bot_at(EVIL)) < page.index("/bots/day")
    assert "not logged in" in page
    assert EVIL not in page
    assert EVIL in unescape(page)
    assert bot_at(EVIL) not in found


async def test_five_hundred_bots_are_shown_in_parts() -> None:
    bots = [quick_bot("http://127.0.0.1:1", f"bot{number}") for number in range(500)]
    async with desk(Service(bots, world=world(), drain_timeout=1)) as http:
        page = (await http.get("/?page=10")).text
    assert page.count('href="/bots/') == 50
    assert "Page 10 of 10 (500 bots in all)" in page


async def test_a_chat_with_the_hooks_beside_each_line(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    service = serving(bot)
    customer = await chatbot.customer(EVIL)
    async with desk(service) as http:
        await customer.says("hello")
        await customer.hears("you said hello")
        await customer.says("silence " + EVIL)
        await customer.says("fail")
        await chatbot.sleep(1)
        page = (await http.get(chat_at("bot", customer.chat.id))).text
        listed = (await http.get("/bots/bot?only=waiting&q=img")).text
        none = (await http.get("/bots/bot?only=muted")).text
        errors = (await http.get("/errors")).text
    for words in ("hello", "echo.on_text", "declined", "said", "failed", "confirmed", "SendMessage", EVIL):
        assert words in unescape(page)
    assert "raised ValueError: " in errors
    assert EVIL not in page + errors + listed
    assert "No chat fits." in none
    bot.errors.clear()


async def test_a_chat_that_has_ended_is_remembered(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Echo()))
    customer = await chatbot.customer("Ana")
    async with desk(service) as http:
        await customer.says("hello")
        await customer.leaves()
        await chatbot.sleep(30)
        place = chat_at("bot", customer.chat.id)
        assert place in (await http.get("/bots/bot")).text
        page = (await http.get(place)).text
    assert "The bot has it no more." in page
    assert "Mute" not in page
    assert "Chat with <bdi>Ana</bdi>" in page


async def test_what_was_said_before_is_read_from_the_server(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo())
    customer = await chatbot.customer()
    await customer.says("early")
    await customer.hears("you said early")
    async with desk(serving(bot)) as http:
        await customer.says("late")
        await customer.hears("you said late")
        page = (await http.get(chat_at("bot", customer.chat.id))).text
    assert page.index("what hooks did was not recorded") < page.index("early") < page.index(">late<")


async def test_in_shadow_all_is_planned_only(chatbot: Kit) -> None:
    bot = await chatbot.start(Echo(), options={"mode": "shadow"})
    async with desk(serving(bot)) as http:
        page = (await http.get("/bots/bot")).text
        assert "in shadow" in page
        assert "Drain" not in page


@pytest.mark.parametrize(
    "page", ["/bots/x", "/bots/bot/chats/x", "/bots/~zz", "/bots/bot/chats/", "/bots/", "//"]
)
async def test_pages_that_are_not_there_repeat_nothing(chatbot: Kit, page: str) -> None:
    async with desk(serving(await chatbot.start(Echo()))) as http:
        answer = await http.get(f"http://127.0.0.1:8080{page}")
        program = await http.get(f"http://127.0.0.1:8080{page}", headers={"accept": "*/*"})
    assert (answer.status_code, program.status_code) == (404, 404)
    assert "There is no such page" in answer.text
    assert program.text == "There is no such page.\n"


async def test_events_have_an_address_of_their_own(chatbot: Kit) -> None:
    async with desk(serving(await chatbot.start(Echo()))) as http:
        for page, events in (
            ("/", "/events"),
            ("/bots/bot?q=a", "/bots/bot/events?q=a"),
            ("/errors", "/errors/events"),
        ):
            text = (await http.get(page)).text
            assert f'data-events="{events}"' in text
            assert (await http.head(events)).status_code == 200
        assert (await http.head("/bots/x/events")).status_code == 404
