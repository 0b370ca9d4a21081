"""What a CometD server says to the messages of a request, and sessions brought to a phase by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatbot.wire.bayeux import BayeuxSession, Outcome, Phase, Request

CHATS, ME = "/v2/me/chats", "/v2/me"

Message = dict[str, Any]

_STEPS = {Phase.HANDSHAKE: 0, Phase.SUBSCRIBE: 1, Phase.CONNECT: 2}


def reply_to(message: Message, **fields: object) -> Message:
    """What a CometD server says to one message, with other fields."""
    reply: Message = {"id": message["id"], "channel": message["channel"], "successful": True}
    if message["channel"] == "/meta/handshake":
        reply["clientId"] = "c1"
    elif "subscription" in message:
        reply["subscription"] = message["subscription"]
    return reply | fields


def replies(request: Request, **fields: object) -> list[Message]:
    """The replies to all messages of a request."""
    return [reply_to(message, **fields) for message in request.messages]


def step(session: BayeuxSession, **fields: object) -> Outcome:
    """One exchange."""
    return session.answered(replies(session.request(), **fields))


def refuse(session: BayeuxSession, error: str = "", **fields: object) -> Outcome:
    """The next request is refused, all of it."""
    return step(session, successful=False, error=error, **fields)


def session_in(phase: Phase, *, channels: Sequence[str] = (CHATS,), **handshake: object) -> BayeuxSession:
    """A session that has got so far; other fields are those of the reply to its handshake."""
    session = BayeuxSession(channels)
    for number in range(_STEPS[phase]):
        step(session, **(handshake if number == 0 else {}))
    return session
