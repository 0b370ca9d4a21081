"""The platform as one bot uses it: reads that log in again when the session is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from chatbot.model.actions import Action
from chatbot.model.answers import StatusCode
from chatbot.model.errors import ProtocolViolation, SessionLost, WireError
from chatbot.model.events import TranscriptEvent
from chatbot.model.resources import ChatResource
from chatbot.wire.outcomes import Outcome
from chatbot.wire.rest import Rest
from chatbot.wire.session import AgentSession

__all__ = ["Platform", "has_answered"]

Result = TypeVar("Result")

_SERVER_ERROR = 500
_NOT_NOW = frozenset({408, 429, StatusCode.INTERNAL_FAILURE, StatusCode.NOT_FINISHED, StatusCode.NOT_READ})


class Platform:
    """REST and session of one agent, joined.

    Args:
        rest: The agent's requests.
        session: The agent's session.
        turn: Waits until a request may go out at once.
    """

    def __init__(self, rest: Rest, session: AgentSession, turn: Callable[[], Awaitable[None]]) -> None:
        self.session = session
        self.turn = turn
        self._rest = rest

    async def chats(self) -> list[ChatResource]:
        """See Rest.chats."""
        return await self._logged_in(self._rest.chats)

    async def chat(self, chat_id: str) -> ChatResource | None:
        """See Rest.chat."""
        return await self._logged_in(lambda: self._rest.chat(chat_id))

    async def lines(self, chat_id: str, start: int = 1, count: int | None = None) -> list[TranscriptEvent]:
        """See Rest.lines."""
        return await self._logged_in(lambda: self._rest.lines(chat_id, start, count))

    async def perform(self, action: Action, chat_id: str | None) -> Outcome:
        """Send one operation once; see Rest.perform."""
        return await self._rest.perform(action, chat_id)

    async def _logged_in(self, read: Callable[[], Awaitable[Result]]) -> Result:
        """Read; if the session is gone, log in and read once more."""
        try:
            return await read()
        except SessionLost:
            await self.session.renew()
            return await read()


def has_answered(error: WireError) -> bool:
    """Whether a read failed for good: the server is there, and not only busy or in trouble."""
    if not isinstance(error, ProtocolViolation):
        return False
    if error.status is None:
        return not error.retryable  # what is cut short or empty will be whole another time
    return error.status < _SERVER_ERROR and error.status not in _NOT_NOW
