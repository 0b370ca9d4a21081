"""What a bot has said in one chat lately, as far as the guards against endless talk need to know. Pure."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Kind", "Message", "Tally"]

_MINUTE_S = 60.0
# two texts that are so like each other say the same
_ALIKE = 0.9
_COMPARED = 400
_MOST_TEXTS = 32
_MOST_TRIGGERS = 32

Kind = str
"""The name of a guard: its key in ``[bots.NAME.guards]``."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that is to be said to the customer.

    Args:
        text: Its words; empty if it has none.
        trigger: What it is said for, as the journal names it; empty if for nothing.
        is_for_customer: Whether that is a text of the customer.
        is_for_agent: Whether that is something that another agent, or bot, has said or done.
    """

    text: str = ""
    trigger: str = ""
    is_for_customer: bool = False
    is_for_agent: bool = False


class Tally:
    """Counts in one chat.

    Attributes:
        began_at: When the chat began, in monotonic seconds; infinity: it has not.
        warned: The guards that have warned since the customer said something.
    """

    def __init__(self) -> None:
        self.began_at = math.inf
        self.warned: set[Kind] = set()
        self._is_answered = True
        self._of_trigger: Counter[str] = Counter()
        self._unprompted: deque[float] = deque()
        self._since_human = 0
        self._texts: deque[str] = deque(maxlen=_MOST_TEXTS)

    def heard_customer(self) -> None:
        """The customer has said something: what was said before is no loop."""
        self._is_answered = False
        self._since_human = 0
        self._texts.clear()
        self.warned.clear()

    def count(self, message: Message, now: float) -> dict[Kind, float]:
        """Take a message that is to be said; how far each guard has got with it.

        The first answer to a text of the customer counts for none but the chat's age.
        """
        found: dict[Kind, float] = {"chat_age": now - self.began_at}
        if message.is_for_customer and not self._is_answered:
            self._is_answered = True
        else:
            found |= self._counted(message, now)
        if message.text:
            self._texts.append(_normal(message.text))
        return found

    def _counted(self, message: Message, now: float) -> dict[Kind, float]:
        found: dict[Kind, float] = {
            "text_length": len(message.text),
            "repeats": self._repeats(message.text),
        }
        if message.trigger:
            self._forget_triggers()
            self._of_trigger[message.trigger] += 1
            found["sends_per_trigger"] = self._of_trigger[message.trigger]
        if message.is_for_agent:
            self._since_human += 1
            found["since_human"] = self._since_human
        elif not message.is_for_customer:
            found["unprompted_per_minute"] = self._in_a_minute(now)
        return found

    def _repeats(self, text: str) -> int:
        said = _normal(text)
        return sum(_are_alike(said, before) for before in self._texts) if said else 0

    def _in_a_minute(self, now: float) -> int:
        self._unprompted.append(now)
        while self._unprompted[0] <= now - _MINUTE_S:
            self._unprompted.popleft()
        return len(self._unprompted)

    def _forget_triggers(self) -> None:
        while len(self._of_trigger) >= _MOST_TRIGGERS:
            del self._of_trigger[next(iter(self._of_trigger))]


def _normal(text: str) -> str:
    return " ".join(text[:_COMPARED].casefold().split())


def _are_alike(one: str, other: str) -> bool:
    if one == other:
        return True
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return _may_be(matcher) and matcher.ratio() >= _ALIKE


def _may_be(matcher: SequenceMatcher[str]) -> bool:
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE


def over(found: dict[Kind, float], limits: Sequence[tuple[Kind, float]], share: float) -> list[Kind]:
    """The guards that have got beyond this share of their limit; a limit of 0 is none."""
    return [kind for kind, limit in limits if limit and found.get(kind, 0) > limit * share]
