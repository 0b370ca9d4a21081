"""The outbox of one chat: what the bot has sent there, and what became of it.

Ties what the server shows to the operations that wait for their effect, and each own line to one
operation only. Matched at the moment a line comes, not in the chat's mailbox: a hook may be waiting
for it. Nothing here sends anything.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from chatbot.bot.endings import Endings
from chatbot.bot.health import Counters
from chatbot.bot.identity import Identity
from chatbot.bot.journal import Journal, Key, OperationRecord, OperationState
from chatbot.bot.operation import Operation
from chatbot.bot.prints import Print
from chatbot.model.actions import Action
from chatbot.model.errors import ActionError
from chatbot.model.events import ChatUpdated, TranscriptEvent
from chatbot.model.policy import is_fleeting
from chatbot.model.resources import ChatResource
from chatbot.model.words import ParticipantType

__all__ = ["Outbox"]

_MOST_OPEN = 100
_MOST_REMEMBERED = 200
_MOST_DECIDED = 1000
_MOST_OF_ONE_INDEX = 4
_TAKEN = frozenset({"accepted", "confirmed"})


class Outbox:
    """The operations of one chat.

    Args:
        journal: Where they survive a crash.
        counters: Where doubtful matches are counted.

    Attributes:
        open: Those whose fate is not known yet, oldest first.
        asking: Held while a request is under way: its answer may tell the reference id of a report.
        is_doubtful: An own line was taken for that of an operation with other words.
        endings: What the report of the chat tells of them.
    """

    def __init__(self, journal: Journal, counters: Counters) -> None:
        self.open: list[Operation] = []
        self.asking = asyncio.Lock()
        self.is_doubtful = False
        self.endings = Endings()
        self._journal = journal
        self._counters = counters
        self._settled: dict[Key, OperationRecord] = {}
        self._lost: list[Operation] = []
        self._said: deque[Operation] = deque(maxlen=_MOST_OPEN)
        self._by_reference: OrderedDict[str, Operation] = OrderedDict()
        self._decided: OrderedDict[int, tuple[Print, ...]] = OrderedDict()
        self._doubtful: set[int] = set()

    # how an operation goes on

    def begin(self, key: Key, action: Action, base: int) -> Operation:
        """A new operation, not sent yet: its effect may come before its answer."""
        operation = Operation(key, action, base=base)
        if len(self.open) >= _MOST_OPEN:
            accepted = (old for old in self.open if old.state == "accepted")
            for old in [*accepted][:1]:
                self.abandon(old, "its effect was never seen")
        self.open.append(operation)
        return operation

    async def intend(self, operation: Operation) -> None:
        """Have the intent durable: nothing is sent before."""
        if not is_fleeting(operation.action):
            await self._journal.put(operation.record())

    def accepted(self, operation: Operation, reference_id: str | None, now: float) -> None:
        """The server has accepted it; without a documented effect there is nothing more to wait for."""
        operation.receipt.reference_id = reference_id
        operation.accepted_at = now
        if reference_id is not None:
            self._by_reference[reference_id] = operation
            while len(self._by_reference) > _MOST_REMEMBERED:
                self._by_reference.popitem(last=False)
        if operation.action.effect is None:
            self._settle(operation, "confirmed")
        elif operation.is_open:
            self._move(operation, "accepted")

    def unknown(self, operation: Operation) -> None:
        """Nobody has answered."""
        if operation.is_open:
            self._move(operation, "unknown")

    def confirm(self, operation: Operation, line: TranscriptEvent | None = None) -> None:
        """Its effect was seen, perhaps in this line."""
        operation.receipt.confirm()
        self._settle(operation, "confirmed", line=Print.of(line).code if line is not None else operation.line)

    def fail(self, operation: Operation, error: ActionError) -> None:
        """It came to nothing, and that is certain."""
        self._settle(operation, "failed", reason=f"{type(error).__name__}: {error.text}")

    def abandon(self, operation: Operation, reason: str) -> None:
        """Nobody will ever know; its line may still come."""
        if operation.sent:
            self._lost = [*self._lost[-_MOST_OPEN:], operation]
        self._settle(operation, "abandoned", reason=reason)

    # what the server shows

    def hear(self, line: TranscriptEvent, identity: Identity) -> None:
        """Take a line. An own one is decided on once: it confirms the operation that said it, or none.

        That is the one with the same tag or words; else the most like of its kind, for servers rewrite
        texts.
        """
        if line.index is None or self._has_decided_on(line):
            return
        alike = [one for one in self.open if one.may_have_said(line)]
        exact = [one for one in alike if one.says(line)]
        if not identity.may_be(line.sender):
            self._hear_system(line, exact)
            return
        # its words are the first sign that the line is the bot's own
        if exact:
            identity.recognise(line.sender)
        if identity.is_me(line.sender):
            self._decide_on(line)
            self._give_to_one(line, alike, exact)

    def look_back(self, transcript: Iterable[TranscriptEvent], identity: Identity) -> None:
        """What may be the bot's own and confirms nothing now was said in an earlier visit."""
        for line in transcript:
            if line.index is not None and identity.may_be(line.sender) and not self._has_decided_on(line):
                self._decide_on(line)

    def _hear_system(self, line: TranscriptEvent, exact: list[Operation]) -> None:
        """What is to look like the server's own may be shown as said by a participant of the server."""
        if line.sender.type is not ParticipantType.EXTERNAL:
            return
        known = [*exact, *self._late(line)]
        said = [one for one in known if one.is_for_system and line.position > one.base]
        if said:
            self._decide_on(line)
            self.confirm(said[0], line)

    def _give_to_one(self, line: TranscriptEvent, alike: list[Operation], exact: list[Operation]) -> None:
        # what stood there before the intent is somebody else's, unless the words are the same: after a
        # failover an index may be given twice
        rest = [one for one in alike if line.position > one.base]
        known = [*sorted(exact, key=lambda one: line.position <= one.base), *self._late(line)]
        if known:
            self._count_echo(known[0])
            self.confirm(known[0], line)
        elif rest and not self._has_said(line):
            self._counters.fuzzy_matches += 1
            self.is_doubtful = True
            self.confirm(max(rest, key=lambda one: one.likeness(line)), line)

    def _late(self, line: TranscriptEvent) -> list[Operation]:
        """Those given up that have said just this."""
        return [one for one in self._lost if one.may_have_said(line) and one.says(line)]

    def _count_echo(self, operation: Operation) -> None:
        if operation.leaves_a_line:
            self._counters.echoes[operation.kind_of_line] += 1

    def _has_said(self, line: TranscriptEvent) -> bool:
        """Whether it is the line of an operation that has been seen before: shown twice, or moved."""
        return any(one.says(line) for one in self._said)

    def _has_decided_on(self, line: TranscriptEvent) -> bool:
        if line.index not in self._decided:
            return False
        *earlier, last = self._decided[line.position]
        in_doubt, one = line.position in self._doubtful, Print.of(line)
        if last.is_of(one, strictly=in_doubt, by_time=in_doubt):
            return True
        # an index may be given to several lines, and each be told again late
        return any(before.has_times_with(one) and before.is_of(one, strictly=True) for before in earlier)

    def _decide_on(self, line: TranscriptEvent) -> None:
        self._doubtful.discard(line.position)
        earlier = self._decided.get(line.position, ())[1 - _MOST_OF_ONE_INDEX :]
        self._decided[line.position] = (*earlier, Print.of(line))
        while len(self._decided) > _MOST_DECIDED:
            self._decided.popitem(last=False)

    def shown(self, transcript: Sequence[TranscriptEvent]) -> None:
        """This is the end of the transcript now; after a failover it may be nearer than it was."""
        end = max((line.position for line in transcript), default=0)
        if end <= 0:
            return
        self.doubt(end)
        for operation in self.open:
            if end < operation.base:
                operation.base = 0

    def doubt(self, index: int) -> None:
        """The transcript is known to have ended here for a while: what follows may be other lines."""
        self._doubtful.update(one for one in self._decided if one > index)

    def updated(self, update: ChatUpdated) -> None:
        """A view of the chat came: it may be the effect of an operation."""
        for operation in self.open:
            if operation.sent and operation.is_shown_by(update):
                self.confirm(operation)
                return

    def knows(self, reference_id: str | None) -> bool:
        """Whether an operation of this chat had this reference id."""
        return reference_id is not None and reference_id in self._by_reference

    def failed(self, reference_id: str | None, message: str) -> Action | None:
        """The server reports a failure: the operation it belongs to, if that can be told."""
        operation = self._by_reference.get(reference_id or "")
        if operation is None:
            return None
        operation.receipt.fail(message)
        self._settle(operation, "failed", reason=f"Refused: {message}")
        return operation.action

    # what happened before

    def restore(self, records: Iterable[OperationRecord]) -> None:
        """Take over what an earlier run has left."""
        for record in records:
            self.endings.texts += record.said
            self.endings.note(record)
            if (line := Print.parse(record.line)) is not None:
                self._decided[line.index] = (line,)
            self._settled[record.key] = record
            if record.state in {"confirmed", "failed", "abandoned"}:
                continue
            operation = Operation.restored(record)
            if operation is not None:
                self.open.append(operation)
            else:
                self._give_up(record)

    def _give_up(self, record: OperationRecord) -> None:
        """It cannot be read any more: a hook that is run again is told so, and does not say it twice."""
        reason = "what it was to say cannot be read any more"
        self._settled[record.key] = replace(record, state="abandoned", body="", reason=reason)
        self._journal.put(self._settled[record.key])

    def earlier(self, key: Key) -> OperationRecord | None:
        """What became of an operation of this name, if an earlier run has sent one."""
        return self._settled.get(key)

    @property
    def has_unseen_lines(self) -> bool:
        """Whether the line of an operation has still to be seen."""
        return any(one.leaves_a_line and not one.is_on_its_way for one in self.open)

    def close(self, resource: ChatResource) -> None:
        """The chat has ended, and this is its last view: nothing more will be seen.

        What is on its way finds that out by itself.
        """
        for operation in [one for one in self.open if not one.is_on_its_way]:
            if operation.sent and (operation.is_done_in(resource) or operation.is_done_in(None)):
                self.confirm(operation)
            else:
                self.abandon(operation, "the chat ended before its effect was seen")

    def _settle(
        self,
        operation: Operation,
        state: OperationState,
        *,
        line: str = "",
        reason: str = "",
    ) -> None:
        self.open = [other for other in self.open if other is not operation]
        if line and operation.leaves_a_line:
            self._said.append(operation)
        operation.line, operation.reason = line, reason
        self._move(operation, state)

    def _move(self, operation: Operation, state: OperationState) -> None:
        if operation.state == state:
            return
        had_said = operation.said
        operation.move(state)
        # accepted is said, also where the server never shows it
        operation.is_taken = state in _TAKEN or (operation.is_taken and state != "failed")
        self.endings.texts += operation.said - had_said
        if is_fleeting(operation.action):
            return
        record = operation.record()
        self.endings.note(record, operation.action)
        if operation.key in self._settled:
            self._settled[operation.key] = record
        self._journal.put(record)
