"""Fingerprints of lines: tells whether the transcript is still the one that was read before. Pure.

After a failover of Chat Server the end of a transcript may be missing, and new lines take its
indexes (reliability 2.4). A fingerprint is compared with care, for the same line may look a little
different in a notification and in the transcript: only two readings of the transcript are held
against each other strictly.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

from chatbot.model.events import TranscriptEvent

__all__ = ["Print", "Prints"]

_MOST = 20
# fewer lines than a page has: they are shown by one answer
_NEAR = 6
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
            words=crc32(" ".join(str(said).split()).encode(errors="replace")),
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

    def is_of(self, other: Print, *, strictly: bool = False) -> bool:
        """Whether both are of the same line.

        Args:
            other: Of the line that has this index now.
            strictly: There is reason for doubt: the transcript is known to have lost lines.
        """
        if (self.index, self.kind) != (other.index, other.kind) or self._is_of_another_kind_than(other):
            return False
        if not (self.at_ms and other.at_ms):
            return self.words == other.words
        if self.was_read and other.was_read:
            # the server may mask a text afterwards; it does not change when it was said
            return self.at_ms == other.at_ms
        same = (self.words == other.words, _is_same_moment(self.at_ms, other.at_ms))
        return all(same) if strictly else any(same)

    def _is_of_another_kind_than(self, other: Print) -> bool:
        return self.sender != other.sender and 0 not in (self.sender, other.sender)


class Prints:
    """The fingerprints of the last lines that are done with."""

    def __init__(self, codes: Iterable[str] = ()) -> None:
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

    def knows(self, one: Print) -> bool:
        """Whether this very line is done with, although the transcript was rewound."""
        known = self._prints.get(one.index)
        return known is not None and known.is_of(one, strictly=True)

    def contradict(self, one: Print) -> bool:
        """Whether another line is remembered under this index."""
        known = self._prints.get(one.index)
        return known is not None and not known.is_of(one)

    @property
    def near(self) -> int:
        """The index of a line shortly before the end; 0 if none is remembered."""
        return min(sorted(self._prints)[-_NEAR:], default=0)

    def rewind_to(self, cursor: int, transcript: Sequence[TranscriptEvent]) -> int | None:
        """The index of the last line that is still as it was; None if nothing has changed.

        Args:
            cursor: The last line that is done with.
            transcript: What the server shows.
        """
        shown = _shown(transcript)
        known = {index: one for index, one in self._prints.items() if index <= cursor}
        if not shown or not known or _last_same(known, shown, strictly=False) is None:
            return None
        # it has lost lines, that is certain: now every little difference counts
        return _last_same(known, shown, strictly=True)

    def read(self, cursor: int, transcript: Sequence[TranscriptEvent]) -> None:
        """Remember what is done with, and still the same, as read from the transcript."""
        for index, now in _shown(transcript).items():
            known = self._prints.get(index)
            if known is not None and index <= cursor and known.is_of(now):
                self._prints[index] = now


def _shown(transcript: Sequence[TranscriptEvent]) -> dict[int, Print]:
    return {line.position: Print.of(line, was_read=True) for line in transcript if line.position > 0}


def _last_same(known: dict[int, Print], shown: dict[int, Print], *, strictly: bool) -> int | None:
    """The index of the last line before the first that is another one; None if all are the same."""
    good, end = 0, max(shown)
    # a line may also stand where there was a gap
    between = (index for index in shown if min(known) < index <= max(known))
    for index in sorted({*known, *between}):
        if index > end:
            return good or end
        if _is_changed(known.get(index), shown.get(index), is_inside=index > min(shown), strictly=strictly):
            return good or index - 1
        good = index if index in shown else good
    return None


def _is_changed(known: Print | None, shown: Print | None, *, is_inside: bool, strictly: bool) -> bool:
    if shown is None:
        # what was only announced may never be shown
        return is_inside and known is not None and known.was_read
    return known is None or not known.is_of(shown, strictly=strictly)


def _is_same_moment(one_ms: int, other_ms: int) -> bool:
    """Whether two timestamps are the same; one of them may be told in whole seconds."""
    if one_ms % _SECOND_MS and other_ms % _SECOND_MS:
        return one_ms == other_ms
    return one_ms // _SECOND_MS == other_ms // _SECOND_MS
