"""What programs read of a service, and what they may ask of it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from chatbot import TextReceived, hookimpl
from chatbot.console.api import api_routes
from chatbot.service.supervisor import Service
from chatbot.testing.kit import Kit
from tests.service.staged import serving


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"you said {event.text}"


@asynccontextmanager
async def program(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=api_routes(service))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
        yield http


async def wish(http: httpx.AsyncClient, **wanted: Any) -> tuple[int, dict[str, str]]:
    answer = await http.post("/api/wishes", json=wanted)
    return answer.status_code, answer.json()


async def test_the_state_of_all_bots(chatbot: Kit) -> None:
    async with program(serving(await chatbot.start(Echo()))) as http:
        assert (await http.get("/api/status")).json() == {
            "ready": True,
            "bots": [
                {
                    "name": "bot",
                    "mode": "live",
                    "problems": [],
                    "is_draining": False,
                    "chats": 0,
                    "plugins": [{"name": "echo", "breaker": "closed", "is_paused": False}],
                    "state": "ready",
                }
            ],
        }


async def test_the_chats_of_a_bot(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Echo()))
    customer = await chatbot.customer()
    async with program(service) as http:
        (chat,) = (await http.get("/api/chats", params={"bot": "bot"})).json()
        assert (chat["id"], chat["state"], len(chat["people"])) == (customer.chat.id, "Chatting", 2)
        nobody = await http.get("/api/chats", params={"bot": "<b>"})
        assert (nobody.status_code, "<b>" in nobody.text) == (404, False)


async def test_why_a_text_was_answered(chatbot: Kit) -> None:
    service = serving(await chatbot.start(Echo()))
    customer = await chatbot.customer()
    await customer.says("Hello?")
    async with program(service) as http:
        why = (await http.get("/api/why", params={"chat": customer.chat.id, "event": "3"})).json()
        assert why["verdict"] == "handled by echo.on_text: returned 'you said Hello?'"
        assert [step["what"] for step in why["steps"]] == ["SendMessage", "said"]
        unknown = await http.get("/api/why", params={"chat": "zzz", "event": "3"})
        assert unknown.status_code == 404
        assert unknown.json()["refused"] == "no bot of this process knows this chat"


async def test_each_wish_is_met_and_logged(chatbot: Kit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "chatbot.console")
    bot = await chatbot.start(Echo())
    service = serving(bot)
    customer = await chatbot.customer()
    here = {"bot": "bot", "chat": customer.chat.id}
    async with program(service) as http:
        for wanted in (
            {"do": "mute", **here},
            {"do": "unmute", **here},
            {"do": "pause", "bot": "bot", "plugin": "echo"},
            {"do": "unpause", "bot": "bot", "plugin": "echo"},
            {"do": "drain", "bot": "bot"},
            {"do": "resume", "bot": "bot"},
            {"do": "hand_over", "queue": "vip", **here},
        ):
            status, told = await wish(http, **wanted)
            assert (status, list(told)) == (200, ["done"])
            assert told["done"] in caplog.messages[-1]
            assert caplog.messages[-1].startswith("operator at 127.0.0.1: ")
    await chatbot.sleep(1)
    assert customer.chat.queue == "vip"


@pytest.mark.parametrize(
    ("wanted", "status", "refused", "fix"),
    [
        ({"do": "drain", "bot": "bott"}, 409, "there is no such bot", "closest: bot"),
        ({"do": "mute", "bot": "bot"}, 409, "it is not said of which chat", "give chat"),
        ({"do": "pause", "bot": "bot"}, 409, "it is not said of which plugin", "give plugin"),
        ({"do": "<b>", "bot": "bot"}, 422, "the wish cannot be read", "do: Input should be 'drain'"),
        ({"do": "drain", "bot": ""}, 422, "the wish cannot be read", "bot: String should have"),
        ({"<b>": 1}, 422, "the wish cannot be read", "do: Field required; bot: Field required"),
        ({"do": "drain", "bot": "bot", "<b>": 1}, 422, "the wish cannot be read", "send a JSON object"),
    ],
)
async def test_a_wish_that_cannot_be_met_says_why_and_repeats_nothing(
    chatbot: Kit, wanted: dict[str, Any], status: int, refused: str, fix: str
) -> None:
    async with program(serving(await chatbot.start(Echo()))) as http:
        answer = await http.post("/api/wishes", json=wanted)
        assert (answer.status_code, answer.json()["refused"]) == (status, refused)
        assert answer.json()["fix"].startswith(fix)
        assert "<b>" not in answer.text


async def test_what_is_no_json_is_refused(chatbot: Kit) -> None:
    async with program(serving(await chatbot.start(Echo()))) as http:
        for body in (b"", b"{", b"[]", b"null", b"\xff"):
            answer = await http.post("/api/wishes", content=body)
            assert answer.status_code == 422


async def test_what_a_wish_says_begins_no_line_of_the_log(
    chatbot: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with program(serving(await chatbot.start(Echo()))) as http:
        await wish(http, do="drain", bot="x\nall is well")
    assert "\nall is well" not in caplog.text
