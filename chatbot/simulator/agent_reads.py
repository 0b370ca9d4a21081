"""What agents may read: the resources behind the GET requests of the agent side.

Reference sections 2.5, 2.6, 3.4, 3.5 and 5.1. Pure: from the world to JSON.
"""

from collections.abc import Mapping

from chatbot.simulator.agents import Agent
from chatbot.simulator.payloads import Json, user_state
from chatbot.simulator.reading import chosen, listing, number, subresources
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.world import World

VERSION = "8.5.202.00"
Query = Mapping[str, str]


class AgentReads:
    """Answers the GET requests of agents.

    Args:
        world: What to read from.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def me(self, username: str, query: Query) -> Json:
        """`GET /me`, with `subresources` and `fields` (2.6)."""
        agent = self._world.agents.get(username)
        user = self._world.payloads.user(agent)
        parts = subresources(self._parts(agent), query.get("subresources", ""))
        return {"user": {**chosen(user, query.get("fields", "*")), **parts}}

    def chats(self, username: str, query: Query) -> Json:
        """`GET /me/chats` (5.1)."""
        return listing("chats", self._world.chats_of(username), query)

    def chat(self, username: str, chat_id: str, query: Query) -> Json:
        """`GET /me/chats/{id}` (5.1)."""
        return {"chat": chosen(self._world.chat_of(username, chat_id), query.get("fields", "*"))}

    def messages(self, username: str, chat_id: str, query: Query) -> Json:
        """`GET /me/chats/{id}/messages?startIndex&count` (5.1)."""
        start, count = number(query, "startIndex", 1), number(query, "count", None)
        return {"messages": self._world.messages_of(username, chat_id, start or 1, count)}

    def channels(self, username: str, query: Query) -> Json:
        """`GET /me/channels` (3.4)."""
        return listing("channels", self._channels(username), query)

    def channel(self, username: str, channel: str) -> Json:
        """`GET /me/channels/{channel}` (3.4)."""
        for shape in self._channels(username):
            if shape["channel"] == channel:
                return {"channel": shape}
        raise OperationError(Status.NOT_FOUND, f"No channel {channel}")

    def devices(self, username: str, query: Query) -> Json:
        """`GET /me/devices` (7.2)."""
        return listing("devices", [self._device(self._world.agents.get(username))], query)

    def nothing(self, name: str, query: Query) -> Json:
        """Return a list that is always empty here, such as `/me/calls`."""
        return listing(name, [], query)

    def users(self, query: Query) -> Json:
        """`GET /users`, in pages by `offset` (2.6)."""
        users = [self._world.payloads.user(agent) for agent in self._world.agents]
        return listing("users", users[number(query, "offset", 0) or 0 :], query)

    def user(self, reference: str, query: Query) -> Json:
        """`GET /users/{id}`."""
        agent = self._world.agents.find(reference)
        if agent is None:
            raise OperationError(Status.NOT_FOUND, f"No user {reference}")
        return {"user": chosen(self._world.payloads.user(agent), query.get("fields", "*"))}

    def contacts(self, query: Query) -> Json:
        """`GET /contacts`: how to find a targetUri, by `name`, `type` and `channel` (2.6)."""
        users = [self._contact(agent) for agent in self._world.agents]
        name, kind = query.get("name", "").lower(), query.get("type", "")
        contacts = [
            item
            for item in (*users, *self._queues())
            if name in str(item["name"]).lower() and kind in ("", item["type"])
        ]
        return {"contacts": contacts}

    def queues(self, query: Query) -> Json:
        """`GET /queues` (2.6)."""
        return listing("queues", self._queues(), query)

    def features(self) -> Json:
        """`GET /features` (2.5)."""
        return {"features": self._features()}

    def settings(self) -> Json:
        """`GET /settings`: which settings there are (2.6)."""
        names = ("agent-states", "dispositions")
        return {"settings": [{"name": name, "path": f"/settings/{name}"} for name in names]}

    def agent_states(self) -> Json:
        """`GET /settings/agent-states`: the operation names of Ready and NotReady states (3.4)."""
        names = ("Ready", "NotReady", *self._world.options.custom_states)
        return {"settings": [{**user_state(name), "operationName": name} for name in names]}

    def dispositions(self) -> Json:
        """`GET /settings/dispositions` (2.6)."""
        names = self._world.options.dispositions
        return {"settings": [{"name": name, "displayName": name} for name in names]}

    def version(self) -> Json:
        """`GET /diagnostics/version` (2.1)."""
        return {"version": VERSION}

    def _parts(self, agent: Agent) -> Json:
        """The subresources that a capture of `/me?subresources=*` holds (2.6)."""
        channels = self._channels(agent.username)
        return {
            "devices": [self._device(agent)],
            "skills": [],
            "channels": channels,
            "channelStates": channels,
            "interactions": [],
            "chats": self._world.chats_of(agent.username),
            "calls": [],
            "settings": _settings(agent),
            "groups": [],
            "features": self._features(),
        }

    def _channels(self, username: str) -> list[Json]:
        agent = self._world.agents.get(username)
        uri = self._world.payloads.uri
        return [
            {**shape, "uri": uri(f"/me/channels/{shape['channel']}")}
            for shape in self._world.payloads.channels(agent)
        ]

    def _device(self, agent: Agent) -> Json:
        return {
            "id": f"device-{agent.id}",
            "uri": self._world.payloads.uri(f"/me/devices/device-{agent.id}"),
            "deviceState": "Active" if agent.has_session else "Inactive",
            "userState": user_state(agent.state),
            "doNotDisturb": "Off",
            "capabilities": [],
        }

    def _features(self) -> list[Json]:
        return [{"id": name, "displayName": name} for name in self._world.options.features]

    def _contact(self, agent: Agent) -> Json:
        user = self._world.payloads.user(agent)
        names = {key: user[key] for key in ("id", "uri", "path", "userName")}
        return {"name": agent.display_name, "type": "User", "availability": _availability(agent), **names}

    def _queues(self) -> list[Json]:
        uri = self._world.payloads.uri
        return [
            {"id": name, "name": name, "type": "Queue", "channel": "chat", "uri": uri(f"/queues/{name}")}
            for name in self._world.agents.queues()
        ]


def _availability(agent: Agent) -> str:
    return "Ready" if agent.is_ready else "NotReady" if agent.has_session else "LoggedOut"


def _settings(agent: Agent) -> Json:
    """Settings of the web desktop, all of them strings (3.5)."""
    return {
        "chat.auto-answer": "false",
        "chat.nickname": agent.display_name,
        "chat.typing-is-enabled": "true",
        "interaction.disposition.key-name": "DispositionCode",
        "interaction.disposition.is-mandatory": "false",
        "privilege.chat.can-use": "true",
        "privilege.chat.can-consult": "true",
        "privilege.chat.can-one-step-transfer": "true",
        "privilege.chat.can-one-step-conference": "true",
        "system.cometd.timeout": "60000",
    }
