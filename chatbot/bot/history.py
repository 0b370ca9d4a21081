"""What a bot that joins a chat makes of the transcript so far. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from chatbot.bot.identity import Identity
from chatbot.model.events import (
    ParticipantJoined,
    ParticipantLeft,
    ParticipantRejoined,
    TextReceived,
    TranscriptEvent,
)
from chatbot.model.resources import Participant
from chatbot.model.words import Visibility

__all__ = [
    "customer_has_left",
    "end_of",
    "is_public_text",
    "is_said_by_customer",
    "join_point",
    "last_said",
    "present",
    "unanswered_texts",
]


def end_of(lines: Sequence[TranscriptEvent]) -> int:
    """The highest index; 0 if there is none."""
    return max((line.position for line in lines), default=0)


def join_point(lines: Sequence[TranscriptEvent], identity: Identity) -> int:
    """The index up to which the transcript is history: the bot's last joining, else its end."""
    joinings = [line for line in lines if isinstance(line, ParticipantJoined | ParticipantRejoined)]
    own = [line for line in joinings if identity.is_me(line.sender)]
    return end_of(own or lines)


def present(lines: Sequence[TranscriptEvent]) -> tuple[Participant, ...]:
    """Who joined or said something and has not left, where the server gives no list."""
    there: dict[str, Participant] = {}
    for line in lines:
        if isinstance(line, ParticipantLeft):
            there.pop(line.sender.participant_id, None)
        elif _is_of_somebody(line):
            there[line.sender.participant_id] = line.sender
    return tuple(there.values())


def customer_has_left(lines: Sequence[TranscriptEvent], up_to: int) -> bool:
    """Whether by this line every customer who was there has left."""
    before = [line for line in lines if line.position <= up_to]
    has_left = any(isinstance(line, ParticipantLeft) and line.sender.is_customer for line in before)
    return has_left and not any(person.is_customer for person in present(before))


def is_said_by_customer(line: TranscriptEvent) -> bool:
    """Whether it is a text of a customer that all can see."""
    return line.sender.is_customer and is_public_text(line)


def last_said(lines: Sequence[TranscriptEvent], up_to: int) -> TranscriptEvent | None:
    """The customer's last text up to this index."""
    said = [line for line in lines if line.position <= up_to and is_said_by_customer(line)]
    return max(said, key=lambda line: line.position, default=None)


def unanswered_texts(lines: Sequence[TranscriptEvent], history_to: int) -> frozenset[int]:
    """The customer's texts in the history that no agent has answered: they are waiting (design 4.3)."""
    texts = [line for line in lines if line.position <= history_to and is_public_text(line)]
    answered = end_of([line for line in texts if line.sender.is_agent])
    return frozenset(line.position for line in texts if line.sender.is_customer and line.position > answered)


def _is_of_somebody(line: TranscriptEvent) -> bool:
    return line.sender.is_agent or line.sender.is_customer


def is_public_text(line: TranscriptEvent) -> bool:
    """Whether it is a text that all can see."""
    return isinstance(line, TextReceived) and line.visibility is Visibility.ALL
