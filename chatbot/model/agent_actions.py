"""Operations of the agent itself (reference 3.3, 3.4) and of a supervisor on others (reference 6.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chatbot.model.actions import Action

__all__ = [
    "BargeIn",
    "CancelSupervisorMonitoring",
    "Coach",
    "EndContactCenterSession",
    "Intrude",
    "Monitor",
    "NotReady",
    "Ready",
    "StartContactCenterSession",
]

_USER = frozenset({"user_id"})
_ID = r"^[A-Za-z0-9_~-]{1,64}$"


class StartContactCenterSession(Action):
    """Log the agent in to media."""

    operation = "StartContactCenterSession"
    channels: tuple[str, ...] = ("chat",)
    place: str | None = None
    login_code: str | None = None


class EndContactCenterSession(Action):
    """Log the agent out of all media. Also ends the HTTP session, so it comes last (reference 3.3)."""

    operation = "EndContactCenterSession"


class Ready(Action):
    """Take chats."""

    operation = "Ready"


class NotReady(Action):
    """Take no more chats."""

    operation = "NotReady"


class Supervision(Action):
    """Follow the chats of another agent, from the next one on."""

    in_path = _USER
    user_id: str = Field(pattern=_ID)
    supervisor_monitoring_mode: Literal["NextChat", "AllChats"] | None = None
    nickname: str | None = None


class Monitor(Supervision):
    """Watch another agent's chats, unseen."""

    operation = "Monitor"


class Coach(Supervision):
    """Follow another agent's chats, heard by agents only."""

    operation = "Coach"


class BargeIn(Supervision):
    """Follow another agent's chats, heard by everybody."""

    operation = "BargeIn"


class CancelSupervisorMonitoring(Action):
    """Stop following an agent; a chat that is being followed goes on until Leave."""

    operation = "CancelSupervisorMonitoring"
    in_path = _USER
    user_id: str = Field(pattern=_ID)


class Intrude(Action):
    """Enter a running chat of another agent; the chat is then offered to this agent."""

    operation = "Intrude"
    in_path = frozenset({"user_id", "chat_id"})
    user_id: str = Field(pattern=_ID)
    chat_id: str = Field(pattern=_ID)
    supervisor_visibility_mode: Literal["Monitor", "Coach", "BargeIn"] | None = None
