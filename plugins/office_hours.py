"""Tells customers who come outside the office hours, and hands them on or says goodbye if that is wanted.

Settings::

    [bots.NAME.plugin.office_hours]
    time_zone = "Europe/Berlin"
    holidays = ["2026-04-06", "12-25", "12-26"]     # one day, or the same day each year
    text = "We are closed. We open again at 8."
    say = "once"                      # to a chat's first text; "each_text"; "start": as the chat starts
    then = "transfer"                 # or "complete"; default "stay": what becomes of the chat after that
    queue = "Night"                   # where a transfer goes; or target = "..."

    [bots.NAME.plugin.office_hours.hours]           # a day that is not named is closed
    mon = ["08:00-12:00", "13:00-18:00"]
    fri = ["22:00-02:00"]             # until the next day

With ``say = "each_text"`` the text is the answer, and no later plugin is asked; else later plugins may
answer too. The time is that at which a text reached the bot. What begins on a day belongs to it: a night
that begins before a holiday goes on into it. If a transfer or the end is not possible the text is said all
the same. A human agent who is in the chat is there after all: nothing is said then, nor done.
"""

import logging
import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from chatbot import ActionError, Chat, ChatStarted, TextReceived, hookimpl

log = logging.getLogger("chatbot.plugins.office_hours")

_TOLD = "office_hours.told"
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_LEAP_YEAR = 2000


def _span(value: str) -> str:
    if not _SPAN.fullmatch(value):
        raise ValueError(f'{value!r} is no span of time: expected one such as "08:00-12:30"')
    return value


def _holiday(value: Any) -> Any:
    """A day as it is written; TOML has a form of its own for whole dates."""
    if isinstance(value, date):
        return value.isoformat()
    try:
        date.fromisoformat(f"{_LEAP_YEAR}-{value}" if re.fullmatch(r"\d\d-\d\d", str(value)) else str(value))
    except ValueError:
        raise ValueError(f'{value!r} is no day: expected one such as "2026-04-06" or "12-25"') from None
    return value


Spans = tuple[Annotated[str, BeforeValidator(_span)], ...]


class Hours(BaseModel):
    """The week."""

    model_config = ConfigDict(extra="forbid")

    mon: Spans = ()
    tue: Spans = ()
    wed: Spans = ()
    thu: Spans = ()
    fri: Spans = ()
    sat: Spans = ()
    sun: Spans = ()

    def of(self, day: date) -> Spans:
        """The spans that begin on a day."""
        return (self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun)[day.weekday()]


class Settings(BaseModel):
    """When somebody is there, and what happens when nobody is."""

    model_config = ConfigDict(extra="forbid")

    time_zone: str = Field(examples=["Europe/Berlin"])
    hours: Hours = Field(examples=[{"mon": ["08:00-18:00"], "sat": ["09:00-12:00", "13:00-15:00"]}])
    holidays: tuple[Annotated[str, BeforeValidator(_holiday)], ...] = ()
    text: str = Field("We are closed at the moment. Please come back during our office hours.", min_length=1)
    say: Literal["once", "each_text", "start"] = "once"
    then: Literal["stay", "transfer", "complete"] = "stay"
    queue: str | None = Field(None, min_length=1)
    target: str | None = Field(None, min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f'{value!r} is not known here: expected a name such as "Europe/Berlin"\n'
                "  fix: if the name is right, pip install tzdata"
            ) from None
        return value

    @model_validator(mode="after")
    def _a_transfer_goes_somewhere(self) -> Self:
        given = sum(place is not None for place in (self.queue, self.target))
        if given != (self.then == "transfer"):
            raise ValueError(
                'then = "transfer" needs exactly one of queue and target; nothing else takes them'
            )
        return self

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody is there at this moment."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        today, now = local.date(), local.time()
        yesterday = today - timedelta(days=1)
        if any(begin <= now < end or (begin <= now and end <= begin) for begin, end in self._spans(today)):
            return True
        return any(end <= begin and now < end for begin, end in self._spans(yesterday))

    def _spans(self, day: date) -> list[tuple[time, time]]:
        """What begins on this day; one that ends at midnight or later ends before it begins."""
        if not {day.isoformat(), day.isoformat()[5:]}.isdisjoint(self.holidays):
            return []
        spans = (span.replace("24:00", "00:00").split("-") for span in self.hours.of(day))
        return [(time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in spans]


@hookimpl
async def on_chat_started(chat: Chat, event: ChatStarted, settings: Settings) -> None:
    """Tell whoever comes too early or too late, if that is to be told at once."""
    if settings.say == "start" and not _is_somebody_there(chat, settings, event.received_at):
        await _tell(chat, settings)


@hookimpl
async def on_text(chat: Chat, event: TextReceived, settings: Settings) -> bool | None:
    """Tell whoever says something."""
    if settings.say == "start" or not event.sender.is_customer:
        return None
    if _is_somebody_there(chat, settings, event.received_at):
        return None
    if settings.say == "once" and chat.memory.get(_TOLD):
        return None
    chat.memory[_TOLD] = True
    is_over = await _tell(chat, settings)
    return True if is_over or settings.say == "each_text" else None


def _is_somebody_there(chat: Chat, settings: Settings, moment: datetime) -> bool:
    return chat.human is not None or settings.is_open(moment)


async def _tell(chat: Chat, settings: Settings) -> bool:
    """Say it, and do what is to be done; whether the chat is somebody else's now."""
    try:
        match settings.then:
            case "transfer":
                await chat.transfer(queue=settings.queue, target=settings.target, text=settings.text)
                return True
            case "complete":
                await chat.complete(text=settings.text)
                return True
            case "stay":
                pass
    except ActionError as error:
        log.warning("a chat outside the office hours stays: %s", error)
    await chat.send_text(settings.text)
    return False
