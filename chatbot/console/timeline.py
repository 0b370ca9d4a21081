"""What became of everything heard in a chat: its transcript, with hooks and actions beside each line.

Pure: from the records of the service, and the transcript as the server shows it, to what a page shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from chatbot.hooks.trace import Deed, Hearing, HookCall
from chatbot.model.actions import Action
from chatbot.model.events import Event, TextReceived, TranscriptEvent
from chatbot.service.recorder import Entry

__all__ = ["Call", "Done", "Moment", "first_index", "result_of", "timeline"]

Result = Literal["planned only", "confirmed", "accepted", "failed", "refused"]

# what an event says, by the name of its field; the rest of its fields stands elsewhere on the page
_SAID = ("text", "notice_text", "url", "message", "reason", "type")
_DATA = ("added", "changed", "removed", "granted", "withdrawn", "seconds", "raw")
_MOST_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Call:
    """A hook that was asked, or left out.

    Args:
        hook: Plugin and hook.
        outcome: How it ended, in a word.
        why: The same in a sentence.
        seconds: How long it took.
        waited_s: Of these, how long it waited for the server or the customer.
        place: File and line.
    """

    hook: str
    outcome: str
    why: str
    seconds: float
    waited_s: float
    place: str


@dataclass(frozen=True, slots=True)
class Done:
    """An action.

    Args:
        operation: Its name.
        by: Plugin and hook, or the bot itself.
        text: What it says.
        more: Its other fields.
        to_customer: Whether the customer sees it.
        result: What became of it.
        why: Why it came to nothing.
        seconds: From the call to the answer.
    """

    operation: str
    by: str
    text: str
    more: str
    to_customer: bool
    result: Result
    why: str
    seconds: float


@dataclass(slots=True)
class Moment:
    """Something that was heard, and what became of it.

    Args:
        at: When.
        name: What kind of event; empty for what belongs to none that was recorded.
        trigger: The event, as the journal names it.
        index: Its place in the transcript.
        who: Who said it.
        role: What they are: Customer, Agent and so on.
        text: What was said.
        more: Data that came with it.
        passed_over: Why no hook was called.
        is_read: It was only read from the transcript: what hooks did is not known.
        calls: The hooks, in order.
        done: The actions, in order.
    """

    at: datetime | None
    name: str = ""
    trigger: str = ""
    index: int | None = None
    who: str = ""
    role: str = ""
    text: str = ""
    more: str = ""
    passed_over: str = ""
    is_read: bool = False
    calls: list[Call] = field(default_factory=list[Call])
    done: list[Done] = field(default_factory=list[Done])

    @property
    def is_text(self) -> bool:
        """Whether somebody said something."""
        return self.name == TextReceived.__name__

    @property
    def is_quiet(self) -> bool:
        """Whether nobody said anything and nothing was done."""
        return not (self.is_text or self.calls or self.done)


def timeline(entries: Iterable[Entry], lines: Sequence[TranscriptEvent] = ()) -> list[Moment]:
    """Everything in the order in which it came.

    Args:
        entries: The records of the chat, oldest first.
        lines: Its transcript; what is in the records as well stands there only once.
    """
    moments: list[Moment] = []
    by_trigger: dict[str, Moment] = {}
    for entry in entries:
        _place(entry, moments, by_trigger)
    known = {moment.index for moment in moments if moment.index is not None}
    first = min(known, default=None)
    read = [line for line in lines if line.index not in known and (first is None or line.position < first)]
    return [_heard(line, line.timestamp, is_read=True) for line in read] + moments


def first_index(entries: Iterable[Entry]) -> int | None:
    """The first line of the transcript that is in the records; None if none is."""
    heard = (entry.record.event for entry in entries if isinstance(entry.record, Hearing))
    found = [event.index for event in heard if isinstance(event, TranscriptEvent) and event.index is not None]
    return min(found, default=None)


def result_of(deed: Deed) -> Result:
    """What has become of an action by now."""
    if deed.error is not None or deed.receipt is None:
        return "refused"
    return "planned only" if deed.receipt.is_shadow else deed.receipt.state


def _place(entry: Entry, moments: list[Moment], by_trigger: dict[str, Moment]) -> None:
    record = entry.record
    if isinstance(record, Hearing):
        moment = _heard(record.event, entry.at)
        moment.passed_over = record.passed_over
        _begin(moment, record.trigger, moments, by_trigger)
        return
    if record.trigger not in by_trigger:
        _begin(Moment(entry.at, name=_told(record)), record.trigger, moments, by_trigger)
    moment = by_trigger[record.trigger]
    if isinstance(record, HookCall):
        moment.calls.append(_call(record))
    else:
        moment.done.append(_done(record))


def _begin(moment: Moment, trigger: str, moments: list[Moment], by_trigger: dict[str, Moment]) -> None:
    moment.trigger = trigger
    moments.append(moment)
    by_trigger[trigger] = moment


def _told(record: HookCall | Deed) -> str:
    """What a record is about whose event was not recorded."""
    event = record.event if isinstance(record, HookCall) else None
    return type(event).__name__ if event is not None else ""


def _heard(event: Event, at: datetime | None, *, is_read: bool = False) -> Moment:
    values = event.model_dump(include={*_SAID, *_DATA})
    said = [str(values[name]) for name in _SAID if values.get(name)]
    data = [f"{name}: {values[name]}" for name in _DATA if values.get(name)]
    moment = Moment(at, type(event).__name__, text=_short(" ".join(said)), more=_short(", ".join(data)))
    if isinstance(event, TranscriptEvent):
        moment.index, moment.who, moment.role = event.index, event.sender.nickname, str(event.sender.type)
    moment.is_read = is_read
    return moment


def _call(record: HookCall) -> Call:
    hook = f"{record.plugin}.{record.hook}"
    why = _short(record.why)
    return Call(hook, record.outcome, why, record.seconds, record.waited_s, record.place)


def _done(record: Deed) -> Done:
    text, more = _words_of(record.action)
    failure = record.receipt.failure if record.receipt is not None else None
    return Done(
        operation=record.action.operation,
        by=f"{record.plugin}.{record.hook}" if record.plugin else "the bot itself",
        text=text,
        more=more,
        to_customer=record.action.customer_sees,
        result=result_of(record),
        why=_short(str(record.error) if record.error is not None else failure or ""),
        seconds=record.seconds,
    )


def _words_of(action: Action) -> tuple[str, str]:
    """What an action says, and the rest of it."""
    values = action.model_dump(mode="json", exclude_none=True)
    text = values.pop("text", "") or values.pop("notice_text", "")
    return _short(str(text)), _short(", ".join(f"{name}: {value}" for name, value in values.items()))


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"
