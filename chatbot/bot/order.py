"""The lines of one chat in the order of their index: each once, none skipped without asking.

Pure. A notification is a hint; the transcript that the server shows on request is the truth. A
missing index is asked for; if the server then shows higher ones and not this one, the gap is
permanent and is passed over (reliability, first warning).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from chatbot.model.events import TranscriptEvent, TypingStarted, TypingStopped

__all__ = ["LineOrder"]

_MOST_WAITING = 256
_PLAUSIBLE_GAP = 1000


class LineOrder:
    """Holds lines until their turn.

    Attributes:
        cursor: The index of the last line that is done with.
        highest: The highest index heard of.
        newest: The timestamp of the last line that has one, by the server's clock.
        spoken_to: The index of the last line that is more than typing.
    """

    def __init__(self) -> None:
        self.cursor = 0
        self.highest = 0
        self.newest: datetime | None = None
        self.spoken_to = 0
        self._newest = 0
        self._waiting: dict[int, TranscriptEvent] = {}
        self._shown_to = 0
        self._read: set[int] = set()

    def offer(self, lines: Iterable[TranscriptEvent]) -> int:
        """Take lines in any order; what was done with, or is here already, is dropped. How many are new."""
        new = 0
        for line in lines:
            self.see(line)
            if line.index is not None and line.index > self.cursor:
                self.highest = max(self.highest, line.index)
                new += line.index not in self._waiting
                self._waiting.setdefault(line.index, line)
        if len(self._waiting) > _MOST_WAITING:
            # the content can be read again; that there is more is not forgotten (``highest``)
            nearest = sorted(self._waiting)[:_MOST_WAITING]
            self._waiting = {index: self._waiting[index] for index in nearest}
        return new

    def see(self, line: TranscriptEvent) -> None:
        """Learn what time it is for the server."""
        if line.timestamp is not None and line.position >= self._newest:
            self._newest, self.newest = line.position, line.timestamp
        if not isinstance(line, TypingStarted | TypingStopped):
            self.spoken_to = max(self.spoken_to, line.position)

    def announced(self, line: TranscriptEvent) -> TranscriptEvent | None:
        """What is waiting under the index of this line."""
        return self._waiting.get(line.position)

    def was_read(self, line: TranscriptEvent) -> bool:
        """Whether it stands in what the server showed last, and was not only announced."""
        return line.position in self._read

    def show(self, transcript: Sequence[TranscriptEvent]) -> int:
        """Take what the server shows on request: what is missing below its end does not exist.

        How many of its lines nobody had told.
        """
        for line in transcript:
            if line.index in self._waiting:
                # what was announced may have been lost, and its index given to another line
                self._waiting[line.index] = line
        new = self.offer(transcript)
        self._read = {line.position for line in transcript}
        indexes = [line.index for line in transcript if line.index is not None]
        kept = [index for index in indexes if index <= self.cursor or index in self._waiting]
        self._shown_to = max([self._shown_to, *kept])
        return new

    def next(self) -> TranscriptEvent | None:
        """The line whose turn it is; None if there is none, or if it has to be asked for."""
        turn = self.cursor + 1
        if turn not in self._waiting and self._waiting and min(self._waiting) <= self._shown_to:
            turn = min(self._waiting)
        return self._waiting.get(turn)

    def __len__(self) -> int:
        """How many lines wait."""
        return len(self._waiting)

    @property
    def is_missing_lines(self) -> bool:
        """Whether lines have to be asked for before the next one."""
        return self.highest > self.cursor and self.next() is None

    def waiting(self) -> list[TranscriptEvent]:
        """The lines whose turn has not come, in order."""
        return [self._waiting[index] for index in sorted(self._waiting)]

    def done(self, line: TranscriptEvent) -> None:
        """The line was dealt with."""
        if line.index is not None:
            self._waiting.pop(line.index, None)
            self.cursor = max(self.cursor, line.index)

    def skip_to(self, index: int) -> None:
        """Lines up to this index are done with, whatever they say."""
        for waiting in [one for one in self._waiting if one <= index]:
            del self._waiting[waiting]
        self.cursor = max(self.cursor, index)
        self.highest = max(self.highest, index)

    def rewind(self, index: int) -> None:
        """The transcript has lost its end: what follows this index is still to come."""
        self.cursor = self.highest = index
        self._newest, self.spoken_to = min(self._newest, index), min(self.spoken_to, index)
        self._waiting.clear()
        self._shown_to = min(self._shown_to, index)

    def give_up_asking(self) -> None:
        """The server does not show what it has announced: go on with what is here.

        An index far beyond all others is not believed: to follow it would make the bot deaf to the
        lines in between.
        """
        near = [index for index in self._waiting if index <= self.cursor + _PLAUSIBLE_GAP]
        self._waiting = {index: self._waiting[index] for index in near}
        self.highest = max([self.cursor, *near])
        self._shown_to = max(self._shown_to, self.highest)
