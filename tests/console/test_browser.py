"""The console in a real browser: by keyboard alone, live, hostile texts, light, dark, narrow, large."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chatbot.console.places import bot_at, chat_at
from tests.console.chrome import Tab, browser, chrome
from tests.console.desk import TOKEN
from tests.console.house import EVIL, Stage, stage
from tests.service.house import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(browser() is None, reason="there is no Chromium: apt-get install chromium"),
]

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "screenshots"
AXE = os.environ.get("CHATBOT_AXE", "")


@pytest.fixture
async def tab() -> AsyncIterator[Tab]:
    async with chrome() as found:
        yield found
        assert found.said == []  # no error, no warning, nothing that the policy has refused


@asynccontextmanager
async def on_stage(tab: Tab, token: str = "", **settings: Any) -> AsyncIterator[Stage]:
    """The browser leaves before the pages are gone."""
    async with stage(token, **settings) as on:
        yield on
        await tab.open("about:blank")


def pages_of(stage: Stage) -> dict[str, str]:
    chat = chat_at("concierge", stage.chat)
    return {
        "overview": "/",
        "bot": "/bots/concierge",
        "bot-not-ready": bot_at(EVIL),
        "chat": chat,
        "errors": "/errors",
        "drain": "/bots/concierge/drain",
        "pause": f"{bot_at('concierge')}/plugins/greeter/pause",
        "mute": f"{chat}/mute",
        "hand-over": f"{chat}/hand-over",
    }


async def test_an_operator_mutes_unmutes_and_hands_over_by_keyboard_alone(tab: Tab) -> None:
    async with on_stage(tab) as on, on.customer("Ana") as ana:
        await ana.sees_agent()
        await tab.open(on.url + "/")
        await tab.press("Tab")
        assert await tab.run("document.activeElement.textContent") == "Skip to content"
        await tab.follow("#bot-concierge")
        await tab.follow(f"#chat-{on.chat}")
        chat = on.bot.live[on.chat]
        await tab.follow("#mute")
        assert "says nothing more to this customer" in await tab.run("document.body.innerText")
        await tab.follow("button.strong")
        assert chat.ownership.is_held
        await tab.until("document.querySelector('.note.good') !== null")
        await tab.follow("#actions button")
        assert not chat.ownership.is_held
        await tab.follow("#hand-over")
        await tab.tab_to("#queue")
        await tab.write("people")
        await tab.follow("button.strong")
        await tab.until("document.body.innerText.includes('is handed over.')")
        await until(lambda: any(it.operation == "Transfer" for it in on.simulator.requests))


async def test_rows_are_walked_with_the_arrow_keys(tab: Tab) -> None:
    async with on_stage(tab) as on:
        await tab.open(on.url + "/")
        await tab.tab_to(".rows a")
        first = await tab.run("document.activeElement.id")
        await tab.press("ArrowDown")
        second = await tab.run("document.activeElement.id")
        await tab.press("ArrowDown")
        assert await tab.run("document.activeElement.id") == second == "bot-concierge"
        await tab.press("Home")
        assert await tab.run("document.activeElement.id") == first != second


async def test_what_happens_appears_by_itself_and_the_focus_stays(tab: Tab) -> None:
    async with on_stage(tab) as on, on.customer("Ana") as ana:
        await ana.sees_agent()
        await tab.open(on.url + chat_at("concierge", on.chat))
        await tab.tab_to("#mute")
        await ana.says("hello from afar")
        await tab.until("document.querySelector('#talk').innerText.includes('Hello! hello from afar')")
        assert await tab.run("document.activeElement.id") == "mute"
        await tab.until("document.querySelector('#said').textContent.includes('hello from afar')")
        await tab.run("document.activeElement.blur()")
        await tab.tab_to("#live")
        await tab.press("Space")
        assert await tab.run("document.querySelector('#live').getAttribute('aria-pressed')") == "false"
        before = len(on.service.recorder.entries("concierge", on.chat))
        await ana.says("unseen")
        await until(lambda: len(on.service.recorder.entries("concierge", on.chat)) > before + 3)
        assert not await tab.run("document.querySelector('#talk').innerText.includes('unseen')")
        await tab.press("Space")
        await tab.until("document.querySelector('#talk').innerText.includes('unseen')")


async def test_a_page_that_is_cut_off_says_so_and_comes_back_by_itself(tab: Tab) -> None:
    async with on_stage(tab) as on, on.customer("Ana") as ana:
        await ana.sees_agent()
        await tab.open(on.url + chat_at("concierge", on.chat))
        await tab.until("document.querySelector('#live').textContent === 'Live updates'")
        on.admin.hold_polls(allowed=False)
        await tab.until("document.querySelector('#live').textContent === 'Live updates: no connection'")
        await until(lambda: tab.said != [])  # the browser gives up listening
        await ana.says("hello meanwhile")
        on.admin.hold_polls(allowed=True)
        await tab.until("document.querySelector('#talk').innerText.includes('hello meanwhile')")
        await tab.until("document.querySelector('#live').textContent === 'Live updates'")
        assert all("503" in line for line in tab.said)
        tab.said.clear()


async def test_texts_of_others_are_texts(tab: Tab) -> None:
    async with on_stage(tab) as on, on.customer(EVIL, user_data={EVIL: EVIL}) as evil:
        await evil.sees_agent()
        await evil.says(EVIL)
        await evil.hears("You said")
        await evil.says("fail")
        await until(lambda: len(on.service.recorder.errors) > 0)
        for page in pages_of(on).values():
            await tab.open(on.url + page)
            assert await tab.run("document.querySelectorAll('main img, main script').length") == 0
            assert (await tab.run("document.title")).endswith("chatbot console")
        await tab.open(on.url + chat_at("concierge", on.chat))
        assert EVIL in await tab.run("document.querySelector('#talk').innerText")


async def test_the_login_form(tab: Tab) -> None:
    async with on_stage(tab, TOKEN) as on:
        await tab.open(on.url + "/login?next=/bots/concierge")
        await keep(tab, "login")
        await tab.run("document.querySelector('#token').focus()")
        await tab.write(TOKEN)
        await tab.press("Enter")
        await tab.until("location.pathname === '/bots/concierge' && document.readyState === 'complete'")
        await tab.follow(".tools form button")
        assert await tab.run("location.pathname") == "/login"


async def keep(tab: Tab, name: str) -> None:
    for scheme in ("light", "dark"):
        await tab.looks(scheme)
        await tab.picture(PICTURES / f"{name}-{scheme}.png")


# which elements with words can be read, focused and named: what axe-core would say of the worst mistakes
_OWN_CHECKS = """(() => {
  const found = [];
  for (const one of document.querySelectorAll("a, button, input:not([type=hidden]), select")) {
    const label = one.labels?.[0]?.textContent ?? one.getAttribute("aria-label") ?? one.textContent;
    if (!label.trim()) found.push("no name: " + one.outerHTML);
    if (one.tabIndex !== 0 && !one.hidden) found.push("not in the order: " + one.outerHTML);
  }
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  if (new Set(ids).size !== ids.length) found.push("an id twice");
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) found.push("not one main");
  if (document.documentElement.lang !== "en") found.push("no language");
  if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the window");
  return found;
})()"""
_AXE = """axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.map(
  (one) => one.id + ": " + one.nodes.map((node) => node.html).join(" | ")
))"""


async def test_all_pages_can_be_used_by_everybody_and_look_as_they_are_kept(tab: Tab) -> None:
    axe = await asyncio.to_thread(Path(AXE).read_text) if AXE else ""
    async with on_stage(tab) as on, on.customer("Ana") as ana:
        await ana.sees_agent()
        for text in ("hello", "When are you open?", "please fail"):
            await ana.says(text)
            await ana.hears("Hello! hello" if text == "hello" else f"You said: {text}")
        found = {}
        for name, page in pages_of(on).items():
            await tab.looks("light")
            await tab.open(on.url + page)
            await keep(tab, name)
            for width, zoom in ((1280, 1), (1280, 2), (320, 1)):
                await tab.looks("light", width, 900, zoom)
                found[f"{name} at {width}/{zoom}"] = await tab.run(_OWN_CHECKS)
            await tab.picture(PICTURES / f"{name}-narrow.png")
            for scheme in ("light", "dark") if axe else ():
                await tab.looks(scheme)
                await tab.run(axe + "; undefined")
                found[f"axe: {name} {scheme}"] = await tab.run(_AXE)
    assert {page: flaws for page, flaws in found.items() if flaws} == {}, json.dumps(found, indent=1)


async def test_in_shadow_what_is_planned_is_marked(tab: Tab) -> None:
    async with on_stage(tab, mode="shadow") as on, on.customer("Ana"):
        await tab.open(on.url + "/bots/concierge")
        assert "in shadow: it hears and plans, and sends nothing" in await tab.run("document.body.innerText")
