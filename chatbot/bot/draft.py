"""What the report of one chat will say, as far as it is known; kept in the journal with the checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal

from pydantic_core import to_json

from chatbot.bot.causes import Cause

__all__ = ["MOST_BYTES", "Draft"]

MOST_BYTES = 16_384
"""How much plugins may put into one report, as JSON."""

_MOST_LETTERS = 256


@dataclass(slots=True)
class Draft:
    """Times are seconds since the epoch; 0, or empty: not yet.

    Args:
        session: Names the session, the same after a crash.
        began_at: When the chat was first seen.
        entered_at: When the bot was in it.
        heard: How many texts of customers were heard.
        heard_to: The index of the last of them.
        left_at: The index of the line by which the last customer left.
        takeovers: How often a human agent came in.
        has_human: A human agent has the chat.
        fallback: Why the bot was to hand the customer over.
        is_dead: Hooks ended in a crash each time.
        stopped: The process left well meanwhile: did it end the agent's session?
        stopped_at: When.
        ended_at: When the end was seen, or the bot had stopped before.
        cause: Why, once it has ended: fields of ``causes.Cause``.
        is_told: Hooks were told of the end.
        is_filed: The report was kept.
        result: What a plugin says of it.
        attributes: What plugins say besides.
    """

    session: str = ""
    began_at: float = 0.0
    entered_at: float = 0.0
    heard: int = 0
    heard_to: int = 0
    left_at: int = 0
    takeovers: int = 0
    has_human: bool = False
    fallback: str = ""
    is_dead: bool = False
    stopped: Literal["", "keep", "logout"] = ""
    stopped_at: float = 0.0
    ended_at: float = 0.0
    cause: dict[str, Any] = field(default_factory=dict)
    is_told: bool = False
    is_filed: bool = False
    result: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def restored(cls, text: str) -> Draft:
        """What an earlier run has left."""
        return cls(**json.loads(text)) if text else cls()

    def text(self) -> str:
        """As the journal keeps it: a JSON object of what is known; empty if nothing is."""
        known = {name: value for name in _NAMES if (value := getattr(self, name))}
        return json.dumps(known, separators=(",", ":")) if known else ""

    def renew(self) -> None:
        """The chat is offered: an end that was seen before is that of another session."""
        if self.ended_at:
            fresh = Draft()
            for name in _NAMES:
                setattr(self, name, getattr(fresh, name))

    def begin(self, bot: str, chat_id: str, now: datetime) -> None:
        """The chat is seen; harmless if it was before."""
        if self.began_at:
            return
        self.began_at = now.timestamp()
        name = json.dumps([bot, chat_id, now.isoformat()])
        self.session = blake2b(name.encode(), digest_size=16).hexdigest()

    def enter(self, now: datetime) -> None:
        """The bot is in the chat, perhaps again: what an earlier run knew of an end is no more."""
        self.entered_at = self.entered_at or now.timestamp()
        self.stopped, self.stopped_at, self.ended_at, self.cause = "", 0.0, 0.0, {}
        self.is_told = self.is_filed = False

    def hear(self, index: int) -> None:
        """Take a text of a customer: once, also if the hooks for it are run again."""
        if index > self.heard_to:
            self.heard += 1
            self.heard_to = index

    def rewind(self, index: int) -> None:
        """The transcript has lost what came after this line."""
        self.heard_to = min(self.heard_to, index)
        self.left_at = self.left_at if self.left_at <= index else 0

    def leave(self, index: int, *, abandoned: bool) -> None:
        """Take whether a customer is left after this line, while the bot is in the chat."""
        self.left_at = (self.left_at or index) if abandoned else 0

    def take_over(self, *, human: bool) -> None:
        """A human agent has come, or the last one has gone."""
        self.takeovers += human
        self.has_human = human

    def stop(self, now: datetime, *, ends_session: bool) -> None:
        """The process leaves well: if the chat is over when the next one comes, it ended by that."""
        self.stopped, self.stopped_at = "logout" if ends_session else "keep", now.timestamp()

    def end(self, now: datetime, cause: Cause) -> None:
        """The chat is over; why is told only once."""
        if not self.ended_at:
            self.ended_at = self.stopped_at or now.timestamp()
            self.cause = {name: getattr(cause, name) for name in _OF_CAUSE}

    def report(self, result: str | None, attributes: dict[str, Any]) -> None:
        """See hooks.ports.Report."""
        if self.is_told:
            raise RuntimeError("the report of this chat is made: set it in on_chat_ended, or before")
        if result is not None and not isinstance(result, str):
            raise TypeError(f"result is a text, not {type(result).__name__}")
        if result is not None and len(result) > _MOST_LETTERS:
            raise ValueError(f"result has {len(result)} characters; expected {_MOST_LETTERS} at most")
        kept = {**self.attributes, **{_plain(name): _as_kept(name, it) for name, it in attributes.items()}}
        size = len(json.dumps(kept, separators=(",", ":")))
        if size > MOST_BYTES:
            raise ValueError(f"the attributes of a report take {size} bytes; expected {MOST_BYTES} at most")
        self.attributes = kept
        self.result = self.result if result is None else _plain(result)

    def time(self, seconds: float) -> datetime:
        """A time in here, as a date."""
        return datetime.fromtimestamp(seconds, UTC)


_NAMES = tuple(one.name for one in fields(Draft))
_OF_CAUSE = tuple(one.name for one in fields(Cause))


def _plain(text: str) -> str:
    """Half of a pair of surrogates could not be written as UTF-8."""
    return text.encode(errors="replace").decode()


def _as_kept(name: str, value: object) -> Any:
    """The value as it will be after a crash: what is changed in it later does not count."""
    try:
        kept = json.loads(_plain(json.dumps(value, allow_nan=False, ensure_ascii=False)))
        to_json(kept)  # what is nested too deep could not be written as an event
    except (TypeError, ValueError, RecursionError) as exc:
        raise ValueError(f"the attribute {name!r} of a report is no JSON: {exc}") from exc
    return kept
