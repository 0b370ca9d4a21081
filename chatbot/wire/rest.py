"""The REST side of the platform: one ``perform`` for all operations, and the reads a bot needs.

It sends each request once. Whether to send again is decided by whoever knows the chat (``bot``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from chatbot.model import agent_actions
from chatbot.model.actions import Action
from chatbot.model.answers import Answer, StatusCode, read_answer
from chatbot.model.clock import Clock
from chatbot.model.errors import ProtocolViolation, WireError
from chatbot.model.events import TranscriptEvent
from chatbot.model.fields import id_from_path, is_safe_id
from chatbot.model.parse import parse_chat, parse_lines
from chatbot.model.resources import ChatResource
from chatbot.wire.body import decode
from chatbot.wire.http import Http, Method, Reply
from chatbot.wire.outcomes import (
    Accepted,
    Gone,
    Later,
    NotSent,
    Outcome,
    Refusal,
    SessionFault,
    Unknown,
    outcome_of,
    outcome_of_error,
)

__all__ = ["Rest"]

API = "/api/v2"

# Where an operation goes, if not to the agent's own chat (reference 3.3, 3.4, 6.2).
_ROUTES: dict[type[Action], str] = {
    agent_actions.StartContactCenterSession: "/me",
    agent_actions.EndContactCenterSession: "/me",
    agent_actions.Ready: "/me/channels/chat",
    agent_actions.NotReady: "/me/channels/chat",
    agent_actions.Monitor: "/users/{user_id}/channels/chat",
    agent_actions.Coach: "/users/{user_id}/channels/chat",
    agent_actions.BargeIn: "/users/{user_id}/channels/chat",
    agent_actions.CancelSupervisorMonitoring: "/users/{user_id}/channels/chat",
    agent_actions.Intrude: "/users/{user_id}/chats/{chat_id}",
}
_OWN_CHAT = "/me/chats/{chat_id}"


class Rest:
    """Requests of one agent.

    Args:
        http: Moves the bytes, and keeps cookies and credentials.
        bot: The bot's name, for the events of transcripts.
        clock: For the time of receipt.
        timeout_s: For each request, in all.
    """

    def __init__(self, http: Http, *, bot: str, clock: Clock, timeout_s: float) -> None:
        self._http = http
        self._bot = bot
        self._clock = clock
        self._timeout_s = timeout_s
        self._has_only_a_list = False

    async def perform(self, action: Action, chat_id: str | None = None) -> Outcome:
        """Send one operation once, under another spelling if the server refuses its first name.

        Raises:
            ValueError: The chat id may not stand in a path.
        """
        path = API + self._path(action, chat_id)
        outcome = await self._post(path, action.body())
        for spelling in action.spellings:
            if isinstance(outcome, Refusal):
                outcome = await self._post(path, action.body(spelling))
        return outcome

    async def me(self) -> Answer:
        """``GET /me``: logs in by HTTP Basic, and renews cookie and CSRF token (reference 3.1, 3.2).

        Raises:
            WireError: As ``get`` says.
        """
        return await self.get("/me")

    async def chat_state(self) -> str | None:
        """The agent's state on the chat channel, e.g. ``Ready``; None if there is no such channel.

        Raises:
            WireError: As ``get`` says.
        """
        channels = (await self.get("/me/channels?fields=*")).value.get("channels")
        for channel in channels if isinstance(channels, list) else ():
            if isinstance(channel, dict) and channel.get("channel") == "chat":
                state = channel.get("userState")
                return str(state.get("state")).strip() if isinstance(state, dict) else ""
        return None

    async def chats(self) -> list[ChatResource]:
        """All chats of the agent. Where the server only lists addresses, each is read by its id.

        Raises:
            WireError: As ``get`` says.
        """
        value = (await self.get("/me/chats?fields=*")).value
        listed, uris = value.get("chats"), value.get("uris")
        if isinstance(listed, list):
            return _readable(map(parse_chat, listed))
        if isinstance(uris, list):
            ids = [chat_id for uri in uris if (chat_id := id_from_path(uri, below="chats"))]
            # if none can be read, there is no address of one chat (reference 5.1); the chats are there
            return _readable([await self._single(chat_id) for chat_id in ids]) or [
                ChatResource(id=chat_id) for chat_id in ids
            ]
        # the chat resource page answers with one bare chat
        single = parse_chat(value.get("chat") or value)
        if single is None:
            raise ProtocolViolation("the list of chats cannot be read", retryable=False)
        return [single]

    async def chat(self, chat_id: str) -> ChatResource | None:
        """One chat; None if the server knows no such chat of this agent.

        No page documents the address of one chat (reference 5.1), so the list has the last word; where it
        shows what is not there by itself, only the list is asked from then on.

        Raises:
            WireError: As ``get`` says.
        """
        single = None if self._has_only_a_list else await self._single_or_none(_safe(chat_id))
        if single is not None:
            return single
        listed = next((chat for chat in await self.chats() if chat.id == chat_id), None)
        self._has_only_a_list = self._has_only_a_list or (listed is not None and listed.state is not None)
        return listed

    async def _single_or_none(self, chat_id: str) -> ChatResource | None:
        try:
            return await self._single(chat_id)
        except ProtocolViolation as error:
            if error.retryable:
                raise
            return None

    async def _single(self, chat_id: str) -> ChatResource | None:
        value = (await self.get(f"/me/chats/{chat_id}", missing_is_empty=True)).value
        return parse_chat(value.get("chat") or value)

    async def lines(self, chat_id: str, start: int = 1, count: int | None = None) -> list[TranscriptEvent]:
        """The transcript from index ``start`` on, as the server shows it.

        Nobody says how many lines it shows at once (reference 5.1): without ``count`` all are read.

        Raises:
            WireError: As ``get`` says.
        """
        lines = page = await self._page(chat_id, start, count)
        for _ in range(_MOST_PAGES):
            if count is not None or len(page) < _SMALLEST_PAGE:
                break
            page = await self._next_page(chat_id, lines, is_whole=start == 1)
            if start > 1 and _may_have_jumped(lines, page, start):
                whole = await self.lines(chat_id)
                return [line for line in whole if line.position >= start or line.index is None]
            lines = [*lines, *page]
        return lines

    async def _next_page(
        self, chat_id: str, lines: list[TranscriptEvent], *, is_whole: bool
    ) -> list[TranscriptEvent]:
        """What follows these lines; a server may count places instead of indexes (reference 8.2)."""
        end = max(line.position for line in lines)
        page = await self._rest_after(chat_id, end + 1, end)
        if is_whole and end > len(lines) and (not page or page[0].position > end + 1):
            by_place = await self._rest_after(chat_id, len(lines) + 1, end)
            if by_place and (not page or by_place[0].position < page[0].position):
                return by_place
        return page

    async def _rest_after(self, chat_id: str, start: int, end: int) -> list[TranscriptEvent]:
        try:
            page = await self._page(chat_id, start)
        except ProtocolViolation as error:
            if error.retryable:
                raise
            return []  # there is nothing beyond the end
        return [line for line in page if line.position > end]

    async def _page(self, chat_id: str, start: int, count: int | None = None) -> list[TranscriptEvent]:
        query = f"startIndex={start}" + (f"&count={count}" if count is not None else "")
        answer = await self.get(f"/me/chats/{_safe(chat_id)}/messages?{query}")
        if not isinstance(answer.value.get("messages"), list):
            raise ProtocolViolation("the transcript cannot be read", retryable=False)
        return parse_lines(answer.value, bot=self._bot, chat_id=chat_id, received_at=self._now())

    async def get(self, path: str, *, missing_is_empty: bool = False) -> Answer:
        """The envelope of a GET below ``/api/v2``.

        Args:
            path: Path and query.
            missing_is_empty: Answer "not found" with an empty envelope instead of an error.

        Raises:
            ConnectionLost: No whole answer.
            SessionLost: The server does not know who asks (401, 403, code 5 or 20, a login page).
            ProtocolViolation: Any other answer that holds nothing to read.
        """
        reply = await self._http.request("GET", API + path, timeout_s=self._timeout_s)
        if reply.status < _REDIRECT:
            answer = read_answer(decode(reply.body))
            # a list or a resource may come without an envelope (chat resource page)
            if answer.value and answer.code in {None, *_GOOD}:
                return answer
        outcome = outcome_of(reply, now=self._now())
        if missing_is_empty and _is_missing(outcome):
            return read_answer({})
        raise _as_error(outcome)

    async def _post(self, path: str, body: dict[str, object]) -> Outcome:
        method: Method = "POST"
        content = json.dumps(body, separators=(",", ":")).encode()
        try:
            reply: Reply = await self._http.request(method, path, content=content, timeout_s=self._timeout_s)
        except WireError as error:
            return outcome_of_error(error)
        return outcome_of(reply, now=self._now())

    def _path(self, action: Action, chat_id: str | None) -> str:
        ids = {name: str(getattr(action, name)) for name in action.in_path}
        route = _ROUTES.get(type(action), _OWN_CHAT)
        if route is _OWN_CHAT:
            ids["chat_id"] = _safe(chat_id)
        return route.format(**ids)

    def _now(self) -> datetime:
        return self._clock.now()


_REDIRECT = 300
_SMALLEST_PAGE = 10
_MOST_PAGES = 100
_GOOD = (StatusCode.OK, StatusCode.PARTLY_DONE)


def _may_have_jumped(lines: list[TranscriptEvent], page: list[TranscriptEvent], start: int) -> bool:
    """Whether lines may be missing between two pages, on a server that counts places: the whole can tell."""
    end = max(line.position for line in lines)
    has_gaps = end - start + 1 > len(lines)
    return has_gaps and (not page or page[0].position > end + 1)


def _safe(chat_id: str | None) -> str:
    if chat_id is None or not is_safe_id(chat_id):
        raise ValueError(f"not the id of a chat: {chat_id!r}")
    return chat_id


def _readable(chats: Iterable[ChatResource | None]) -> list[ChatResource]:
    return [chat for chat in chats if chat is not None]


def _is_missing(outcome: Outcome) -> bool:
    return isinstance(outcome, Gone) or (
        isinstance(outcome, Refusal) and outcome.code == StatusCode.NOT_FOUND
    )


def _as_error(outcome: Outcome) -> WireError:
    match outcome:
        case NotSent(error) | SessionFault(error) | Unknown(error):
            return error
        case Refusal(code, message) | Gone(code, message):
            return ProtocolViolation(message, retryable=False, status=code)
        case Later():
            return ProtocolViolation("the server asks for fewer requests", status=429)
        case Accepted():
            return ProtocolViolation("the answer is empty")
