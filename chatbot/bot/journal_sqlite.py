"""The journal as one SQLite file: synchronous, for one thread at a time, of one process at a time.

Knows nothing of chats beyond the records of ``journal.py``. Who calls it, and what happens while it cannot
write, stands in ``journal_writer.py``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from chatbot.bot.journal import (
    Checkpoint,
    Forget,
    Incident,
    Key,
    Memory,
    OperationRecord,
    Record,
    Saved,
    SavedChat,
)
from chatbot.bot.journal_file import MIGRATIONS, JournalError, check_disk, connect, in_words, real
from chatbot.bot.journal_retention import FORGET, Retention
from chatbot.bot.journal_trace import Trace
from chatbot.model.codes import Code
from chatbot.model.errors import ChatbotError

__all__ = ["JournalError", "SqliteStore", "Unit", "UnitRefused"]

Unit = tuple[str, Sequence[Record]]
"""The name of a bot, and what it puts: all of it is written, or nothing."""

Row = tuple[Any, ...]
Step = tuple[str, Sequence[Row]]

_VACUUMED_AT_ONCE = 2_000
_PUT_CHAT = """
    INSERT INTO chat VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (bot, chat) DO UPDATE SET phase = excluded.phase, cursor = excluded.cursor,
        trigger_ = excluded.trigger_, attempts = excluded.attempts, history_to = excluded.history_to,
        unanswered = excluded.unanswered, prints = excluded.prints, own_ids = excluded.own_ids,
        at = excluded.at, muted = excluded.muted, owed_at = excluded.owed_at, idles = excluded.idles,
        report = excluded.report
"""
# seq stays that of the first write: operations are loaded in the order of their intents
_PUT_OPERATION = """
    INSERT INTO operation VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (bot, chat, trigger_, plugin, hook, ordinal) DO UPDATE SET
        operation = excluded.operation, body = excluded.body, digest = excluded.digest,
        state = excluded.state, base = excluded.base, line = excluded.line, reason = excluded.reason,
        at = excluded.at, said = excluded.said
"""
_PUT_MEMORY = """
    INSERT INTO memory VALUES (?, ?, ?) ON CONFLICT (bot, chat) DO UPDATE SET kept = excluded.kept
"""
_PUT_INCIDENT = "INSERT INTO incident VALUES (NULL, ?, ?, ?, ?, ?)"
# by the clock, so that no run of a file that was moved away has the same number
_BEGIN_RUN = """
    INSERT INTO bot VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET run = MAX(run + 1, excluded.run)
"""
_LIVE_CHATS = """
    SELECT chat, phase, unanswered, prints, own_ids, cursor, trigger_, attempts, history_to, muted, owed_at,
        idles, report
    FROM chat WHERE bot = ? AND phase != 'ended'
"""
_LIVE_OPERATIONS = """
    SELECT o.chat, o.trigger_, o.plugin, o.hook, o.ordinal, o.operation, o.body, o.digest, o.state, o.base,
        o.line, o.reason, o.said
    FROM operation o JOIN chat c ON c.bot = o.bot AND c.chat = o.chat
    WHERE o.bot = ? AND c.phase != 'ended' ORDER BY o.seq
