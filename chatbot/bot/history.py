"""What a bot that joins a chat makes of the transcript so far. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatbot.bot.identity import Identity
from chatbot.model.events import ParticipantJoined, ParticipantRejoined, TextReceived, TranscriptEvent
from chatbot.model.resources import Participant
from chatbot.model.words import Visibility

__all__ = ["join_point", "unanswered_texts"]


def join_point(lines: Sequence[TranscriptEvent], identity: Identity) -> int:
    """The index up to which the transcript is history: the bot's last joining, else its end."""
    joined = [
        line.index or 0
        for line in lines
        if isinstance(line, ParticipantJoined | ParticipantRejoined) and identity.is_me(line.sender)
    ]
    return max(joined) if joined else end_of(lines)


def end_of(lines: Sequence[TranscriptEvent]) -> int:
    """The highest index."""
    return max((line.index or 0 for line in lines), default=0)


def unanswered_texts(lines: Sequence[TranscriptEvent], history_to: int) -> frozenset[int]:
    """The customer's texts in the history that no agent has answered: they are waiting (design 4.3)."""
    public = list(_public_texts(lines))
    answered = max((index for index, sender in public if sender.is_agent and index <= history_to), default=0)
    waiting = (index for index, sender in public if sender.is_customer and answered < index <= history_to)
    return frozenset(waiting)


def _public_texts(lines: Sequence[TranscriptEvent]) -> Iterator[tuple[int, Participant]]:
    for line in lines:
        if isinstance(line, TextReceived) and line.visibility is Visibility.ALL and line.index is not None:
            yield line.index, line.sender
