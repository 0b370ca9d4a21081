"""Opens the journal's file: its place, its lock, its health and its schema.

Knows nothing of what stands in the tables; see ``journal_sqlite.py``.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from chatbot.bot.journal_trace import Trace, log_of
from chatbot.model.codes import Code
from chatbot.model.errors import ChatbotError, ConfigError
from chatbot.model.findings import Finding

__all__ = [
    "MIGRATIONS",
    "JournalError",
    "check_disk",
    "check_place",
    "connect",
    "in_use",
    "in_words",
    "is_writable",
    "real",
]

# "chat" in ASCII: tells our files from other programs' (PRAGMA application_id)
_OURS = 0x63686174
_WAL_KEPT_BYTES = 8 * 1024 * 1024
_ROOM_BYTES = 64 * 1024

_VERSION_1 = (
    "CREATE TABLE bot (name TEXT PRIMARY KEY, run INTEGER NOT NULL) WITHOUT ROWID",
    """
    CREATE TABLE chat (
        bot TEXT NOT NULL, chat TEXT NOT NULL, phase TEXT NOT NULL, cursor INTEGER NOT NULL,
        trigger_ TEXT NOT NULL, attempts INTEGER NOT NULL, history_to INTEGER NOT NULL,
        unanswered TEXT NOT NULL, prints TEXT NOT NULL, own_ids TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (bot, chat)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX chat_ended ON chat (at) WHERE phase = 'ended'",
    """
    CREATE TABLE operation (
        seq INTEGER PRIMARY KEY, bot TEXT NOT NULL, chat TEXT NOT NULL, trigger_ TEXT NOT NULL,
        plugin TEXT NOT NULL, hook TEXT NOT NULL, ordinal INTEGER NOT NULL, operation TEXT NOT NULL,
        body TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, base INTEGER NOT NULL,
        line TEXT NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL,
        UNIQUE (bot, chat, trigger_, plugin, hook, ordinal)
    )
    """,
    """
    CREATE TABLE memory (
        bot TEXT NOT NULL, chat TEXT NOT NULL, kept TEXT NOT NULL, PRIMARY KEY (bot, chat)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE incident (
        seq INTEGER PRIMARY KEY, at REAL NOT NULL, bot TEXT NOT NULL, chat TEXT NOT NULL,
        kind TEXT NOT NULL, detail TEXT NOT NULL
    )
    """,
)

# the number of the last commit
_VERSION_2 = ("CREATE TABLE mark (number INTEGER NOT NULL)", "INSERT INTO mark VALUES (0)")

_VERSION_3 = (
    "ALTER TABLE chat ADD COLUMN muted TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE chat ADD COLUMN owed_at REAL NOT NULL DEFAULT 0",
    "ALTER TABLE chat ADD COLUMN idles INTEGER NOT NULL DEFAULT 0",
)

_VERSION_4 = (
    "ALTER TABLE chat ADD COLUMN report TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE operation ADD COLUMN said INTEGER NOT NULL DEFAULT 0",
    "UPDATE operation SET said = 1 WHERE operation = 'SendMessage' AND state IN ('accepted', 'confirmed')",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
"""The statements that lead from each version of the schema to the next; the first begins with nothing."""

_WORDS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_PERM: "it may not be read and written",
    sqlite3.SQLITE_CORRUPT: "it is damaged; to begin anew, move it away",
    sqlite3.SQLITE_NOTADB: "it is damaged, or no journal; to begin anew, move it away",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
}
_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class JournalError(ChatbotError):
    """The journal cannot be read or written now; the text says which and why, for an operator."""

    code = Code.JOURNAL_TROUBLE


def check_place(path: Path) -> None:
    """See that a journal can be at this place.

    Raises:
        ConfigError: Only the user can mend it.
    """
    if "\0" in str(path):
        raise _unusable(path, Code.JOURNAL_PLACE, "no file has such a name", "name another")
    if _is_folder(path):
        raise _unusable(path, Code.JOURNAL_PLACE, "it is a folder", "name a file")
    place = real(path)
    if os.path.islink(place):  # noqa: PTH114 (the path's own method fails where nobody may look)
        raise _unusable(path, Code.JOURNAL_PLACE, "its links lead in a circle", "name a file")
    if not _is_folder(place.parent):
        why = f"there is no folder {place.parent}"
        raise _unusable(path, Code.JOURNAL_PLACE, why, "create the folder, or name another")


def real(path: Path) -> Path:
    """Where the file is, or will be, if links lead there."""
    return Path(os.path.realpath(path))


def is_writable(place: Path) -> bool:
    """Whether the user of this process may write to this file or folder."""
    needed = os.R_OK | os.W_OK | (os.X_OK if _is_folder(place) else 0)
    # for setuid programs the two users differ; some systems cannot tell
    return os.access(place, needed, effective_ids=os.access in os.supports_effective_ids)


