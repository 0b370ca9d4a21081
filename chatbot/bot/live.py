"""One chat while the bot has it: the newest view, its ordered lines, its receipts, its mailbox.

The mailbox is bounded without ever losing a text: lines beyond its bound are read again, state is
a level of which only the newest view counts, and failures are few.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, MutableMapping, Sequence
from datetime import datetime
from typing import Any

from chatbot.bot.identity import Identity
from chatbot.bot.order import LineOrder
from chatbot.bot.receipts import Receipts
from chatbot.hooks.chat import Chat
from chatbot.hooks.ports import ActionSender, ReadLines
from chatbot.model.events import (
    ChatUpdated,
    OperationFailed,
    TranscriptEvent,
    TranscriptSaved,
    UnknownMessage,
)
from chatbot.model.resources import ChatResource, Participant

__all__ = ["LiveChat"]

_MOST_UNORDERED = 64
_MOST_ECHOES = 1000

Spawn = Callable[["LiveChat", Coroutine[Any, Any, object]], None]


class LiveChat:
    """What the bot knows and has to do in one chat.

    Attributes:
        resource: The newest view of the chat.
        shown: The view that hooks were last told about.
        order: Its lines.
        receipts: Operations that wait for their effect.
        identity: Which participant is the bot.
        sending: Held while an operation is in flight: one at a time.
        adopted: Found running when the process began.
        offered: ``on_chat_offered`` has run.
        accept_failed: The automatic Accept came to nothing.
        accept_again: It is to be tried again.
        started_at: When ``on_chat_started`` or ``on_chat_resumed`` ran.
        history_to: Lines up to this index are history, except those in ``unanswered``.
        must_ask: The transcript has to be read, whatever notifications say.
        stalled: Nothing more can be done until something new is heard.
        gone: The server no longer lists the chat.
        left_by_bot: A plugin has left the chat, and may still set data before it completes it.
        abandoned: The customer has left and has not come back.
        again: The chat is offered anew, and its end has not been told yet; taken up after that.
        memory: What plugins keep.
        unordered: Lines that have no place in the order.
        failures: Reports of failed operations.
        tasks: What plugins have spawned.
        handle: The chat as hooks see it.
        ended: ``on_chat_ended`` has run; nothing may follow.
    """

    def __init__(
        self,
        resource: ChatResource,
        *,
        identity: Identity,
        sender: ActionSender,
        read: ReadLines,
        spawn: Spawn,
    ) -> None:
        self.resource = resource
        self.shown: ChatResource | None = None
        self.order = LineOrder()
        self.receipts = Receipts()
        self.identity = identity
        self.sending = asyncio.Lock()
        self.adopted = False
        self.offered = False
        self.accept_failed = False
        self.accept_again = False
        self.started_at: datetime | None = None
        self.history_to = 0
        self.unanswered: frozenset[int] = frozenset()
        self.must_ask = False
        self.stalled = False
        self.gone = False
        self.ended = False
        self.left_by_bot = False
        self.abandoned = False
        self.again: ChatUpdated | None = None
        self.memory: MutableMapping[str, Any] = {}
        self.unordered: deque[TranscriptEvent] = deque(maxlen=_MOST_UNORDERED)
        self.failures: deque[OperationFailed] = deque(maxlen=_MOST_UNORDERED)
        self.tasks: set[asyncio.Task[object]] = set()
        self.handle = Chat(self, sender)
        self._read = read
        self._spawn = spawn
        self._echoes: deque[int] = deque(maxlen=_MOST_ECHOES)

    @property
    def id(self) -> str:
        """The chat's id."""
        return self.resource.id

    @property
    def me(self) -> Participant | None:
        """See ChatView."""
        return self.identity.me

    @property
    def is_over(self) -> bool:
        """Whether the chat is no longer this bot's."""
        return self.gone or (self.resource.state is not None and self.resource.state.is_final)

    @property
    def is_live(self) -> bool:
        """Whether the agent is in the chat."""
        return self.resource.state is not None and self.resource.state.is_live

    async def lines(self, start: int, count: int | None) -> list[TranscriptEvent]:
        """See ChatView."""
        return await self._read(self.id, start, count)

    def spawn(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """See ChatView."""
        self._spawn(self, coroutine)

    def update(self, update: ChatUpdated) -> None:
        """Take a newer view of the chat. After its end nothing is newer: an answer was on its way."""
        state = update.chat.state
        if self.is_over and state is not None and not state.is_final:
            return
        self.resource = update.chat.over(self.resource)
        self.stalled = False
        if self.is_live:
            self.identity.learn(self.resource.participants or ())
        self.receipts.updated(update)

    def hear(self, line: TranscriptEvent) -> None:
        """Take a line from a notification."""
        self.stalled = False
        self.identity.hear(line)
        self._match_echo(line)
        if line.index is not None:
            self.order.offer([line])
        elif isinstance(line, TranscriptSaved | UnknownMessage):
            self.unordered.append(line)
        else:
            # its place is not known: the transcript will tell
            self.must_ask = True

    def read_back(self, transcript: list[TranscriptEvent]) -> None:
        """Take what the server showed on request."""
        for line in transcript:
            self.identity.hear(line)
            self._match_echo(line)
        self.order.show(transcript)
        self.must_ask = False

    def fail(self, failure: OperationFailed) -> None:
        """Take the report of a failed operation."""
        self.stalled = False
        self.failures.append(self._explained(failure))

    async def next_failure(self) -> OperationFailed:
        """The next report, with its operation: the report may come before the answer that names both."""
        failure = self.failures.popleft()
        if failure.action is None:
            async with self.sending:
                return self._explained(failure)
        return failure

    def _explained(self, failure: OperationFailed) -> OperationFailed:
        action = self.receipts.failed(failure.reference_id, failure.message)
        return failure.model_copy(update={"action": action}) if action else failure

    def unexplained(self, lines: Sequence[TranscriptEvent]) -> list[TranscriptEvent]:
        """The lines that may be the bot's own, and are not known to be the effect of an operation."""
        return [
            line for line in lines if line.index not in self._echoes and self.identity.may_be(line.sender)
        ]

    def explain(self, *lines: TranscriptEvent) -> None:
        """These lines are the effect of an operation, so they are not another one's."""
        self._echoes += [line.index for line in lines if line.index is not None]

    def _match_echo(self, line: TranscriptEvent) -> None:
        """Tell receipts of an own line, once; also where only its words show that it is our own."""
        if line.index is None or line.index <= self.order.cursor or line.index in self._echoes:
            return
        is_own = self.identity.is_me(line.sender)
        if is_own or (self.receipts.expects(line) and self.identity.recognise(line.sender)):
            self.explain(line)
            self.receipts.echo(line)
