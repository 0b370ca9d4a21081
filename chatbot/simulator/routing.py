"""Who gets a chat: queues, offers, refusals and time-outs.

The platform's routing is not part of the documented API; this is the plain reading of reference sections 3.4,
5.3 and 10.3: a waiting chat is offered to one ready agent at a time.
"""

from chatbot.simulator import presence
from chatbot.simulator.agents import Agent
from chatbot.simulator.chats import NOBODY, Asker, Cause, Chat, ChatState, Leg
from chatbot.simulator.scene import DEFAULT_FAILURE, Scene


class Router:
    """Matches waiting chats and agents.

    Args:
        scene: The shared state.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._waiting: list[Chat] = []

    def enqueue(self, chat: Chat, queue: str) -> None:
        """Let a chat wait in a queue; whoever refused it before may get it there."""
        chat.queue = queue
        chat.last_refuser = ""
        self._wait(chat)

    def dequeue(self, chat: Chat) -> None:
        """Take a chat out of its queue."""
        chat.is_waiting = False
        self._waiting = [other for other in self._waiting if other is not chat]

    def route(self) -> None:
        """Offer every waiting chat for which an agent is free, the longest waiting first."""
        for chat in list(self._waiting):
            agent = self.pick(chat, chat.queue)
            if agent is not None:
                self.dequeue(chat)
                presence.offer(self._scene, chat, Leg(agent.username))

    def pick(self, chat: Chat, queue: str) -> Agent | None:
        """Return the free agent with the fewest chats who serves the queue."""
        free = [agent for agent in self._scene.agents if agent.serves(queue) and self._is_free(agent, chat)]
        return min(free, key=self._load, default=None)

    def refuse(self, chat: Chat, leg: Leg, state: ChatState, asker: Asker = NOBODY) -> None:
        """End an offer that was not taken, and do what its cause asks for."""
        presence.finish(self._scene, chat, leg, state, asker)
        if leg.cause in (Cause.QUEUE, Cause.TRANSFER):
            chat.last_refuser = leg.username
            self._wait(chat)
        elif leg.cause in (Cause.INVITE, Cause.CONSULT):
            self._scene.notices.error(leg.asker, DEFAULT_FAILURE)

    def withdraw(self, chat: Chat) -> None:
        """Take back all offers of a chat, because nobody is to answer it any more."""
        self.dequeue(chat)
        for leg in chat.live_legs():
            if leg.state is ChatState.INVITED:
                presence.finish(self._scene, chat, leg, ChatState.REVOKED)

    def expire(self) -> None:
        """End the offers that rang too long (15, UNK: the state is an option)."""
        latest = self._scene.clock() - self._scene.options.offer_timeout
        for chat, leg in self._ringing():
            if leg.offered_at <= latest:
                self.refuse(chat, leg, ChatState(self._scene.options.offer_timeout_state))
                self._punish(leg.username)

    def due_at(self) -> float | None:
        """Return when the next offer ends by itself."""
        offered = [leg.offered_at for _, leg in self._ringing()]
        return min(offered) + self._scene.options.offer_timeout if offered else None

    def _ringing(self) -> list[tuple[Chat, Leg]]:
        chats = self._scene.active
        return [(chat, leg) for chat in chats for leg in chat.live_legs() if leg.state is ChatState.INVITED]

    def _wait(self, chat: Chat) -> None:
        if not chat.is_over and not chat.is_waiting:
            chat.is_waiting = True
            self._waiting.append(chat)

    def _is_free(self, agent: Agent, chat: Chat) -> bool:
        leg = chat.legs.get(agent.username)
        is_in = leg is not None and leg.is_live
        has_room = self._load(agent) < self._scene.agents.capacity(agent)
        return agent.is_ready and has_room and not is_in and agent.username != chat.last_refuser

    def _load(self, agent: Agent) -> int:
        return sum(1 for _ in self._scene.legs_of(agent.username))

    def _punish(self, username: str) -> None:
        agent = self._scene.agents.get(username)
        if self._scene.options.not_ready_after_timeout and not agent.human:
            agent.state = "NotReady"
            self._scene.notices.channels(agent)
