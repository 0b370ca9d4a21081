"""How lines of a chat are told on a terminal: who, when and what, in pieces that have a style each.

What strangers wrote is made printable: it must neither steer the terminal nor pass for another line.
"""

from __future__ import annotations

from datetime import datetime

from chatbot.cli.common import printable
from chatbot.simulator.customer import CustomerLine

__all__ = ["Pieces", "name", "plain", "told", "transcript"]

Pieces = list[tuple[str, str]]
"""Style and text: `time`, `customer`, `agent`, `event`, or none."""

_STYLES = {"Customer": "customer", "Agent": "agent"}
_INDENT = " " * 10
_SILENT = frozenset({"TypingStarted", "TypingStopped"})
_EVENTS = {
    "ParticipantJoined": "joined",
    "ParticipantLeft": "left",
    "ParticipantRejoined": "is back",
    "TypingStarted": "began to type",
    "TypingStopped": "stopped typing",
}
_SAID = {"Text": ":", "PushUrl": " shows", "Notice": " notes:", "CustomNotice": " notes:"}


def told(line: CustomerLine, at: datetime) -> Pieces:
    """One line, for people who watch the chat; empty for what is shown in another way."""
    if line.type in _SILENT:
        return []
    return [("time", f"{at:%H:%M:%S}  "), *_content(line)]


def transcript(lines: list[CustomerLine]) -> str:
    """All lines with their indexes."""
    return "\n".join(f"{line.index:>6}  {plain(_content(line))}" for line in lines) or "  (nothing)"


def plain(pieces: Pieces) -> str:
    """The same without styles."""
    return "".join(text for _, text in pieces)


def name(nickname: str) -> str:
    """A nickname on one line."""
    return printable(nickname).replace("\n", "\\n").replace("\t", "\\t")


def _content(line: CustomerLine) -> Pieces:
    who = name(line.nickname)
    if line.type in _SAID:
        text = printable(line.text).replace("\n", f"\n{_INDENT}")
        return [(_STYLES.get(line.sender_type, ""), f"{who}{_SAID[line.type]}"), ("", f" {text}")]
    if line.type == "NicknameUpdated":
        return [("event", f"now called {who}")]
    return [("event", f"{who} {_EVENTS.get(line.type, name(line.type))}")]
