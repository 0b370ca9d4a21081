from dataclasses import FrozenInstanceError

import pytest

from chatbot.model.errors import ConnectionLost
from chatbot.model.notifications import Batch, Notification, SessionStarted, Signal, Trouble
from tests.model.payloads import sample


def told(signal: Signal) -> str:
    match signal:
        case SessionStarted(session):
            return f"session {session}"
        case Batch(session, notifications):
            return f"{len(notifications)} in session {session}"
        case Trouble(error):
            return error.text


def test_a_source_tells_of_sessions_batches_and_trouble() -> None:
    real = sample("notif_invited_real")
    batch = Batch(2, (Notification(real["channel"], real["data"]),))
    signals: list[Signal] = [SessionStarted(1), batch, Trouble(ConnectionLost("cable"))]
    assert [told(signal) for signal in signals] == ["session 1", "1 in session 2", "cable"]


def test_a_notification_is_kept_as_it_came() -> None:
    notification = Notification("/v2/me/chats", {"odd": [1, None]})
    assert (notification.channel, notification.data) == ("/v2/me/chats", {"odd": [1, None]})
    with pytest.raises(FrozenInstanceError):
        notification.channel = "/meta/connect"  # type: ignore[misc]
