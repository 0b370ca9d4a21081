"""One visit of a customer: a chat that is followed until it is over, whoever plays the customer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import httpx

from chatbot.cli.backstage import Backstage, Trouble, words_of
from chatbot.simulator.customer import Customer, CustomerLine, RefusedError

__all__ = ["Guest", "Place", "Visit"]

T = TypeVar("T")

_POLL_S = 0.1
_FAREWELL_S = 2.0
_OVER = "Idle"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the customer goes.

    Args:
        server: The address of the server.
        queue: Who gets the chat: the user name of a bot, or a queue; empty for the server's own choice.
        is_busy: Tells whether a bot is at work, where that can be seen.
        problems: Why each bot is not ready, where that can be seen.
        transport: In place of the network.
    """

    server: str
    queue: str = ""
    is_busy: Callable[[], bool] = lambda: False
    problems: Callable[[], Mapping[str, list[str]]] = dict
    transport: httpx.AsyncBaseTransport | None = None


@dataclass(frozen=True, slots=True)
class Guest:
    """Who comes, and with what."""

    nickname: str = "Customer"
    subject: str = ""
    user_data: dict[str, object] = field(default_factory=dict)


class Visit:
    """A chat seen by its customer.

    It begins with the ``async with`` block, and ends with it.

    Args:
        place: Where it is.
        guest: Who comes.
        show: Called with every new line.

    Attributes:
        lines: Everything said so far.
        played: The nicknames of human agents whom the customer moves: nobody waits until they stop typing.
        over: Set when the chat is over.
        trouble: Why the server cannot be read at the moment; empty if it can.
    """

    backstage: Backstage

    def __init__(self, place: Place, guest: Guest, show: Callable[[CustomerLine], object]) -> None:
        self.place = place
        self.over = asyncio.Event()
        self.trouble = ""
        self.lines: list[CustomerLine] = []
        self.played: set[str] = set()
        self._guest = guest
        self._show = show
        self._typists: dict[str, None] = {}
        self._news = asyncio.Event()
        self._customer = Customer(
            place.server,
            nickname=guest.nickname,
            subject=guest.subject,
            endpoint=place.queue,
            user_data=guest.user_data,
            on_line=self._hears,
            transport=place.transport,
        )

    async def __aenter__(self) -> Self:
        """Ask for a chat.

        Raises:
            Trouble: It could not be started.
        """
        async with AsyncExitStack() as stack:
            await _told(stack.enter_async_context(self._customer))
            place = self.place
            http = httpx.AsyncClient(base_url=place.server, transport=place.transport, trust_env=False)
            await stack.enter_async_context(http)
            self.backstage = Backstage(http, self._customer.chat_id)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        async with self._stack:
            if not self.over.is_set():
                # a server that has gone need not be told
                with suppress(Trouble, TimeoutError):
                    async with asyncio.timeout(_FAREWELL_S):
                        await self.ends()

    @property
    def nickname(self) -> str:
        """How the customer is called now."""
        names = [line.nickname for line in self.lines if line.sender_type == "Customer"]
        return names[-1] if names else self._guest.nickname

    @property
    def typists(self) -> list[str]:
        """The agents who are typing."""
        return list(self._typists)

    @property
    def has_agent(self) -> bool:
        """Whether an agent has come."""
        return any(line.sender_type == "Agent" for line in self.lines)

    async def follow(self) -> None:
        """Read the chat until it is over; a server that does not answer is asked again."""
        while not self.over.is_set():
            before = len(self.lines), self.trouble
            try:
                state = await self._customer.looks()
            except RefusedError as error:  # the server has forgotten it
                state, self.trouble = _OVER, error.message
            except (httpx.HTTPError, ValueError, LookupError) as error:
                state, self.trouble = "", words_of(error)
            else:
                self.trouble = ""
            if state == _OVER:
                self.over.set()
                self._typists.clear()
            if self.over.is_set() or before != (len(self.lines), self.trouble):
                self._tell()
            await asyncio.sleep(_POLL_S)

    async def changes(self) -> None:
        """Return when there is a new line, or the chat is over."""
        await self._news.wait()

    async def until(self, look: Callable[[], T | None], timeout_s: float) -> T | None:
        """What `look` finds, asked again with every change; None if it finds nothing in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while (found := look()) is None:
                    if self.over.is_set():
                        return None
                    await self.changes()
                return found
        return look()

    async def rests(self, quiet_s: float, timeout_s: float) -> None:
        """Return when nothing has happened for a while, nobody types, and no bot is at work.

        Args:
            quiet_s: The while.
            timeout_s: The longest to wait for whoever types or works and says nothing.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        while not self.over.is_set():
            try:
                async with asyncio.timeout(quiet_s):
                    await self.changes()
                deadline = clock() + timeout_s
            except TimeoutError:
                is_at_work = bool(self._typists.keys() - self.played) or self.place.is_busy()
                if not is_at_work or clock() >= deadline:
                    return

    async def says(self, text: str) -> None:
        """Say something.

        Raises:
            Trouble: It did not reach the server.
        """
        await _told(self._customer.says(text))

    async def types(self, *, is_typing: bool) -> None:
        """Begin to type, or stop.

        Raises:
            Trouble: It did not reach the server.
        """
        await _told(self._customer.types() if is_typing else self._customer.stops_typing())

    async def ends(self) -> None:
        """End the chat.

        Raises:
            Trouble: It did not reach the server.
        """
        await _told(self._customer.ends())

    async def resource(self) -> dict[str, Any]:
        """State, capabilities and participants, as the customer sees them.

        Raises:
            Trouble: It cannot be read.
        """
        return await _told(self._customer.resource())

    def _hears(self, line: CustomerLine) -> None:
        self.lines.append(line)
        if line.sender_type == "Agent" and line.type == "TypingStarted":
            self._typists[line.nickname] = None
        else:
            # whoever has said it does not type any more
            self._typists.pop(line.nickname, None)
        self._show(line)

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


async def _told(call: Awaitable[T]) -> T:
    """The same, with whatever may go wrong told in words."""
    try:
        return await call
    except RefusedError as error:
        raise Trouble(error.message) from error
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        raise Trouble(f"HTTP {code}: this is no server with a Customer Chat API") from error
    except httpx.HTTPError as error:
        raise Trouble(f"the server does not answer: {words_of(error)}") from error
    except (ValueError, LookupError, TypeError) as error:
        raise Trouble("this is no server with a Customer Chat API") from error
