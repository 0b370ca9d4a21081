"""What a failed test shows: the transcript, what became of each hook, and what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from chatbot.hooks.trace import Deed, HookCall
from chatbot.model.events import Event, TranscriptEvent
from chatbot.simulator.chats import Chat
from chatbot.simulator.transcript import Line

__all__ = ["Reported", "TalkError", "picture"]

_SHOWN = {"Text": "text", "PushUrl": "url", "CustomNotice": "notice_text", "NicknameUpdated": "notice_text"}
# of these nobody wonders why nothing came of them
_ROUTINE = frozenset(
    {"on_chat_offered", "on_chat_ended", "on_participants_changed", "on_capabilities_changed"}
)
_MOST = 60


class TalkError(AssertionError):
    """The talk did not go as the test says. Its text shows how it went."""


class Reported(Protocol):
    """A bot, as far as a picture of it is wanted."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def calls(self) -> Sequence[HookCall]:
        """What became of its hooks."""
        ...

    @property
    def deeds(self) -> Sequence[Deed]:
        """What it has done, or tried to."""
        ...

    @property
    def running(self) -> Sequence[str]:
        """The hooks that run now."""
        ...

    @property
    def unheard(self) -> Sequence[str]:
        """Hooks that no plugin has, of events that came."""
        ...


def picture(chats: Iterable[Chat], bots: Iterable[Reported], began: datetime) -> str:
    """All that happened, for a person who wonders why.

    Args:
        chats: The chats, as the platform has them.
        bots: The bots.
        began: When the test began.
    """
    lines = [line for chat in chats for line in _of_chat(chat, began)]
    for bot in bots:
        lines += ["", *_of_bot(bot)]
    return "\n".join(lines)


def _of_chat(chat: Chat, began: datetime) -> Iterator[str]:
    agents = ", ".join(f"{leg.nickname or leg.username} {leg.state.value}" for leg in chat.legs.values())
    yield f"transcript of chat {chat.id} ({agents or 'no agents'}):"
    for line in chat.transcript.lines:
        yield f"  {line.index:>3}  {line.at - began.timestamp():>7.1f} s  {_said(line)}"


def _said(line: Line) -> str:
    who = f"{line.sender.nickname} ({line.sender.type})"
    audience = "" if line.visibility == "All" else f" [to {line.visibility}]"
    text = line.content.get(_SHOWN.get(line.type, ""))
    kind = [] if line.type == "Text" else [line.type]
    what = " ".join([*kind, *([repr(text)] if text is not None else [])])
    return f"{who}: {what}{audience}"


def _of_bot(bot: Reported) -> Iterator[str]:
    yield f"hooks of bot {bot.name!r}:"
    rows = [_called(call) for call in bot.calls][-_MOST:]
    yield from _table(rows) if rows else ["  (none was called)"]
    yield from (f"  still running: {run}" for run in bot.running)
    unheard = [hook for hook in bot.unheard if hook not in _ROUTINE]
    if unheard:
        yield f"  no plugin has: {', '.join(unheard)}"
    yield f"actions of bot {bot.name!r}:"
    done = [_done(deed) for deed in bot.deeds][-_MOST:]
    yield from _table(done) if done else ["  (none)"]


def _called(call: HookCall) -> tuple[str, ...]:
    file, _, line = call.place.rpartition(":")
    place = f"({Path(file).name}:{line})" if file else ""
    return _index(call.event), f"{call.plugin}.{call.hook}", f"{call.outcome}: {call.why} {place}"


def _index(event: Event | None) -> str:
    return str(event.index) if isinstance(event, TranscriptEvent) and event.index is not None else "-"


def _done(deed: Deed) -> tuple[str, ...]:
    by = f"{deed.plugin}.{deed.hook}" if deed.plugin else "the bot itself"
    return deed.action.operation, by, "accepted" if deed.error is None else f"refused: {deed.error}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield "  ".join(["", *cells, row[-1]]).rstrip()
