"""Fingerprints of lines: tells whether the transcript is still the one that was read before. Pure.

After a failover of Chat Server the end of a transcript may be missing, and new lines take its
indexes (reliability 2.4). A fingerprint is compared with care, for the same line may look a little
different in a notification and in the transcript: only two readings of the transcript are held
against each other strictly.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from html import unescape
from zlib import crc32

from chatbot.model.events import TranscriptEvent

__all__ = ["Print", "Prints", "Times"]

_MOST = 20
# fewer lines than a page has: they are shown by one answer
_NEAR = 6
# so many lines at other times are no accident
_SURE = 2
_SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Print:
    """What is remembered of a line.

    Args:
        index: Its index.
        kind: Its type.
        sender: What kind of participant said it, hashed; 0 if the server did not say.
        words: Its words, hashed; white space does not count.
        at_ms: Its timestamp in milliseconds; 0 if it had none.
        was_read: It was read from the transcript, not only announced.
    """

    index: int
    kind: str
    sender: int
    words: int
    at_ms: int
    was_read: bool

    @classmethod
    def of(cls, line: TranscriptEvent, *, was_read: bool = False) -> Print:
        """The fingerprint of a line."""
        said = getattr(line, "text", "") or getattr(line, "notice_text", "") or getattr(line, "url", "")
        return cls(
            index=line.position,
            kind=type(line).__name__,
            sender=crc32(str(line.sender.type or "").lower().encode(errors="replace")),
            words=crc32(" ".join(unescape(str(said)).split()).encode(errors="replace")),
            at_ms=int(line.timestamp.timestamp() * 1000) if line.timestamp is not None else 0,
            was_read=was_read,
        )

    @classmethod
    def parse(cls, code: str) -> Print | None:
        """The opposite of ``code``; None if it is the code of no line."""
        try:
            index, kind, sender, words, at_ms, was_read = code.split(":")
            return cls(int(index), kind, int(sender), int(words), int(at_ms), was_read == "1")
        except ValueError:
            return None

    @property
    def code(self) -> str:
        """As a short string without spaces."""
        return f"{self.index}:{self.kind}:{self.sender}:{self.words}:{self.at_ms}:{int(self.was_read)}"

    def is_of(
        self, other: Print, *, strictly: bool = False, trusts_times: bool = True, by_time: bool = True
    ) -> bool:
        """Whether both are of the same line.

        Args:
            other: Of the line that has this index now.
            strictly: There is reason for doubt: the transcript is known to have lost lines.
            trusts_times: At different times different words are said: not so on a server whose
                notifications and transcript tell different times.
            by_time: At different times the same words are said twice.
        """
        if not self._is_comparable_to(other):
            return False
        are_read = self.was_read and other.was_read
        if self._has_exact_times_with(other):
            # the server may mask a text afterwards; it does not change when it was said
            return self.at_ms == other.at_ms
        if not self._is_at_another_time_than(other):
            # announced in other words than it is shown: servers escape and mask
            return self._says_what_says(other) or not (strictly or are_read)
        if self._says_what_says(other):
            return not by_time
        return not (strictly or trusts_times)

    def _is_at_another_time_than(self, other: Print) -> bool:
        return self.has_times_with(other) and not _is_same_moment(self.at_ms, other.at_ms)

    def _has_exact_times_with(self, other: Print) -> bool:
        """Both were read; or it is the same millisecond, and that is no accident."""
        is_same = self.at_ms == other.at_ms and bool(self.at_ms % _SECOND_MS)
        return is_same or (self.was_read and other.was_read and self.has_times_with(other))

    def is_telling_of(self, other: Print) -> bool:
        """Whether the times of both can be compared: one typing looks like another."""
        is_alike = (self.kind, self.words) == (other.kind, other.words) and not self.kind.startswith("Typing")
        return is_alike and self.has_times_with(other)

    def has_moved_to(self, other: Print) -> bool:
        """Whether both were read, and say the same at different times."""
        are_read = self.was_read and other.was_read and self.has_times_with(other)
        is_alike = self._is_comparable_to(other) and self._says_what_says(other)
        return are_read and is_alike and self.at_ms != other.at_ms

    def has_times_with(self, other: Print) -> bool:
        """Whether both have a time."""
        return bool(self.at_ms and other.at_ms)

    def _says_what_says(self, other: Print) -> bool:
        return self.words == other.words

    def _is_comparable_to(self, other: Print) -> bool:
        is_other_sender = self.sender != other.sender and 0 not in (self.sender, other.sender)
        return (self.index, self.kind) == (other.index, other.kind) and not is_other_sender


@dataclass(slots=True)
class Times:
    """Whether a server tells the same times in notifications and in the transcript; learned in all chats.

    Attributes:
        same: How often it did.
        other: How often it did not, and not because of lost lines.
    """

    same: int = 0
    other: int = 0

    @property
    def are_trusted(self) -> bool:
        """Whether other times mean other lines."""
        return self.same >= self.other


class Prints:
    """The fingerprints of the last lines that are done with.

    Args:
        codes: What an earlier run has left.
        times: What is known of the server's times.
    """

    def __init__(self, codes: Iterable[str] = (), times: Times | None = None) -> None:
        self._times = times or Times()
        self._read_to = self._asked_to = 0
        self._has_moved = False
        found = (Print.parse(code) for code in codes)
        self._prints = OrderedDict((one.index, one) for one in found if one is not None)

    def codes(self) -> tuple[str, ...]:
        """All, as strings."""
        return tuple(one.code for one in self._prints.values())

    def add(self, one: Print) -> None:
        """The line is done with."""
        self._prints.pop(one.index, None)
        self._prints[one.index] = one
        while len(self._prints) > _MOST:
            self._prints.popitem(last=False)

    def pass_over(self, after: int, before: int) -> None:
        """There is no line between these any more: what stood there is lost."""
        for index in [one for one in self._prints if after < one < before]:
            del self._prints[index]

    def knows(self, one: Print) -> bool:
        """Whether this very line is done with, although the transcript was rewound."""
        known = self._prints.get(one.index)
        return known is not None and self._is_same(known, one, strictly=True)

    def is_again(self, before: Print, one: Print) -> bool:
        """Whether a line that is shown now is the one that hooks were running for before a crash."""
        return before.is_of(one, strictly=True, by_time=self._times.are_trusted)

    def contradict(self, one: Print) -> bool:
        """Whether another line is remembered under this index, or that there was none."""
        known = self._prints.get(one.index)
        if known is None:
            return one.index > min(self._prints, default=one.index)
        return not self._is_same(known, one)

    @property
    def near(self) -> int:
        """Where to read from to see whether the transcript is still the same; 0 if no line is remembered.

        A failover may have lost lines shortly before what was read last, and all since.
        """
        indexes = sorted(self._prints)
        read = sum(index <= self._read_to for index in indexes)
        return indexes[max(0, read - _NEAR)] if indexes else 0

    @property
    def are_overdue(self) -> bool:
        """Whether the transcript has to be read before more lines are done with: else some were forgotten."""
        asked_to = max(self._read_to, self._asked_to)
        return sum(index > asked_to for index in self._prints) >= _MOST - _NEAR

    def put_off(self, cursor: int) -> None:
        """The transcript could not be read up to here: that is tried again later."""
        self._asked_to = cursor

    def rewind_to(self, cursor: int, transcript: Sequence[TranscriptEvent]) -> int | None:
        """The index of the last line that is still as it was; None if nothing has changed.

        Args:
            cursor: The last line that is done with.
            transcript: What the server shows.
        """
        shown = _shown(transcript)
        known = {index: one for index, one in self._prints.items() if index <= cursor}
        if not shown or not known:
            return None
        self._has_moved = _has_moved(known, shown)
        if self._has_moved:
            return None
        same_to = _last_same(known, shown, partial(Print.is_of, trusts_times=False, by_time=False))
        # what stands beyond may be other lines, and tells nothing about the times of this server
        beyond = cursor if same_to is None else same_to
        self._compare_times({index: one for index, one in shown.items() if index <= beyond})
        if _last_same(known, shown, self._is_same) is None:
            return None
        # it has lost lines, that is certain: now every little difference counts
        return _last_same(known, shown, partial(self._is_same, strictly=True))

    def _is_same(self, one: Print, other: Print, *, strictly: bool = False) -> bool:
        trusts_times = self._times.are_trusted
        by_time = trusts_times or self._times.other < _SURE
        return one.is_of(other, strictly=strictly, trusts_times=trusts_times, by_time=by_time)

    def _compare_times(self, shown: dict[int, Print]) -> None:
        """Whether the times of notifications can be held against those of the transcript, on this server.

        One line with the same time in both shows that; the others may then be other lines.
        """
        pairs = ((self._prints.get(index), now) for index, now in shown.items())
        found = [
            _is_same_moment(known.at_ms, now.at_ms)
            for known, now in pairs
            if known is not None and not known.was_read and known.is_telling_of(now)
        ]
        self._times.same += any(found)
        self._times.other += 0 if any(found) else len(found)

    def read(self, cursor: int, transcript: Sequence[TranscriptEvent]) -> None:
        """Remember what is done with, and still the same, as read from the transcript."""
        shown = _shown(transcript)
        self._read_to = max([cursor, *shown]) if shown else self._read_to
        for index, now in shown.items():
            known = self._prints.get(index)
            if known is not None and index <= cursor and (self._has_moved or self._is_same(known, now)):
                self._prints[index] = now


def _shown(transcript: Sequence[TranscriptEvent]) -> dict[int, Print]:
    return {line.position: Print.of(line, was_read=True) for line in transcript if line.position > 0}


def _has_moved(known: dict[int, Print], shown: dict[int, Print]) -> bool:
    """Whether every line says what it said, at another time: the clock of the server is another one now."""
    pairs = [(one, shown[index]) for index, one in known.items() if index in shown]
    return len(pairs) >= _SURE and all(one.has_moved_to(now) for one, now in pairs)


def _last_same(
    known: dict[int, Print],
    shown: dict[int, Print],
    is_same: Callable[[Print, Print], bool],
) -> int | None:
    """The index of the last line before the first that is another one; None if all are the same."""
    end = max(shown)
    good = 0
    for index in _places(known, shown, end):
        if _is_changed(index, known, shown, is_same):
            return good or index - 1
        if index in shown:
            good = index
    return (good or end) if max(known) > end else None


def _places(known: dict[int, Print], shown: dict[int, Print], end: int) -> list[int]:
    """Where to compare, up to the end; a line may also stand where there was a gap."""
    between = {index for index in shown if min(known) < index <= max(known)}
    return sorted(index for index in between.union(known) if index <= end)


def _is_changed(
    index: int, known: dict[int, Print], shown: dict[int, Print], is_same: Callable[[Print, Print], bool]
) -> bool:
    if index not in shown:
        # what was only announced may never be shown
        return index > min(shown) and known[index].was_read
    return index not in known or not is_same(known[index], shown[index])


def _is_same_moment(one_ms: int, other_ms: int) -> bool:
    """Whether two timestamps are the same; one of them may be told in whole seconds."""
    if one_ms % _SECOND_MS and other_ms % _SECOND_MS:
        return one_ms == other_ms
    return one_ms // _SECOND_MS == other_ms // _SECOND_MS
