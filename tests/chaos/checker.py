"""Compares what was said with what ought to have been said. Pure; the transcript is the truth.

The plugin's rule is known, so each line of a customer has its replies. They must all be there, once, after
their line, in order. Lines that a hasty customer did not wait for may lack theirs, but only the last ones:
a bot does not skip.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.chaos.plan import Manner

GREETING = "Welcome."

NOTES = "hooks.notes"

OUT = frozenset({"Completed", "Revoked"})
"""The states of an agent who is in a chat no more."""

PLUGIN = f"""
import os, time
from chatbot import hookimpl

def note(what, chat, event):
    with open({NOTES!r}, "a") as notes:
        notes.write(f"{{what}} {{time.time()}} {{os.getpid()}} {{chat.id}} {{event.index}}\\n")

@hookimpl
async def on_chat_started(chat):
    await chat.send_text({GREETING!r})

@hookimpl
async def on_text(chat, event):
    note("begins", chat, event)
    try:
        return await answer(chat, event)
    finally:
        note("ends", chat, event)

async def answer(chat, event):
    first = "Heard: " + event.text
    if event.text.endswith("?"):
        await chat.send_text(first)
        return "More on: " + event.text
    if event.text.endswith("!"):
        await chat.send_text(first)
        await chat.send_text(first)
        return True
    return first
"""

Wrong = Literal["lost", "doubled", "misordered", "stuck"]


def replies_to(text: str) -> list[str]:
    """Return what the plugin says to this text."""
    first = f"Heard: {text}"
    if text.endswith("?"):
        return [first, f"More on: {text}"]
    return [first, first] if text.endswith("!") else [first]


@dataclass(frozen=True, slots=True)
class Line:
    """One line that all can see; `at` is epoch seconds."""

    index: int
    type: str
    sender: str
    text: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """One chat: its lines, the states it has for its agents, and what is known of its customer.

    `manner` is None for a customer who never learned that the chat had begun: the answer was lost.
    """

    chat: str
    lines: tuple[Line, ...]
    manner: Manner | None = None
    has_left: bool = False
    gave_up: bool = False
    is_over: bool = False
    agents: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong in a chat, at the line of this index."""

    kind: Wrong
    chat: str
    index: int
    expected: str
    seen: str

    def __str__(self) -> str:
        return f"{self.kind}: chat {self.chat}, line {self.index}: expected {self.expected}, seen {self.seen}"


@dataclass(frozen=True, slots=True)
class Due:
    """A reply that has to be there, after the line of this index."""

    index: int
    text: str


def due(lines: tuple[Line, ...]) -> list[Due]:
    """Return all replies that these lines ask for, in their order."""
    said = [line for line in lines if line.type == "Text" and line.sender == "Customer"]
    return [Due(0, GREETING), *(Due(line.index, text) for line in said for text in replies_to(line.text))]


def unanswered(lines: tuple[Line, ...]) -> list[Due]:
    """Return the replies that are not there."""
    return _match(lines).missing


def waits(lines: tuple[Line, ...]) -> list[float]:
    """Return how many seconds after its line each reply came."""
    said_at = {line.index: line.at for line in lines}
    return [line.at - said_at[reply.index] for _, reply, line in _match(lines).pairs if reply.index]


def check(history: History) -> list[Violation]:
    """Return all that is wrong with a chat."""
    matched = _match(history.lines)
    found = [
        Violation("doubled", history.chat, line.index, "nothing (more)", repr(line.text))
        for line in matched.extra
    ]
    found += [
        Violation("lost", history.chat, reply.index, repr(reply.text), "nothing")
        for reply in _lost(history, matched)
    ]
    found += [
        Violation("misordered", history.chat, late.index, repr(late.text), f"{early.text!r} before it")
        for late, early in _late(matched)
    ]
    return found + _stuck(history)


def may_mend(history: History) -> bool:
    """Whether time may put right what is wrong: a reply or the end of a chat may still come."""
    return bool(_lost(history, _match(history.lines))) or bool(_busy(history))


def totals(violations: list[Violation]) -> dict[str, int]:
    """Count them by kind, in a fixed order."""
    kinds = Counter(violation.kind for violation in violations)
    return {kind: kinds[kind] for kind in ("lost", "doubled", "misordered", "stuck")}


@dataclass(slots=True)
class _Matching:
    pairs: list[tuple[int, Due, Line]] = field(default_factory=list)
    missing: list[Due] = field(default_factory=list)
    extra: list[Line] = field(default_factory=list)

    @property
    def last(self) -> int:
        return max((place for place, _, _ in self.pairs), default=-1)


def _match(lines: tuple[Line, ...]) -> _Matching:
    """Give each reply the first place that is due, free, of its words, and whose line was said before it."""
    matched, open_places = _Matching(), dict(enumerate(due(lines)))
    for line in lines:
        if line.type != "Text" or line.sender != "Agent":
            continue
        fits = (place for place, reply in open_places.items() if _fits(reply, line))
        place = next(fits, None)
        if place is None:
            matched.extra.append(line)
        else:
            matched.pairs.append((place, open_places.pop(place), line))
    matched.missing = list(open_places.values())
    return matched


def _fits(reply: Due, line: Line) -> bool:
    return reply.text == line.text and reply.index < line.index


def _lost(history: History, matched: _Matching) -> list[Due]:
    """What is missing, less the last ones if the customer may have been gone before they could be said."""
    if not history.has_left or history.manner == "patient":
        return matched.missing
    places = due(history.lines)
    given = {place for place, _, _ in matched.pairs}
    return [reply for place, reply in enumerate(places) if place not in given and place < matched.last]


def _late(matched: _Matching) -> list[tuple[Line, Line]]:
    """The replies that stand behind one that ought to be behind them: each with what came too early."""
    late: list[tuple[Line, Line]] = []
    furthest: tuple[int, Line] | None = None
    for place, _, line in matched.pairs:
        if furthest is not None and place < furthest[0]:
            late.append((line, furthest[1]))
        else:
            furthest = (place, line)
    return late


def _stuck(history: History) -> list[Violation]:
    def stuck(expected: str, seen: str) -> Violation:
        last = history.lines[-1].index if history.lines else 0
        return Violation("stuck", history.chat, last, expected, seen)

    found: list[Violation] = []
    if history.gave_up:
        found.append(stuck("an answer in time", "a customer who gave up waiting"))
    if history.is_over and not history.has_left:
        found.append(stuck("a chat that goes on", "an end that nobody wanted"))
    if _busy(history):
        found.append(stuck("a completed chat", f"{history.agents}"))
    return found


def _busy(history: History) -> list[str]:
    """Who is still in a chat that is over."""
    return [name for name, state in history.agents.items() if history.is_over and state not in OUT]


def history_of(record: dict[str, Any], **known: Any) -> History:
    """Read what the server process writes of one chat, and add what is known of its customer."""
    lines = tuple(Line(**line) for line in record["lines"])
    return History(record["chat"], lines, is_over=record["is_over"], agents=record["agents"], **known)
