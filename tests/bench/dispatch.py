"""What one event costs from the bytes of a poll to the hook having run.

    python -m tests.bench.dispatch [EVENTS]

Compared in interleaved rounds, by CPU time: the whole way; reading and a plain call, which nothing can
beat; and reading and a pluggy call with asyncio.gather, the usual way to make pluggy asynchronous. The
ratio is taken inside each round, the median of the rounds is printed.
"""

import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

import pluggy

from chatbot import Chat, TextReceived, hookimpl
from chatbot.bot.health import Counters
from chatbot.bot.identity import Identity
from chatbot.bot.live import LiveChat
from chatbot.bot.parts import Parts
from chatbot.bot.pipeline import Pipeline
from chatbot.bot.worker import Worker
from chatbot.hooks import spec
from chatbot.hooks.bot import Bot
from chatbot.hooks.loader import LoadedPlugin
from chatbot.hooks.manager import PluginManager
from chatbot.hooks.ports import ActionSender
from chatbot.model.config import BotSettings
from chatbot.model.notifications import Notification
from chatbot.model.parse import parse
from chatbot.model.resources import ChatResource
from chatbot.service.system import SystemClock
from chatbot.wire.bayeux import BayeuxSession
from chatbot.wire.body import decode

CHATS, ROUNDS, PER_POLL = 200, 7, 10
TOPIC = "/v2/me/chats"
SETTINGS = {"server": "http://localhost", "username": "b", "password": "p"}


class Counting:
    """The plugin: one hook that only counts."""

    def __init__(self) -> None:
        self.seen = 0

    @hookimpl
    async def on_text(self, chat: Chat, event: TextReceived) -> None:
        self.seen += 1


def bodies(events: int) -> list[bytes]:
    """Answers to polls, ten notifications each, over two hundred chats."""
    messages = [_message(n % CHATS, n // CHATS + 1) for n in range(events)]
    polls = [messages[n : n + PER_POLL] for n in range(0, events, PER_POLL)]
    ok = {"channel": "/meta/connect", "successful": True}
    return [json.dumps([*poll, ok]).encode() for poll in polls]


def _message(chat: int, index: int) -> dict[str, Any]:
    line = {
        "index": index,
        "type": "Text",
        "text": "How may I help you?",
        "from": {"type": "Customer", "nickname": "Ana", "participantId": "009052C5E6D6004A"},
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


async def plain(polls: list[bytes], plugin: Counting) -> None:
    """Read, and call the hook."""
    now = datetime.now(UTC)
    for body in polls:
        for message in cast("list[dict[str, Any]]", decode(body)):
            for event in parse(message["data"], bot="b", received_at=now) if "data" in message else ():
                await plugin.on_text(cast("Chat", None), cast("TextReceived", event))


async def gathered(polls: list[bytes], plugin: Counting) -> None:
    """Read, and gather what a pluggy call gives."""
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    manager.register(plugin)
    now = datetime.now(UTC)
    for body in polls:
        for message in cast("list[dict[str, Any]]", decode(body)):
            for event in parse(message["data"], bot="b", received_at=now) if "data" in message else ():
                await asyncio.gather(*manager.hook.on_text(bot=None, chat=None, event=event, settings=None))


class Desk:
    """What the pipeline needs of a bot."""

    def __init__(self) -> None:
        self.woken: dict[str, LiveChat] = {}

    def new_chat(self, resource: ChatResource) -> LiveChat:
        chat = LiveChat(
            ChatResource(id=resource.id, state="Chatting"),
            identity=Identity(None, None),
            sender=cast("ActionSender", None),
            read=cast("Any", None),
            spawn=cast("Any", None),
        )
        chat.started_at = datetime.now(UTC)
        chat.shown = chat.resource
        return chat

    def wake(self, chat: LiveChat | None) -> None:
        if chat is not None:
            self.woken[chat.id] = chat

    def resync(self) -> None:
        raise AssertionError("nothing is missing here")


async def whole(polls: list[bytes], plugin: Counting) -> None:
    """Bayeux, parse, order, mailbox, worker, hook."""
    clock, counters = SystemClock(), Counters()
    plugins = PluginManager([LoadedPlugin("counting", plugin, None, "")], run_in_thread=asyncio.to_thread)
    settings = BotSettings.model_validate(SETTINGS)
    rng = random.Random(1)
    parts = Parts("b", settings, plugins, cast("Any", None), clock, rng, counters)
    desk = Desk()
    pipeline = Pipeline("b", clock=clock, owner=desk)
    bot = Bot("b", nickname=None, chats=pipeline.handles, sender=cast("ActionSender", None))
    worker = Worker(parts, bot, pipeline)
    session = BayeuxSession([TOPIC])
    for answer in (_HANDSHAKE, _SUBSCRIBED):
        session.request()
        session.answered(answer)
    for body in polls:
        session.request()
        for notification in session.answered(decode(body)).notifications:
            pipeline.feed(Notification(notification.channel, notification.data))
        woken, desk.woken = desk.woken, {}
        for chat in woken.values():
            await worker.drain(chat)


_HANDSHAKE = [{"channel": "/meta/handshake", "successful": True, "clientId": "c"}]
_SUBSCRIBED = [{"channel": "/meta/subscribe", "successful": True}]

Way = Callable[[list[bytes], Counting], Awaitable[None]]


def measure(way: Way, polls: list[bytes], events: int) -> float:
    """Microseconds of CPU for each event."""
    plugin = Counting()
    started = time.process_time()
    asyncio.run(_run(way, polls, plugin))
    spent = time.process_time() - started
    if plugin.seen != events:
        raise RuntimeError(f"{way.__name__} handled {plugin.seen} of {events} events")
    return spent / events * 1e6


async def _run(way: Way, polls: list[bytes], plugin: Counting) -> None:
    await way(polls, plugin)


def main() -> None:
    """Print a table."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    polls = bodies(events)
    ways: tuple[Way, ...] = (plain, gathered, whole)
    rounds = [{way.__name__: measure(way, polls, events) for way in ways} for _ in range(ROUNDS)]
    print(f"{events} events, {CHATS} chats, {PER_POLL} to a poll, {ROUNDS} rounds; us of CPU for an event")
    for way in ways:
        name = way.__name__
        cost = statistics.median(r[name] for r in rounds)
        ratio = statistics.median(r[name] / r["plain"] for r in rounds)
        print(f"{name:>10} {cost:8.1f}   {ratio:5.2f} x plain")


if __name__ == "__main__":
    main()
