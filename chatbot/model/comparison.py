"""What plugins planned in a chat beside what humans did there, as it is written to ``shadow_reports``.

Texts are left out unless they are asked for. ``service/comparison.py`` makes it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ComparedChat", "ComparedTurn", "PlannedAction", "PlannedAnswer", "Reaction"]

_CALLS_IN = frozenset({"Consult", "Invite", "Transfer"})


class _Part(BaseModel):
    """Common ground: frozen; what a later version adds is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class PlannedAction(_Part):
    """One action that a plugin asked for.

    Attributes:
        plugin: Which.
        hook: In which hook.
        action: The operation.
        index: The customer's text it was for; None if it was for something else.
        seconds: From the begin of the turn until it was asked for.
        held_back: Why a live bot would not have done it, as a code or the name of an error; else empty.
        queue: Where the chat was to go.
        target: To whom the chat was to go.
        chars: How long its text is; None if it has none.
        text: Its text, if texts are asked for.
    """

    plugin: str
    hook: str
    action: str
    index: int | None = None
    seconds: float
    held_back: str = ""
    queue: str | None = None
    target: str | None = None
    chars: int | None = None
    text: str | None = Field(default=None, repr=False)

    @property
    def hands_over(self) -> bool:
        """Whether somebody else was to get the chat, or to come into it."""
        is_queued = self.action == "Complete" and self.queue is not None
        return not self.held_back and (self.action in _CALLS_IN or is_queued)


class PlannedAnswer(_Part):
    """What the customer would have seen of the bot first.

    Attributes:
        plugin: Who would have answered first.
        seconds: From the begin of the turn until then.
        hands_over: Whether the chat was to go to somebody else in this turn.
    """

    plugin: str
    seconds: float
    hands_over: bool = False


class Reaction(_Part):
    """What humans did until the customer said the next.

    Attributes:
        texts: How many texts, and pushed addresses, they said to the customer.
        chars: How long these are together.
        seconds: From the begin of the turn to the first; None if there is none.
        handed_over: Whether somebody else came, or the customer was passed on.
        said: The texts, if texts are asked for.
    """

    texts: int = 0
    chars: int = 0
    seconds: float | None = None
    handed_over: bool = False
    said: tuple[str, ...] | None = Field(default=None, repr=False)


class ComparedTurn(_Part):
    """What the customer said, and what came of it until the next.

    Texts that the customer says before anybody has answered belong to one turn.

    Attributes:
        kind: ``opening`` is the time before the customer's first text.
        index: Of the customer's first text in it.
        at: When it began.
        texts: How many texts the customer said.
        chars: How long these are together.
        said: The texts, if texts are asked for.
        planned: All that plugins asked for.
        bot: What the customer would have seen first; None if nothing.
        human: What humans did.
        likeness: How alike the texts of both are, from 0 to 1; None if one of them said nothing.
    """

    kind: Literal["opening", "text"]
    index: int | None = None
    at: datetime
    texts: int = 0
    chars: int = 0
    said: tuple[str, ...] | None = Field(default=None, repr=False)
    planned: tuple[PlannedAction, ...] = ()
    bot: PlannedAnswer | None = None
    human: Reaction = Reaction()
    likeness: float | None = None


class ComparedChat(_Part):
    """One chat: planned and done.

    Attributes:
        bot: Which bot heard it.
        chat: The chat's id.
        began: When the bot heard of it.
        ended: When it ended for this bot; None as long as it goes on.
        reason: Its end, as in ``ChatEnded``.
        partial: It had been going on before the bot heard of it: after a restart, or it was passed on.
        bot_hands_over: In which turn, from 0, a plugin would have handed the chat over first; None: in none.
        human_hands_over: In which turn humans did; None: in none.
        unclear: The chat ended, and nothing tells whether it was over or went to somebody else.
        left_out: How many turns more there were.
        turns: One after the other.
    """

    bot: str
    chat: str
    began: datetime
    ended: datetime | None = None
    reason: str = ""
    partial: bool = False
    bot_hands_over: int | None = None
    human_hands_over: int | None = None
    unclear: bool = False
    left_out: int = 0
    turns: tuple[ComparedTurn, ...] = ()
