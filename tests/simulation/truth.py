"""What really happened in one run, as the server and the plugins saw it; never the bot's own opinion."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from chatbot.model.errors import ActionError
from chatbot.model.events import SessionReport

__all__ = ["CANARY", "NAMED", "Call", "HookStart", "Line", "Truth", "key_of", "replies_to"]

CANARY = "canary"
"""Stands in all that no log may tell: what customers say, passwords, cookies and tokens."""

_UNANSWERED = ("mm", "fail", "overrun", "poison")
_MOST_AT_ONCE = 100
NAMED = re.compile(r"re (\d+)\.(\d+)")
"""What the plugin under test says."""

Who = Literal["customer", "bot", "other"]


@dataclass(slots=True, eq=False)
class Line:
    """One transcript line.

    Args:
        index: Its index on the wire.
        kind: Its type on the wire.
        who: Who said it.
        text: What was said.
        ms: When, in milliseconds; unique in its chat, so that replies can name the line.
        wire: As the server shows it.
        is_lost: A failover has dropped it.
        excused: No reply is owed: the chat was not the bot's, or ended.
    """

    index: int
    kind: str
    who: Who
    text: str
    ms: int
    wire: dict[str, Any]
    is_lost: bool = False
    excused: bool = False


@dataclass(slots=True, eq=False)
class HookStart:
    """One start of ``on_text``.

    Args:
        at: When, in virtual time.
        life: Of which life.
        chat: In which chat.
        index: For the line of this index.
        ms: For the line that was said then.
        ended_at: When it ended, one way or the other; infinity if it never did.
        is_cut: It ended because it was cancelled.
        is_kept: It has written to the chat's memory, and ended well.
    """

    at: float
    life: int
    chat: str
    index: int
    ms: int
    ended_at: float = math.inf
    is_cut: bool = False
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request for an operation in a chat, when it left the bot.

    Args:
        at: When.
        life: Of which life.
        chat: In which chat.
        operation: Its name.
    """

    at: float
    life: int
    chat: str
    operation: str


@dataclass(slots=True)
class Truth:
    """The record of a run.

    Args:
        now: The virtual time.
        newest_ms: When the newest line of a chat was said that is not younger than so many seconds.
        on_refusal: Told of a reply that the bot has given up: where, for which line, and why.
        on_cut: Told for which line in which chat a hook was stopped.
        on_dead_letter: Told for which line in which chat hooks have crashed too often.
        is_over: Whether a chat has ended.
        own_ids: The participant ids that the bot had in a chat.
        is_traced: Whether the timeline is kept.
        kills, ends: When lives were killed, or ended by themselves.
        stirs: When lives began, and when something happened to them.
        prompt_s: How soon a line is answered; 0 if the faults allow no such promise.
        until_s: No fault begins after that.
        rewinds: How often a chat has lost lines.
        told_gone: When a life was told that a chat is over.
        disk_failed: From when till when nothing could be written.
        over: The chats that had ended before the last life was to stop.
        entered: Which life was told that it is in which chat.
        told: Up to which line a life was told of a chat, and when.
        stopped: When a life was asked to stop.
        cursors: When the cursor of a chat became durable, and where.
    """

    now: Callable[[], float]
    is_traced: bool = False
    newest_ms: Callable[[str, float], int] = lambda _chat, _until_s: 0
    on_refusal: Callable[[str, int, str, ActionError], None] = lambda _chat, _ms, _text, _error: None
    on_cut: Callable[[str, int], None] = lambda _chat, _ms: None
    on_dead_letter: Callable[[str, int], None] = lambda _chat, _ms: None
    is_over: Callable[[str], bool] = lambda _chat: False
    own_ids: Callable[[str], Collection[str]] = lambda _chat: ()
    timeline: list[str] = field(default_factory=list)
    hooks: list[HookStart] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    reports: list[SessionReport] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    running: set[tuple[int, str]] = field(default_factory=set)
    kills: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    stirs: list[float] = field(default_factory=list)
    prompt_s: float = 0.0
    until_s: float = 0.0
    rewinds: Counter[str] = field(default_factory=Counter)
    logins: list[tuple[float, bool]] = field(default_factory=list)
    told_gone: dict[tuple[int, str], float] = field(default_factory=dict)
    disk_failed: list[tuple[float, float]] = field(default_factory=list)
    over: set[str] = field(default_factory=set)
    entered: set[tuple[int, str]] = field(default_factory=set)
    told: dict[tuple[int, str], list[tuple[float, int]]] = field(default_factory=dict)
    stopped: dict[int, float] = field(default_factory=dict)
    cursors: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    def note(self, who: str, what: str, *arguments: object) -> None:
        """One line of the timeline."""
        if self.is_traced:
            self.timeline.append(f"{self.now():9.3f}  {who:<8}  {what % arguments if arguments else what}")

    def durable_at(self, start: HookStart) -> float:
        """When it was written that the line is done with; infinity if it never was."""
        written = self.cursors.get(start.chat, ())
        return next((at for at, cursor in written if at >= start.at and cursor >= start.index), math.inf)

    def is_durable(self, start: HookStart) -> bool:
        """Whether its own life has written that the line is done with."""
        until = self.durable_at(start)
        return until < math.inf and not any(start.at <= at < until for at in (*self.kills, *self.ends))

    def is_running(self, chat: str, up_to: int) -> bool:
        """Whether a hook for a line up to this index runs now, in a life that goes on."""
        return any(
            start.chat == chat and start.index <= up_to and start.ended_at == math.inf
            for start in self.hooks[-_MOST_AT_ONCE:]
            if start.life == self.counts["lives"]
        )

    def begin_again(self, chat: str) -> None:
        """The chat is offered anew: what was told of its end is of no interest now."""
        self.told_gone = {key: at for key, at in self.told_gone.items() if key[1] != chat}

    def find(self, invariant: str, what: str) -> None:
        """An invariant is violated."""
        self.note("CHECK", "%s: %s", invariant, what)
        self.findings.append(f"{invariant}: {what}")


def replies_to(text: str, ms: int) -> list[str]:
    """What the plugin under test answers; a text names its trigger, but for some on purpose."""
    if text.startswith(_UNANSWERED):
        return []
    if text.startswith("twice"):
        return ["ok", "ok"]
    if text.startswith("two"):
        return [f"re {ms}.0", f"re {ms}.1"]
    return [f"re {ms}.0"]


def key_of(text: str) -> str:
    """The name of a reply, whatever the server or a second thought has made of its words."""
    named = NAMED.search(text)
    return named.group() if named else text.strip()
