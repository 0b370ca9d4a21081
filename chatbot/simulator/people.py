"""Operations that change who is in a chat: accept, leave, complete, transfer, invite, consult, remove.

Reference section 6.1. What routing does with the chat afterwards is not decided here.
"""

from chatbot.simulator import presence, supervision
from chatbot.simulator.agents import Agent
from chatbot.simulator.chats import Cause, ChatState, Leg
from chatbot.simulator.request import Request
from chatbot.simulator.scene import DEFAULT_FAILURE
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.talk import farewell
from chatbot.simulator.transcript import Visibility

TARGETS = ("targetUri", "targetPath", "userUri")
REMOVAL_WORD = "REMOVE_PARTICIPANT_FROM_CONFERENCE"
NOTHING_TO_CANCEL = "Unable to manage user data for interaction id"


def accept(request: Request) -> None:
    """Accept: into the conversation, or JoinFailed if that was planned (5.3)."""
    scene, chat, leg = request.scene, request.chat, request.leg
    agent = scene.agents.get(leg.username)
    leg.nickname = request.given.optional_text("nickname") or leg.nickname or agent.display_name
    if scene.take_failure("Accept", leg.username) is not None:
        presence.finish(scene, chat, leg, ChatState.JOIN_FAILED, request.asker)
        return
    presence.join(scene, chat, leg, request.asker)
    if not leg.is_supervising:
        supervision.follow(scene, chat, agent)


def reject(request: Request) -> None:
    """Reject: Completed for this agent, and on to the next one (ChatReject)."""
    request.router.refuse(request.chat, request.leg, ChatState.COMPLETED, request.asker)


def leave(request: Request) -> None:
    """Leave: LeftChat alone with the customer, Completed in a conference or consultation (ChatLeave)."""
    scene, chat, leg = request.scene, request.chat, request.leg
    if leg.state is ChatState.LEFT_CHAT:
        presence.finish(scene, chat, leg, ChatState.COMPLETED, request.asker)
        return
    farewell(request)
    if chat.colleagues(leg):
        presence.take_out(scene, chat, leg, ChatState.COMPLETED, request.asker)
        return
    request.router.withdraw(chat)
    presence.end_session(scene, chat, leg, ChatState.LEFT_CHAT, request.asker)


def complete(request: Request) -> None:
    """Complete: ends the customer's session, or puts the chat into a queue (ChatComplete)."""
    chat, leg = request.chat, request.leg
    queue = _queue_name(request)
    farewell(request)
    request.router.withdraw(chat)
    if queue is not None and not chat.is_over:
        _hand_back(request, ChatState.COMPLETED)
        request.router.enqueue(chat, queue)
        return
    presence.end_session(request.scene, chat, leg, ChatState.COMPLETED, request.asker)


def leave_and_complete(request: Request) -> None:
    """LeaveAndComplete: both in one; exists by option only (6.3)."""
    leave(request)
    if request.leg.state is ChatState.LEFT_CHAT:
        presence.finish(request.scene, request.chat, request.leg, ChatState.COMPLETED, request.asker)


def transfer(request: Request) -> None:
    """Transfer: to an agent or into a queue, at once (ChatSingleStepTransfer)."""
    given = request.given.first(*TARGETS)
    end = ChatState(request.scene.options.after_transfer)
    queue = _queue_name(request)
    if given is None and queue is None:
        raise OperationError(Status.MISSING, "Parameter targetUri or queueName is missing")
    target = None if given is None else _target(request, given)
    if given is not None and target is None:
        return
    farewell(request)
    if target is None:
        _hand_back(request, end)
        request.router.enqueue(request.chat, queue or request.chat.queue)
        return
    _transfer_to(request, target, end)


def invite(request: Request) -> None:
    """Invite: another agent, visible to the customer (ChatInviteUser)."""
    _ask_in(request, Cause.INVITE, Visibility.ALL)


def consult(request: Request) -> None:
    """Consult: another agent whom the customer does not see (ChatConsult)."""
    _ask_in(request, Cause.CONSULT, Visibility.AGENTS)


def cancel_consult(request: Request) -> None:
    """CancelConsult: before the other agent accepted; no news on success, bare errors on failure (7.1)."""
    for leg in request.chat.live_legs():
        is_mine = leg.asker.username == request.leg.username
        if leg.state is ChatState.INVITED and leg.cause is Cause.CONSULT and is_mine:
            presence.finish(request.scene, request.chat, leg, ChatState.REVOKED)
            return
    earlier = [leg.asker for leg in request.chat.legs.values() if leg.cause is Cause.CONSULT]
    asker = next((one for one in earlier if one.username == request.leg.username), request.asker)
    for message in (DEFAULT_FAILURE, NOTHING_TO_CANCEL):
        request.scene.notices.error(asker, message)


