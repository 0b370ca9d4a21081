"""What a report tells of a chat's operations: how many texts were said, and how the bot has ended it."""

from __future__ import annotations

from dataclasses import replace

from chatbot.bot.journal import Key, OperationRecord
from chatbot.model import actions as do
from chatbot.model.actions import Action

__all__ = ["Endings"]

_ENDS = frozenset(
    kind.operation for kind in (do.Reject, do.Transfer, do.Leave, do.LeaveAndComplete, do.Complete)
)
_ACCEPT = do.Accept.operation
_TAKEN = frozenset({"accepted", "confirmed"})


class Endings:
    """Looks on as operations come to their end.

    Attributes:
        texts: Texts for the customer that the server has taken.
        accept_failed: The last Accept came to nothing.
    """

    def __init__(self) -> None:
        self.texts = 0
        self.accept_failed = False
        self._taken: dict[Key, OperationRecord] = {}

    def note(self, record: OperationRecord, action: Action | None = None) -> None:
        """Take how far an operation has come.

        Args:
            record: The operation.
            action: What it does, if that is known yet: to complete a chat into a queue is to transfer it.
        """
        if record.operation == _ACCEPT:
            self.accept_failed = record.state == "failed"
        if record.operation not in _ENDS:
            return
        self._taken.pop(record.key, None)
        if record.state in _TAKEN:
            moves = record.operation == do.Complete.operation and getattr(action, "queue_name", None)
            self._taken[record.key] = replace(record, operation=do.Transfer.operation) if moves else record

    @property
    def last(self) -> OperationRecord | None:
        """The one by which the bot has ended it: what it does by itself is only tidying up after another."""
        asked_for = [record for record in self._taken.values() if record.key.plugin]
        found = asked_for or [*self._taken.values()]
        return found[-1] if found else None
