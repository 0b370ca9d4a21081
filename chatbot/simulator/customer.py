"""A scripted customer: talks to the Customer Chat API over HTTP, for demonstrations and tests.

Reference section 10.2. Reads the transcript by polling, as a web page does.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, partial
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar, Unpack

import httpx

CONTACT_CENTER_ID = "cfe5ad67-ba6d-4340-81f9-bb680ef5d498"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """One line of the transcript as the customer sees it.

    Args:
        index: Its number.
        type: `Text`, `ParticipantJoined` and so on.
        nickname: Who.
        sender_type: `Customer` or `Agent`.
        text: Text, url or notice; empty if there is none.
    """

    index: int
    type: str
    nickname: str
    sender_type: str
    text: str

    def __str__(self) -> str:
        return f"{self.nickname}: {self.text}" if self.type == "Text" else f"({self.nickname}: {self.type})"


class NotHeardError(TimeoutError):
    """What the customer waited for did not come.

    Args:
        wanted: What it was.
        lines: The transcript so far.
    """

    def __init__(self, wanted: str, lines: list[CustomerLine]) -> None:
        said = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        super().__init__(f"Waited in vain for {wanted}. The transcript so far:\n{said}")
        self.wanted = wanted
        self.lines = lines


class RefusedError(Exception):
    """The server refused a request of the customer.

    Args:
        request: Method and path.
        answer: What the server said.

    Attributes:
        message: The words of the server.
    """

    def __init__(self, request: str, answer: dict[str, Any]) -> None:
        super().__init__(f"{request}: {answer}")
        self.message = str(answer.get("statusMessage") or answer)


class Settings(TypedDict, total=False):
    """How a customer comes in and waits.

    `nickname`, `subject`, `endpoint` (the queue) and `user_data` go into RequestChat. `poll_s` is the time
    between two looks, `sleep` what passes it. `on_line` is called with every line new to the customer.
    `transport` replaces the network.
    """

    nickname: str
    subject: str
    endpoint: str
    user_data: dict[str, object]
    poll_s: float
    sleep: Callable[[float], Awaitable[object]]
    on_line: Callable[[CustomerLine], object]
    transport: httpx.AsyncBaseTransport | None


class Customer:
    """A customer in one chat, which starts with the `async with` block.

    Leaving the block leaves the chat as it is: call `ends` to end it.

    Args:
        base_url: The server, without /api/v2.
        **settings: See `Settings`.
    """

    def __init__(self, base_url: str, **settings: Unpack[Settings]) -> None:
        self._settings = settings
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"ContactCenterId": CONTACT_CENTER_ID},
            transport=settings.get("transport"),
            verify=_tls(),
            trust_env=False,
        )
        self._heard = 0
        self.chat_id = ""
        self.lines: list[CustomerLine] = []

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        try:
            answer = await self._call("POST", "/api/v2/chats", self._request_body())
        except BaseException:
            await self._http.aclose()
            raise
        self.chat_id = str(answer["id"])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def says(self, text: str) -> None:
        """Say something."""
        await self._operate("SendMessage", text=text)

    async def types(self) -> None:
        """Start typing."""
        await self._operate("SendStartTypingNotification")

    async def stops_typing(self) -> None:
        """Stop typing."""
        await self._operate("SendStopTypingNotification")

    async def ends(self) -> None:
        """End the chat."""
        await self._operate("Complete")

    async def hears(self, pattern: str = "", timeout_s: float = 5.0) -> CustomerLine:
        """Return the next text of an agent that matches, skipping others.

        Raises:
            NotHeardError: If there is none in time.
        """
        return await self._hears(partial(_is_text, pattern), f"a text like {pattern!r}", timeout_s)

    async def sees_agent(self, timeout_s: float = 5.0) -> CustomerLine:
        """Return the next line about an agent who joined.

        Raises:
            NotHeardError: If nobody joins in time.
        """
        return await self._hears(_is_arrival, "an agent to join", timeout_s)

    async def sees_end(self, timeout_s: float = 5.0) -> None:
        """Return when the chat is over, with all its lines read.

        Raises:
            NotHeardError: If it goes on.
        """
        await self._until(self._look_for_end, "the end of the chat", timeout_s)

    async def looks(self) -> str:
        """Read the lines that are new, and return the state: WaitingForAgent, Chatting or Idle."""
        state = await self.state()
        await self._read()
        return state

    async def state(self) -> str:
        """Return WaitingForAgent, Chatting or Idle."""
        return str((await self.resource())["state"])

    async def resource(self) -> dict[str, Any]:
        """Return the chat as the customer sees it: state, capabilities, participants."""
        answer = await self._call("GET", self._path)
        chat: dict[str, Any] = answer["chat"]
        return chat

    @property
    def _path(self) -> str:
        return f"/api/v2/chats/{self.chat_id}"

    def _request_body(self) -> dict[str, object]:
        given = {
            "nickname": self._settings.get("nickname", "Customer"),
            "subject": self._settings.get("subject", ""),
            "endpoint": self._settings.get("endpoint"),
            "userData": self._settings.get("user_data"),
        }
        return {"operationName": "RequestChat", **{name: value for name, value in given.items() if value}}

    async def _look_for_end(self) -> str | None:
        state = await self.looks()
        return state if state == "Idle" else None

    async def _hears(
        self, is_wanted: Callable[[CustomerLine], bool], wanted: str, timeout_s: float
    ) -> CustomerLine:
        async def look() -> CustomerLine | None:
            await self._read()
            while self._heard < len(self.lines):
                self._heard += 1
                if is_wanted(self.lines[self._heard - 1]):
                    return self.lines[self._heard - 1]
            return None

        return await self._until(look, wanted, timeout_s)

    async def _until(self, look: Callable[[], Awaitable[T | None]], wanted: str, timeout_s: float) -> T:
        sleep = self._settings.get("sleep", asyncio.sleep)
        try:
            async with asyncio.timeout(timeout_s):
                while (found := await look()) is None:
                    await sleep(self._settings.get("poll_s", 0.05))
                return found
        except TimeoutError as error:
            raise NotHeardError(wanted, self.lines) from error

    async def _read(self) -> None:
        """Ask by index, not by delivery position: an answer that got lost is then read again."""
        answer = await self._call("GET", f"{self._path}/messages?index={len(self.lines) + 1}")
        for message in answer["messages"]:
            line = _line(message)
            self.lines.append(line)
            self._settings.get("on_line", _ignore)(line)

    async def _operate(self, name: str, **given: object) -> None:
        await self._call("POST", self._path, {"operationName": name, **given})

    async def _call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        response = await self._http.request(method, path, json=body)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        # The odd forms of section 2.4, if the server is set to them.
        if str(answer.get("statusCode", answer.get("status"))) not in ("0", "ok"):
            raise RefusedError(f"{method} {path}", answer)
        return answer


@cache
def _tls() -> ssl.SSLContext:
    """One for all customers: to read the certificate authorities takes longer than to be answered."""
    return httpx.create_ssl_context(trust_env=False)


def _is_text(pattern: str, line: CustomerLine) -> bool:
    return line.type == "Text" and line.sender_type == "Agent" and bool(re.search(pattern, line.text))


def _is_arrival(line: CustomerLine) -> bool:
    return line.type == "ParticipantJoined" and line.sender_type == "Agent"


def _line(message: dict[str, Any]) -> CustomerLine:
    who = message["from"]
    text = message.get("text") or message.get("url") or message.get("noticeText") or ""
    return CustomerLine(message["index"], message["type"], who["nickname"], who["type"], text)


def _ignore(_: CustomerLine) -> None:
    """Nobody listens."""
