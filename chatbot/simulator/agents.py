"""The agents of the contact centre: who they are, what they serve, whether they are ready.

Reference sections 3.3, 3.4 and 6.2. Passwords are only compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack

from chatbot.simulator.options import Options
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.transcript import Visibility

READY_ID = "9430250E-0A1B-421F-B372-F29E69366DED"
NOT_READY_ID = "900D55CC-2BB0-431F-8BF9-D3525B383BE6"
DEFAULT_QUEUE = "default"


class Traits(TypedDict, total=False):
    """What may be said about an agent when it is added."""

    password: str | None
    nickname: str | None
    human: bool
    supervisor: bool
    queues: tuple[str, ...]
    capacity: int | None
    auto_answer: str | None


@dataclass(frozen=True, slots=True)
class Monitoring:
    """A supervisor's wish to be in an agent's next chats (6.2)."""

    visibility: Visibility
    scope: Literal["NextChat", "AllChats"]
    nickname: str


@dataclass(slots=True)
class Agent:
    """One agent.

    Args:
        username: The login.
        id: The id of the user resource.
        password: None: any password will do.
        nickname: Shown to customers if Accept names none.
        human: Driven by a script, not over the wire: always logged in and ready.
        supervisor: May monitor others.
        queues: Served queues, besides the one named like the login.
        capacity: Chats at once; None: the option decides.
        auto_answer: A human accepts every offer at once and says this.
    """

    username: str
    id: str
    password: str | None = None
    nickname: str | None = None
    human: bool = False
    supervisor: bool = False
    queues: tuple[str, ...] = (DEFAULT_QUEUE,)
    capacity: int | None = None
    auto_answer: str | None = None
    channels: tuple[str, ...] = ()
    state: str = "NotReady"
    watchers: dict[str, Monitoring] = field(default_factory=dict)

    @property
    def has_session(self) -> bool:
        """Whether the agent is logged in to chat (3.3)."""
        return self.human or "chat" in self.channels

    @property
    def is_ready(self) -> bool:
        """Whether the agent takes new chats (3.4)."""
        return self.human or (self.has_session and self.state == "Ready")

    @property
    def display_name(self) -> str:
        """The name shown if a request gives none (6.2: the user name by default)."""
        return self.nickname or self.username

    def serves(self, queue: str) -> bool:
        """Tell whether chats of this queue may come to the agent."""
        return queue in self.queues or queue == self.username


class Agents:
    """The directory of agents.

    Args:
        options: Who may come, with what capacity.
        new_id: Makes ids of user resources: 32 hex characters.
    """

    def __init__(self, options: Options, new_id: Callable[[int], str]) -> None:
        self._options = options
        self._new_id = new_id
        self._agents: dict[str, Agent] = {}
        self._is_listed = False

    def __iter__(self) -> Iterator[Agent]:
        return iter(list(self._agents.values()))

    @property
    def is_open_house(self) -> bool:
        """Whether unknown user names are created at login."""
        if self._options.open_house is not None:
            return self._options.open_house
        return not self._is_listed

    def add(self, username: str, **traits: Unpack[Traits]) -> Agent:
        """Add a listed agent. Humans do not close the house: they never log in."""
        self._is_listed = self._is_listed or not traits.get("human", False)
        return self._create(username, **traits)

    def login(self, username: str, password: str) -> Agent | None:
        """Return the agent if the credentials are right."""
        agent = self._agents.get(username)
        if agent is None:
            return self._create(username) if username and self.is_open_house else None
        return agent if agent.password in (None, password) else None

    def get(self, username: str) -> Agent:
        """Return a known agent, else refuse with code 6."""
        agent = self._agents.get(username)
        if agent is None:
            raise OperationError(Status.NOT_FOUND, f"No agent {username}")
        return agent

    def find(self, reference: str) -> Agent | None:
        """Find an agent by uri, path or id (2.1: hosts in a uri say nothing); a login will do as id."""
        tail = reference.rstrip("/").rpartition("/")[2]
        known = self._agents.values()
        return next((agent for agent in known if tail in (agent.id, agent.username)), None)

    def put_last(self, username: str) -> None:
        """Have all others come first where one is as good as another."""
        self._agents[username] = self._agents.pop(username)

    def capacity(self, agent: Agent) -> int:
        """Return how many chats the agent may hold at once."""
        return self._options.capacity if agent.capacity is None else agent.capacity

    def queues(self) -> list[str]:
        """Return the names of all served queues, without those of single agents."""
        return sorted({queue for agent in self._agents.values() for queue in agent.queues})

    def _create(self, username: str, **traits: Unpack[Traits]) -> Agent:
        agent = Agent(username, self._new_id(32), **traits)
        self._agents[username] = agent
        return agent
