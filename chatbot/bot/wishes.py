"""What an operator wants of a bot."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Wishes"]


@dataclass(slots=True)
class Wishes:
    """What an operator wants of a bot; it outlives a run of the bot that fails.

    Args:
        draining: It takes no more chats.
    """

    draining: bool = False
