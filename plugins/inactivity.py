"""Asks after customers who say nothing, and ends the chat if they still say nothing.

Settings::

    [bots.NAME]
    idle_after = 60.0                 # how often silence is looked at; the default is 300

    [bots.NAME.plugin.inactivity]
    remind_after = 120.0              # seconds of silence before each reminder
    reminders = ["Are you still there?", "I close this chat soon."]    # one after the other; [] for none
    close_after = 420.0               # seconds of silence before the end; 0: never
    farewell = "I close this chat now. You are welcome to come back."
    then = "complete"                 # or "leave" to those who are still there, or "transfer"
    # queue = "Night"                 # where a transfer goes; or target = "..."

Silence is what the framework calls so: the customer has said nothing that all can see. It is looked at each
``idle_after`` seconds, so all times are rounded up to a multiple of that: with ``idle_after = 60.0`` and
``remind_after = 90.0`` the first reminder comes after 120 seconds. One thing is done each time, in order:
with an ``idle_after`` that is too long, or after a time in which the bot was not there, the reminders that
are overdue come first, ``idle_after`` seconds apart, and nobody is closed who was not reminded.

A text of the customer ends the silence, and all begins anew. A restart does not: no reminder comes twice.
While a human agent has the chat nothing is done. If the end is not possible it is tried again the next time.
"""

import logging
from contextlib import suppress
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chatbot import ActionError, Chat, ChatIdle, Event, TextReceived, Visibility, WireError, hookimpl

log = logging.getLogger("chatbot.plugins.inactivity")

_REMINDED = "inactivity.reminded"
_LEAVING_TAKES_S = 5.0


class Settings(BaseModel):
    """When to ask, when to end, and how."""

    model_config = ConfigDict(extra="forbid")

    remind_after: float = Field(120.0, gt=0, allow_inf_nan=False)
    reminders: tuple[str, ...] = ("Are you still there?",)
    close_after: float = Field(420.0, ge=0, allow_inf_nan=False)
    farewell: str | None = Field("I close this chat now. You are welcome to come back.", min_length=1)
    then: Literal["complete", "leave", "transfer"] = "complete"
    queue: str | None = None
    target: str | None = None

    @model_validator(mode="after")
    def _a_transfer_goes_somewhere(self) -> Self:
        given = sum(place is not None for place in (self.queue, self.target))
        if given != (self.then == "transfer"):
            raise ValueError(
                'then = "transfer" needs exactly one of queue and target; nothing else takes them'
            )
        return self

    @model_validator(mode="after")
    def _the_end_comes_last(self) -> Self:
        if not all(self.reminders):
            raise ValueError("a reminder is empty: expected a text")
        last = self.remind_after * len(self.reminders)
        if 0 < self.close_after <= last:
            raise ValueError(
                f"close_after = {self.close_after:g} is before the last reminder, at {last:g} s"
                "\n  fix: a longer close_after, a shorter remind_after, or fewer reminders"
            )
        return self

    def due(self, seconds: float) -> int:
        """How many reminders belong to so much silence."""
        return min(int(seconds / self.remind_after), len(self.reminders))

    def is_over(self, seconds: float) -> bool:
        """Whether so much silence is the end."""
        return 0 < self.close_after <= seconds


@hookimpl
async def on_event(chat: Chat | None, event: Event) -> None:
    """Whatever the customer says ends the silence, whoever answers it."""
    if chat is not None and isinstance(event, TextReceived) and _is_of_customer(event):
        chat.memory.pop(_REMINDED, None)


@hookimpl
async def on_idle(chat: Chat, event: ChatIdle, settings: Settings) -> bool | None:
    """Do the next thing that is due."""
    due = settings.due(event.seconds)
    reminded = await _reminded(chat, settings, due)
    if reminded < due:
        await chat.send_text(settings.reminders[reminded])
        chat.memory[_REMINDED] = reminded + 1
        return None
    return await _end(chat, settings) if settings.is_over(event.seconds) else None


async def _reminded(chat: Chat, settings: Settings, due: int) -> int:
    """How many reminders were said in this silence: of the last one before a crash the transcript knows."""
    said = int(chat.memory.get(_REMINDED, 0))
    if said >= due:
        return said
    shown = 0
    with suppress(WireError):
        for line in await chat.messages():
            if isinstance(line, TextReceived):
                is_reminder = line.sender.is_agent and line.text in settings.reminders
                shown = 0 if _is_of_customer(line) else shown + is_reminder
    return max(said, min(shown, due))


async def _end(chat: Chat, settings: Settings) -> bool:
    """Say goodbye and go; whether that was possible."""
    text = settings.farewell
    try:
        match settings.then:
            case "transfer":
                await chat.transfer(queue=settings.queue, target=settings.target, text=text)
            case "complete":
                await chat.complete(text=text)
            case "leave":
                await _leave(chat, text)
    except ActionError as error:
        log.warning("chat %s stays although its customer says nothing: %s", chat.id, error)
        return False
    return True


async def _leave(chat: Chat, text: str | None) -> None:
    """Leave, and have done with the chat: a chat that was left still takes a place of the bot."""
    left = await chat.leave(text)
    with suppress(ActionError):  # it may be over for the bot with that
        await left.confirmed(_LEAVING_TAKES_S)
        await chat.complete()


def _is_of_customer(line: TextReceived) -> bool:
    return line.sender.is_customer and line.visibility is Visibility.ALL
