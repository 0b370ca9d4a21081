"""What all parts of the world share: options, clock, ids, agents, chats, and the voice of the platform.

Also the one place where a line gets into a transcript and is told to those who may see it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Unpack

from chatbot.simulator.agents import Agents
from chatbot.simulator.chats import Asker, Chat, Leg
from chatbot.simulator.notices import Notices
from chatbot.simulator.options import Options
from chatbot.simulator.payloads import PROPERTIES
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.transcript import Content, Line, Participant, Transcript, Visibility

DEFAULT_FAILURE = "Request failed"


@dataclass(slots=True)
class Failure:
    """An operation that will be accepted and fail afterwards (7.1, Error).

    Args:
        operation: The operationName.
        username: Only for this agent; empty: for any.
        message: The errorMessage.
        with_chat: The form with messageType and chat instead of the bare one.
    """

    operation: str
    username: str = ""
    message: str = DEFAULT_FAILURE
    with_chat: bool = False


@dataclass(slots=True)
class Scene:
    """The shared state.

    Args:
        options: The platform's settings.
        clock: Epoch seconds.
        token: Makes a fresh string of that many lower-case hex characters.
        agents: The directory.
        notices: Tells agents.
    """

    options: Options
    clock: Callable[[], float]
    token: Callable[[int], str]
    agents: Agents
    notices: Notices
    chats: list[Chat] = field(default_factory=list)
    active: list[Chat] = field(default_factory=list)
    by_id: dict[str, Chat] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    references: Iterator[int] = field(default_factory=lambda: count(1))

    def chat(self, chat_id: str) -> Chat:
        """Find a chat by the id of either side, else refuse with code 6."""
        chat = self.by_id.get(chat_id)
        if chat is None:
            raise OperationError(Status.NOT_FOUND, f"No chat {chat_id}")
        return chat

    def legs_of(self, username: str) -> Iterator[tuple[Chat, Leg]]:
        """Yield the chats an agent has now."""
        for chat in self.active:
            leg = chat.legs.get(username)
            if leg is not None and leg.is_live:
                yield chat, leg

    def new_chat(self, queue: str, user_data: dict[str, object]) -> Chat:
        """Make a chat with an id of either side (10.3)."""
        raw = self.token(32)
        customer_id = "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))
        transcript = Transcript(self.options.index_step)
        chat_id = f"0000{self.token(12).upper()}"
        chat = Chat(chat_id, customer_id, queue, self.clock(), transcript, user_data)
        self.chats.append(chat)
        self.active.append(chat)
        self.by_id |= {chat.id: chat, chat.customer_id: chat}
        return chat

    def put_away(self) -> None:
        """Stop looking at chats in which nothing can happen any more."""
        if any(chat.is_finished for chat in self.active):
            self.active = [chat for chat in self.active if not chat.is_finished]

    def new_participant(
        self, nickname: str, kind: str, visibility: Visibility = Visibility.ALL, username: str = ""
    ) -> Participant:
        """Make a participant with an id of 16 hex characters (5.5)."""
        return Participant(self.token(16).upper(), nickname, kind, visibility, username)

    def note(
        self, chat: Chat, kind: str, sender: Participant, visibility: Visibility, **content: Unpack[Content]
    ) -> Line:
        """Write a line without telling anybody."""
        return chat.transcript.append(kind, sender, self.clock(), visibility, **content)

    def say(
        self, chat: Chat, kind: str, sender: Participant, visibility: Visibility, **content: Unpack[Content]
    ) -> Line:
        """Write a line and tell it to everybody in the conversation who may see it."""
        line = self.note(chat, kind, sender, visibility, **content)
        self.notices.line(chat, line)
        return line

    def asker(self, username: str) -> Asker:
        """Number a new request of an agent (2.2, referenceId)."""
        return Asker(username, next(self.references))

    def take_failure(self, operation: str, username: str) -> Failure | None:
        """Return and forget the planned failure of this operation, if there is one."""
        for failure in self.failures:
            if failure.operation == operation and failure.username in ("", username):
                self.failures.remove(failure)
                return failure
        return None

    def tell_failure(self, chat: Chat, leg: Leg, asker: Asker, failure: Failure) -> None:
        """Send the Error notification of a planned failure."""
        shape = self.notices.payloads.chat(chat, leg, PROPERTIES) if failure.with_chat else None
        self.notices.error(asker, failure.message, shape)
