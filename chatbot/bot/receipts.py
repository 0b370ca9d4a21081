"""Ties what the server shows to the operations of one chat that wait for their effect.

Matched at the moment a notification comes, not in the chat's mailbox: a hook may be waiting for it.
"""

from __future__ import annotations

from collections import OrderedDict

from chatbot.hooks.receipt import Receipt
from chatbot.model.actions import Action, SendCustomNoticeToAgents, SendToAgents
from chatbot.model.events import (
    ChatUpdated,
    CustomNoticeReceived,
    NicknameUpdated,
    TextReceived,
    TranscriptEvent,
    TypingStarted,
    TypingStopped,
    UrlPushed,
)
from chatbot.model.words import LineType, Visibility

__all__ = ["Receipts", "is_echo_of", "says_the_same"]

_MOST_OPEN = 100
_MOST_REMEMBERED = 200

_LINE_TYPES: dict[type[TranscriptEvent], LineType] = {
    TextReceived: LineType.TEXT,
    UrlPushed: LineType.PUSH_URL,
    CustomNoticeReceived: LineType.CUSTOM_NOTICE,
    NicknameUpdated: LineType.NICKNAME_UPDATED,
    TypingStarted: LineType.TYPING_STARTED,
    TypingStopped: LineType.TYPING_STOPPED,
}
_FOR_AGENTS = (SendToAgents, SendCustomNoticeToAgents)


class Receipts:
    """The open receipts of one chat, oldest first, and the reference ids of those before."""

    def __init__(self) -> None:
        self._open: list[Receipt] = []
        self._by_reference: OrderedDict[str, Receipt] = OrderedDict()

    def open(self, action: Action) -> Receipt:
        """A receipt for an operation that is about to be sent: its effect may come before its answer."""
        receipt = Receipt(action)
        self._open = [*self._open[-_MOST_OPEN + 1 :], receipt]
        return receipt

    def drop(self, receipt: Receipt) -> None:
        """The operation was not accepted."""
        self._open = [other for other in self._open if other is not receipt]

    def accepted(self, receipt: Receipt, reference_id: str | None) -> None:
        """The server accepted it; without a documented effect there is nothing more to wait for."""
        receipt.reference_id = reference_id
        if reference_id is not None:
            self._by_reference[reference_id] = receipt
            while len(self._by_reference) > _MOST_REMEMBERED:
                self._by_reference.popitem(last=False)
        if receipt.action.effect is None:
            self.drop(receipt)

    def echo(self, line: TranscriptEvent) -> Receipt | None:
        """An own line came: it confirms the operation that said the same, else the oldest of its kind."""
        alike = [receipt for receipt in self._open if is_echo_of(line, receipt.action)]
        exact = [receipt for receipt in alike if says_the_same(line, receipt.action)]
        for receipt in (*exact, *alike):
            self._confirm(receipt)
            return receipt
        return None

    def expects(self, line: TranscriptEvent) -> bool:
        """Whether an open operation says just what this line says."""
        return any(
            is_echo_of(line, receipt.action) and says_the_same(line, receipt.action) for receipt in self._open
        )

    def earlier(self, action: Action) -> list[Action]:
        """The operations of this kind that were sent before and have not been seen yet."""
        for_agents = isinstance(action, _FOR_AGENTS)
        others = (receipt.action for receipt in self._open if receipt.action is not action)
        return [
            other
            for other in others
            if other.effect == action.effect and isinstance(other, _FOR_AGENTS) == for_agents
        ]

    def updated(self, update: ChatUpdated) -> None:
        """A view of the chat came: it may be the effect of an operation."""
        if update.notification == "Error":
            return
        for receipt in self._open:
            effect = receipt.action.effect
            if effect is None:
                continue
            by_state = update.chat.state in effect.states
            by_kind = bool(effect.notification) and effect.notification == update.notification
            if by_state or (by_kind and _same(update.reference_id, receipt.reference_id)):
                self._confirm(receipt)
                return

    def knows(self, reference_id: str | None) -> bool:
        """Whether an operation of this chat had this reference id."""
        return reference_id is not None and reference_id in self._by_reference

    def failed(self, reference_id: str | None, message: str) -> Action | None:
        """The server reports a failure: the operation it belongs to, if that can be told."""
        receipt = self._by_reference.get(reference_id or "")
        if receipt is None:
            return None
        receipt.fail(message)
        self.drop(receipt)
        return receipt.action

    def _confirm(self, receipt: Receipt) -> None:
        receipt.confirm()
        self.drop(receipt)


def is_echo_of(line: TranscriptEvent, action: Action) -> bool:
    """Whether a line is of the kind, and for the ears, that this operation makes."""
    if (
        action.effect is None
        or action.effect.line is None
        or _LINE_TYPES.get(type(line)) != action.effect.line
    ):
        return False
    for_agents = isinstance(action, _FOR_AGENTS)
    return (line.visibility is not Visibility.ALL) == for_agents


def says_the_same(one: TranscriptEvent | Action, action: Action) -> bool:
    """Whether a line says what the operation says; servers trim texts and fold their white space."""
    return _words_of(one) == _words_of(action)


def _words_of(thing: TranscriptEvent | Action) -> list[str]:
    """The words of a text, a notice or an address; lines and operations name them alike."""
    texts = (getattr(thing, name, None) for name in ("text", "notice_text", "url"))
    return str(next(filter(None, texts), "")).split()


def _same(theirs: str | None, ours: str | None) -> bool:
    """Reference ids agree, or one side does not tell (reference 2.2)."""
    return theirs is None or ours is None or theirs == ours
