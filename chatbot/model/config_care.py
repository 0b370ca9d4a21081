"""The tables of bots.toml that keep a customer from harm: who helps when the bot cannot."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from chatbot.model.config_table import Seconds, Table

__all__ = ["FallbackSettings"]


class FallbackSettings(Table):
    """Who gets the customer when the bot cannot go on: ``[bots.NAME.fallback]``."""

    target: str | None = None
    queue: str | None = None
    say: str | None = Field(None, min_length=1)
    give_up_after: Seconds = 60.0

    @model_validator(mode="after")
    def _one_destination(self) -> Self:
        if (self.target is None) == (self.queue is None):
            raise ValueError("give exactly one of target (the address of an agent) and queue (a name)")
        return self
