"""What survives a crash: the port to the journal, and what is written into it.

A unit is what one ``put`` takes: all of it becomes durable, or nothing. Units become durable in the
order in which they were put. The databases stand in ``journal_sqlite.py``; who waits for whom in
``journal_writer.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = [
    "NO_JOURNAL",
    "Checkpoint",
    "Forget",
    "Incident",
    "IncidentKind",
    "Journal",
    "Key",
    "Memory",
    "NoJournal",
    "OperationRecord",
    "OperationState",
    "Phase",
    "Record",
    "Saved",
    "SavedChat",
    "load_unless",
]

Phase = Literal["offered", "started", "ended"]
IncidentKind = Literal["gap", "rewind", "dead letter", "unseen", "given up", "guard"]
OperationState = Literal["intent", "accepted", "unknown", "confirmed", "failed", "abandoned"]


@dataclass(frozen=True, slots=True)
class Key:
    """Names one operation, the same after a crash (design 5). The first to write it wins.

    Args:
        chat_id: The chat.
        trigger: What the hook was called for: index and fingerprint of a line, or a name.
        plugin: Whose hook it was; empty for what the bot does by itself.
        hook: The hook, a colon, and the kind of operation.
        ordinal: The how manieth operation of that kind in that hook call, from 0.
    """

    chat_id: str
    trigger: str
    plugin: str
    hook: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """How far one operation has come: a row of the outbox.

    Args:
        key: Its name.
        operation: The operation's name on the wire.
        body: What to send, as JSON; empty once its fate is known.
        digest: Tells two bodies apart when the body is gone.
        state: ``intent`` before the request, ``accepted``, ``unknown``; at the end ``confirmed``,
            ``failed`` or ``abandoned``.
        base: The highest index known at the intent: its line comes later.
        line: Fingerprint of the line that confirmed it.
        reason: Why it failed or was abandoned: the class of the error, a colon, its words.
        said: The server has taken its text for the customer.
    """

    key: Key
    operation: str
    body: str
    digest: str
    state: OperationState
    base: int = 0
    line: str = ""
    reason: str = ""
    said: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far one chat has come.

    Args:
        chat_id: The chat.
        phase: What the bot has done in it.
        cursor: The index of the last line that is done with.
        trigger: What hooks are running for; empty between events.
        attempts: How often they were started for it.
        history_to: Lines up to this index were said before the bot joined.
        unanswered: Those among them that hooks are called for all the same.
        prints: Fingerprints of the last lines that are done with.
        own_ids: The participant ids that were ever the bot's own.
        muted: Why the bot does not talk to the customer; empty if it may.
        owed_at: When the oldest text was said that nobody has answered, in seconds since the epoch; or 0.
        idles: How often hooks were told that the customer says nothing.
        report: What the report of the chat will say, as JSON; empty if nothing is known yet.
    """

    chat_id: str
    phase: Phase
    cursor: int = 0
    trigger: str = ""
    attempts: int = 0
    history_to: int = 0
    unanswered: tuple[int, ...] = ()
    prints: tuple[str, ...] = ()
    own_ids: tuple[str, ...] = ()
    muted: str = ""
    owed_at: float = 0.0
    idles: int = 0
    report: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What plugins keep for a chat, or with an empty ``chat_id`` for all chats of the bot.

    Args:
        chat_id: The chat, or empty.
        values: A JSON object.
    """

    chat_id: str
    values: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Something an operator may ask about later: a permanent gap, a rewind, a dead letter, an unseen line.

    Args:
        chat_id: The chat.
        kind: Which of these.
        detail: What happened; no text of a customer.
    """

    chat_id: str
    kind: IncidentKind
    detail: str


@dataclass(frozen=True, slots=True)
class Forget:
    """The chat begins anew: its operations and its memory are those of an earlier life."""

    chat_id: str


Record = OperationRecord | Checkpoint | Memory | Incident | Forget


@dataclass(slots=True)
class SavedChat:
    """What is known of a chat that has not ended.

    Args:
        checkpoint: How far it has come.
        operations: Its operations, oldest first.
        memory: What plugins keep.
    """

    checkpoint: Checkpoint
    operations: list[OperationRecord] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Saved:
    """What an earlier run of a bot has left.

    Args:
        run: The number of this run, greater than that of every earlier one.
        chats: The chats that have not ended, by id.
        memory: What plugins keep for all chats of the bot.
    """

    run: int = 0
    chats: Mapping[str, SavedChat] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)


class Journal(Protocol):
    """The journal of one bot."""

    def put(self, *records: Record) -> Awaitable[None]:
        """Write a unit. Who awaits it waits until it is durable, for ever if it cannot be written."""
        ...

    async def load(self) -> Saved:
        """What an earlier run has left. Begins a new run."""
        ...


class NoJournal:
    """Keeps nothing (``journal = ":memory:"``): after a crash the bot begins anew."""

    def put(self, *records: Record) -> Awaitable[None]:
        """See Journal."""
        del records
        return _DONE

    async def load(self) -> Saved:
        """See Journal."""
        return Saved()


class _Done:
    """An awaitable that does not wait."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


_DONE = _Done()
NO_JOURNAL = NoJournal()


async def load_unless(stop: asyncio.Event, journal: Journal) -> Saved | None:
    """What an earlier run has left; None if this one is to stop before that can be read."""
    async with asyncio.TaskGroup() as tasks:
        loading = tasks.create_task(journal.load(), name="load the journal")
        stopping = tasks.create_task(stop.wait(), name="stop")
        await asyncio.wait((loading, stopping), return_when=asyncio.FIRST_COMPLETED)
        loading.cancel()
        stopping.cancel()
    return None if loading.cancelled() else loading.result()
