"""What pages depend on: a change is seen, and time that passes is none."""

from chatbot import TextReceived, hookimpl
from chatbot.console import views
from chatbot.console.listing import Wanted
from chatbot.console.live import version_of
from chatbot.service.status import ServiceStatus, bot_status, status_of
from chatbot.testing import Kit
from tests.service.house import bot_at
from tests.service.staged import serving


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        if "fail" in event.text:
            raise ValueError("oops")
        return "yes"


async def test_a_page_changes_when_something_has_happened_and_not_before(chatbot: Kit) -> None:
    staged = await chatbot.start(Echo())
    service = serving(staged)
    customer = await chatbot.customer("Ana")
    bot, chat = staged._runner, customer.chat.id

    def states() -> list[str]:
        now = service.monotonic()
        return [
            version_of(state)
            for state in (
                views.state_of_service(service),
                views.state_of_bot(service, bot, Wanted(), now),
                views.state_of_chat(service, bot, chat, now),
                views.state_of_errors(service.recorder),
            )
        ]

    before = states()
    await chatbot.sleep(1)
    assert states() == before
    await customer.says("hello")
    await customer.hears("yes")
    said = states()
    assert [one != other for one, other in zip(said, before, strict=True)] == [False, False, True, False]
    await customer.says("fail")
    await chatbot.sleep(1)
    assert all(one != other for one, other in zip(states(), said, strict=True))
    (mistake,) = views.mistakes(service.recorder, "bot", chat)
    assert (mistake.by, mistake.what, mistake.why) == ("echo.on_text", "failed", "raised ValueError: oops")
    assert views.mistakes(service.recorder, "other") == []
    staged.errors.clear()


async def test_chats_are_found_by_name_id_and_kind(chatbot: Kit) -> None:
    staged = await chatbot.start(Echo())
    service = serving(staged)
    ana, ben = await chatbot.customer("Ana"), await chatbot.customer("Ben")
    assert staged._runner.intervention is not None
    staged._runner.intervention.mute(ben.chat.id)

    def found(**asked: str) -> list[str]:
        rows = views.chats(staged._runner, Wanted(**asked), service.monotonic()).rows
        return [views.customer_of(chat, ()) for chat in rows]

    assert found() == ["Ben", "Ana"]
    assert found(search="an") == ["Ana"]
    assert found(search=ana.chat.id.casefold()) == ["Ana"]
    assert found(only="muted") == ["Ben"]
    assert found(only="human") == found(only="waiting") == []


async def test_all_in_one_sentence(chatbot: Kit) -> None:
    status = status_of(serving(await chatbot.start(Echo())))
    assert views.announcement(status) == "1 of 1 bot is ready."
    assert views.announcement(ServiceStatus(())) == "0 of 0 bots are ready."


async def test_bots_in_trouble_come_first(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Echo()))
    ready = service.bots[0]
    broken, paused, idle = (
        bot_at("http://127.0.0.1:1", name, Echo()) for name in ("broken", "paused", "idle")
    )
    for bot in (paused, idle):
        bot.health.logged_in = bot.health.subscribed = bot.health.entered = bot.health.polling = True
    paused.breakers["p0"].is_paused = True
    service.bots = (ready, idle, paused, broken)
    found = [bot.name for bot in views.bots(service, Wanted()).rows]
    assert found == ["broken", "paused", ready.name, "idle"]
    assert views.announcement(status_of(service)) == "3 of 4 bots are ready. 1 plugin is left out."


async def test_the_last_chats_that_are_over(chatbot: Kit) -> None:
    staged = await chatbot.start(Echo())
    service = serving(staged)
    customer = await chatbot.customer("Ana")
    await customer.says("hello")
    await customer.leaves()
    await chatbot.sleep(30)
    (ended,) = views.ended(service.recorder, staged._runner)
    assert (ended.chat_id, ended.customer) == (customer.chat.id, "Ana")
    assert bot_status(staged._runner, []).chats == 0
