"""What became of a hand-off (``chat.handoff``)."""

from __future__ import annotations

from dataclasses import dataclass

from chatbot.model.resources import Participant

__all__ = ["Accepted", "CustomerLeft", "Outcome", "Queued", "Refused", "TimedOut"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An agent has the chat.

    Args:
        by: Who; None if the bot left the chat with the transfer, and was not told.
    """

    by: Participant | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """The chat waits in a queue for the next agent; the bot is out of it.

    Args:
        queue: The queue's name.
    """

    queue: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server, or the agent, did not take it; the bot has the chat still.

    Args:
        reason: Why, for a log. Not for the customer.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nobody has come in time; the bot has the chat still.

    Args:
        seconds: How long was waited.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class CustomerLeft:
    """The customer did not wait for it."""


Outcome = Accepted | Queued | Refused | TimedOut | CustomerLeft
"""After the first two nothing more is to be said to the customer."""
