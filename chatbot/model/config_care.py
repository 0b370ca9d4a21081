"""The tables of bots.toml that keep a customer from harm: who helps when the bot or a plugin cannot go on."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from chatbot.model.codes import Code
from chatbot.model.config_table import Flaw, Patience, Seconds, Table, flawed

__all__ = ["BreakerSettings", "FallbackSettings", "GuardSettings", "HandoffSettings"]

_A_YEAR = 31_536_000
Limit = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class FallbackSettings(Table):
    """Who gets the customer when the bot cannot go on: ``[bots.NAME.fallback]``.

    Keys:
        target, queue: Where to: the address of an agent, or the name of a queue.
        say: The last text of the bot.
        give_up_after: How long the connection may be in trouble before chats are handed over, and how long
            a transfer that is refused is tried again.
    """

    target: str | None = None
    queue: str | None = None
    say: str | None = Field(default=None, min_length=1)
    give_up_after: Seconds = 60.0

    @model_validator(mode="after")
    def _one_destination(self) -> Self:
        if (self.target is None) == (self.queue is None):
            expected = "give exactly one of target (the address of an agent) and queue (a name)"
            found = "has neither target nor queue" if self.queue is None else "has both target and queue"
            raise flawed(Flaw(Code.NOT_EXACTLY_ONE, found, expected=expected))
        return self


class GuardSettings(Table):
    """When a bot talks too much: ``[bots.NAME.guards]``. 0 turns a guard off.

    Keys:
        sends_per_trigger: Messages for one text of the customer, or one other occasion.
        unprompted_per_minute: Messages that answer no text, in any minute.
        since_human: Messages that answer other agents or bots, since the customer said something.
        repeats: Messages of nearly the same words, since the customer said something.
        text_length: Characters in one text.
        chat_age: Seconds that a chat may last.
        warn_at: At which share of each limit agents and the log are warned.
    """

    sends_per_trigger: Limit = 20
    unprompted_per_minute: Limit = 30
    since_human: Limit = 20
    repeats: Limit = 3
    text_length: Limit = 8000
    chat_age: float = Field(default=86_400.0, ge=0, le=_A_YEAR, allow_inf_nan=False, strict=True)
    warn_at: float = Field(default=0.5, gt=0, le=1, allow_inf_nan=False, strict=True)


class BreakerSettings(Table):
    """When a plugin is no longer asked: ``[bots.NAME.breaker]``. A limit of 0 is none.

    Keys:
        errors: So many exceptions in a row.
        timeouts: So many overruns of ``hook_timeout`` in a row.
        blocked: So many seconds for which it has blocked the event loop, within ten minutes.
        cooldown: Seconds until it is asked again, once, for a try.
    """

    errors: Limit = 5
    timeouts: Limit = 3
    blocked: Patience = 5.0
    cooldown: Seconds = 60.0


class HandoffSettings(Table):
    """How ``chat.handoff`` goes about it: ``[bots.NAME.handoff]``.

    Keys:
        target, queue: Where to, if the plugin does not say: an agent's address or a queue's name.
        second_target, second_queue: Where to, if that comes to nothing.
        wait: Seconds that an agent may take.
        reassure: Texts for the customer while waiting, one after the other.
        reassure_every: Seconds between them.
    """

    target: str | None = None
    queue: str | None = None
    second_target: str | None = None
    second_queue: str | None = None
    wait: Seconds = 90.0
    reassure: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    reassure_every: Seconds = 20.0

    @model_validator(mode="after")
    def _one_destination_each(self) -> Self:
        for target, queue in (("target", "queue"), ("second_target", "second_queue")):
            if getattr(self, target) is not None and getattr(self, queue) is not None:
                expected = f"give {target} (the address of an agent) or {queue} (a name), not both"
                raise flawed(Flaw(Code.NOT_EXACTLY_ONE, f"has both {target} and {queue}", expected=expected))
        return self
