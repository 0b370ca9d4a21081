"""Why a bot did what it did about one event: which hooks ran, what they returned, what was held back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import NoReturn

from chatbot.bot.live import LiveChat
from chatbot.hooks.run import HookRun
from chatbot.hooks.trace import Deed, Hearing, HookCall, event_id
from chatbot.model.events import TextReceived, TranscriptEvent
from chatbot.model.nearest import nearest
from chatbot.model.policy import FALLBACK
from chatbot.service.recorder import Entry, Place, Recorder
from chatbot.service.supervisor import Service

__all__ = ["NotKnown", "Step", "Why", "explain", "step_of"]

_MANY = 8
_OWN = frozenset({"", FALLBACK})
_PASSED = frozenset({"declined", "skipped"})
_ANSWERED = frozenset({"said", "handled", "acted", "left", "resumed"})


class NotKnown(Exception):
    """Nothing can be said of an event.

    Args:
        message: Why not.
        fix: What may help.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that followed.

    Args:
        at: When it was done.
        who: Plugin and hook; ``bot`` or ``fallback`` for what the bot does by itself.
        what: The outcome of a hook, or the operation.
        result: In words: what a hook returned, or what became of an operation.
        seconds: How long it took.
        place: File and line of a hook.
        is_action: It is an operation.
        is_held_back: It is an operation that was not done.
    """

    at: datetime
    who: str
    what: str
    result: str
    seconds: float
    place: str = ""
    is_action: bool = False
    is_held_back: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """What is known of one event.

    Args:
        bot: Who heard it.
        chat: Where.
        event: Its id.
        type: Its type.
        at: When hooks were asked, or it was passed over; None: not yet.
        who: Who said it: type and nickname; empty if nobody.
        text: Its words, if it has any.
        verdict: What came of it, in a sentence.
        steps: What followed, oldest first.
        afterwards: What the bot did by itself until the customer spoke again.
    """

    bot: str
    chat: str
    event: str
    type: str
    at: datetime | None
    who: str
    text: str
    verdict: str
    steps: tuple[Step, ...] = ()
    afterwards: tuple[Step, ...] = ()


def explain(service: Service, chat: str, event: str, bot: str | None = None) -> Why:
    """Why a bot did what it did about an event.

    Args:
        service: The bots.
        chat: The id of the chat.
        event: The index of a line, or the name of another event, such as ``started``.
        bot: Which bot; needed only where several have the chat.

    Raises:
        NotKnown: Nothing is known of it.
    """
    place = _place(service, chat, bot)
    entries = service.recorder.entries(*place)
    found = _find(entries, event)
    live = _live(service, place)
    if found is None:
        if (waiting := _not_yet(live, place, event)) is None:
            _unknown(service.recorder, place)
        return waiting
    return _why(place, event, found, live)


def step_of(entry: Entry) -> Step | None:
    """What a record tells; None for one that only says that something came."""
    match entry.record:
        case HookCall() as call:
            who = f"{call.plugin}.{call.hook}"
            return Step(entry.at, who, call.outcome, call.why, call.seconds, call.place)
        case Deed() as deed:
            what, result = deed.action.operation, result_of(deed)
            is_held_back = deed.error is not None
            return Step(
                entry.at, _who(deed), what, result, deed.seconds, is_action=True, is_held_back=is_held_back
            )
        case _:
            return None


def _who(deed: Deed) -> str:
    if deed.plugin in _OWN:
        return "fallback" if deed.plugin else "bot"
    return f"{deed.plugin}.{deed.hook}"


def result_of(deed: Deed) -> str:
    """What became of an operation, as far as it is known now."""
    if deed.error is not None:
        return f"{type(deed.error).__name__}: {deed.error}"
    if deed.receipt is None:
        return "accepted"
    if deed.receipt.is_shadow:
        return "planned, not sent"
    return f"failed: {deed.receipt.failure}" if deed.receipt.failure else deed.receipt.state


def _place(service: Service, chat: str, bot: str | None) -> Place:
    live = ((one.name, chat_id) for one in service.bots for chat_id in one.live)
    known = {*service.recorder.chats(), *live}
    found = sorted(place for place in known if place[1] == chat and bot in {None, place[0]})
    if len(found) > 1:
        names = ", ".join(name for name, _ in found)
        raise NotKnown(f"several bots have this chat: {names}", f"say which, such as --bot {found[0][0]}")
    if not found:
        raise _no_such_chat(chat, known)
    return found[0]


def _no_such_chat(chat: str, known: Iterable[Place]) -> NotKnown:
    close = nearest(chat, {one for _, one in known})
    fix = f"closest: {close}" if close else "chatbot status lists chats; only the latest are remembered"
    return NotKnown("no bot of this process knows this chat", fix)


def _live(service: Service, place: Place) -> LiveChat | None:
    return next((bot.live.get(place[1]) for bot in service.bots if bot.name == place[0]), None)


@dataclass(frozen=True, slots=True)
class _Found:
    """Where an event is told: when it came, and what was recorded after that."""

    at: datetime
    heard: Hearing
    later: Sequence[Entry]


def _find(entries: Sequence[Entry], event: str) -> _Found | None:
    """After a rewind an index may be told of twice: the last counts."""
    for number in reversed(range(len(entries))):
        record = entries[number].record
        if isinstance(record, Hearing) and _is_called(record, event):
            return _Found(entries[number].at, record, entries[number + 1 :])
    return None


def _is_called(heard: Hearing, event: str) -> bool:
    return event in {event_id(heard.event, heard.trigger), heard.trigger.partition(":")[0] or None}


def _unknown(recorder: Recorder, place: Place) -> NoReturn:
    names = [event_id(one.event, one.trigger) for one in _heard(recorder.entries(*place))]
    what = f"nothing is known of such an event in chat {place[1]}"
    if recorder.is_cut(*place):
        what += "; older records of this chat were dropped"
    known = ", ".join(names[-_MANY:])
    raise NotKnown(what, f"known are: {known}" if known else "the bot has heard nothing in it yet")


def _heard(entries: Iterable[Entry]) -> Iterator[Hearing]:
    return (entry.record for entry in entries if isinstance(entry.record, Hearing))


def _not_yet(chat: LiveChat | None, place: Place, event: str) -> Why | None:
    """A line that was heard, and whose turn has not come."""
    line = next((one for one in chat.order.waiting() if str(one.index) == event), None) if chat else None
    if chat is None or line is None:
        return None
    runs = [run for run in chat.runs if not run.is_aside]
    before = f"behind {_running(runs)}" if runs else "for lines before it"
    return Why(*place, event, type(line).__name__, None, *_said(line), f"it waits in the mailbox {before}")


def _running(runs: Iterable[HookRun]) -> str:
    return ", ".join(f"{run.plugin}.{run.hook} for {event_id(run.event, run.trigger)}" for run in runs)


def _said(event: object) -> tuple[str, str]:
    if not isinstance(event, TranscriptEvent):
        return "", ""
    return f"{event.sender.type} {event.sender.nickname}".strip(), str(getattr(event, "text", None) or "")


def _why(place: Place, event: str, found: _Found, live: LiveChat | None) -> Why:
    heard = found.heard
    steps = [step for entry in found.later if _is_of(entry, heard) and (step := step_of(entry))]
    running = [run for run in live.runs if run.trigger == heard.trigger] if live is not None else []
    return Why(
        *place,
        event,
        type(heard.event).__name__,
        found.at,
        *_said(heard.event),
        verdict=f"{_running(running)} runs" if running else _verdict(heard, steps),
        steps=tuple(steps),
        afterwards=tuple(_afterwards(found.later)),
    )


def _is_of(entry: Entry, heard: Hearing) -> bool:
    record = entry.record
    return not isinstance(record, Hearing) and bool(record.trigger) and record.trigger == heard.trigger


def _afterwards(entries: Iterable[Entry]) -> Iterator[Step]:
    for entry in takewhile(_is_no_text_of_a_customer, entries):
        is_own = isinstance(entry.record, Deed) and entry.record.plugin in _OWN
        if is_own and (step := step_of(entry)) is not None:
            yield step


def _is_no_text_of_a_customer(entry: Entry) -> bool:
    event = entry.record.event if isinstance(entry.record, Hearing) else None
    return not (isinstance(event, TextReceived) and event.sender.is_customer)


def _verdict(heard: Hearing, steps: Sequence[Step]) -> str:
    if heard.passed_over and not steps:
        return f"no hook was asked: {heard.passed_over}"
    for step in steps:
        if step.is_held_back:
            return f"{step.who} wanted {step.what}, which was held back: {step.result}"
    return _verdict_of([step for step in steps if not step.is_action])


def _verdict_of(hooks: Sequence[Step]) -> str:
    for step in hooks:
        if step.what in _ANSWERED:
            return f"handled by {step.who}: {step.result}"
    for step in hooks:
        if step.what not in _PASSED:
            return f"not handled: {step.who} {step.what}, {step.result}"
    return f"not handled: {', '.join(f'{step.who} {step.what}' for step in hooks) or 'no hook ran'}"
