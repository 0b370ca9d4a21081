"""The contact centre as one object: agents, customers, chats, routing. Pure and synchronous.

Time comes in as a clock, ids as a token source; what agents are told goes out through a callback. Nothing
here knows HTTP, CometD or asyncio. Requests that cannot be met raise `OperationError` and change nothing.
"""

from collections.abc import Callable, Mapping
from typing import Unpack

from chatbot.simulator.agents import Agent, Agents, Traits
from chatbot.simulator.chats import Chat
from chatbot.simulator.customers import Customers
from chatbot.simulator.humans import Humans
from chatbot.simulator.notices import Notices
from chatbot.simulator.operations import WITH_REFERENCE, perform
from chatbot.simulator.options import Options
from chatbot.simulator.payloads import Json, Payloads
from chatbot.simulator.request import Parameters, Request
from chatbot.simulator.routing import Router
from chatbot.simulator.scene import DEFAULT_FAILURE, Failure, Scene
from chatbot.simulator.sessions import Sessions
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.supervision import intrude, watch
from chatbot.simulator.tokens import CountingTokens
from chatbot.simulator.transcript import Content

WATCHING = ("Monitor", "Coach", "BargeIn", "CancelSupervisorMonitoring")


class World:
    """A contact centre.

    Args:
        clock: Epoch seconds.
        options: How this installation behaves.
        token: Makes fresh ids: a string of that many hex characters. Counts by default.
        on_notification: Gets user name, CometD channel and data of everything that agents are told.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        options: Options | None = None,
        *,
        token: Callable[[int], str] | None = None,
        on_notification: Callable[[str, str, Json], None] = lambda *_: None,
    ) -> None:
        self.options = options or Options()
        new_id = token or CountingTokens()
        self.agents = Agents(self.options, new_id)
        self.payloads = Payloads(self.options, self.agents)
        notices = Notices(self.options, self.payloads, self.agents, on_notification)
        self._scene = Scene(self.options, clock, new_id, self.agents, notices)
        self._router = Router(self._scene)
        self._customers = Customers(self._scene, self._router)
        self._humans = Humans(self._scene, self._router)
        self._sessions = Sessions(self._scene, self._router)

    # Agents

    def add_agent(self, username: str, **traits: Unpack[Traits]) -> Agent:
        """List an agent: see `agents.Agent` for the traits. Without any listed, every login is welcome."""
        agent = self.agents.add(username, **traits)
        self._settle()
        return agent

    def operate(self, username: str, body: Mapping[str, object]) -> Json:
        """Do an operation of `POST /me`: session and ready state (3.3, 3.4)."""
        answer = self._sessions.operate(self.agents.get(username), Parameters(body))
        self._settle()
        return answer

    def operate_channel(self, username: str, channel: str, body: Mapping[str, object]) -> Json:
        """Do an operation of `POST /me/channels/{channel}` (3.4)."""
        agent = self.agents.get(username)
        if channel not in agent.channels:
            raise OperationError(Status.NOT_FOUND, f"No channel {channel}")
        self._sessions.set_state(agent, Parameters(body).text("operationName"))
        self._settle()
        return {}

    def operate_user(self, username: str, user: str, body: Mapping[str, object]) -> Json:
        """Do a supervisor's operation of `POST /users/{id}/channels/chat` (3.4, 6.2)."""
        supervisor, agent, given = self.agents.get(username), self._user(user), Parameters(body)
        name = given.text("operationName")
        if name in WATCHING:
            watch(supervisor, agent, given)
        elif not supervisor.supervisor:
            raise OperationError(Status.NO_PERMISSION, "Only supervisors may do this")
        else:
            self._sessions.set_state(agent, name)
        self._settle()
        return {}

    def intrude(self, username: str, user: str, chat_id: str, body: Mapping[str, object]) -> Json:
        """Do `POST /users/{id}/chats/{chatId}`: Intrude (6.2)."""
        given = Parameters(body)
        if given.text("operationName") != "Intrude":
            raise OperationError(self.options.unknown_operation_status, "Unknown operation")
        chat = self._scene.chat(chat_id)
        intrude(self._scene, self.agents.get(username), self._user(user), chat, given)
        self._settle()
        return {}

    def perform(self, username: str, chat_id: str, body: Mapping[str, object]) -> Json:
        """Do an operation on an own chat (6.1) and return the fields of the answer."""
        given = Parameters(body)
        name = given.text("operationName")
        chat = self._scene.chat(chat_id)
        leg = chat.legs.get(username)
        if leg is None or not leg.is_live or chat_id != chat.id:
            raise OperationError(Status.NOT_FOUND, f"No chat {chat_id}")
        asker = self._scene.asker(username)
        perform(name, Request(self._scene, self._router, chat, leg, asker, given))
        self._settle()
        return {"referenceId": asker.reference} if self._tells_reference(name) else {}

    def fail_next(
        self, operation: str, username: str = "", *, message: str = DEFAULT_FAILURE, with_chat: bool = False
    ) -> None:
        """Let the next such operation be accepted and fail later: Error, or JoinFailed after Accept (5.3)."""
        self._scene.failures.append(Failure(operation, username, message, with_chat))

    # What agents read

    def chats_of(self, username: str) -> list[Json]:
        """Return the chats an agent has now (5.2)."""
        return [self.payloads.chat(chat, leg) for chat, leg in self._scene.legs_of(username)]

    def chat_of(self, username: str, chat_id: str) -> Json:
        """Return one chat of an agent."""
        for shape in self.chats_of(username):
            if shape["id"] == chat_id:
                return shape
        raise OperationError(Status.NOT_FOUND, f"No chat {chat_id}")

    def messages_of(
        self, username: str, chat_id: str, start: int = 1, count: int | None = None
    ) -> list[Json]:
        """Return the transcript as an agent sees it (5.1), also after the agent's part has ended."""
        chat = self._scene.chat(chat_id)
        leg = chat.legs.get(username)
        if leg is None:
            raise OperationError(Status.NOT_FOUND, f"No chat {chat_id}")
        return [self.payloads.line(line) for line in chat.transcript.window(leg.level, start, count)]

    # Customers

    def request_chat(
        self, nickname: str, subject: str = "", endpoint: str | None = None, user_data: Json | None = None
    ) -> str:
        """Start a customer's chat and return its id on the customer side (10.2)."""
        chat = self._customers.request(nickname, subject, endpoint or "", user_data or {})
        self._settle()
        return chat.customer_id

    def customer_says(self, chat_id: str, text: str) -> None:
        """Let the customer say something."""
        self._customers.says(self._scene.chat(chat_id), text)

    def customer_types(self, chat_id: str, preview: str | None = None) -> None:
        """Let the customer start typing."""
        self._customers.types(self._scene.chat(chat_id), preview)

    def customer_stops_typing(self, chat_id: str) -> None:
        """Let the customer stop typing."""
        self._customers.stops_typing(self._scene.chat(chat_id))

    def customer_pushes_url(self, chat_id: str, url: str) -> None:
        """Let the customer push an address."""
        self._customers.pushes_url(self._scene.chat(chat_id), url)

    def customer_writes(self, chat_id: str, kind: str, **content: Unpack[Content]) -> None:
        """Let a line of any type come from the customer."""
        self._customers.writes(self._scene.chat(chat_id), kind, **content)

    def customer_renames(self, chat_id: str, nickname: str) -> None:
        """Let the customer take another name."""
        self._customers.renames(self._scene.chat(chat_id), nickname)

    def customer_tells_data(self, chat_id: str, user_data: Json) -> None:
        """Change user data from the customer's side."""
        self._customers.tells_data(self._scene.chat(chat_id), user_data)

    def customer_leaves(self, chat_id: str) -> None:
        """Let the customer end the chat."""
        self._customers.leaves(self._scene.chat(chat_id))
        self._settle()

    def customer_chat(self, chat_id: str) -> Json:
        """Return the chat as the customer sees it (10.2)."""
        return self._customers.resource(self._scene.chat(chat_id))

    def customer_messages(self, chat_id: str, index: int | None = None) -> list[Json]:
        """Return the customer's transcript from an index, or what was not delivered yet (10.2)."""
        return self._customers.messages(self._scene.chat(chat_id), index)

    def customer_polled(self, chat_id: str) -> None:
        """Note that a web customer is alive; from then on silence means leaving (8.5)."""
        chat = self._scene.chat(chat_id)
        chat.polled_at = self._scene.clock()

    # Humans

    def human_joins(self, chat_id: str, username: str) -> None:
        """Let a scripted human come into a chat, offered or not."""
        self._humans.joins(self._scene.chat(chat_id), username)
        self._settle()

    def human_says(self, chat_id: str, username: str, text: str, visibility: str = "All") -> None:
        """Let a scripted human say something to everybody or to the agents."""
        self._humans.says(self._scene.chat(chat_id), username, text, visibility)

    def human_leaves(self, chat_id: str, username: str) -> None:
        """Let a scripted human leave a chat."""
        self.human_does(chat_id, username, "Leave")

    def human_does(self, chat_id: str, username: str, operation: str, **given: object) -> None:
        """Let a scripted human do any operation of section 6.1."""
        self._humans.does(self._scene.chat(chat_id), username, operation, **given)
        self._settle()

    # The course of things

    def tick(self) -> None:
        """Do what time brings: offers end, silent customers leave, chats are routed."""
        self._router.expire()
        self._customers.expire()
        self._settle()

    def due_at(self) -> float | None:
        """Return the epoch second at which `tick` has something to do next, if known."""
        return self._router.due_at()

    def skip_index(self, chat_id: str, count: int = 1) -> None:
        """Leave a gap in the indexes of a transcript (8.2)."""
        self._scene.chat(chat_id).transcript.skip(count)

    def chat(self, chat_id: str) -> Chat:
        """Return a chat by the id of either side, for looking at it."""
        return self._scene.chat(chat_id)

    def chats(self) -> list[Chat]:
        """Return all chats, for looking at them."""
        return self._scene.chats.copy()

    def _user(self, reference: str) -> Agent:
        agent = self.agents.find(reference)
        if agent is None:
            raise OperationError(Status.NOT_FOUND, f"No user {reference}")
        return agent

    def _tells_reference(self, name: str) -> bool:
        if self.options.reference_ids == "documented":
            return name in WITH_REFERENCE
        return self.options.reference_ids == "always"

    def _settle(self) -> None:
        """Route until nothing moves: an answer of a human may free or fill a queue."""
        self._router.route()
        while self._humans.answer():
            self._router.route()
        self._scene.put_away()
