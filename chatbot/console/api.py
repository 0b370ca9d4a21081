"""The same as the console for programs: what a service does, why, and what an operator wants of it, as JSON.

What was sent is never repeated in an answer.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chatbot.bot.runner import BotRunner
from chatbot.service.controls import ControlRefused, Controls
from chatbot.service.status import BotStatus, ChatStatus, chat_status, status_of
from chatbot.service.supervisor import Service
from chatbot.service.why import NotKnown, Why, explain

__all__ = ["Wish", "api_routes", "grant"]

log = logging.getLogger(__name__)

_NOT_FOUND = 404
_CONFLICT = 409
_UNPROCESSABLE = 422
_BOTS = TypeAdapter(tuple[BotStatus, ...])
_CHATS = TypeAdapter(tuple[ChatStatus, ...])
_WHY = TypeAdapter(Why)
Name = Annotated[str, Field(min_length=1, max_length=1000)]


class Wish(BaseModel):
    """Something that an operator wants.

    Attributes:
        do: What.
        bot: Of which bot.
        chat: In which chat: mute, unmute, hand_over.
        plugin: Of which plugin: pause, unpause.
        queue: Where a chat is to go: a queue. Neither queue nor target: where the bot's fallback says.
        target: Where a chat is to go: the address of an agent.
        hand_over: With drain: send all customers where the bot's fallback says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    do: Literal["drain", "resume", "pause", "unpause", "mute", "unmute", "hand_over"]
    bot: Name
    chat: Name | None = None
    plugin: Name | None = None
    queue: Name | None = None
    target: Name | None = None
    hand_over: bool = False


def grant(controls: Controls, wish: Wish, who: str) -> str:
    """Meet a wish, and say so in the log.

    Args:
        controls: Meets wishes.
        wish: What is wanted.
        who: Wants it, for the log.

    Returns:
        What was done, in a sentence.

    Raises:
        ControlRefused: It cannot be met.
    """
    try:
        done = _granted(controls, wish)
    except ControlRefused as error:
        log.info("operator at %s: %s of bot %r refused: %s", who, wish.do, wish.bot, error)
        raise
    log.info("operator at %s: %s", who, done)
    return done


def _granted(controls: Controls, wish: Wish) -> str:
    match wish.do:
        case "drain":
            left = controls.drain(wish.bot, hand_over=wish.hand_over)
            rest = f"; {len(left)} are left, for a human agent has them or they only ring" if left else ""
            return f"bot {wish.bot} takes no more chats{rest}"
        case "resume":
            controls.resume(wish.bot)
            return f"bot {wish.bot} takes chats again"
        case "pause" | "unpause":
            return _plugin(controls, wish, _needed(wish.plugin, "plugin"))
        case _:
            return _chat(controls, wish, _needed(wish.chat, "chat"))


def _plugin(controls: Controls, wish: Wish, plugin: str) -> str:
    if wish.do == "pause":
        controls.pause(wish.bot, plugin)
        return f"plugin {plugin} of bot {wish.bot} is not asked any more"
    controls.unpause(wish.bot, plugin)
    return f"plugin {plugin} of bot {wish.bot} is asked again"


def _chat(controls: Controls, wish: Wish, chat: str) -> str:
    if wish.do == "mute":
        controls.mute(wish.bot, chat)
        return f"bot {wish.bot} says nothing more in chat {chat}"
    if wish.do == "unmute":
        controls.unmute(wish.bot, chat)
        return f"bot {wish.bot} may talk again in chat {chat}"
    controls.hand_over(wish.bot, chat, queue=wish.queue, target=wish.target)
    return f"chat {chat} of bot {wish.bot} is handed over"


def _needed(value: str | None, key: str) -> str:
    if value is None:
        raise ControlRefused(f"it is not said of which {key}", f"give {key}")
    return value


def api_routes(service: Service) -> list[Route]:
    """The addresses for programs. Who may use them is decided before."""
    controls = Controls(service)

    async def status(_: Request) -> Response:
        """All bots."""
        now = status_of(service)
        bots = _BOTS.dump_python(now.bots, mode="json")
        for bot, told in zip(now.bots, bots, strict=True):
            told["state"] = bot.state
        return JSONResponse({"ready": now.is_ready, "bots": bots})

    async def chats(request: Request) -> Response:
        """The chats of one bot."""
        found = [bot for bot in service.bots if bot.name == request.query_params.get("bot")]
        if not found:
            return _refused("there is no such bot", "give ?bot=NAME as in bots.toml", _NOT_FOUND)
        return JSONResponse(_CHATS.dump_python(tuple(_chats(service, found[0])), mode="json"))

    async def why(request: Request) -> Response:
        """What came of one event."""
        asked = request.query_params
        try:
            found = explain(service, asked.get("chat", ""), asked.get("event", ""), asked.get("bot"))
        except NotKnown as error:
            return _refused(str(error), error.fix, _NOT_FOUND)
        return JSONResponse(_WHY.dump_python(found, mode="json"))

    async def wish(request: Request) -> Response:
        """What an operator wants."""
        try:
            wanted = Wish.model_validate_json(await request.body())
        except ValidationError as error:
            return _refused("the wish cannot be read", _flaws(error), _UNPROCESSABLE)
        try:
            return JSONResponse({"done": grant(controls, wanted, _address(request))})
        except ControlRefused as error:
            return _refused(str(error), error.fix, _CONFLICT)

    return [
        Route("/api/status", status),
        Route("/api/chats", chats),
        Route("/api/why", why),
        Route("/api/wishes", wish, methods=["POST"]),
    ]


def _chats(service: Service, bot: BotRunner) -> list[ChatStatus]:
    return [chat_status(chat, service.monotonic()) for chat in bot.live.values()]


def _refused(what: str, fix: str, status: int) -> Response:
    return JSONResponse({"refused": what, "fix": fix}, status_code=status)


def _flaws(error: ValidationError) -> str:
    """What is wrong with each known key; a key that is not known is a stranger's text."""
    known = {*Wish.model_fields}
    flaws: list[Any] = [*error.errors(include_url=False, include_input=False, include_context=False)]
    told = [f"{flaw['loc'][0]}: {flaw['msg']}" for flaw in flaws if flaw["loc"] and flaw["loc"][0] in known]
    return "; ".join(told) or f"send a JSON object with these keys: {', '.join(Wish.model_fields)}"


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "-"
