"""What this process left of the journal's files: by it, it sees what others do to them.

Knows nothing of what stands in them, but the number that each commit leaves there.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["Trace", "log_of"]

# device, inode, size, time of the last write
_Look = tuple[int, int, int, int]

_GONE = "the file has gone"
_OTHER = "another file was put in its place; to begin anew, move it away"
_CHANGED = "another program has changed it"
_OLDER = "what was written last is not in it; to begin anew, move it away"


class Trace:
    """What the last write left. It outlives the connections of its process."""

    def __init__(self) -> None:
        self._file: _Look | None = None
        self._log: _Look | None = None
        self._last = 0
        self._marks: tuple[int, ...] = ()

    def forget(self) -> None:
        """The file is begun anew."""
        self._file, self._marks = None, ()

    def leave(self, place: Path) -> None:
        """Note how the files are after a write."""
        self._file, self._log = _look(place), _look(log_of(place))

    def fault(self, place: Path) -> str:
        """What others have done to the files since then, in words; empty if nothing."""
        file = _look(place)
        if file is None:
            return _GONE
        if self._is_other(file):
            return _OTHER
        return "" if (file, _look(log_of(place))) == (self._file, self._log) else _CHANGED

    def fault_before(self, place: Path) -> str:
        """What makes it unsafe to open the file again, in words: SQLite would write its log into any."""
        file = _look(place)
        return _OTHER if file is not None and self._is_other(file) else ""

    # the number of the last commit

    def next_mark(self, now: float) -> int:
        """A number for the next commit, greater than all before, that no other process would give."""
        mark = max(self._last + 1, int(now * 1_000_000))
        # a commit that failed may have been written
        self._marks = (self._last, mark)
        return mark

    def written(self) -> None:
        """The commit with the last number is durable."""
        self._last = self._marks[-1]
        self._marks = (self._last,)

    def fault_within(self, mark: int) -> str:
        """Compare with the number found in a file that was opened; what is wrong, in words."""
        if self._marks and mark not in self._marks:
            return _OLDER
        self._last, self._marks = mark, (mark,)
        return ""

    def _is_other(self, file: _Look) -> bool:
        return self._file is not None and file[:2] != self._file[:2]


def log_of(place: Path) -> Path:
    """The write-ahead log that belongs to this file."""
    return place.with_name(f"{place.name}-wal")


def _look(place: Path) -> _Look | None:
    try:
        found = place.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
