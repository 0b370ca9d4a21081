"""What to do when nobody knows whether an operation took effect (reliability 2.2).

    verify        look whether its line, or the state it leads to, is there; else send it again
    resend        send it again: doing it twice is the same as once
    never_resend  leave it: twice would be wrong, and nothing shows whether it happened

Operations that hand the chat to somebody or end it are verified by the state of the chat, or by the bot
being in it no more.
"""

from __future__ import annotations

from typing import Literal

from chatbot.model import actions as do
from chatbot.model.words import LineType

__all__ = ["FALLBACK", "OnUnknown", "is_fleeting", "on_unknown"]

FALLBACK = "(fallback)"
"""Who acts, in the journal, when the bot hands a customer over by itself."""

OnUnknown = Literal["verify", "resend", "never_resend"]

_TYPING = frozenset({LineType.TYPING_STARTED, LineType.TYPING_STOPPED})

_POLICIES: dict[type[do.Action], OnUnknown] = {
    # said once: the transcript shows them
    do.SendMessage: "verify",
    do.SendToAgents: "verify",
    do.SendUrl: "verify",
    do.SendCustomNotice: "verify",
    do.SendCustomNoticeToAgents: "verify",
    do.SendNicknameUpdatedNotice: "verify",
    # the state of the chat shows them, or who is in it
    do.Accept: "verify",
    do.Reject: "verify",
    do.Transfer: "verify",
    do.Leave: "verify",
    do.LeaveAndComplete: "verify",
    do.Complete: "verify",
    # the last write wins
    do.AttachUserData: "resend",
    do.UpdateUserData: "resend",
    do.DeleteUserData: "resend",
    do.SetDisposition: "resend",
    do.AddComment: "resend",
}


def on_unknown(action: do.Action) -> OnUnknown:
    """The policy of an operation, or of the one it is a kind of; nothing is repeated by default."""
    for kind in type(action).__mro__:
        if kind in _POLICIES:
            return _POLICIES[kind]
    return "never_resend"


def is_fleeting(action: do.Action) -> bool:
    """Whether nobody misses it later, such as a typing indicator: not worth a place in the journal."""
    return action.effect is not None and action.effect.line in _TYPING
