"""Which operations a chat lists as allowed now, for one agent.

Reference section 5.4. Capabilities are advice that the samples show; what is really allowed is decided by
the operations themselves.
"""

from chatbot.simulator.chats import Chat, ChatState, Leg
from chatbot.simulator.options import Options
from chatbot.simulator.transcript import Visibility

DATA = ("SetDisposition", "AttachUserData", "DeleteUserData", "UpdateUserData")
TO_AGENTS = ("SendToAgents", "SendStartTypingToAgentsNotification", "SendStopTypingToAgentsNotification")
TO_CUSTOMER = ("SendMessage", "SendStartTypingNotification", "SendStopTypingNotification", "SendUrl")
SWITCHES = {
    Visibility.SUPERVISORS: ("SwitchToCoach", "SwitchBargeIn"),
    Visibility.AGENTS: ("SwitchToMonitor", "SwitchBargeIn"),
    Visibility.ALL: ("SwitchToMonitor", "SwitchToCoach"),
}


def capabilities(chat: Chat, leg: Leg, options: Options) -> list[str]:
    """Return the capabilities of the chat for the agent of this leg."""
    return [word for word in _by_state(chat, leg, options) if word not in options.withheld]


def _by_state(chat: Chat, leg: Leg, options: Options) -> list[str]:
    focus = options.focus_capability
    match leg.state:
        case ChatState.INVITED:
            return ["Accept", "Reject"]
        case ChatState.CHATTING:
            return _chatting(chat, leg, options)
        case ChatState.LEFT_CHAT:
            return ["Transfer", "Complete", "Leave", focus]
        case ChatState.JOIN_FAILED:
            return [focus, "Complete", *DATA]
        case _:
            return []


def _chatting(chat: Chat, leg: Leg, options: Options) -> list[str]:
    talk = (*_to_agents(chat, leg), *_to_customer(chat, leg))
    if leg.is_supervising:
        return ["Leave", options.focus_capability, *talk, *SWITCHES[leg.visibility]]
    both = ("LeaveAndComplete",) if options.leave_and_complete else ()
    people = () if chat.is_over else ("Invite", "Consult")
    return ["Transfer", "Leave", "Complete", *both, *people, options.focus_capability, *DATA, *talk]


def _to_customer(chat: Chat, leg: Leg) -> tuple[str, ...]:
    return () if chat.is_over or leg.visibility is not Visibility.ALL else TO_CUSTOMER


def _to_agents(chat: Chat, leg: Leg) -> tuple[str, ...]:
    """The three for agents appear with another agent (5.4), to all but a silent monitor."""
    if leg.visibility is Visibility.SUPERVISORS:
        return ()
    heard = (Visibility.ALL, Visibility.AGENTS)
    others = [other for other in chat.talking_legs() if other is not leg and other.visibility in heard]
    return TO_AGENTS if others else ()
