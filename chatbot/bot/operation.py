"""One operation on its way: what it says, how far it has come, and how its effect looks."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from hashlib import blake2b
from html import unescape

from chatbot.bot.journal import Key, OperationRecord, OperationState
from chatbot.hooks.receipt import Receipt
from chatbot.model import actions, agent_actions
from chatbot.model.actions import (
    Action,
    Effect,
    SendCustomNoticeToAgents,
    SendMessage,
    SendToAgents,
    Transfer,
)
from chatbot.model.errors import ActionError
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
from chatbot.model.policy import is_fleeting
from chatbot.model.resources import ChatResource
from chatbot.model.tracing import NO_SPAN, Span
from chatbot.model.words import ChatState, LineType, Visibility

__all__ = ["OTHER", "Operation", "name_of", "tagged"]

OTHER = "other"
"""The name, among what is counted, of all operations that plugins make up."""

_LINE_TYPES: dict[type[TranscriptEvent], LineType] = {
    TextReceived: LineType.TEXT,
    UrlPushed: LineType.PUSH_URL,
    CustomNoticeReceived: LineType.CUSTOM_NOTICE,
    NicknameUpdated: LineType.NICKNAME_UPDATED,
    TypingStarted: LineType.TYPING_STARTED,
    TypingStopped: LineType.TYPING_STOPPED,
}
_FOR_AGENTS = (SendToAgents, SendCustomNoticeToAgents)
_KINDS: dict[str, type[Action]] = {
    name: kind
    for module in (actions, agent_actions)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Action)
}
_NAMES = frozenset(name for kind in _KINDS.values() for name in (kind.operation, *kind.spellings) if name)
_TAG = "b:"
_FINAL = frozenset({"confirmed", "failed", "abandoned"})


class Operation:
    """One operation.

    Args:
        key: Its name in the journal.
        action: What it does.
        base: The highest index known before it was sent: its line comes later, but for a failover.

    Attributes:
        receipt: What the plugin holds.
        state: How far it has come.
        begun_at: When this run took it up, in monotonic seconds; 0: it has not.
        sent: The request may have reached the server.
        was_listed: The bot stood in the list of participants when it was sent.
        accepted_at: When the server accepted it, in monotonic seconds; 0 if it has not.
        line: Fingerprint of the line that confirmed it.
        reason: Why it failed or was abandoned.
        error: What its sender is told, if it came to nothing.
        is_on_its_way: Somebody sees to it now.
        was_chased: It was accepted, not seen, and looked for.
        is_taken: The server has accepted it, whether or not its effect is ever seen.
    """

    def __init__(self, key: Key, action: Action, *, base: int = 0) -> None:
        self.key = key
        self.action = action
        self.base = base
        self.receipt = Receipt(action)
        self.state: OperationState = "intent"
        self.begun_at = 0.0
        self.sent = False
        self.was_listed = False
        self.accepted_at = 0.0
        self.line: str = ""
        self.reason = ""
        self.error: ActionError | None = None
        self.is_on_its_way = False
        self.was_chased = False
        self.is_taken = False
        self._span: Span = NO_SPAN
        plain = _plain(action)
        self._kind = type(plain).__name__
        self._body = json.dumps(plain.model_dump(mode="json", exclude_none=True), separators=(",", ":"))
        self._digest = _hash(self._body)

    @classmethod
    def restored(cls, record: OperationRecord) -> Operation | None:
        """What an earlier run has left; None if it cannot be read any more."""
        kind = _KINDS.get(record.operation)
        if kind is None:
            return None
        try:
            # not by pydantic's own parser: it refuses half of a pair of surrogates
            action = kind.model_validate(json.loads(record.body))
        except ValueError:
            return None
        operation = cls(record.key, action, base=record.base)
        operation.state = record.state
        operation.sent = True
        operation.is_taken = record.state == "accepted"
        return operation

    def record(self) -> OperationRecord:
        """As the journal keeps it: without its words once its fate is known."""
        return OperationRecord(
            key=self.key,
            operation=self._kind,
            body="" if self.state in _FINAL else self._body,
            digest=self._digest,
            state=self.state,
            base=self.base,
            line=self.line,
            reason=self.reason,
            said=self.said,
        )

    def is_awaited_in(self, span: Span) -> None:
        """It was accepted: this lasts until its effect is seen, which may have been before."""
        self._span = span
        self._end_span()

    def _end_span(self) -> None:
        if not self.is_open:
            self._span.note("chatbot.result", self.state)
            self._span.end()

    def move(self, state: OperationState) -> None:
        """It has come so far."""
        self.state = state
        self._end_span()

    @property
    def is_open(self) -> bool:
        """Whether its fate is not known yet."""
        return self.state not in _FINAL

    @property
    def said(self) -> bool:
        """Whether the server has taken a text of it that the customer sees."""
        has_text = bool(getattr(self.action, "text", None))
        return self.is_taken and self.action.customer_sees and has_text

    @property
    def leaves_a_line(self) -> bool:
        """Whether it shows in the transcript, and stays there."""
        effect = self.action.effect
        return effect is not None and effect.line is not None and not is_fleeting(self.action)

    @property
    def is_for_system(self) -> bool:
        """Whether its text is to look as if the system had said it."""
        return getattr(self.action, "treat_as", None) == "System"

    @property
    def kind_of_line(self) -> tuple[str, str, str]:
        """Type, audience and treatment of its line: servers do not show the bot every kind."""
        line = (self.action.effect or Effect()).line
        audience = Visibility.AGENTS if isinstance(self.action, _FOR_AGENTS) else Visibility.ALL
        return str(line or ""), str(audience), "System" if self.is_for_system else "Normal"

    def is_same_as(self, record: OperationRecord) -> bool:
        """Whether an earlier run sent just this."""
        return record.operation == self._kind and record.digest == self._digest

    # how its effect looks

    def may_have_said(self, line: TranscriptEvent) -> bool:
        """Whether a line of the bot is of the kind, and for the ears, that this operation makes."""
        effect = self.action.effect
        if not self.sent or effect is None or effect.line is None:
            return False
        if _LINE_TYPES.get(type(line)) != effect.line:
            return False
        return (line.visibility is not Visibility.ALL) == isinstance(self.action, _FOR_AGENTS)

    def says(self, line: TranscriptEvent) -> bool:
        """Whether a line says what the operation says; servers trim, fold and escape texts."""
        tag = getattr(line, "message_type", None)
        if isinstance(tag, str) and tag.startswith(_TAG):
            return bool(tag == getattr(self.action, "message_type", None))
        return _words_of(line) == _words_of(self.action)

    def likeness(self, line: TranscriptEvent) -> float:
        """How much of the words is the same, 0 to 1: servers mask and cut texts."""
        return SequenceMatcher(None, _words_of(line), _words_of(self.action)).ratio()

    def is_shown_by(self, update: ChatUpdated) -> bool:
        """Whether a view of the chat is the effect of the operation."""
        effect = self.action.effect
        if effect is None or update.notification == "Error":
            return False
        by_kind = bool(effect.notification) and effect.notification == update.notification
        theirs, ours = update.reference_id, self.receipt.reference_id
        return update.chat.state in effect.states or (by_kind and (None in (theirs, ours) or theirs == ours))

    def is_done_in(self, view: ChatResource | None) -> bool:
        """Whether a chat that looks like this shows that it took effect; None: the chat is gone."""
        states = (self.action.effect or Effect()).states
        if view is None or (view.state is not None and view.state.is_final):
            return self.action.ends or ChatState.COMPLETED in states
        has_handed_over = isinstance(self.action, Transfer) and view.state is ChatState.LEFT_CHAT
        return has_handed_over or view.state in states


def tagged(action: Action, key: Key) -> Action:
    """The text with a tag as its message type, so that its line can be told from all others.

    The server sends it back if its option includeMessageType is on (reference 6.1).
    """
    if not isinstance(action, SendMessage | SendToAgents) or action.message_type is not None:
        return action
    name = "/".join((key.chat_id, key.trigger, key.plugin, key.hook, str(key.ordinal)))
    return action.model_copy(update={"message_type": _TAG + _hash(name)})


def name_of(action: Action) -> str:
    """The name under which an action is counted: a plugin may make up as many operations as it likes."""
    name: object = action.operation
    return name if isinstance(name, str) and name in _NAMES else OTHER


def _plain(action: Action) -> Action:
    """The action as a class that a later run knows; as it is, if it says more than that class can."""
    known = next((kind for kind in type(action).__mro__ if _KINDS.get(kind.__name__) is kind), Action)
    if known is type(action):
        return action
    plain = known.model_construct(**{name: getattr(action, name) for name in known.model_fields})
    return plain if plain.body() == action.body() else action


def _words_of(thing: TranscriptEvent | Action) -> list[str]:
    """The words of a text, a notice or an address; lines and operations name them alike."""
    texts = (getattr(thing, name, None) for name in ("text", "notice_text", "url"))
    return unescape(str(next(filter(None, texts), ""))).split()


def _hash(text: str) -> str:
    return blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
