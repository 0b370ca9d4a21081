"""Scripted human agents: they act without a wire, through the same operations as everybody.

Not part of the platform; made for demonstrations and tests of taking over and handing over.
"""

from chatbot.simulator.agents import Agent
from chatbot.simulator.chats import Chat, ChatState, Leg
from chatbot.simulator.operations import perform
from chatbot.simulator.presence import offer
from chatbot.simulator.request import Parameters, Request
from chatbot.simulator.routing import Router
from chatbot.simulator.scene import Scene
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.transcript import Visibility

_SPEECH = {Visibility.ALL: "SendMessage", Visibility.AGENTS: "SendToAgents"}


class Humans:
    """Moves the human agents.

    Args:
        scene: The shared state.
        router: Where chats wait that a human may take out.
    """

    def __init__(self, scene: Scene, router: Router) -> None:
        self._scene = scene
        self._router = router

    def joins(self, chat: Chat, username: str) -> None:
        """Take an offer, or walk in on a chat that was not offered, visible to all."""
        human = self._human(username)
        leg = chat.legs.get(human.username)
        if leg is not None and leg.is_talking:
            raise OperationError(Status.BAD_STATE, f"{username} is in the chat already")
        if leg is None or not leg.is_live:
            self._router.withdraw(chat)
            offer(self._scene, chat, Leg(username))
        self.does(chat, username, "Accept")

    def says(self, chat: Chat, username: str, text: str, visibility: str) -> None:
        """Say something to everybody or to the agents."""
        self.does(chat, username, _SPEECH[Visibility(visibility)], text=text)

    def does(self, chat: Chat, username: str, operation: str, **given: object) -> None:
        """Do any operation of an agent's own chat."""
        leg = chat.legs.get(self._human(username).username)
        if leg is None or not leg.is_live:
            raise OperationError(Status.NOT_FOUND, f"{username} does not have the chat")
        body = Parameters({"operationName": operation, **given})
        asker = self._scene.asker(username)
        perform(operation, Request(self._scene, self._router, chat, leg, asker, body))

    def answer(self) -> bool:
        """Let the humans who answer at once do so; tell whether somebody did."""
        waiting = [
            (chat, human)
            for human in self._scene.agents
            if human.human and human.auto_answer is not None
            for chat, leg in self._scene.legs_of(human.username)
            if leg.state is ChatState.INVITED
        ]
        for chat, human in waiting:
            self.joins(chat, human.username)
            self._greet(chat, human)
        return bool(waiting)

    def _greet(self, chat: Chat, human: Agent) -> None:
        leg = chat.legs[human.username]
        if human.auto_answer and leg.is_talking and leg.visibility is not Visibility.SUPERVISORS:
            self.says(chat, human.username, human.auto_answer, leg.visibility)

    def _human(self, username: str) -> Agent:
        agent = self._scene.agents.get(username)
        if not agent.human:
            raise OperationError(Status.FORBIDDEN, f"{username} is no human agent")
        return agent
