"""Supervisors: monitor, coach, barge in, intrude, and the switches between them.

Reference section 6.2. A supervisor is an agent in a chat with another visibility.
"""

from dataclasses import replace
from typing import Literal, cast

from chatbot.simulator import presence
from chatbot.simulator.agents import Agent, Monitoring
from chatbot.simulator.chats import Cause, Chat, Leg
from chatbot.simulator.request import Parameters, Request
from chatbot.simulator.scene import Scene
from chatbot.simulator.status import OperationError, Status
from chatbot.simulator.transcript import Visibility

MODES = {"Monitor": Visibility.SUPERVISORS, "Coach": Visibility.AGENTS, "BargeIn": Visibility.ALL}
SCOPES = ("NextChat", "AllChats")


def watch(supervisor: Agent, agent: Agent, given: Parameters) -> None:
    """Monitor, Coach, BargeIn and CancelSupervisorMonitoring: takes effect with the agent's next chat."""
    _check(supervisor)
    operation = given.text("operationName")
    if operation == "CancelSupervisorMonitoring":
        if agent.watchers.pop(supervisor.username, None) is None:
            raise OperationError(Status.BAD_STATE, "The agent is not monitored")
        return
    scope = given.choice("supervisorMonitoringMode", SCOPES) or "AllChats"
    nickname = given.optional_text("nickname") or supervisor.username
    agent.watchers[supervisor.username] = Monitoring(
        MODES[operation],
        cast("Literal['NextChat', 'AllChats']", scope),  # choice() allows nothing else
        nickname,
    )


def follow(scene: Scene, chat: Chat, agent: Agent) -> None:
    """Bring the supervisors who watch an agent into the chat that the agent has just accepted."""
    for username, wish in list(agent.watchers.items()):
        if wish.scope == "NextChat":
            del agent.watchers[username]
        if agent.username != username and not _is_in(chat, username):
            leg = Leg(username, Cause.SUPERVISION, wish.visibility, nickname=wish.nickname)
            bring = presence.offer if scene.options.monitoring_offers else presence.join
            bring(scene, chat, leg)


def intrude(scene: Scene, supervisor: Agent, agent: Agent, chat: Chat, given: Parameters) -> None:
    """Intrude: offer a running chat of an agent to the supervisor (ChatIntrude)."""
    _check(supervisor)
    leg = chat.legs.get(agent.username)
    if leg is None or not leg.is_talking:
        raise OperationError(Status.NOT_FOUND, f"{agent.username} has no such chat")
    if _is_in(chat, supervisor.username):
        raise OperationError(Status.BAD_STATE, "The supervisor has the chat already")
    visibility = _intrusion(supervisor, agent, given)
    presence.offer(scene, chat, Leg(supervisor.username, Cause.SUPERVISION, visibility))


def switch_to_monitor(request: Request) -> None:
    """SwitchToMonitor: silent from now on."""
    _switch(request, "Monitor")


def switch_to_coach(request: Request) -> None:
    """SwitchToCoach: heard by agents only."""
    _switch(request, "Coach")


def switch_to_barge_in(request: Request) -> None:
    """SwitchToBargeIn: heard by everybody."""
    _switch(request, "BargeIn")


def _switch(request: Request, mode: str) -> None:
    if not request.leg.is_supervising:
        raise OperationError(Status.FORBIDDEN, "Only a supervisor in the chat may switch")
    changed = replace(request.leg.present(), visibility=MODES[mode])
    presence.change(request.chat, request.leg, changed)
    request.scene.notices.participants(request.chat, request.asker)
    request.scene.say(request.chat, "ParticipantRejoined", changed, changed.visibility)


def _check(supervisor: Agent) -> None:
    if not supervisor.supervisor:
        raise OperationError(Status.NO_PERMISSION, "Only supervisors may do this")


def _is_in(chat: Chat, username: str) -> bool:
    leg = chat.legs.get(username)
    return leg is not None and leg.is_live


def _intrusion(supervisor: Agent, agent: Agent, given: Parameters) -> Visibility:
    mode = given.choice("supervisorVisibilityMode", tuple(MODES))
    if mode is not None:
        return MODES[mode]
    running = agent.watchers.get(supervisor.username)
    if running is None:
        raise OperationError(Status.MISSING, "No supervisorVisibilityMode and no monitoring to take it from")
    return running.visibility
