"""How agents and customers come into a chat and leave it.

Reference sections 5.3 (states), 6.1 (Accept, Leave, Complete) and 10.3 (what the other side sees).
"""

from dataclasses import replace

from chatbot.simulator.chats import NOBODY, Asker, Chat, ChatState, Leg
from chatbot.simulator.scene import Scene
from chatbot.simulator.transcript import Participant, Visibility


def offer(scene: Scene, chat: Chat, leg: Leg) -> None:
    """Offer the chat to the agent of the leg: Invited, never with a referenceId (7.1)."""
    leg.state = ChatState.INVITED
    leg.offered_at = scene.clock()
    chat.legs[leg.username] = leg
    scene.notices.status(chat, leg)


def finish(scene: Scene, chat: Chat, leg: Leg, state: ChatState, asker: Asker = NOBODY) -> None:
    """Give the leg its next state and tell its agent."""
    leg.state = state
    scene.notices.status(chat, leg, asker)


def join(scene: Scene, chat: Chat, leg: Leg, asker: Asker = NOBODY) -> None:
    """Bring an agent into the conversation: StatusChange, ParticipantsUpdated, whole history (ChatAccept)."""
    if chat.is_over:
        # There is no session to join any more; what is left is the work after it.
        finish(scene, chat, leg, ChatState.LEFT_CHAT, asker)
        return
    chat.legs[leg.username] = leg
    finish(scene, chat, leg, ChatState.CHATTING, asker)
    who = scene.new_participant(leg.nickname, "Agent", leg.visibility, leg.username)
    leg.participant = who
    chat.participants.append(who)
    line = scene.note(chat, "ParticipantJoined", who, who.visibility)
    scene.notices.participants(chat, asker)
    scene.notices.history(chat, leg)
    scene.notices.line(chat, line, but=leg.username)


def take_out(scene: Scene, chat: Chat, leg: Leg, state: ChatState, asker: Asker = NOBODY) -> None:
    """Take an agent out of the conversation; the others see it, the agent gets a new state."""
    who, leg.participant = leg.participant, None
    leg.state = state
    if who is not None:
        chat.participants.remove(who)
        _promote_consultant(scene, chat)
        scene.notices.participants(chat)
        scene.say(chat, "ParticipantLeft", who, who.visibility)
    scene.notices.status(chat, leg, asker)


def change(chat: Chat, leg: Leg, who: Participant) -> None:
    """Replace the participant of a leg by a changed one (nickname, visibility)."""
    chat.participants[:] = [who if old is leg.participant else old for old in chat.participants]
    leg.participant = who
    leg.visibility = who.visibility


def reveal(scene: Scene, chat: Chat, leg: Leg) -> None:
    """Make a consultant visible to everybody: from consultation to conference or transfer (6.1, Consult)."""
    shown = replace(leg.present(), visibility=Visibility.ALL)
    change(chat, leg, shown)
    scene.say(chat, "ParticipantJoined", shown, Visibility.ALL)


def customer_out(scene: Scene, chat: Chat) -> None:
    """Write that the customer is gone: the participant list first, then the line, as for agents."""
    customer = chat.customer
    if customer is not None:
        chat.participants.remove(customer)
        scene.notices.participants(chat)
        scene.say(chat, "ParticipantLeft", customer, Visibility.ALL)


def end_session(scene: Scene, chat: Chat, leg: Leg, state: ChatState, asker: Asker) -> None:
    """End the customer's session because this agent left or completed (6.1, Leave and Complete)."""
    others = [other for other in chat.talking_legs() if other is not leg]
    _silently_out(scene, chat, leg)
    finish(scene, chat, leg, state, asker)
    customer_out(scene, chat)
    for other in others:
        dismiss(scene, chat, other)
    _tell_saved(scene, chat, [leg, *others])


def customer_leaves(scene: Scene, chat: Chat) -> None:
    """End the customer's side; what becomes of the agents' side is an option (5.3, UNK)."""
    legs = chat.talking_legs()
    customer_out(scene, chat)
    if ChatState(scene.options.after_customer_left) is ChatState.LEFT_CHAT:
        for leg in legs:
            _silently_out(scene, chat, leg)
            finish(scene, chat, leg, ChatState.LEFT_CHAT)
        _tell_saved(scene, chat, legs)


def dismiss(scene: Scene, chat: Chat, leg: Leg) -> None:
    """End the chat for an agent because another one ended it: supervisors see Revoked (6.2)."""
    gone = ChatState.REVOKED if leg.is_supervising else ChatState(scene.options.others_after_complete)
    take_out(scene, chat, leg, gone)


def _promote_consultant(scene: Scene, chat: Chat) -> None:
    """A customer must not be left with an agent who is invisible: the consultant takes over."""
    legs = [leg for leg in chat.talking_legs() if not leg.is_supervising]
    hidden = [leg for leg in legs if leg.visibility is not Visibility.ALL]
    if hidden and len(hidden) == len(legs) and not chat.is_over:
        reveal(scene, chat, hidden[0])


def _silently_out(scene: Scene, chat: Chat, leg: Leg) -> None:
    """The leaver hears nothing of its own ParticipantLeft (ChatLeave prints one notification)."""
    who, leg.participant = leg.participant, None
    if who is not None:
        chat.participants.remove(who)
        scene.note(chat, "ParticipantLeft", who, who.visibility)


def _tell_saved(scene: Scene, chat: Chat, legs: list[Leg]) -> None:
    if not chat.is_saved:
        chat.is_saved = True
        for leg in legs:
            scene.notices.saved(chat, leg)
