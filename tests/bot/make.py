"""Lines, people and views for pure tests."""

from datetime import UTC, datetime
from typing import Any

from chatbot.model.events import ChatUpdated, ParticipantJoined, ParticipantLeft, TextReceived
from chatbot.model.resources import ChatResource, Participant

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMER = Participant(nickname="Ana", type="Customer", participant_id="P-ana")
ROBO = Participant(nickname="Robo", type="Agent", participant_id="P-me", path="/users/U-me")
HELENA = Participant(nickname="Helena", type="Agent", participant_id="P-helena", path="/users/U-helena")


def text(index: int | None, words: str = "hi", who: Participant = CUSTOMER, **fields: Any) -> TextReceived:
    return TextReceived(received_at=NOW, index=index, text=words, sender=who, **fields)


def joined(index: int, who: Participant) -> ParticipantJoined:
    return ParticipantJoined(received_at=NOW, index=index, sender=who)


def left(index: int, who: Participant) -> ParticipantLeft:
    return ParticipantLeft(received_at=NOW, index=index, sender=who)


def view(notification: str = "", reference: str | None = None, **fields: Any) -> ChatUpdated:
    chat = ChatResource(id="c1", **fields)
    return ChatUpdated(received_at=NOW, chat=chat, notification=notification, reference_id=reference)


def agent(number: str, nickname: str = "", user: str | None = None, visibility: str = "All") -> Participant:
    path = f"/users/{user}" if user else ""
    return Participant(
        nickname=nickname, type="Agent", participant_id=number, path=path, visibility=visibility
    )
