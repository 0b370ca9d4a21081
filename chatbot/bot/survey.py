"""What is waiting in the chats of a bot. Chats are added one by one: of thousands, not all in one go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from chatbot.bot.live import LiveChat
from chatbot.model.words import ChatState

__all__ = ["Survey"]

_OTHER = "other"
_KNOWN = frozenset(ChatState)


@dataclass(slots=True)
class Survey:
    """What was found in the chats that were added.

    Attributes:
        lines: In mailboxes, not done with yet.
        longest: The most of these in one chat.
        oldest_s: For how long the oldest thing waits for its hooks, as readiness counts it.
        operations: Whose fate is not known.
        unsettled_s: For how long that is so of the oldest of them.
        states: Chats by state; those of which nobody has heard are ``other``.
    """

    lines: int = 0
    longest: int = 0
    oldest_s: float = 0.0
    operations: int = 0
    unsettled_s: float = 0.0
    states: Counter[str] = field(default_factory=Counter)

    def add(self, chat: LiveChat, now: float) -> None:
        """Look at one chat.

        Args:
            chat: The chat.
            now: The time, in monotonic seconds.
        """
        state = chat.resource.state
        self.states[str(state) if state in _KNOWN else _OTHER] += 1
        depth = len(chat.order) + len(chat.unordered) + len(chat.failures)
        self.lines += depth
        self.longest = max(self.longest, depth)
        self.oldest_s = max(self.oldest_s, chat.waits.backlog.age(chat.order.cursor, now))
        self.operations += len(chat.outbox.open)
        ages = [now - one.begun_at for one in chat.outbox.open if one.begun_at]
        self.unsettled_s = max([self.unsettled_s, *ages])
