"""What changed between two views of one chat. State is a level: views in between may be missing."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
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
    known = before.user_data or {}
    if after.user_data is not None and known != after.user_data:
        yield _data_changed(known, after.user_data, about)
    if after.capabilities is not None:
        yield from _capabilities_changed(before.capabilities or (), after.capabilities, about)


def _data_changed(
    old: Mapping[str, object], new: Mapping[str, object], about: Mapping[str, Any]
) -> UserDataChanged:
    both = old.keys() & new.keys()
    return UserDataChanged(
        added={key: new[key] for key in _beyond(new, old)},
        changed={key: new[key] for key in new if key in both and old[key] != new[key]},
        removed=_beyond(old, new),
        **about,
    )


def _capabilities_changed(
    had: tuple[str, ...], has: tuple[str, ...], about: Mapping[str, Any]
) -> Iterator[CapabilitiesChanged]:
    granted, withdrawn = _beyond(has, had), _beyond(had, has)
    if granted or withdrawn:
        yield CapabilitiesChanged(granted=granted, withdrawn=withdrawn, **about)


def _beyond(words: Iterable[str], known: Container[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in known)
