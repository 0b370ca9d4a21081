"""Questions to the customer, and how long a human would type: the longer methods of ``Chat``."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Sequence

from chatbot.hooks.ports import ChatView
from chatbot.hooks.run import current_run
from chatbot.model.codes import Code
from chatbot.model.errors import NotAllowed
from chatbot.model.events import TextReceived
from chatbot.model.words import Visibility

__all__ = ["Question", "check_can_wait", "gave_up", "interrupted", "is_answer", "typing_time"]

MOST_RETRIES = 20
_LETTERS_PER_S = 30.0
_TYPES_S = (0.5, 5.0)


def typing_time(text: str) -> float:
    """Seconds for which typing is shown before a text: in proportion to its length, within bounds."""
    shortest, longest = _TYPES_S
    return min(longest, max(shortest, len(text) / _LETTERS_PER_S))


def is_answer(event: TextReceived) -> bool:
    """Whether a text is what the customer said to all."""
    return event.sender.is_customer and event.visibility is Visibility.ALL


async def check_can_wait(view: ChatView) -> None:
    """See that who is to wait in this chat can, before anything is said.

    Raises:
        RuntimeError: It cannot.
    """
    await view.come_true(lambda: True, 0)


def gave_up(text: str) -> TimeoutError:
    """The end of a wait that came to nothing; a hook that does not catch it has not failed."""
    error = TimeoutError(text)
    if (run := current_run.get()) is not None:
        run.no_answer = error
    return error


def interrupted(operation: str, have: tuple[str, ...]) -> NotAllowed:
    """The end of a text that the customer was faster than."""
    reason = "the customer said something meanwhile"
    return NotAllowed(operation, needed=operation, have=have, reason=reason, code=Code.INTERRUPTED)


class Question:
    """What is asked, and what counts as an answer.

    Args:
        match: What an answer looks like; None: any text is one.
        timeout_s: Seconds for each answer.
        retries: How often is asked again.

    Raises:
        ValueError: These numbers make no sense, or the pattern is none (``re.error``).
    """

    def __init__(self, match: str | re.Pattern[str] | None, timeout_s: float, retries: int) -> None:
        if not 0 <= retries <= MOST_RETRIES:
            raise ValueError(f"retries is a number from 0 to {MOST_RETRIES}, not {retries!r}")
        if not (timeout_s > 0 and math.isfinite(timeout_s)):
            raise ValueError(f"timeout is a number of seconds above 0, not {timeout_s!r}")
        self._pattern = None if match is None else re.compile(match)
        self._timeout_s = timeout_s

    async def ask(self, view: ChatView, say: Callable[[str], Awaitable[object]], texts: Sequence[str]) -> str:
        """Say one text after the other, until there is an answer that matches.

        Args:
            view: The chat.
            say: Says a text.
            texts: The question, and what is said to repeat it.

        Raises:
            TimeoutError: There was none in time, or none that matches.
        """
        for text in texts:
            await say(text)
            if (answer := await self.answer(view)) is not None:
                return answer
        raise gave_up(f"the customer gave no answer that matches, asked {len(texts)} times")

    async def answer(self, view: ChatView) -> str | None:
        """What matters in the next text of the customer; None if it does not match.

        Args:
            view: The chat.

        Raises:
            TimeoutError: There was none in time.
        """
        try:
            event = await view.wait_for(TextReceived, is_answer, self._timeout_s)
        except TimeoutError as error:
            error.args = (f"the customer did not answer within {self._timeout_s:g} s",)
            raise
        return self._found(event.text)

    def _found(self, text: str) -> str | None:
        if self._pattern is None:
            return text
        found = self._pattern.search(text)
        if found is None:
            return None
        return found[1] if self._pattern.groups and found[1] is not None else found[0]
