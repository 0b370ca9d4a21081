"""The contact-centre session of an agent and the ready states of its channels.

Reference sections 3.3 and 3.4. Pure; HTTP sessions are somewhere else.
"""

from chatbot.simulator import presence
from chatbot.simulator.agents import Agent
from chatbot.simulator.chats import Chat, ChatState, Leg
from chatbot.simulator.payloads import Json
from chatbot.simulator.request import Parameters
from chatbot.simulator.routing import Router
from chatbot.simulator.scene import Scene
from chatbot.simulator.status import OperationError, Status


class Sessions:
    """Logs agents in and out of channels and sets their state.

    Args:
        scene: The shared state.
        router: Gets the chats of agents who log out.
    """

    def __init__(self, scene: Scene, router: Router) -> None:
        self._scene = scene
        self._router = router

    def operate(self, agent: Agent, given: Parameters) -> Json:
        """Do an operation of `POST /me` and return the fields of the answer."""
        name = given.text("operationName")
        if name == "StartContactCenterSession":
            return self._start(agent, given)
        if name == "EndContactCenterSession":
            self._end(agent)
        else:
            self.set_state(agent, name)
        return {}

    def set_state(self, agent: Agent, name: str) -> None:
        """Set Ready, NotReady or a custom state; answered by a channel notification (3.4)."""
        if name not in ("Ready", "NotReady", *self._scene.options.custom_states):
            status = self._scene.options.unknown_operation_status
            raise OperationError(status, f"Unknown operation {name}")
        if not agent.has_session:
            raise OperationError(Status.BAD_STATE, "There is no contact-centre session")
        agent.state = name
        self._scene.notices.channels(agent)

    def _start(self, agent: Agent, given: Parameters) -> Json:
        wanted = given.words("channels")
        if agent.channels and self._scene.options.second_session_status:
            raise OperationError(self._scene.options.second_session_status, "There is a session already")
        good = tuple(name for name in wanted if name in self._scene.options.channels)
        if not good:
            raise OperationError(Status.NO_PERMISSION, f"No permission for {', '.join(wanted)}")
        if not agent.channels:
            agent.state = self._scene.options.state_after_login
        agent.channels = tuple(dict.fromkeys((*agent.channels, *good)))
        self._scene.notices.channels(agent)
        return {} if len(good) == len(wanted) else _partly(wanted, good)

    def _end(self, agent: Agent) -> None:
        if not agent.channels:
            raise OperationError(Status.BAD_STATE, "There is no contact-centre session")
        agent.channels = ()
        agent.state = "NotReady"
        for chat, leg in list(self._scene.legs_of(agent.username)):
            self._give_up(chat, leg)

    def _give_up(self, chat: Chat, leg: Leg) -> None:
        """An offer goes on to the next agent; what the agent was doing is an option."""
        if leg.state is ChatState.INVITED:
            self._router.refuse(chat, leg, ChatState.REVOKED)
            return
        if self._scene.options.chats_at_logout == "keep":
            return
        is_last = not leg.is_supervising and not chat.colleagues(leg)
        presence.take_out(self._scene, chat, leg, ChatState.REVOKED)
        if is_last:
            for supervisor in chat.talking_legs():
                presence.dismiss(self._scene, chat, supervisor)
            self._router.enqueue(chat, chat.queue)


def _partly(wanted: list[str], good: tuple[str, ...]) -> Json:
    """Several channels, some refused: code 7 with a code for each (3.3; the nesting is a guess)."""
    refused: Json = {"statusCode": int(Status.NO_PERMISSION), "statusMessage": "No permission"}
    channels = [{"channel": name, **({"statusCode": 0} if name in good else refused)} for name in wanted]
    return {"statusCode": int(Status.PARTLY), "statusMessage": "Not all channels", "channels": channels}
