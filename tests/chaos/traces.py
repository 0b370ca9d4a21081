"""What the bots leave behind, and what is wrong with it: the notes of their plugin, journal and log."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from tests.chaos.checker import OUT, History
from tests.chaos.plan import CANARY

# between the signal and the stop, a hook whose start is just being written may begin
GRACE_S = 0.5
_SETTLED = frozenset({"accepted", "confirmed", "failed", "abandoned"})


@dataclass(frozen=True, slots=True)
class Note:
    """A hook for one line begins or ends, in this process; `at` is epoch seconds."""

    what: Literal["begins", "ends"]
    at: float
    process: int
    chat: str
    index: int


def notes(path: Path) -> list[Note]:
    """Read what the plugin has written; the last line of a process that was killed may be torn."""
    words = (line.split() for line in path.read_text().splitlines()) if path.exists() else ()
    return [
        Note("begins" if what == "begins" else "ends", float(at), int(process), chat, int(index))
        for what, at, process, chat, index in (line for line in words if len(line) == 5)
    ]


def wrong_hooks(all_notes: Sequence[Note], stops: Sequence[tuple[float, float]]) -> Iterator[str]:
    """In each chat hooks run in order, one at a time, twice only over two processes; none after a stop."""
    for chat in dict.fromkeys(note.chat for note in all_notes):
        mine = [note for note in all_notes if note.chat == chat]
        starts = [note for note in mine if note.what == "begins"]
        for one, other in pairwise(starts):
            if other.index < one.index or (other.index == one.index and other.process == one.process):
                yield f"hooks: chat {chat}, line {other.index} comes after line {one.index}"
        for one, other in pairwise(mine):
            if one.what == other.what == "begins" and one.process == other.process:
                yield f"hooks: chat {chat}, line {other.index} begins before line {one.index} has ended"
    for asked, over in stops:
        late = [note for note in all_notes if note.what == "begins" and asked + GRACE_S < note.at < over]
        yield from (f"hooks: chat {note.chat}, line {note.index} begins after SIGTERM" for note in late)


def wrong_journal(path: Path, histories: Iterable[History]) -> Iterator[str]:
    """Of every operation it is known whether the server took it, and every chat to its last line.

    That its effect has come, or that a chat is over or with another bot, may have been lost on its way: it is
    then found out only by later comparisons, and nobody waits here for that.
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        operations = journal.execute("SELECT bot, chat, operation, state FROM operation").fetchall()
        cursors = journal.execute("SELECT bot, chat, cursor FROM chat WHERE phase = 'started'").fetchall()
    by_id = {history.chat: history for history in histories}
    for bot, chat, operation, state in operations:
        if state not in _SETTLED and _is_in(bot, by_id.get(chat)):
            yield f"journal: chat {chat}, {operation} is left as {state}"
    for bot, chat, cursor in cursors:
        history = by_id.get(chat)
        if (
            history is not None
            and history.lines
            and _is_in(bot, history)
            and cursor < history.lines[-1].index
        ):
            yield f"journal: chat {chat} is known to line {cursor} of {history.lines[-1].index}"


def _is_in(bot: str, history: History | None) -> bool:
    """Whether the chat is still one of this bot's; it is, if nothing is known of it."""
    return history is None or not (history.is_over or history.agents.get(bot) in OUT)


def wrong_log(path: Path) -> Iterator[str]:
    """No password, and nothing that a customer has said."""
    told = [line for line in path.read_text(errors="replace").splitlines() if CANARY in line]
    yield from (f"log: {line[:200]}" for line in told[:5])
