"""A customer under test: says, waits, and wonders."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from chatbot.simulator.status import OperationError
from chatbot.simulator.transcript import Line, Visibility
from chatbot.testing.report import TalkError
from chatbot.testing.stage import Stage
from chatbot.testing.staged_chat import StagedChat

__all__ = ["StagedCustomer"]

_PATIENCE_S = 30.0


class StagedCustomer:
    """One customer of a test, in one chat.

    What the customer hears is heard once: each ``hears`` goes on behind the line that the last one found.

    Args:
        stage: Where the customer is.
        nickname: The customer's name.
        chat_id: The chat.
        is_bot: Tells by its login whether an agent is a bot.
        picture: Shows how the talk has gone.

    Attributes:
        nickname: The customer's name.
        chat: The chat, seen from the contact centre.
    """

    def __init__(
        self,
        stage: Stage,
        nickname: str,
        chat_id: str,
        *,
        is_bot: Callable[[str], bool],
        picture: Callable[[], str],
    ) -> None:
        self.nickname = nickname
        self.chat = StagedChat(stage, chat_id)
        self._stage = stage
        self._world = stage.simulator.world
        self._is_bot = is_bot
        self._picture = picture
        self._heard = 0

    @property
    def texts(self) -> list[str]:
        """All texts that the customer sees, the own ones too, oldest first."""
        return [line.content.get("text") or "" for line in self._lines() if line.type == "Text"]

    async def says(self, *texts: str) -> None:
        """Say one text or, at once, several; returns when nothing more happens for now."""
        for text in texts:
            self._do(self._world.customer_says, text)
        await self._stage.settle()

    async def types(self, preview: str | None = None) -> None:
        """Begin to type.

        Args:
            preview: What is typed so far, on servers that show it.
        """
        self._do(self._world.customer_types, preview)
        await self._stage.settle()

    async def stops_typing(self) -> None:
        """Stop typing."""
        self._do(self._world.customer_stops_typing)
        await self._stage.settle()

    async def leaves(self) -> None:
        """End the chat."""
        self._do(self._world.customer_leaves)
        await self._stage.settle()

    async def hears(self, wanted: str | re.Pattern[str] = "", *, within: float = _PATIENCE_S) -> str:
        """Wait for a text of an agent or a bot, and return it; others before it are passed over.

        Args:
            wanted: What it contains, or a pattern that it matches somewhere; empty: any text.
            within: Seconds, in virtual time.

        Raises:
            TalkError: It does not come.
        """
        __tracebackhide__ = True
        found = await self._stage.until(lambda: self._next(wanted), within)
        if found is None:
            raise self._failure(f"waited {within:g} s in vain for {_told(wanted)}")
        return found

    async def hears_nothing(self, *, within: float = _PATIENCE_S) -> None:
        """Wait, and hear no text of a bot that was not heard before. What humans say does not count.

        Args:
            within: Seconds, in virtual time.

        Raises:
            TalkError: A bot says something.
        """
        __tracebackhide__ = True
        said = await self._stage.until(self._next_of_bot, within)
        if said is not None:
            raise self._failure(f"wanted to hear nothing within {within:g} s, and heard {said!r}")

    async def sees(self, kind: str, *, within: float = _PATIENCE_S) -> str:
        """Wait for another line that the customer sees, and return its content.

        Args:
            kind: Its type on the wire: ``ParticipantJoined``, ``PushUrl``, ``TypingStarted`` ...
            within: Seconds, in virtual time.

        Raises:
            TalkError: It does not come.
        """
        __tracebackhide__ = True
        found = await self._stage.until(lambda: self._find(lambda line: line.type == kind), within)
        if found is None:
            raise self._failure(f"waited {within:g} s in vain for a line of type {kind}")
        return found

    async def sees_end(self, *, within: float = _PATIENCE_S) -> None:
        """Wait until the chat is over.

        Args:
            within: Seconds, in virtual time.

        Raises:
            TalkError: It goes on.
        """
        __tracebackhide__ = True
        if not await self._stage.until(lambda: self.chat.is_over or None, within):
            raise self._failure(f"waited {within:g} s in vain for the end of the chat")

    def _next(self, wanted: str | re.Pattern[str]) -> str | None:
        return self._find(lambda line: _is_said(line) and _fits(wanted, line.content.get("text") or ""))

    def _next_of_bot(self) -> str | None:
        return self._find(lambda line: _is_said(line) and self._is_bot(line.sender.username))

    def _find(self, is_wanted: Callable[[Line], bool]) -> str | None:
        lines = self._lines()
        for place in range(self._heard, len(lines)):
            if is_wanted(lines[place]):
                self._heard = place + 1
                return _content(lines[place])
        return None

    def _lines(self) -> Sequence[Line]:
        chat = self._world.chat(self.chat.id)
        return [line for line in chat.transcript.lines if line.visibility is Visibility.ALL]

    def _do(self, act: Callable[..., None], *given: object) -> None:
        try:
            act(self.chat.id, *given)
        except OperationError as error:
            raise self._failure(f"cannot do that: {error}") from error

    def _failure(self, what: str) -> TalkError:
        return TalkError(f"customer {self.nickname} {what}\n\n{self._picture()}")


def _is_said(line: Line) -> bool:
    return line.type == "Text" and line.sender.type != "Customer"


def _fits(wanted: str | re.Pattern[str], text: str) -> bool:
    return wanted in text if isinstance(wanted, str) else wanted.search(text) is not None


def _content(line: Line) -> str:
    """What the line says; empty, for some say nothing."""
    return line.content.get("text") or line.content.get("url") or line.content.get("notice_text") or ""


def _told(wanted: str | re.Pattern[str]) -> str:
    if isinstance(wanted, str):
        return repr(wanted) if wanted else "a text"
    return f"a text like {wanted.pattern!r}"
