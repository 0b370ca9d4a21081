"""The shapes of resources and notifications: from the simulator's objects to the JSON of the wire.

Reference sections 5, 7 and 8, and the payload samples. Decides nothing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

from chatbot.simulator.agents import NOT_READY_ID, READY_ID, Agent, Agents
from chatbot.simulator.capabilities import capabilities
from chatbot.simulator.chats import Chat, Leg
from chatbot.simulator.options import Options
from chatbot.simulator.transcript import Line, Participant

Json = dict[str, object]

BRIEF = ("id", "uri", "path", "state")
OFFER = ("id", "uri", "path", "state", "capabilities", "participants", "userData", "chatType", "receivedDate")
ACTIVE = (*BRIEF, "capabilities", "participants")
LEFT = (*BRIEF, "capabilities")
PROPERTIES = (*ACTIVE, "userData", "comment")
EVERYTHING = (*OFFER, "comment")
_SEPARATORS = {"T": "T", "space": " ", "none": ""}


class Payloads:
    """Builds payloads as the options want them.

    Args:
        options: Which of the printed forms to use.
        agents: Needed for the uri of a participant who is an agent.
    """

    def __init__(self, options: Options, agents: Agents) -> None:
        self._options = options
        self._agents = agents
        self.base_url = options.external_url or "http://localhost:8080"

    def uri(self, path: str) -> str:
        """Return the absolute uri of a path such as `/chats/{id}` (2.1)."""
        return f"{self.base_url}/api/v2{path}"

    def chat(self, chat: Chat, leg: Leg, fields: Iterable[str] = EVERYTHING) -> Json:
        """Return the chat as one agent sees it (5.2), with the given fields only."""
        full: Json = {
            "id": chat.id,
            "uri": self.uri(f"/chats/{chat.id}"),
            "state": leg.state.value,
            "capabilities": capabilities(chat, leg, self._options),
            "participants": self.participants(chat, leg),
            "userData": dict(chat.user_data),
            "chatType": "Inbound",
            "receivedDate": self.timestamp(chat.received_at),
        }
        if self._options.chat_path:
            full["path"] = f"/chats/{chat.id}"
        if chat.comment is not None:
            full["comment"] = chat.comment
        return {name: full[name] for name in fields if name in full}

    def participants(self, chat: Chat, leg: Leg) -> list[Json]:
        """Return who is in the chat as far as this agent sees them, the newest first as in the samples."""
        seen = [who for who in reversed(chat.participants) if who.visibility.level <= leg.level]
        return [self.participant(who) for who in seen]

    def participant(self, who: Participant) -> Json:
        """Return one participant (5.5)."""
        shape: Json = {"nickname": who.nickname, "type": who.type, "participantId": who.id}
        if self._options.participant_visibility:
            shape["visibility"] = who.visibility.value
        if self._options.participant_ids == "both":
            shape["id"] = who.id
            shape |= self._user_links(who.username)
        return shape

    def line(self, line: Line) -> Json:
        """Return one entry of the transcript (8.1)."""
        shape: Json = {
            "index": line.index,
            "type": line.type,
            "from": self.participant(line.sender),
            "visibility": line.visibility.value,
            "timestamp": self.timestamp(line.at),
        }
        if self._options.timestamp_seconds:
            shape["timestampSeconds"] = round(line.at * 1000)
        return shape | self._content(line)

    def log(self, chat: Chat, messages: list[Json]) -> Json:
        """Return the notification about new transcript entries (7.1)."""
        shape: Json = {
            "messageType": "MessageLogUpdated",
            "notificationType": "NewMessages",
            "chatUri": self.uri(f"/chats/{chat.id}"),
            "messages": messages,
        }
        if self._options.chat_path:
            shape["chatPath"] = f"/chats/{chat.id}"
        return shape

    def channels(self, agent: Agent) -> list[Json]:
        """Return the channels the agent is logged in to, with their state (3.4)."""
        state = user_state(agent.state)
        return [{"channel": name, "dndState": "Off", "userState": state} for name in agent.channels]

    def user(self, agent: Agent) -> Json:
        """Return the user resource of an agent; field names follow a public capture of /me (2.6)."""
        return {
            "id": agent.id,
            "userName": agent.username,
            "firstName": agent.display_name,
            "lastName": "",
            "enabled": True,
            "roles": ["ROLE_AGENT", *(["ROLE_SUPERVISOR"] if agent.supervisor else [])],
            "changePasswordOnFirstLogin": False,
            "uri": self.uri(f"/users/{agent.id}"),
            "path": f"/users/{agent.id}",
        }

    def timestamp(self, at: float) -> str:
        """Print a time in the form that the options name (8.4)."""
        zone = timezone(timedelta(minutes=self._options.utc_offset_minutes))
        # Rounded first: the milliseconds must agree with those of timestampSeconds.
        moment = datetime.fromtimestamp(round(at * 1000) / 1000, UTC).astimezone(zone)
        between = _SEPARATORS[self._options.timestamp_form]
        return f"{moment:%Y-%m-%d}{between}{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}{moment:%z}"

    def _user_links(self, username: str) -> Json:
        if not username:
            return {}
        path = f"/users/{self._agents.get(username).id}"
        return {"uri": self.uri(path), "path": path}

    def _content(self, line: Line) -> Json:
        content = line.content
        shape: Json = {
            "text": content.get("text"),
            "url": content.get("url"),
            "noticeText": content.get("notice_text"),
            "messageType": content.get("message_type") if self._options.include_message_type else None,
        }
        return {name: value for name, value in shape.items() if value is not None}


def user_state(operation: str) -> Json:
    """Return the userState object of an operation such as Ready (3.4); custom ones are of kind NotReady."""
    known = {"Ready": (READY_ID, "Ready", "Ready"), "NotReady": (NOT_READY_ID, "Not Ready", "NotReady")}
    identifier, name, state = known.get(operation, (f"custom-{operation}", operation, "NotReady"))
    return {"id": identifier, "displayName": name, "state": state}
