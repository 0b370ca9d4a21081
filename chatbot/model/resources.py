"""The chat and its participants as the server describes them, read tolerantly and frozen."""

from __future__ import annotations

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from chatbot.model.fields import id_from_path
from chatbot.model.frozen import JsonObject
from chatbot.model.words import ChatState, ParticipantType, Visibility

__all__ = ["ChatResource", "Participant"]


class Resource(BaseModel):
    """Common ground: frozen, fields by either name, unknown fields passed over."""

    model_config = ConfigDict(
        frozen=True,
        populate_by_name=True,
        coerce_numbers_to_str=True,
        extra="ignore",
        hide_input_in_errors=True,
    )


class Participant(Resource):
    """One who takes part in a chat, or said a line (reference 5.5).

    Args:
        nickname: Shown to the customer; not unique, so never a key.
        type: Agent, Customer, External, or a word we do not know.
        participant_id: Unique in the chat; changes when the participant joins again.
        visibility: Who sees this participant; All if the server does not say.
        uri: The agent's user, absolute. Only its last part is ever used.
        path: The agent's user, relative.
    """

    nickname: str = ""
    type: ParticipantType = ParticipantType.UNKNOWN
    participant_id: str = Field(default="", validation_alias=AliasChoices("participantId", "id"))
    visibility: Visibility = Visibility.ALL
    uri: str = ""
    path: str = ""

    @property
    def user_id(self) -> str | None:
        """The agent's user id, if the server tells it."""
        return id_from_path(self.path) or id_from_path(self.uri)

    @property
    def is_customer(self) -> bool:
        """Whether this is the customer."""
        return self.type is ParticipantType.CUSTOMER

    @property
    def is_agent(self) -> bool:
        """Whether this is an agent: a human, a supervisor or a bot."""
        return self.type is ParticipantType.AGENT


class ChatResource(Resource):
    """A chat as one answer or notification shows it (reference 5.2).

    Fields that were not sent are None: a notification may leave out what it does not change.
    """

    id: str
    state: ChatState | None = None
    uri: str = ""
    path: str = ""
    capabilities: tuple[str, ...] | None = None
    participants: tuple[Participant, ...] | None = None
    user_data: JsonObject | None = Field(
        default=None, validation_alias="userData", serialization_alias="userData"
    )
    chat_type: str | None = Field(default=None, validation_alias="chatType", serialization_alias="chatType")
    received_date: str | None = Field(
        default=None, validation_alias="receivedDate", serialization_alias="receivedDate"
    )
    comment: str | None = None

    def over(self, earlier: ChatResource | None) -> ChatResource:
        """This chat, completed by an earlier view of it where this one says nothing."""
        if earlier is None:
            return self
        said = {name: getattr(self, name) for name in self.model_fields_set}
        state = self.state or earlier.state
        if not self.participants and state is not None and state.is_live:
            # an agent in a chat is never alone with nobody: the list was only not filled in
            said.pop("participants", None)
        return earlier.model_copy(update={name: value for name, value in said.items() if value is not None})
