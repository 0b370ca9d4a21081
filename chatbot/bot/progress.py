"""How far the bot has come in one chat, in step with the journal.

Hooks run for one trigger at a time. That they start is durable before they do, so that what ends in
a crash again and again is noticed; that they have ended is written with the cursor, and nobody waits
for that: to start the next ones needs a write that comes after it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from chatbot.bot.draft import Draft
from chatbot.bot.identity import Identity
from chatbot.bot.journal import Checkpoint, Forget, Journal, Memory, Phase, Record, SavedChat
from chatbot.bot.memory import KeptMemory
from chatbot.bot.order import LineOrder
from chatbot.bot.ownership import Ownership
from chatbot.bot.prints import Print, Prints, Times
from chatbot.model.events import TranscriptEvent

__all__ = ["MOST_ATTEMPTS", "Progress"]

MOST_ATTEMPTS = 3
"""How often hooks are started for one trigger, if each time they end in a crash (design 5)."""


class Followed(Protocol):
    """What is known of the chat itself."""

    @property
    def id(self) -> str:
        """The chat's id."""
        ...

    @property
    def order(self) -> LineOrder:
        """Knows the cursor."""
        ...

    @property
    def identity(self) -> Identity:
        """Knows the bot's own participant ids."""
        ...

    @property
    def ownership(self) -> Ownership:
        """Knows whether the bot may talk."""
        ...


class Progress:
    """The checkpoint of one chat.

    Args:
        chat: The chat.
        run: The number of this run of the bot.
        journal: Where it is kept.
        saved: What an earlier run has left.
        times: What is known of the server's times.

    Attributes:
        phase: What the bot has done in the chat; None if nothing.
        trigger: What hooks are running for, or were when an earlier run crashed; else empty.
        attempts: How often they were started for it.
        history_to: Lines up to this index are history, except those in ``unanswered``.
        unanswered: Texts that were waiting when the bot joined.
        prints: The last lines that are done with.
        memory: What plugins keep.
        owed_at: When the oldest text was said that nobody has answered, in seconds since the epoch; or 0.
        idles: How often hooks were told that the customer says nothing.
        draft: What the report of the chat will say.
    """

    def __init__(
        self, chat: Followed, *, run: int, journal: Journal, saved: SavedChat | None, times: Times
    ) -> None:
        before = saved.checkpoint if saved is not None else Checkpoint(chat.id, "offered")
        self.phase: Phase | None = before.phase if saved is not None else None
        self.trigger = before.trigger
        self.attempts = before.attempts
        self.history_to = before.history_to
        self.unanswered = frozenset(before.unanswered)
        self.prints = Prints(before.prints, times)
        self.memory = KeptMemory(saved.memory if saved is not None else None)
        self.owed_at = before.owed_at
        self.idles = before.idles
        self.draft = Draft.restored(before.report)
        self._muted = before.muted
        self._reported = before.report
        self._chat = chat
        self._run = run
        self._journal = journal
        self._is_counted = False
        self._is_behind = False
        self._is_new = saved is None
        self._named = 0

    def name(self, kind: str) -> str:
        """A trigger that no other has: for what is not repeated after a crash."""
        self._named += 1
        return f"{kind}:{self._run}.{self._named}"

    def trigger_of(self, line: TranscriptEvent) -> str:
        """The trigger of a line; the same as before the crash, if hooks were running for this line."""
        one = Print.of(line)
        before = Print.parse(self.trigger)
        return self.trigger if before is not None and self.prints.is_again(before, one) else one.code

    def is_done(self, line: TranscriptEvent) -> bool:
        """Whether this very line was done with, before the transcript was rewound."""
        return self.prints.knows(Print.of(line))

    @property
    def is_poisoned(self) -> bool:
        """Whether hooks have been started for this trigger often enough, and it always crashed."""
        return bool(self.trigger) and self.attempts >= MOST_ATTEMPTS and not self._is_counted

    @property
    def is_suspect(self) -> bool:
        """Whether one more crash will be one too many."""
        return bool(self.trigger) and self.attempts == MOST_ATTEMPTS - 1 and not self._is_counted

    async def begin(self, trigger: str) -> bool:
        """Have it durable that hooks start for this; False if they were started too often."""
        if trigger != self.trigger:
            self.trigger, self.attempts, self._is_counted = trigger, 0, False
        if self.is_poisoned:
            return False
        if not self._is_counted:
            self.attempts += 1
            self._is_counted = True
            await self.save()
        return True

    def end(self, phase: Phase | None = None) -> None:
        """Hooks have ended, one way or the other."""
        self.phase = phase or self.phase
        self.trigger, self.attempts, self._is_counted = "", 0, False
        self._is_behind = True

    def owe(self, at: float) -> None:
        """The customer waits for an answer since then, in seconds since the epoch; 0: not any more."""
        if self.owed_at != at:
            self.owed_at = at
            self._is_behind = True

    def idle(self, times: int) -> None:
        """Hooks were told so often that the customer says nothing."""
        if self.idles != times:
            self.idles = times
            self._is_behind = True

    def withdraw(self) -> None:
        """Hooks were stopped from outside: that is not an attempt."""
        if self._is_counted:
            self.attempts, self._is_counted = self.attempts - 1, False
            self.save()

    def passed(self, line: TranscriptEvent) -> None:
        """The line is done with."""
        self.prints.pass_over(self._chat.order.cursor, line.position)
        self.prints.add(Print.of(line, was_read=self._chat.order.was_read(line)))
        self._chat.order.done(line)
        self._is_behind = True

    def flush(self) -> None:
        """Write what has changed; nobody waits for it."""
        if self._is_behind or self._is_outdated:
            self.save()
        elif (memory := self.memory.news()) is not None and self.phase is not None:
            self._journal.put(Memory(self._chat.id, memory))

    @property
    def _is_outdated(self) -> bool:
        return self._muted != self._chat.ownership.saved or self._reported != self.draft.text()

    def save(self) -> Awaitable[None]:
        """Write how far the chat has come."""
        if self.phase is None:
            return self._journal.put()
        records: list[Record] = [Forget(self._chat.id)] if self._is_new else []
        self._muted, self._reported = self._chat.ownership.saved, self.draft.text()
        records.append(self._checkpoint(self.phase))
        if (memory := self.memory.news()) is not None:
            records.append(Memory(self._chat.id, memory))
        self._is_behind = self._is_new = False
        return self._journal.put(*records)

    def _checkpoint(self, phase: Phase) -> Checkpoint:
        return Checkpoint(
            self._chat.id,
            phase,
            cursor=self._chat.order.cursor,
            trigger=self.trigger,
            attempts=self.attempts,
            history_to=self.history_to,
            unanswered=tuple(sorted(self.unanswered)),
            prints=self.prints.codes(),
            own_ids=self._chat.identity.own_ids,
            muted=self._muted,
            owed_at=self.owed_at,
            idles=self.idles,
            report=self._reported,
        )
