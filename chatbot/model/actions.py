"""One frozen class for each operation on a chat (reference 6.1); the name is the operation's name.

An action knows its parameters, the capability it needs and the effect that proves it. It does
not know where it is sent (``wire/rest.py``), nor whether it is allowed now (``bot``).
Supervisor and agent operations stand in ``model/agent_actions.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from chatbot.model.frozen import JsonObject
from chatbot.model.words import ChatState, LineType

__all__ = [
    "Accept",
    "Action",
    "AddComment",
    "AttachUserData",
    "CancelConsult",
    "Complete",
    "Consult",
    "DeleteUserData",
    "Effect",
    "Invite",
    "Leave",
    "LeaveAndComplete",
    "Reject",
    "RemoveParticipantFromConference",
    "SendCustomNotice",
    "SendCustomNoticeToAgents",
    "SendMessage",
    "SendNicknameUpdatedNotice",
    "SendStartTypingNotification",
    "SendStartTypingToAgentsNotification",
    "SendStopTypingNotification",
    "SendStopTypingToAgentsNotification",
    "SendToAgents",
    "SendUrl",
    "SetDisposition",
    "SetInFocus",
    "SwitchToBargeIn",
    "SwitchToCoach",
    "SwitchToMonitor",
    "Transfer",
    "UpdateUserData",
]

TreatAs = Literal["Normal", "System"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What the server shows when an operation has taken effect.

    Args:
        line: A transcript line of this type, said by the bot itself.
        states: The chat is in one of these states.
        notification: A notification of this type about the chat.
    """

    line: LineType | None = None
    states: frozenset[ChatState] = frozenset()
    notification: str = ""


_PROPERTIES = Effect(notification="PropertiesUpdated")
_PARTICIPANTS = Effect(notification="ParticipantsUpdated")
_TEXT = Effect(line=LineType.TEXT)
_NOTICE = Effect(line=LineType.CUSTOM_NOTICE)


class Action(BaseModel):
    """One REST operation.

    Class attributes:
        operation: Its name on the wire.
        spellings: Other names of the same operation, for servers that refuse the first.
        needs: Capabilities, each of which allows it; empty: no capability exists for it.
        effect: What proves it; None: the platform documents no effect.
        customer_sees: Whether the customer sees it, so that a text it answers counts as answered.
        ends: Whether the bot has nothing more to say in the chat after it.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    operation: ClassVar[str] = ""
    spellings: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    effect: ClassVar[Effect | None] = None
    customer_sees: ClassVar[bool] = False
    ends: ClassVar[bool] = False
    in_path: ClassVar[frozenset[str]] = frozenset()

    def body(self, operation: str | None = None) -> dict[str, Any]:
        """The JSON object to post, perhaps under another spelling of its name."""
        fields = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=set(self.in_path))
        return {"operationName": operation or self.operation, **fields}


class WithText(Action):
    """An action that may carry a farewell text (reference 6.1, "text group")."""

    text: str | None = None
    message_type: str | None = None
    treat_as: TreatAs | None = None

    @model_validator(mode="after")
    def _text_comes_first(self) -> Self:
        if self.text is None and (self.message_type or self.treat_as):
            raise ValueError("message_type and treat_as describe a text, and there is none")
        return self


class Accept(Action):
    """Take an offered chat."""

    operation = "Accept"
    needs = ("Accept",)
    effect = Effect(states=frozenset({ChatState.CHATTING, ChatState.ACCEPTED, ChatState.JOIN_FAILED}))
    nickname: str | None = None
    save_lar: bool | None = Field(default=None, validation_alias="saveLAR", serialization_alias="saveLAR")


class Reject(Action):
    """Leave an offered chat to another agent."""

    operation = "Reject"
    needs = ("Reject",)
    effect = Effect(states=frozenset({ChatState.COMPLETED, ChatState.REVOKED}))


class SendMessage(Action):
    """Say something to everybody in the chat."""

    operation = "SendMessage"
    needs = ("SendMessage",)
    effect = _TEXT
    customer_sees = True
    text: str = Field(min_length=1)
    message_type: str | None = None
    treat_as: TreatAs | None = None


class SendToAgents(Action):
    """Say something that only agents see."""

    operation = "SendToAgents"
    needs = ("SendToAgents",)
    effect = _TEXT
    text: str = Field(min_length=1)
    message_type: str | None = None
    treat_as: TreatAs | None = None


class SendUrl(Action):
    """Push an address to the customer's browser; http and https only."""

    operation = "SendUrl"
    needs = ("SendUrl",)
    effect = Effect(line=LineType.PUSH_URL)
    customer_sees = True
    url: str = Field(pattern=r"^https?://[^\s]+$")


class SendStartTypingNotification(Action):
    """Show everybody that the bot is typing."""

    operation = "SendStartTypingNotification"
    needs = ("SendStartTypingNotification",)
    effect = Effect(line=LineType.TYPING_STARTED)


class SendStopTypingNotification(Action):
    """Show everybody that the bot stopped typing."""

    operation = "SendStopTypingNotification"
    needs = ("SendStopTypingNotification",)
    effect = Effect(line=LineType.TYPING_STOPPED)


class SendStartTypingToAgentsNotification(Action):
    """Show agents that the bot is typing."""

    operation = "SendStartTypingToAgentsNotification"
    needs = ("SendStartTypingToAgentsNotification",)
    effect = Effect(line=LineType.TYPING_STARTED)


