"""Answers with a language model: any endpoint that speaks the chat completions of OpenAI.

Settings::

    [bots.NAME.plugin.llm_reply]
    base_url = "https://llm.example.com/v1"    # "/chat/completions" is added; without it nothing is loaded
    model = "some-model"
    api_key = { env = "LLM_API_KEY" }    # or { file = "/an/absolute/path" }, or none
    system = "You help customers of a bakery. Be brief."
    lines = 20                        # so many texts of the chat go along
    masked = true                     # with everything private hidden in them
    timeout = 8.0                     # for the whole answer; keep it below the bot's hook_timeout
    max_requests = 20                 # for each chat
    max_tokens = 500                  # for each answer
    max_chat_tokens = 20000           # for each chat, as the endpoint counts them; 0: no limit
    temperature = 0.3

    [bots.NAME.plugin.llm_reply.tools]    # what the model may do; nothing, unless told so here
    transfer = { queue = "Support" }      # or { target = "..." }: always there, whatever the model says
    complete = true
    set_user_data = ["OrderNumber"]       # only these keys

    [bots.NAME.plugin.llm_reply.mask]     # what is private; see pii_guard
    phones = false

A customer never sees an error. Where the model refuses, is too slow or answers nonsense, where the endpoint
does not answer, the budget is spent or a human agent is in the chat, it says nothing: the next plugin is
asked, and the fallback has its turn. The log says why, without a word of the customer. List it after faq.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal, Self, cast
from urllib.parse import urlsplit

import httpx
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from chatbot import ActionError, Chat, ChatbotError, TextReceived, Visibility, WireError, hookimpl
from chatbot.model.config import SecretSource
from chatbot.model.config_table import Seconds, Table
from chatbot.model.errors import ConfigError
from chatbot.model.events import TranscriptEvent
from chatbot.model.masking import Masker

log = logging.getLogger("chatbot.plugins.llm_reply")

_SPENT = "llm_reply.spent"
_BIGGEST_ANSWER = 1024 * 1024
_LONGEST_VALUE = 1000
_OK = 200
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_STRING = {"type": "string"}


class NoAnswer(ChatbotError):
    """The model has no answer; the text says why, without a word of the customer."""


def _secret(value: Any) -> Any:
    return {"plain": value} if isinstance(value, str) else value


class Destination(Table):
    """Where a transfer goes."""

    queue: str | None = Field(None, min_length=1)
    target: str | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.queue is None) == (self.target is None):
            raise ValueError("give exactly one of queue and target")
        return self


class Tools(Table):
    """What the model may do."""

    transfer: Destination | None = None
    complete: bool = False
    set_user_data: tuple[str, ...] = ()

    def offered(self) -> list[dict[str, Any]]:
        """As the endpoint wants them described."""
        farewell = {"text": {**_STRING, "description": "Last words to the customer."}}
        data = dict.fromkeys(self.set_user_data, _STRING)
        tools = [
            ("transfer", "Hand the customer to a human colleague.", farewell, self.transfer is not None),
            ("complete", "End the chat: the customer has what was asked for.", farewell, self.complete),
            ("set_user_data", "Keep what the customer has told.", data, bool(data)),
        ]
        return [_described(name, text, properties) for name, text, properties, is_on in tools if is_on]


def _described(name: str, text: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": text, "parameters": parameters}}


# what an endpoint answers; more may stand there


class _Function(BaseModel):
    name: str
    arguments: str = "{}"


class _ToolCall(BaseModel):
    id: str = ""
    function: _Function


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    total_tokens: int = Field(0, ge=0)


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class LlmReply:
    """The plugin."""

    class Settings(Table):
        """Which model, what it is told, what it may do and spend."""

        base_url: str = Field(examples=["http://127.0.0.1:11434/v1"])
        model: str = Field(min_length=1, examples=["llama3.2"])
        api_key: Annotated[SecretSource, BeforeValidator(_secret)] | None = None
        system: str = ""
        lines: int = Field(20, ge=1, le=500)
        masked: bool = True
        mask: Masker = Masker()
        timeout: Seconds = 8.0
        max_requests: int = Field(20, ge=1)
        max_tokens: int = Field(500, ge=1)
        max_chat_tokens: int = Field(20_000, ge=0)
        temperature: float = Field(0.3, ge=0, le=2)
        tools: Tools = Tools()

        @field_validator("base_url")
        @classmethod
        def _is_an_address(cls, value: str) -> str:
            try:
                parts = urlsplit(value)
                _ = parts.port
            except ValueError:
                parts = urlsplit("")
            is_more = value != value.strip() or "@" in parts.netloc or parts.query or parts.fragment
            if parts.scheme not in {"http", "https"} or not parts.hostname or is_more:
                raise ValueError('expected an address such as "https://llm.example.com/v1"')
            if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
                raise ValueError("customers' texts would go there without encryption: use https")
            return value.rstrip("/")

        @field_validator("api_key")
        @classmethod
        def _is_found(cls, value: SecretSource | None) -> SecretSource | None:
            if value is not None and value.file is not None and not value.file.is_absolute():
                raise ValueError(
                    "file: expected an absolute path: a plugin does not know where bots.toml stands"
                )
            return value

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: httpx.AsyncClient | None = None
        self._at_work = 0
        self._idle = asyncio.Event()

    # one client for each bot

    @hookimpl
    async def on_bot_started(self) -> None:
        """Read the key; without it the plugin stays silent."""
        if self._client is not None:
            return
        try:
            key = self._settings.api_key.read() if self._settings.api_key else ""
        except ConfigError as error:
            log.error("llm_reply answers nothing: api_key: %s", error.brief)  # noqa: TRY400 (told in one line)
            return
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        # the environment says nothing here, and nobody is sent elsewhere: as for the server itself
        self._client = httpx.AsyncClient(headers=headers, timeout=None, trust_env=False)  # noqa: S113 (on_text)

    @hookimpl
    async def on_bot_stopping(self) -> None:
        """Let what is asked be answered, then close the connections."""
        try:
            while self._at_work:
                self._idle.clear()
                await self._idle.wait()
        finally:
            client, self._client = self._client, None
            if client is not None:
                await client.aclose()

    # answers

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> str | bool | None:
        """What the model says, or nothing at all."""
        if self._client is None or not event.sender.is_customer or chat.human is not None:
            return None
        self._at_work += 1
        try:
            return await self._answer(chat, event)
        except NoAnswer as reason:
            log.warning("llm_reply has no answer in chat %s: %s", chat.id, reason)
            return None
        finally:
            self._at_work -= 1
            self._idle.set()

    async def _answer(self, chat: Chat, event: TextReceived) -> str | bool:
        until = asyncio.get_running_loop().time() + self._settings.timeout
        message = await self._ask(chat, messages := await self._messages(chat, event), until)
        if chat.human is not None:
            raise NoAnswer("a human agent has come meanwhile")
        calls = self._allowed(message)
        await self._keep(chat, calls)
        if "transfer" in calls or "complete" in calls:
            await self._go(chat, calls, message)
            return True
        if calls and not _said(message):
            # it waits to hear what became of that
            messages = [*messages, *_done(message)]
            message = await self._ask(chat, messages, until, may_act=False)
        if text := _said(message):
            return text
        raise NoAnswer("it says nothing")

    async def _messages(self, chat: Chat, event: TextReceived) -> list[dict[str, Any]]:
        """What was said up to this text, as the model wants it."""
        try:
            lines = await chat.messages()
        except WireError as error:
            log.debug("chat %s: the transcript cannot be read: %s", chat.id, error)
            lines = []
        before = [line for line in lines if line.position < event.position]
        said = [message for line in [*before, event] if (message := self._as_message(line))]
        system = [{"role": "system", "content": self._settings.system}] if self._settings.system else []
        return [*system, *said[-self._settings.lines :]]

    def _as_message(self, line: TranscriptEvent) -> dict[str, Any] | None:
        if not isinstance(line, TextReceived) or line.visibility is not Visibility.ALL:
            return None
        if not line.sender.is_customer and not line.sender.is_agent:
            return None
        text = self._settings.mask.text(line.text) if self._settings.masked else line.text
        return {"role": "user" if line.sender.is_customer else "assistant", "content": text}

    # one request

    async def _ask(
        self, chat: Chat, messages: list[dict[str, Any]], until: float, *, may_act: bool = True
    ) -> _Message:
        """Ask within budget and time.

        Raises:
            NoAnswer: There is none that a customer may read.
        """
        self._spend(chat, requests=1)
        try:
            async with asyncio.timeout_at(until):
                completion = await self._post(self._request(messages, may_act=may_act))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswer(f"the endpoint does not answer: {type(error).__name__}") from error
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {self._settings.timeout:g} s") from error
        self._spend(chat, tokens=completion.usage.total_tokens if completion.usage else 0)
        return _usable(completion.choices[0])

    def _spend(self, chat: Chat, *, requests: int = 0, tokens: int = 0) -> None:
        """Keep what was spent, before a request and after it; it survives a restart."""
        spent = chat.memory.get(_SPENT, {"requests": 0, "tokens": 0})
        settings = self._settings
        if requests and spent["requests"] >= settings.max_requests:
            raise NoAnswer(f"{settings.max_requests} requests in this chat are spent")
        if requests and 0 < settings.max_chat_tokens <= spent["tokens"]:
            raise NoAnswer(f"{settings.max_chat_tokens} tokens in this chat are spent")
        spent = {"requests": spent["requests"] + requests, "tokens": spent["tokens"] + tokens}
        chat.memory[_SPENT] = spent

    def _request(self, messages: list[dict[str, Any]], *, may_act: bool) -> dict[str, Any]:
        settings, tools = self._settings, self._settings.tools.offered()
        request = {
            "model": settings.model,
            "messages": messages,
            "max_tokens": settings.max_tokens,
            "temperature": settings.temperature,
        }
        return {**request, "tools": tools, "tool_choice": "auto" if may_act else "none"} if tools else request

    async def _post(self, request: Mapping[str, Any]) -> _Completion:
        if self._client is None:
            raise NoAnswer("the bot has stopped")
        url = f"{self._settings.base_url}/chat/completions"
        # httpx itself would not take half of a pair of surrogates
        content = json.dumps(request).encode()
        async with self._client.stream("POST", url, content=content) as response:
            if response.status_code != _OK:
                raise NoAnswer(f"the endpoint answers HTTP {response.status_code}")
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _BIGGEST_ANSWER:
                    raise NoAnswer(f"the answer is larger than {_BIGGEST_ANSWER} bytes")
        try:
            return _Completion.model_validate_json(body)
        except ValidationError:
            raise NoAnswer("the answer cannot be read") from None

    # what the model does

    def _allowed(self, message: _Message) -> dict[str, dict[str, Any]]:
        """The arguments of each tool that it uses and may use."""
        offered = {tool["function"]["name"] for tool in self._settings.tools.offered()}
        calls: dict[str, dict[str, Any]] = {}
        for call in message.tool_calls or ():
            if call.function.name in offered:
                calls[call.function.name] = _arguments(call.function)
            else:
                log.warning("llm_reply: the model wants to use a tool that it was not offered")
        return calls

    async def _keep(self, chat: Chat, calls: Mapping[str, Mapping[str, Any]]) -> None:
        given = calls.get("set_user_data", {})
        keys = [key for key in self._settings.tools.set_user_data if isinstance(given.get(key), str)]
        if not keys:
            return
        try:
            await chat.update_user_data({key: given[key][:_LONGEST_VALUE] for key in keys})
        except ActionError as error:
            log.warning("llm_reply: user data cannot be kept in chat %s: %s", chat.id, error)

    async def _go(self, chat: Chat, calls: Mapping[str, Mapping[str, Any]], message: _Message) -> None:
        name: Literal["transfer", "complete"] = "transfer" if "transfer" in calls else "complete"
        words = calls[name].get("text")
        text = _said(message) or (words.strip() if isinstance(words, str) else "") or None
        where = self._settings.tools.transfer
        try:
            if name == "transfer" and where is not None:
                await chat.transfer(queue=where.queue, target=where.target, text=text)
            else:
                await chat.complete(text=text)
        except ActionError as error:
            raise NoAnswer(f"{name} is not possible: {error.masked}") from error


def _usable(choice: _Choice) -> _Message:
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise NoAnswer("the model refuses")
    if choice.finish_reason == "length":
        raise NoAnswer("the answer is cut off at max_tokens")
    return choice.message


def _said(message: _Message) -> str:
    return (message.content or "").strip()


def _arguments(function: _Function) -> dict[str, Any]:
    """What the model wrote; nothing, if that is no JSON object."""
    with suppress(ValueError, RecursionError):
        if isinstance(arguments := json.loads(function.arguments), dict):
            return cast("dict[str, Any]", arguments)  # JSON: its keys are strings
    return {}


def _done(message: _Message) -> list[dict[str, Any]]:
    """What the model asked for, and that it was seen to."""
    calls = message.tool_calls or []
    asked = [{"id": one.id, "type": "function", "function": one.function.model_dump()} for one in calls]
    results = [{"role": "tool", "tool_call_id": one.id, "content": "ok"} for one in calls]
    return [{"role": "assistant", "content": None, "tool_calls": asked}, *results]
