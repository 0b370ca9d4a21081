"""The words of the platform as open enums: a word we have not met is a value, not an error."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

__all__ = ["ChatState", "EndReason", "EndedBy", "LineType", "ParticipantType", "Visibility"]

EndedBy = Literal["bot", "customer", "agent", "system", "unknown"]
"""Who has ended the bot's part in a chat."""

EndReason = Literal[
    "completed",
    "left",
    "customer_left",
    "transferred",
    "handed_over",
    "taken_over",
    "stopped",
    "rejected",
    "accept_failed",
    "revoked",
    "gone",
]
"""Why it has ended."""


class OpenEnum(StrEnum):
    """A string enum that takes any string; ``str()`` gives the word as it stands on the wire.

    Servers have been seen to send a state with a leading space (reference 9.2), so space round a
    word is dropped. Chat Server writes words in capitals (reference 5.5): a known one is known in any case.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        word = value.strip()
        members = cls._value2member_map_
        known = members.get(word) or next((members[it] for it in members if _is_same(it, word)), None)
        if isinstance(known, cls):
            return known
        member = str.__new__(cls, word)
        member._name_ = word
        member._value_ = word
        return member


def _is_same(one: object, other: str) -> bool:
    return isinstance(one, str) and one.casefold() == other.casefold()


class ChatState(OpenEnum):
    """The states of a chat on the agent's side (reference 5.3)."""

    INVITED = "Invited"
    CHATTING = "Chatting"
    ACCEPTED = "Accepted"
    LEFT_CHAT = "LeftChat"
    JOIN_FAILED = "JoinFailed"
    COMPLETED = "Completed"
    REVOKED = "Revoked"

    @property
    def is_final(self) -> bool:
        """Nothing can follow: the chat is no longer this agent's."""
        return self in {ChatState.COMPLETED, ChatState.REVOKED}

    @property
    def is_live(self) -> bool:
        """The agent is in the chat. ``Accepted`` is an old word for it."""
        return self in {ChatState.CHATTING, ChatState.ACCEPTED}


class ParticipantType(OpenEnum):
    """Who takes part (reference 5.5). A supervisor is an Agent with visibility Supervisors."""

    AGENT = "Agent"
    CUSTOMER = "Customer"
    EXTERNAL = "External"
    UNKNOWN = ""


class Visibility(OpenEnum):
    """Who can see a line or a participant (reference 5.5, 8.3)."""

    ALL = "All"
    AGENTS = "Agents"
    SUPERVISORS = "Supervisors"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        is_empty = isinstance(value, str) and not value.strip()
        return super()._missing_(cls.ALL if is_empty else value)


class LineType(OpenEnum):
    """The types of transcript lines (reference 8.1)."""

    TEXT = "Text"
    PARTICIPANT_JOINED = "ParticipantJoined"
    PARTICIPANT_LEFT = "ParticipantLeft"
    PARTICIPANT_REJOINED = "ParticipantRejoined"
    TYPING_STARTED = "TypingStarted"
    TYPING_STOPPED = "TypingStopped"
    PUSH_URL = "PushUrl"
    NOTICE = "Notice"
    CUSTOM_NOTICE = "CustomNotice"
    NICKNAME_UPDATED = "NicknameUpdated"
    TRANSCRIPT_SAVE_DONE = "TranscriptSaveDone"
