"""Keeps other processes away from a journal until this one ends, whatever becomes of the journal's file.

SQLite's own lock goes with the connection, and in trouble that is given up.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from chatbot.bot.journal_file import JournalError, check_place, in_use, real

if sys.platform != "win32":
    import fcntl

__all__ = ["PlaceLock"]


class PlaceLock:
    """A lock on a file beside the journal: its name with ``.lock``.

    The system takes the lock back when the process ends, however it ends. The file stays, and means nothing.

    Args:
        path: The journal.
    """

    def __init__(self, path: Path) -> None:
        self._journal = path
        self._path = path
        self._file: int | None = None

    def hold(self) -> None:
        """Take it, if this process does not have it.

        Raises:
            ConfigError: Another process has it, or the place is wrong.
            JournalError: Its file cannot be made.
        """
        if self._is_held():
            return
        self.release()
        check_place(self._journal)
        journal = real(self._journal)
        self._path = journal.with_name(f"{journal.name}.lock")
        try:
            self._take()
        except OSError as exc:
            told = f"journal {self._journal}: its file {self._path.name}: {exc.strerror or exc}"
            raise JournalError(told) from exc

    def release(self) -> None:
        """Give it back; harmless if it is not held."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _is_held(self) -> bool:
        """Who finds no file at the path makes one, and locks that."""
        if self._file is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # nobody can look now
            return True

    def _take(self) -> None:
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            self._look()
            raise
        if not _locks(file, exclusive=True):
            os.close(file)
            raise in_use(self._journal)
        self._file = file

    def _look(self) -> None:
        """Where nothing can be written, it can still be seen whether another process has it."""
        with suppress(OSError):
            file = os.open(self._path, os.O_RDONLY)
            is_free = _locks(file, exclusive=False)
            os.close(file)
            if not is_free:
                raise in_use(self._journal)


def _locks(file: int, *, exclusive: bool) -> bool:
    """Lock it for this process only: a child that it leaves behind does not keep the lock."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.lockf(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
