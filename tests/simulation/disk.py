"""The disk that outlives the processes: the real SQLite store in memory, and a record of what is durable."""

from __future__ import annotations

import json
import math
import random
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar

from chatbot.bot.journal import Checkpoint, Incident, Key, OperationRecord, Saved
from chatbot.bot.journal_file import MIGRATIONS
from chatbot.bot.journal_sqlite import JournalError, SqliteStore, Unit
from chatbot.model.errors import ChatbotError
from tests.simulation import timeline
from tests.simulation.loop import PROCESS, SimLoop
from tests.simulation.truth import HookStart, Truth

__all__ = ["Disk", "journal_thread", "moment"]

Result = TypeVar("Result")
_BASE_MS = 1_767_225_600_000
_SETTLED = frozenset({"confirmed", "failed", "abandoned"})


class Disk:
    """A ``Store`` for all lives of the bot.

    Args:
        now: Seconds since the epoch.
        truth: The record of the run.

    Attributes:
        operations: The newest record of each operation.
        checkpoints: The newest checkpoint of each chat.
        attempts: How often hooks have started for the line of a moment, as the newest checkpoint has it.
        incidents: What was recorded for the operator.
        fails_until: Till then nothing can be written.
    """

    def __init__(self, now: Callable[[], float], truth: Truth) -> None:
        self.operations: dict[Key, OperationRecord] = {}
        self.checkpoints: dict[str, Checkpoint] = {}
        self.incidents: list[Incident] = []
        self.fails_until = 0.0
        self._rewound: set[str] = set()
        self.attempts: Counter[tuple[str, int]] = Counter()
        self._falls: Counter[str] = Counter()
        self._truth = truth
        self._db = _fresh()
        # the store sees to it that its file is still there; this one is, and the rows are in memory
        self._store = SqliteStore(Path(__file__), self._db, now)

    def apply(self, units: Sequence[Unit]) -> None:
        """See Store."""
        if self._truth.now() < self.fails_until:
            raise JournalError("the disk is full")
        self._store.apply(units)
        self._truth.counts["commits"] += 1
        for _, records in units:
            for record in records:
                if self._truth.is_traced:
                    self._truth.note("disk", "%s", timeline.record(record))
                self._learn(record)

    def load(self, bot: str) -> Saved:
        """See Store."""
        return self._store.load(bot)

    def prune(self, before: float, bots: Collection[str]) -> bool:
        """See Store."""
        return self._store.prune(before, bots)

    def look(self) -> None:
        """See Store."""
        self._store.look()

    def close(self) -> None:
        """Of one life; the disk stays."""

    def destroy(self) -> None:
        """After the run."""
        self._db.close()

    def has_intent(self, chat: str, content: bytes) -> bool:
        """Whether an operation that says just this is on its way, durably (I5)."""
        said = json.loads(content)
        return any(
            record.state not in _SETTLED and record.body and _is_of(record, said)
            for key, record in self.operations.items()
            if key.chat_id == chat
        )

    def dead_letters(self, chat: str) -> set[int]:
        """When the lines were said for which hooks have crashed too often, as the operator was told."""
        return {
            moment(one.detail) for one in self.incidents if one.kind == "dead letter" and one.chat_id == chat
        }

    def is_done(self, start: HookStart) -> bool:
        """Whether the hook has ended, or will not be run again."""
        return start.ended_at < math.inf or start.ms in self.dead_letters(start.chat)

    def unsettled(self) -> list[OperationRecord]:
        """Operations without an end (I7)."""
        return [record for record in self.operations.values() if record.state not in _SETTLED]

    def _learn(self, record: object) -> None:
        match record:
            case OperationRecord():
                self.operations[record.key] = record
            case Checkpoint():
                before = self.checkpoints.get(record.chat_id)
                if before is not None and before.phase != "ended" and record.cursor < before.cursor:
                    self._see_fall(record)
                self._rewound.discard(record.chat_id)
                if record.trigger:
                    self.attempts[record.chat_id, moment(record.trigger)] = record.attempts
                self._see_cursor(record, before.cursor if before is not None else 0)
                self.checkpoints[record.chat_id] = record
            case Incident():
                self._truth.counts[record.kind] += 1
                if record.kind == "dead letter":
                    self._truth.on_dead_letter(record.chat_id, moment(record.detail))
                if record.kind == "rewind":
                    self._rewound.add(record.chat_id)
                self.incidents.append(record)

    def _see_fall(self, record: Checkpoint) -> None:
        """I2: each fall of a cursor is recorded, and the chat has really lost lines.

        A late notice of a lost line is believed until the transcript is read again, and that of a chat
        which ends meanwhile may be cut short: these are falls too, but few.
        """
        chat = record.chat_id
        self._falls[chat] += 1
        is_real = self._falls[chat] <= 2 * self._truth.rewinds[chat] + self._truth.is_over(chat)
        if chat not in self._rewound or not is_real:
            self._truth.find("I2", f"the cursor of {chat} falls to {record.cursor}")

    def _see_cursor(self, record: Checkpoint, before: int) -> None:
        """I1: the cursor passes no line whose hook runs."""
        if record.cursor > before and self._truth.is_running(record.chat_id, record.cursor):
            self._truth.find("I1", f"the cursor of {record.chat_id} passes {record.cursor}: its hook runs")
        self._truth.cursors.setdefault(record.chat_id, []).append((self._truth.now(), record.cursor))


def moment(trigger: str) -> int:
    """When the line of a trigger was said; 0 if the trigger is not a line."""
    parts = trigger.split(":")
    return max(0, int(parts[4]) - _BASE_MS) if len(parts) > 4 and parts[4].isdigit() else 0


def journal_thread(loop: SimLoop, rng: random.Random) -> Callable[[Callable[[], Result]], Awaitable[Result]]:
    """The thread that writes the journal: a commit takes time, and a kill may come on either side of it."""

    def in_thread(function: Callable[[], Result], /) -> Awaitable[Result]:
        process = PROCESS.get()
        assert process is not None
        done: Any = loop.create_future()

        def work() -> None:
            if process.is_dead or process.point():
                return
            try:
                result = function()
            except ChatbotError as error:
                if not done.done():
                    done.set_exception(error)
                return
            # who waited may have gone meanwhile
            if not process.point() and not done.done():
                done.set_result(result)

        loop.later(0.0005 + 0.003 * rng.random(), work)
        return done

    return in_thread


def _is_of(record: OperationRecord, said: dict[str, Any]) -> bool:
    """Whether this record is that of the operation that goes out; its body is written in Python's names."""
    is_text = record.operation == "SendMessage"
    return record.operation == said["operationName"] and (
        not is_text or json.loads(record.body)["text"] == said["text"]
    )


_IMAGE: list[bytes] = []


def _fresh() -> sqlite3.Connection:
    """An empty journal; the schema is made once and copied."""
    if not _IMAGE:
        with sqlite3.connect(":memory:") as first:
            for statements in MIGRATIONS:
                for sql in statements:
                    first.execute(sql)
            first.commit()
        _IMAGE.append(first.serialize())
        first.close()
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    db.deserialize(_IMAGE[0])
    return db
