"""What changed between two views of one chat. State is a level: views in between may be missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chatbot.model.events import CapabilitiesChanged, Event, ParticipantsChanged, UserDataChanged
from chatbot.model.resources import ChatResource

__all__ = ["changes"]


def changes(
    before: ChatResource | None, after: ChatResource, *, bot: str, received_at: datetime
) -> Iterator[Event]:
    """The changes of people, data and capabilities. Of a chat seen first, nothing has changed yet."""
    if before is None:
        return
    about: dict[str, Any] = {"bot": bot, "chat_id": after.id, "received_at": received_at}
    if after.participants is not None and before.participants != after.participants:
        yield ParticipantsChanged(**about)
    if data := _data_changes(before.user_data or {}, after.user_data):
        yield UserDataChanged(**data, **about)
    if words := _capability_changes(before.capabilities or (), after.capabilities):
        yield CapabilitiesChanged(**words, **about)


def _data_changes(old: Mapping[str, object], new: Mapping[str, object] | None) -> dict[str, Any]:
    if new is None or old == new:
        return {}
    return {
        "added": {key: value for key, value in new.items() if key not in old},
        "changed": {key: value for key, value in new.items() if key in old and old[key] != value},
        "removed": tuple(key for key in old if key not in new),
    }


def _capability_changes(had: tuple[str, ...], has: tuple[str, ...] | None) -> dict[str, Any]:
    if has is None or set(had) == set(has):
        return {}
    return {
        "granted": tuple(word for word in has if word not in had),
        "withdrawn": tuple(word for word in had if word not in has),
    }
