"""What a failed test shows: the transcript, what became of each hook, and what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from chatbot.hooks.run import HookRun
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
    def username(self) -> str:
        """Its login."""
        ...

    @property
    def listens_to_agents(self) -> bool:
        """Whether it hears what is not said by customers to all."""
        ...

    @property
    def has_plugins(self) -> bool:
        """Whether it has any."""
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
    def runs(self) -> Sequence[HookRun]:
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
    chats, bots = [*chats], [*bots]
    lines = [line for chat in chats for line in _of_chat(chat, began)]
    for bot in bots:
        lines += ["", *_of_bot(bot, [line for chat in chats for line in chat.transcript.lines])]
    return "\n".join(lines if bots else [*lines, "", "no bot was started"])


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


def _of_bot(bot: Reported, lines: Sequence[Line]) -> Iterator[str]:
    yield f"hooks of bot {bot.name!r}:"
    rows = [*[_called(call) for call in bot.calls][-_MOST:], *map(_runs, bot.runs)]
    yield from _table(rows, "none was called" if bot.has_plugins else "it has no plugins")
    yield from _not_asked(bot, lines)
    yield f"actions of bot {bot.name!r}:"
    yield from _table([_done(deed) for deed in bot.deeds][-_MOST:], "none")


def _not_asked(bot: Reported, lines: Sequence[Line]) -> Iterator[str]:
    """Why no hook was called for what may well have been meant for one."""
    if deaf_to := ", ".join(str(line.index) for line in lines if _is_unheard(line, bot)):
        yield f"  no hook for texts of agents, and to agents: {deaf_to} (listen_to_agents is false)"
    if unheard := [hook for hook in bot.unheard if hook not in _ROUTINE]:
        yield f"  no plugin has: {', '.join(unheard)}"


def _is_unheard(line: Line, bot: Reported) -> bool:
    is_of_customer = line.sender.type == "Customer" and line.visibility == "All"
    is_for_hooks = is_of_customer or bot.listens_to_agents
    return line.type == "Text" and not is_for_hooks and line.sender.username != bot.username


def _called(call: HookCall) -> tuple[str, ...]:
    file, _, line = call.place.rpartition(":")
    place = f"({Path(file).name}:{line})" if file else ""
    return _index(call.event), f"{call.plugin}.{call.hook}", f"{call.outcome}: {call.why} {place}"


def _runs(run: HookRun) -> tuple[str, ...]:
    why = ": waits for an event; no other plugin is asked about this one" if run.waits else ""
    return _index(run.event), f"{run.plugin}.{run.hook}", f"still running{why}"


def _index(event: Event | None) -> str:
    return str(event.index) if isinstance(event, TranscriptEvent) and event.index is not None else "-"


def _done(deed: Deed) -> tuple[str, ...]:
    by = f"{deed.plugin}.{deed.hook}" if deed.plugin else "the bot itself"
    return deed.action.operation, by, "accepted" if deed.error is None else f"refused: {deed.error}"


def _table(rows: Sequence[tuple[str, ...]], empty: str) -> Iterator[str]:
    if not rows:
        yield f"  ({empty})"
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        yield "  ".join(["", *cells, row[-1]]).rstrip()