def _is_folder(place: Path) -> bool:
    try:
        return place.is_dir()
    except PermissionError:  # of a folder above
        return False


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Translate what the driver raises.

    Raises:
        ConfigError: Another process uses the file.
        JournalError: Everything else.
    """
    try:
        yield
    except (sqlite3.Error, json.JSONDecodeError) as exc:
        # errors of the driver itself have no code: it could not read what it found
        code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _IN_USE:
            raise in_use(path) from exc
        words = _WORDS.get(code) or f"the database fails (code {code})"
        raise JournalError(f"journal {path}: {words}") from exc
    except OSError as exc:
        raise JournalError(f"journal {path}: {exc.strerror or exc}") from exc


def in_use(path: Path) -> ConfigError:
    """The answer to a second process."""
    return _unusable(path, Code.JOURNAL_IN_USE, "another process uses it", "stop it, or name another file")


def check_disk(path: Path, place: Path) -> None:
    """See that the file at this place could be written, without writing.

    Raises:
        JournalError: It could not.
    """
    if not is_writable(place):
        raise _trouble(path, sqlite3.SQLITE_PERM)
    if not _has_room(place):
        raise _trouble(path, sqlite3.SQLITE_FULL)


def _has_room(place: Path) -> bool:
    if sys.platform == "win32":
        return True
    disk = os.statvfs(place)
    # some systems keep a part of the disk for the superuser, some cannot tell
    blocks = disk.f_bavail if os.geteuid() else disk.f_bfree
    return disk.f_blocks == 0 or blocks * disk.f_frsize >= _ROOM_BYTES


def connect(path: Path, migrations: Sequence[Sequence[str]], trace: Trace) -> sqlite3.Connection:
    """Open or create the file, lock it, check it, and bring its schema up to date.

    Args:
        path: The file; created readable for its owner only.
        migrations: From each version of the schema to the next.
        trace: What this process left when it had it open before.

    Raises:
        ConfigError: Another process uses it, a later version of this program wrote it, it belongs to
            another program, or the place is wrong.
        JournalError: Time, or an operator, may heal it.
    """
    check_place(path)
    place = real(path)
    with in_words(path):
        _find(path, place, trace)
        check_disk(path, place)
        db = sqlite3.connect(place, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _lock(db, is_new=place.stat().st_size == 0)
            _check(db, path, trace)
            _set_up(db)
            _migrate(db, path, migrations)
        except BaseException:
            db.close()
            raise
    return db


def _find(path: Path, place: Path, trace: Trace) -> None:
    """See that SQLite would take the file for what it is, or make a new one."""
    log = log_of(place)
    if not place.exists():
        trace.forget()
        log.unlink(missing_ok=True)  # of a file that was moved away
        # closing any descriptor of an existing file would drop this process's locks on it
        os.close(os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    elif fault := trace.fault_before(place):
        raise JournalError(f"journal {path}: {fault}")
    elif place.stat().st_size == 0 and log.exists() and log.stat().st_size > 0:
        raise _trouble(path, sqlite3.SQLITE_CORRUPT)


def _lock(db: sqlite3.Connection, *, is_new: bool) -> None:
    if is_new:
        # counts only before the first page; on a file that is there it would write
        _set(db, "auto_vacuum = INCREMENTAL")
    _set(db, "locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    db.execute("COMMIT")


def _check(db: sqlite3.Connection, path: Path, trace: Trace) -> None:
    """See that it is ours, whole, and as this process left it, before anything is written."""
    [verdict] = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise _trouble(path, sqlite3.SQLITE_CORRUPT)
    [owner] = db.execute("PRAGMA application_id").fetchone()
    [tables] = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and owner != _OURS:
        why = "it is the database of another program"
        raise _unusable(path, Code.FOREIGN_DATABASE, why, "name another file")
    if fault := trace.fault_within(_mark(db)):
        raise JournalError(f"journal {path}: {fault}")


def _mark(db: sqlite3.Connection) -> int:
    [has_marks] = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'mark'").fetchone()
    [mark] = db.execute("SELECT max(number) FROM mark").fetchone() if has_marks else [0]
    return int(mark or 0)


def _set_up(db: sqlite3.Connection) -> None:
    _set(db, "journal_mode = WAL")
    _set(db, "synchronous = FULL")
    _set(db, "secure_delete = ON")  # what is blanked is not left to read in the file
    _set(db, f"journal_size_limit = {_WAL_KEPT_BYTES}")


def _set(db: sqlite3.Connection, pragma: str) -> None:
    db.execute(f"PRAGMA {pragma}").fetchall()


def _migrate(db: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]]) -> None:
    [version] = db.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise _unusable(
            path,
            Code.LATER_JOURNAL,
            f"a later version of this program wrote it (schema {version}, here {len(migrations)})",
            "run that version, or name another file",
        )
    if version == len(migrations):
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        for statements in migrations[version:]:
            for sql in statements:
                db.execute(sql)
        db.execute(f"PRAGMA application_id = {_OURS}")
        db.execute(f"PRAGMA user_version = {len(migrations)}")


def _trouble(path: Path, code: int) -> JournalError:
    return JournalError(f"journal {path}: {_WORDS[code]}")


def _unusable(path: Path, code: Code, why: str, fix: str) -> ConfigError:
    return ConfigError(Finding(code, f"journal = {str(path)!r} cannot be used: {why}", fix=fix))
