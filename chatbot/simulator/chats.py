"""A chat: one conversation with a customer, and what each agent has of it.

Reference section 5. The chat has one transcript; each agent has a leg with a state of its own.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.transcript import Participant, Transcript, Visibility

CUSTOMER_LEVEL = 0


class ChatState(StrEnum):
    """State of a chat as one agent sees it (5.3)."""

    INVITED = "Invited"
    CHATTING = "Chatting"
    LEFT_CHAT = "LeftChat"
    JOIN_FAILED = "JoinFailed"
    COMPLETED = "Completed"
    REVOKED = "Revoked"


class Cause(StrEnum):
    """Why a chat came to an agent; decides what a refusal leads to."""

    QUEUE = "queue"
    TRANSFER = "transfer"
    INVITE = "invite"
    CONSULT = "consult"
    SUPERVISION = "supervision"


LIVE_STATES = frozenset(
    {ChatState.INVITED, ChatState.CHATTING, ChatState.LEFT_CHAT, ChatState.JOIN_FAILED},
)


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose request leads to a change, and its number (7.1: only the asker's notification carries it)."""

    username: str = ""
    reference: int | None = None

    def reference_for(self, username: str) -> int | None:
        """Return the number if this agent asked."""
        return self.reference if username == self.username else None


NOBODY = Asker()


@dataclass(slots=True)
class Leg:
    """What one agent has of a chat.

    Args:
        username: The agent.
        cause: Why it came.
        visibility: How the agent shows in the chat once joined.
        asker: Who invited or consulted, with the number of that request.
        offered_at: Epoch seconds of the offer.
    """

    username: str
    cause: Cause = Cause.QUEUE
    visibility: Visibility = Visibility.ALL
    asker: Asker = NOBODY
    offered_at: float = 0.0
    state: ChatState = ChatState.INVITED
    nickname: str = ""
    participant: Participant | None = None

    @property
    def is_live(self) -> bool:
        """Whether the agent still has the chat."""
        return self.state in LIVE_STATES

    @property
    def is_talking(self) -> bool:
        """Whether the agent is in the conversation."""
        return self.state is ChatState.CHATTING

    @property
    def is_supervising(self) -> bool:
        """Whether the agent came as a supervisor (6.2)."""
        return self.cause is Cause.SUPERVISION

    def present(self) -> Participant:
        """Return the agent's participant; refuse with code 2 while there is none."""
        if self.participant is None:
            raise OperationError(Status.BAD_STATE, f"{self.username} is not in the conversation")
        return self.participant

    @property
    def level(self) -> int:
        """What the agent may see: agents see agents' lines even while visible to All (5.5)."""
        return max(self.visibility.level, Visibility.AGENTS.level)


@dataclass(slots=True)
class Chat:
    """One conversation.

    Args:
        id: The 16-character interaction id of the agent side.
        customer_id: The uuid of the customer side (10.3: a simulator must map both).
        queue: Where it waits, or waited last.
        received_at: Epoch seconds.
        transcript: What was said.
    """

    id: str
    customer_id: str
    queue: str
    received_at: float
    transcript: Transcript
    user_data: dict[str, object] = field(default_factory=dict)
    comment: str | None = None
    participants: list[Participant] = field(default_factory=list)
    legs: dict[str, Leg] = field(default_factory=dict)
    is_waiting: bool = False
    is_saved: bool = False
    last_refuser: str = ""
    delivered: int = 0
    polled_at: float | None = None

    @property
    def customer(self) -> Participant | None:
        """The customer, while in the chat."""
        return next((who for who in self.participants if who.type == "Customer"), None)

    @property
    def is_over(self) -> bool:
        """Whether the customer's session has ended."""
        return self.customer is None

    @property
    def is_finished(self) -> bool:
        """Whether nothing can happen any more: the customer is gone and no agent has the chat."""
        return self.is_over and not self.live_legs()

    def live_legs(self) -> list[Leg]:
        """Return the legs of agents who still have the chat."""
        return [leg for leg in self.legs.values() if leg.is_live]

    def talking_legs(self) -> list[Leg]:
        """Return the legs of agents in the conversation."""
        return [leg for leg in self.legs.values() if leg.is_talking]

    def colleagues(self, leg: Leg) -> list[Leg]:
        """Return who else makes this a conference or consultation: not a silent supervisor (6.1, Leave)."""
        return [
            other
            for other in self.talking_legs()
            if other is not leg and (not other.is_supervising or other.visibility is Visibility.ALL)
        ]
