"""An endpoint for chat completions on a real loopback socket, and one chat in which a plugin asks it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chatbot import Participant, TextReceived
from chatbot.hooks.manager import CallResult, Occasion
from chatbot.model.actions import Action
from chatbot.simulator.server import serve
from tests.hooks.stage import ANA, Stage, manager
from tests.plugins.stage import ABOUT, load

Answer = dict[str, Any] | Response


class Endpoint:
    """What it was asked, and what it answers next."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answers: list[Answer] = []
        self.hangs = False
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def complete(self, request: Request) -> Response:
        self.requests.append(json.loads(await request.body()))
        self.keys.append(request.headers.get("authorization"))
        self.reached.set()
        if self.hangs:
            await self.go.wait()
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Response) else JSONResponse(answer)


def says(content: str | None = None, *, finish: str = "stop", tokens: int = 7, **message: Any) -> Answer:
    """An answer as OpenAI writes it."""
    whole = {"role": "assistant", "content": content, **message}
    choice = {"index": 0, "message": whole, "finish_reason": finish, "logprobs": None}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": tokens}}


def uses(*tools: tuple[str, Any], content: str | None = None) -> Answer:
    """An answer that uses tools; arguments that are no dict go as they are."""
    calls = [
        {
            "id": f"call{n}",
            "type": "function",
            "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
        }
        for n, (name, given) in enumerate(tools)
    ]
    return says(content, finish="tool_calls", tool_calls=calls)


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    """Served while the block lasts."""
    there = Endpoint()
    app = Starlette(routes=[Route("/v1/chat/completions", there.complete, methods=["POST"])])
    async with serve(app) as url:
        there.url = f"{url}/v1"
        try:
            yield there
        finally:
            there.go.set()


def line(index: int, text: str, sender: Participant = ANA, **fields: Any) -> TextReceived:
    return TextReceived(text=text, chat_id="A", index=index, sender=sender, **{**ABOUT, **fields})


class Talk:
    """One chat with the plugin and an endpoint."""

    def __init__(self, there: Endpoint, **table: Any) -> None:
        self.there = there
        self.stage = Stage()
        self.stage.view.transcript = []
        self.loaded = load("llm_reply", **{"base_url": there.url, "model": "m", **table})
        self.plugins = manager(self.loaded)

    async def life(self, hook: str) -> None:
        assert (await self.plugins.call(hook, Occasion(self.stage.bot), timeout_s=5)).failed == []

    async def hears(self, *answers: Answer, text: str = "canary?", index: int = 5) -> CallResult:
        """What comes of a text of the customer."""
        self.there.answers[:] = answers
        result = await self.stage.call(self.plugins, line(index, text))
        assert result.failed == []
        return result

    @property
    def sent(self) -> list[Action]:
        return self.stage.sent


@asynccontextmanager
async def talking(**table: Any) -> AsyncIterator[Talk]:
    async with endpoint() as there:
        talk = Talk(there, **table)
        await talk.life("on_bot_started")
        yield talk
        await talk.life("on_bot_stopping")
