"""What agents are told, and in which order: the notifications of reference section 7.

Knows shapes and addressees, not why something happened.
"""

from collections.abc import Callable

from chatbot.simulator.agents import Agent, Agents
from chatbot.simulator.chats import NOBODY, Asker, Chat, ChatState, Leg
from chatbot.simulator.options import Options
from chatbot.simulator.payloads import ACTIVE, BRIEF, LEFT, OFFER, PROPERTIES, Json, Payloads
from chatbot.simulator.transcript import Line

Emit = Callable[[str, str, Json], None]

CHATS = "/v2/me/chats"
CHANNELS = "/v2/me/channels"

# Which fields the samples print for a StatusChange to this state.
_STATUS_FIELDS = {
    ChatState.INVITED: OFFER,
    ChatState.CHATTING: ACTIVE,
    ChatState.LEFT_CHAT: LEFT,
    ChatState.JOIN_FAILED: OFFER,
    ChatState.COMPLETED: (*BRIEF, "participants"),
    ChatState.REVOKED: ACTIVE,
}
_KEEPS_PARTICIPANTS = frozenset({ChatState.JOIN_FAILED})


class Notices:
    """Sends notifications about chats and channels.

    Args:
        payloads: Makes the shapes.
        agents: To know who is logged in.
        emit: Takes user name, CometD channel and data.
    """

    def __init__(self, options: Options, payloads: Payloads, agents: Agents, emit: Emit) -> None:
        self.payloads = payloads
        self._options = options
        self._agents = agents
        self._emit = emit

    def status(self, chat: Chat, leg: Leg, asker: Asker = NOBODY) -> None:
        """Tell an agent the new state of a chat; participants are empty in it, as printed (ChatAccept)."""
        shape = self.payloads.chat(chat, leg, _STATUS_FIELDS[leg.state])
        if "participants" in shape and leg.state not in _KEEPS_PARTICIPANTS:
            shape["participants"] = []
        self._state_change("StatusChange", shape, leg.username, asker)

    def participants(self, chat: Chat, asker: Asker = NOBODY) -> None:
        """Tell everybody in the conversation who is in it."""
        for leg in chat.talking_legs():
            shape = self.payloads.chat(chat, leg, ACTIVE)
            self._state_change("ParticipantsUpdated", shape, leg.username, asker)

    def properties(self, chat: Chat, asker: Asker = NOBODY) -> None:
        """Tell everybody who has the chat its full user data and comment (6.1)."""
        for leg in chat.live_legs():
            if leg.state is not ChatState.INVITED:
                shape = self.payloads.chat(chat, leg, PROPERTIES)
                self._state_change("PropertiesUpdated", shape, leg.username, asker)

    def line(self, chat: Chat, line: Line, *, but: str = "") -> None:
        """Tell a new line to everybody in the conversation who may see it, its writer included (8.3)."""
        for leg in chat.talking_legs():
            if leg.username != but and line.visibility.level <= leg.level:
                self._log(chat, leg, [self.payloads.line(line)])

    def history(self, chat: Chat, leg: Leg) -> None:
        """Tell an agent who joined everything said so far (ChatAccept)."""
        lines = chat.transcript.seen_at(leg.level)
        self._log(chat, leg, [self.payloads.line(line) for line in lines])

    def saved(self, chat: Chat, leg: Leg) -> None:
        """Tell an agent that the transcript was saved, if the options want it (8.1)."""
        if self._options.transcript_save_done:
            self._log(chat, leg, [{"index": -1, "type": "TranscriptSaveDone", "visibility": "All"}])

    def error(self, asker: Asker, message: str, chat: Json | None = None) -> None:
        """Tell an agent that a request failed after it was accepted; bare unless a chat is given (7.1)."""
        shape: Json = {"notificationType": "Error", "errorMessage": message}
        if chat is not None:
            shape |= {"messageType": "ChatStateChangeMessage", "chat": chat}
        self._emit(asker.username, CHATS, self._numbered(shape, asker.reference))

    def channels(self, agent: Agent) -> None:
        """Tell an agent the state of the channels (3.4)."""
        data: Json = {"messageType": "ChannelStateChangeMessageV2", "channels": self.payloads.channels(agent)}
        self._emit(agent.username, CHANNELS, data)

    def _state_change(self, kind: str, chat: Json, username: str, asker: Asker) -> None:
        shape: Json = {"messageType": "ChatStateChangeMessage", "notificationType": kind, "chat": chat}
        self._emit(username, CHATS, self._numbered(shape, asker.reference_for(username)))

    def _log(self, chat: Chat, leg: Leg, messages: list[Json]) -> None:
        self._emit(leg.username, CHATS, self.payloads.log(chat, messages))

    def _numbered(self, shape: Json, reference: int | None) -> Json:
        if reference is None or self._options.reference_ids == "never":
            return shape
        return shape | {"referenceId": reference}
