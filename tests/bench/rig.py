"""A whole bot for measurements: all its parts but the wire, with chats that have begun."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.prints import Prints
from chatbot.model.notifications import Notification
from chatbot.wire.bayeux import BayeuxSession
from chatbot.wire.body import decode
from tests.bot.desk import ANA
from tests.bot.stage import Stage, on_stage

__all__ = ["CHATS", "PER_POLL", "Counting", "bodies", "fed", "rig"]

CHATS, PER_POLL = 200, 10
TOPIC = "/v2/me/chats"
_HANDSHAKE = [{"channel": "/meta/handshake", "successful": True, "clientId": "c"}]
_SUBSCRIBED = [{"channel": "/meta/subscribe", "successful": True}]


class Counting:
    """The plugin: one hook that only counts."""

    def __init__(self) -> None:
        self.seen = 0

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> bool:
        self.seen += 1
        return True


def bodies(events: int) -> list[bytes]:
    """Answers to polls, ten notifications each, over two hundred chats."""
    # the first line of each chat is the bot's joining
    messages = [_message(n % CHATS, n // CHATS + 2) for n in range(events)]
    polls = [messages[n : n + PER_POLL] for n in range(0, events, PER_POLL)]
    ok = {"channel": "/meta/connect", "successful": True}
    return [json.dumps([*poll, ok]).encode() for poll in polls]


def _message(chat: int, index: int) -> dict[str, Any]:
    line = {
        "index": index,
        "type": "Text",
        "text": "How may I help you?",
        "from": ANA,
        "visibility": "All",
        "timestamp": "2014-01-09 11:58:12.035+0200",
    }
    data = {
        "messageType": "MessageLogUpdated",
        "notificationType": "NewMessages",
        "chatUri": f"http://localhost:8080/api/v2/chats/chat{chat:04}",
        "messages": [line],
    }
    return {"channel": TOPIC, "data": data}


@asynccontextmanager
async def rig(plugin: object) -> AsyncIterator[Stage]:
    """A bot in its two hundred chats. It reads no transcript now and then: that is the server's work."""
    with patch.object(Prints, "are_overdue", new=False):
        async with on_stage(plugin, watched=False) as stage:
            for number in range(CHATS):
                stage.desk.offer(f"chat{number:04}")
            await stage.until(lambda: stage.bot.chats == CHATS)
            await stage.quiet()
            yield stage


async def fed(stage: Stage, polls: Sequence[bytes]) -> None:
    """Have the bot work off what these answers hold."""
    session = BayeuxSession([TOPIC])
    for answer in (_HANDSHAKE, _SUBSCRIBED):
        session.request()
        session.answered(answer)
    for body in polls:
        session.request()
        for notification in session.answered(decode(body)).notifications:
            stage.bot._pipeline.feed(Notification(notification.channel, notification.data))
        await stage.bot.until_idle()
