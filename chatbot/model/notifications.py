"""What a notification source hands on: raw notifications in batches, and the life of its session.

Knows nothing of Bayeux, HTTP or chats.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chatbot.model.errors import WireError

__all__ = ["Batch", "Notification", "SessionStarted", "Signal", "Trouble"]


@dataclass(frozen=True, slots=True)
class Notification:
    """One message of a subscribed channel as it came.

    Args:
        channel: The Bayeux channel, e.g. ``/v2/me/chats``.
        data: The JSON value of its ``data`` field.
    """

    channel: str
    data: object


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A new server session is handshaken and all its subscriptions are acknowledged.

    Args:
        session: 1 for the first; a later number means that notifications may have been lost
            before it, so that state has to be read again.
    """

    session: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The notifications of one answer, in the order they came.

    It comes after every successful poll, so it may be empty. Asking the source for its next
    signal means that this batch has been handed on: with the ack extension the server may then
    forget it.

    Args:
        session: The number of the session.
        notifications: What has come.
        next_within_s: Seconds that may pass until the next answer, if all is well.
        pause_s: Of these, the seconds in which the server is not asked, because it wants that.
    """

    session: int
    notifications: tuple[Notification, ...]
    next_within_s: float = field(default=60.0, compare=False)
    pause_s: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong, and the source goes on trying."""

    error: WireError


Signal = SessionStarted | Batch | Trouble