"""
_MEMORIES = "SELECT chat, kept FROM memory WHERE bot = ?"
_PUT_MARK = "UPDATE mark SET number = ?"

# no disk in the world would take these records
_MISTAKES = (
    ValueError,
    TypeError,
    OverflowError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)


class UnitRefused(ChatbotError):
    """Records that cannot be stored, whatever the disk does: a mistake in a program."""

    code = Code.JOURNAL_CANNOT_HOLD


class SqliteStore:
    """One open file. WAL, synchronous FULL: what is committed survives a crash of the machine.

    Args:
        path: The file.
        db: The connection, which holds the file's lock.
        now: Seconds since the epoch; what is written is stamped with it.
        trace: What this process left of the file when it had it open before.
    """

    def __init__(
        self, path: Path, db: sqlite3.Connection, now: Callable[[], float], trace: Trace | None = None
    ) -> None:
        self._path = path
        self._place = real(path)
        self._db = db
        self._now = now
        self._retention = Retention(now())
        self._trace = trace or Trace()
        self._trace.leave(self._place)

    @classmethod
    def open(
        cls,
        path: Path,
        now: Callable[[], float],
        migrations: Sequence[Sequence[str]] = MIGRATIONS,
        trace: Trace | None = None,
    ) -> Self:
        """Open or create the file, lock it, check it, and bring its schema up to date.

        Args:
            path: The file; created readable for its owner only.
            now: Seconds since the epoch.
            migrations: From each version of the schema to the next.
            trace: What this process left of the file when it had it open before.

        Raises:
            ConfigError: Another process uses it, a later version of this program wrote it, it belongs to
                another program, or the place is wrong.
            JournalError: Time, or an operator, may heal it.
        """
        trace = trace or Trace()
        return cls(path, connect(path, migrations, trace), now, trace)

    def apply(self, units: Sequence[Unit]) -> None:
        """Write all units in this order, as one transaction. To write the same again changes nothing.

        Raises:
            JournalError: Nothing was written, as far as anybody can tell.
            UnitRefused: Nothing was written, and it would be no use to try again.
        """
        steps = _steps(units, self._now())
        if not steps:
            return
        with in_words(self._path):
            try:
                self._run(steps)
            except UnicodeEncodeError:
                # half a surrogate pair, which JSON can hold and UTF-8 cannot
                self._run([(sql, [_storable(row) for row in rows]) for sql, rows in steps])
            except _MISTAKES as exc:
                raise UnitRefused(f"journal {self._path} cannot hold this: {type(exc).__name__}") from exc

    def load(self, bot: str) -> Saved:
        """What earlier runs of this bot have left; its next run has begun, durably.

        Raises:
            JournalError: It cannot be read or written.
        """
        with in_words(self._path), self._commit() as db:
            db.execute(_BEGIN_RUN, (bot, int(self._now())))
            [run] = db.execute("SELECT run FROM bot WHERE name = ?", (bot,)).fetchone()
            chats = {row[0]: SavedChat(_checkpoint(*row)) for row in db.execute(_LIVE_CHATS, (bot,))}
            for row in db.execute(_LIVE_OPERATIONS, (bot,)):
                record = _operation(*row)
                chats[record.key.chat_id].operations.append(record)
            memories = {chat: json.loads(kept) for chat, kept in db.execute(_MEMORIES, (bot,))}
        for chat_id, chat in chats.items():
            chat.memory = memories.get(chat_id, {})
        return Saved(run, chats, memories.get("", {}))

    def prune(self, before: float, bots: Collection[str]) -> bool:
        """Delete some of what was last touched before this time; give pages back to the disk.

        Args:
            before: Seconds since the epoch.
            bots: The bots of this process; of theirs, no chat that has not ended.

        Returns:
            Whether there may be more: each call is short, for others wait.

        Raises:
            JournalError: It cannot be written.
        """
        with in_words(self._path):
            with self._commit() as db:
                is_more = self._retention.step(db, before, bots)
            # a statement that is executed alone ends at its first step, after one page
            self._db.executescript(f"PRAGMA incremental_vacuum({_VACUUMED_AT_ONCE})")
            self._trace.leave(self._place)
        return is_more

    def look(self) -> None:
        """See that it is as it was left and could be written, without writing.

        Raises:
            JournalError: It is not.
        """
        with in_words(self._path):
            self._look()

    def close(self) -> None:
        """Give the file back; harmless if it is closed.

        Raises:
            JournalError: The disk fails; what was committed is still there.
        """
        with in_words(self._path):
            self._db.close()

    def _run(self, steps: Sequence[Step]) -> None:
        with self._commit() as db:
            for sql, rows in steps:
                db.executemany(sql, rows)

    @contextmanager
    def _commit(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on files that are as this process left them."""
        self._look()
        try:
            with self._db as db:
                db.execute("BEGIN IMMEDIATE")
                db.execute(_PUT_MARK, (self._trace.next_mark(self._now()),))
                yield db
            self._trace.written()
        finally:
            self._trace.leave(self._place)

    def _look(self) -> None:
        """Bytes can be written for ever to a file that was damaged, or has no name any more."""
        if fault := self._trace.fault(self._place):
            raise JournalError(f"journal {self._path}: {fault}")
        check_disk(self._path, self._place)