class SendStopTypingToAgentsNotification(Action):
    """Show agents that the bot stopped typing. Its page spells it without the second "s"."""

    operation = "SendStopTypingToAgentsNotification"
    spellings = ("SendStopTypingToAgentNotification",)
    needs = ("SendStopTypingToAgentsNotification", "SendStopTypingToAgentNotification")
    effect = Effect(line=LineType.TYPING_STOPPED)


class SendCustomNotice(Action):
    """Send a notice that the customer's widget may understand."""

    operation = "SendCustomNotice"
    effect = _NOTICE
    customer_sees = True
    notice_text: str


class SendCustomNoticeToAgents(Action):
    """Send a notice that only agents get."""

    operation = "SendCustomNoticeToAgents"
    effect = _NOTICE
    notice_text: str


class SendNicknameUpdatedNotice(Action):
    """Take another nickname in this chat; ``notice_text`` is the new one."""

    operation = "SendNicknameUpdatedNotice"
    effect = Effect(line=LineType.NICKNAME_UPDATED)
    notice_text: str = Field(min_length=1)


class Transfer(WithText):
    """Hand the chat to an agent (``target_uri``) or to a queue (``queue_name``)."""

    operation = "Transfer"
    needs = ("Transfer",)
    customer_sees = True
    ends = True
    target_uri: str | None = None
    queue_name: str | None = None

    @model_validator(mode="after")
    def _one_destination(self) -> Self:
        if (self.target_uri is None) == (self.queue_name is None):
            raise ValueError("a transfer goes either to a target or to a queue: give exactly one")
        return self


class Consult(Action):
    """Ask an agent or a multimedia queue without the customer noticing."""

    operation = "Consult"
    needs = ("Consult",)
    effect = _PARTICIPANTS
    target_uri: str


class CancelConsult(Action):
    """Take a consultation back before the other agent accepted. Success shows nothing."""

    operation = "CancelConsult"


class Invite(Action):
    """Ask an agent into the chat, visible to the customer."""

    operation = "Invite"
    needs = ("Invite",)
    effect = _PARTICIPANTS
    target_uri: str


class RemoveParticipantFromConference(WithText):
    """Remove an agent from the chat, named by ``target_uri`` or ``target_path``."""

    operation = "RemoveParticipantFromConference"
    effect = _PARTICIPANTS
    target_uri: str | None = None
    target_path: str | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.target_uri is None) == (self.target_path is None):
            raise ValueError("give exactly one of target_uri and target_path")
        return self


class Leave(WithText):
    """Leave the chat. Alone with the customer this ends the customer's session (reference 1.4)."""

    operation = "Leave"
    needs = ("Leave",)
    effect = Effect(states=frozenset({ChatState.LEFT_CHAT, ChatState.COMPLETED, ChatState.REVOKED}))
    customer_sees = True
    ends = True


class LeaveAndComplete(Action):
    """Leave and complete in one; only on servers that list it (no page documents it)."""

    operation = "LeaveAndComplete"
    needs = ("LeaveAndComplete",)
    effect = Effect(states=frozenset({ChatState.COMPLETED, ChatState.REVOKED}))
    customer_sees = True
    ends = True


class Complete(WithText):
    """End the chat for the customer, or with ``queue_name`` put it into that queue."""

    operation = "Complete"
    needs = ("Complete",)
    effect = Effect(states=frozenset({ChatState.COMPLETED, ChatState.REVOKED}))
    customer_sees = True
    ends = True
    queue_name: str | None = None
    save_lar: bool | None = Field(default=None, validation_alias="saveLAR", serialization_alias="saveLAR")


class AttachUserData(Action):
    """Add pairs to the chat's user data. Use UpdateUserData for keys that exist (reference 6.4)."""

    operation = "AttachUserData"
    needs = ("AttachUserData",)
    effect = _PROPERTIES
    user_data: JsonObject


class UpdateUserData(Action):
    """Overwrite pairs of the chat's user data."""

    operation = "UpdateUserData"
    needs = ("UpdateUserData",)
    effect = _PROPERTIES
    user_data: JsonObject


class DeleteUserData(Action):
    """Delete keys of the chat's user data."""

    operation = "DeleteUserData"
    needs = ("DeleteUserData",)
    effect = _PROPERTIES
    keys: tuple[str, ...] = Field(min_length=1)


class SetDisposition(Action):
    """Set the disposition code of the chat; it becomes a pair of the user data."""

    operation = "SetDisposition"
    needs = ("SetDisposition",)
    effect = _PROPERTIES
    disposition: str
    disposition_key: str | None = None


class AddComment(Action):
    """Set the comment of the chat."""

    operation = "AddComment"
    effect = _PROPERTIES
    comment: str


class SetInFocus(Action):
    """Say that the agent looks at this chat (no page documents it)."""

    operation = "SetInFocus"
    spellings = ("InFocus",)
    needs = ("SetInFocus", "InFocus")


class SwitchToMonitor(Action):
    """As a supervisor in the chat: watch, unseen."""

    operation = "SwitchToMonitor"
    needs = ("SwitchToMonitor",)
    effect = _PARTICIPANTS


class SwitchToCoach(Action):
    """As a supervisor in the chat: speak to agents only."""

    operation = "SwitchToCoach"
    needs = ("SwitchToCoach",)
    effect = _PARTICIPANTS


class SwitchToBargeIn(Action):
    """As a supervisor in the chat: speak to everybody. The capability is spelt differently."""

    operation = "SwitchToBargeIn"
    needs = ("SwitchBargeIn", "SwitchToBargeIn")
    effect = _PARTICIPANTS