def remove(request: Request) -> None:
    """RemoveParticipantFromConference: three notifications to the remover, four to the removed (6.1)."""
    given = request.given.first(*TARGETS)
    if given is None:
        raise OperationError(Status.MISSING, "Parameter targetUri is missing")
    if request.leg.visibility is not Visibility.ALL:
        raise OperationError(Status.NO_PERMISSION, "Only agents visible to all may remove others")
    agent = request.scene.agents.find(given)
    leg = request.chat.legs.get(agent.username) if agent is not None else None
    if agent is None or leg is None or leg is request.leg or not leg.is_talking:
        raise OperationError(Status.NOT_FOUND, f"No other agent {given} in the chat")
    farewell(request)
    _put_out(request, agent, leg)


def _put_out(request: Request, agent: Agent, leg: Leg) -> None:
    scene, chat = request.scene, request.chat
    remover, removed = request.leg.present(), leg.present()
    scene.say(chat, "Notice", remover, Visibility.AGENTS, text=f"{REMOVAL_WORD}{agent.id}")
    chat.participants.remove(removed)
    leg.participant = None
    scene.notices.participants(chat, request.asker)
    scene.say(chat, "ParticipantLeft", removed, removed.visibility)
    presence.finish(scene, chat, leg, ChatState.COMPLETED)


def _ask_in(request: Request, cause: Cause, visibility: Visibility) -> None:
    given = request.given.first(*TARGETS)
    if given is None:
        raise OperationError(Status.MISSING, "Parameter targetUri is missing")
    if request.chat.is_over:
        raise OperationError(Status.BAD_STATE, "The customer has left the chat")
    target = _target(request, given)
    if target is not None:
        leg = Leg(target.username, cause, visibility, request.asker)
        presence.offer(request.scene, request.chat, leg)


def _transfer_to(request: Request, target: Agent, end: ChatState) -> None:
    chat = request.chat
    known = chat.legs.get(target.username)
    if known is not None and known.is_talking:
        # The consultant is in already: the customer gets to see him instead of the one who transfers.
        presence.reveal(request.scene, chat, known)
        presence.take_out(request.scene, chat, request.leg, end, request.asker)
        return
    presence.take_out(request.scene, chat, request.leg, end, request.asker)
    presence.offer(request.scene, chat, Leg(target.username, Cause.TRANSFER))


def _hand_back(request: Request, state: ChatState) -> None:
    """Take everybody but the customer out, for the chat goes to a queue (6.2: supervisors see Revoked)."""
    for other in request.chat.talking_legs():
        if other is not request.leg:
            presence.dismiss(request.scene, request.chat, other)
    presence.take_out(request.scene, request.chat, request.leg, state, request.asker)


def _queue_name(request: Request) -> str | None:
    queue = request.given.optional_text("queueName")
    is_known = not queue or any(agent.serves(queue) for agent in request.scene.agents)
    if request.scene.options.strict_queues and not is_known:
        raise OperationError(Status.NOT_FOUND, f"No queue {queue}")
    return queue or None


def _target(request: Request, given: str) -> Agent | None:
    """Find who is meant; None: the asker was told that the target is not there."""
    agent = _queue_target(request, given) or request.scene.agents.find(given)
    if agent is None:
        raise OperationError(Status.NOT_FOUND, f"No target {given}")
    if _is_available(request, agent):
        return agent
    if request.scene.options.unavailable_target == "status":
        raise OperationError(Status.BAD_STATE, f"Target {given} is not available")
    request.scene.notices.error(request.asker, DEFAULT_FAILURE)
    return None


def _queue_target(request: Request, given: str) -> Agent | None:
    parent, _, name = given.rstrip("/").rpartition("/")
    return request.router.pick(request.chat, name) if parent.endswith("/queues") else None


def _is_available(request: Request, agent: Agent) -> bool:
    leg = request.chat.legs.get(agent.username)
    is_elsewhere = leg is None or not leg.is_live or leg.is_talking
    is_ready = agent.is_ready or not request.scene.options.targets_must_be_ready
    return agent.has_session and is_ready and is_elsewhere and agent.username != request.leg.username
