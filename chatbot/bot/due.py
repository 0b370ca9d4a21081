"""What is to be done in a chat at some time, whether or not anything is heard of it till then."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from chatbot.model.config_care import FallbackSettings

__all__ = ["Due", "Rescue"]


@dataclass(slots=True)
class Rescue:
    """A customer who is to be handed to somebody else.

    Args:
        reason: Why.
        trigger: Names the occasion in the journal.
        until: When that is given up, in monotonic seconds.
        next_at: When it is tried next.
        was_owed: The customer waited for an answer before.
        tries: How often it was tried.
        to: Where to; None: where bots.toml says.
    """

    reason: str
    trigger: str
    until: float
    was_owed: bool = False
    next_at: float = 0.0
    tries: int = 0
    to: FallbackSettings | None = None


@dataclass(slots=True)
class Due:
    """The times of one chat, in monotonic seconds unless said otherwise.

    Args:
        rescue: Why the customer is to be handed to somebody else, and how far that is.
        spoken_at: When the customer said something last, or came.
        spoken_index: The index of that text.
        owed_since: Since when the customer waits for an answer; 0 if it does not.
        alone_by: Until when a human agent may leave who was there before the bot.
        wakes_at: When the chat is woken.
        ask_at: When the transcript has to be read if nothing is heard of the chat till then.
        read_at: When the transcript was last asked for.
        missed_at: When the chat was looked for last, and was not listed.
        leaving_by: The operation by which the bot leaves.
        leaving_until: Before this the bot does not ask again to leave.
        customer_left_at: When the customer left, by the server's clock.
    """

    rescue: Rescue | None = None
    spoken_at: float = 0.0
    spoken_index: int = 0
    owed_since: float = 0.0
    alone_by: float = 0.0
    wakes_at: float = math.inf
    ask_at: float = 0.0
    read_at: float = 0.0
    missed_at: float = 0.0
    leaving_by: str = ""
    leaving_until: float = 0.0
    customer_left_at: datetime | None = None
