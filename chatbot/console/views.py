"""What pages show, as plain values: equal values look alike, so a page is only loaded anew if they differ."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from chatbot.bot.live import LiveChat
from chatbot.bot.runner import BotRunner
from chatbot.console.listing import Listing, Wanted, listing
from chatbot.console.render import counted
from chatbot.console.timeline import result_of
from chatbot.hooks.trace import Deed, Hearing, HookCall
from chatbot.model.events import TranscriptEvent
from chatbot.service.recorder import Entry, Recorder
from chatbot.service.status import BotStatus, ChatStatus, ServiceStatus, bot_status, chat_status, status_of
from chatbot.service.supervisor import Service

__all__ = [
    "KINDS",
    "Ended",
    "Mistake",
    "announcement",
    "bots",
    "chats",
    "customer_of",
    "ended",
    "mistakes",
    "state_of_bot",
    "state_of_chat",
    "state_of_errors",
    "state_of_service",
]

KINDS = {"waiting": "customer waits", "muted": "bot is silent", "human": "human agent"}
"""What chats can be looked for by, and in which words."""

_IS_OF_KIND: Mapping[str, Callable[[LiveChat], bool]] = {
    "waiting": lambda chat: bool(chat.due.owed_since),
    "muted": lambda chat: bool(chat.ownership.muted),
    "human": lambda chat: chat.human is not None,
}
_OWED_STEP_S = 5.0
_MOST_ENDED = 20
_MOST_RESULTS = 200


@dataclass(frozen=True, slots=True)
class Mistake:
    """A hook that failed, or an action that came to nothing.

    Args:
        at: When.
        bot: Whose.
        chat_id: Where; None outside of chats.
        by: Plugin and hook, or the bot itself.
        what: What happened, in a word or two.
        why: The same in a sentence.
    """

    at: datetime
    bot: str
    chat_id: str | None
    by: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A chat that the bot has no more.

    Args:
        chat_id: Its id.
        customer: The customer's nickname, if it is known.
        last: When the last thing happened in it.
    """

    chat_id: str
    customer: str
    last: datetime


def bots(service: Service, asked: Wanted) -> Listing[BotStatus]:
    """Those that are not ready come first, then those with a plugin that is left out."""
    found = sorted(status_of(service).bots, key=lambda bot: (not bot.problems, not _leaves_out(bot)))
    return listing(found, asked, lambda bot: asked.has(bot.name))


def _leaves_out(bot: BotStatus) -> int:
    """How many of its plugins are not asked as others are."""
    return sum(plugin.is_paused or plugin.breaker != "closed" for plugin in bot.plugins)


def chats(bot: BotRunner, asked: Wanted, monotonic: float) -> Listing[ChatStatus]:
    """The newest come first."""
    part = listing(reversed([*bot.live.values()]), asked, lambda chat: _fits(chat, asked))
    return Listing([_steady(chat_status(chat, monotonic)) for chat in part.rows], part.total, asked)


def _fits(chat: LiveChat, asked: Wanted) -> bool:
    if asked.only and not _IS_OF_KIND[asked.only](chat):
        return False
    people = chat.resource.participants or ()
    return not asked.search or asked.has(chat.id, *(one.nickname for one in people))


def _steady(status: ChatStatus) -> ChatStatus:
    """Time that passes is no news."""
    return replace(status, owed_s=status.owed_s // _OWED_STEP_S * _OWED_STEP_S)


def customer_of(status: ChatStatus | None, entries: Sequence[Entry]) -> str:
    """The customer's nickname; empty if it is not known."""
    listed = (one.nickname for one in status.people if one.type == "Customer") if status else ()
    heard = (
        entry.record.event.sender.nickname
        for entry in entries
        if isinstance(entry.record, Hearing)
        and isinstance(entry.record.event, TranscriptEvent)
        and entry.record.event.sender.is_customer
    )
    return next(iter(listed), "") or next(heard, "")


def ended(recorder: Recorder, bot: BotRunner) -> list[Ended]:
    """The last chats that the bot has no more, the newest first."""
    gone = (
        chat_id
        for name, chat_id in reversed(recorder.chats())
        if name == bot.name and chat_id not in bot.live
    )
    found = []
    for chat_id in islice(gone, _MOST_ENDED):
        entries = recorder.entries(bot.name, chat_id)
        found.append(Ended(chat_id, customer_of(None, entries), entries[-1].at))
    return found


def mistakes(recorder: Recorder, bot: str = "", chat_id: str = "") -> list[Mistake]:
    """What went wrong, the newest first; of one bot or chat, if they are named."""
    found = [_mistake(entry) for entry in reversed(recorder.errors)]
    return [
        one
        for one in found
        if one is not None and (not bot or one.bot == bot) and (not chat_id or one.chat_id == chat_id)
    ]


def _mistake(entry: Entry) -> Mistake | None:
    match entry.record:
        case HookCall() as call:
            by = f"{call.plugin}.{call.hook}"
            return Mistake(entry.at, call.bot, call.chat_id, by, call.outcome, call.why)
        case Deed() as deed:
            by = f"{deed.plugin}.{deed.hook}" if deed.plugin else "the bot itself"
            what = f"{deed.action.operation} refused"
            return Mistake(entry.at, deed.bot, deed.chat_id, by, what, str(deed.error))
        case _:
            return None


def announcement(status: ServiceStatus) -> str:
    """All in one sentence, for those who do not look at the screen."""
    ready = sum(not bot.problems for bot in status.bots)
    left_out = sum(_leaves_out(bot) for bot in status.bots)
    said = f"{ready} of {counted(len(status.bots), 'bot')} {'is' if ready == 1 else 'are'} ready."
    return f"{said} {left_out} plugin{'s are' if left_out > 1 else ' is'} left out." if left_out else said


# what a page depends on


def state_of_errors(recorder: Recorder) -> Hashable:
    """The list of errors."""
    errors = recorder.errors
    return (len(errors), errors[-1].at if errors else None)


def state_of_service(service: Service) -> Hashable:
    """The first page."""
    return (status_of(service), state_of_errors(service.recorder))


def state_of_bot(service: Service, bot: BotRunner, asked: Wanted, monotonic: float) -> Hashable:
    """The page of a bot."""
    status = bot_status(bot, service.problems()[bot.name])
    return (
        status,
        *chats(bot, asked, monotonic).rows,
        *ended(service.recorder, bot),
        state_of_errors(service.recorder),
    )


def state_of_chat(service: Service, bot: BotRunner, chat_id: str, monotonic: float) -> Hashable:
    """The page of a chat."""
    entries = service.recorder.entries(bot.name, chat_id)
    recent = [entry.record for entry in entries[-_MOST_RESULTS:]]
    results = tuple(result_of(record) for record in recent if isinstance(record, Deed))
    chat = bot.live.get(chat_id)
    status = _steady(chat_status(chat, monotonic)) if chat is not None else None
    return (status, len(entries), entries[-1].at if entries else None, results)