# rows


def _steps(units: Sequence[Unit], now: float) -> list[Step]:
    """What to execute. Only the last state of a row is written; tables do not depend on each other."""
    steps: list[Step] = []
    tables = _Tables()
    for bot, records in units:
        for record in records:
            if isinstance(record, Forget):
                steps += tables.steps()
                steps += [(sql, [(bot, record.chat_id)]) for sql in FORGET]
                tables = _Tables()
            else:
                tables.add(bot, record, now)
    return steps + tables.steps()


class _Tables:
    """Rows by their keys, in the order in which the keys came."""

    def __init__(self) -> None:
        self.chats: dict[Row, Row] = {}
        self.operations: dict[Row, Row] = {}
        self.memories: dict[Row, Row] = {}
        self.incidents: list[Row] = []

    def add(self, bot: str, record: OperationRecord | Checkpoint | Memory | Incident, now: float) -> None:
        match record:
            case OperationRecord(key=key):
                self.operations[bot, key] = _operation_row(bot, record, now)
            case Checkpoint(chat_id=chat_id):
                self.chats[bot, chat_id] = _chat_row(bot, record, now)
            case Memory(chat_id=chat_id, values=values):
                self.memories[bot, chat_id] = (bot, chat_id, values)
            case Incident(chat_id=chat_id, kind=kind, detail=detail):
                self.incidents.append((now, bot, chat_id, kind, detail))

    def steps(self) -> list[Step]:
        found: tuple[Step, ...] = (
            (_PUT_CHAT, tuple(self.chats.values())),
            (_PUT_OPERATION, tuple(self.operations.values())),
            (_PUT_MEMORY, tuple(self.memories.values())),
            (_PUT_INCIDENT, self.incidents),
        )
        return [step for step in found if step[1]]


def _chat_row(bot: str, it: Checkpoint, now: float) -> Row:
    lists = (_listed(it.unanswered), _listed(it.prints), _listed(it.own_ids))
    come = (it.phase, it.cursor, it.trigger, it.attempts, it.history_to)
    return (bot, it.chat_id, *come, *lists, now, it.muted, it.owed_at, it.idles, it.report)


def _operation_row(bot: str, it: OperationRecord, now: float) -> Row:
    key = it.key
    name = (bot, key.chat_id, key.trigger, key.plugin, key.hook, key.ordinal)
    come = (it.operation, it.body, it.digest, it.state, it.base, it.line, it.reason)
    return (*name, *come, now, it.said)


def _operation(*row: Any) -> OperationRecord:
    *key, operation, body, digest, state, base, line, reason, said = row
    fate = {"line": line, "reason": reason, "said": bool(said)}
    return OperationRecord(Key(*key), operation, body, digest, state, base, **fate)


def _listed(values: tuple[int, ...] | tuple[str, ...]) -> str:
    return json.dumps(values) if values else "[]"


def _checkpoint(chat_id: str, phase: Any, *values: Any) -> Checkpoint:
    unanswered, prints, own_ids = (tuple(json.loads(text)) for text in values[:3])
    cursor, trigger, attempts, history_to, muted, owed_at, idles, report = values[3:]
    return Checkpoint(
        chat_id,
        phase,
        cursor=cursor,
        trigger=trigger,
        attempts=attempts,
        history_to=history_to,
        unanswered=unanswered,
        prints=prints,
        own_ids=own_ids,
        muted=muted,
        owed_at=owed_at,
        idles=idles,
        report=report,
    )


def _storable(row: Row) -> Row:
    return tuple(
        value.encode(errors="replace").decode() if isinstance(value, str) else value for value in row
    )
