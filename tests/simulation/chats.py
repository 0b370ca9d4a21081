"""The chats of the simulated server: states, participants, transcript (reference 5 to 8)."""

from __future__ import annotations

import html
import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.options import Options
from tests.simulation.truth import Line, Who, key_of, replies_to

__all__ = ["BASE", "Chat"]

BASE = datetime(2026, 1, 1, tzinfo=UTC)
NICKNAME = "Robo"
USER = "/users/U-robo"

_IN_CHAT = [
    "Transfer",
    "Complete",
    "Leave",
    "InFocus",
    "SendMessage",
    "SendStartTypingNotification",
    "SendStopTypingNotification",
    "AttachUserData",
    "UpdateUserData",
    "DeleteUserData",
    "SetDisposition",
    "Invite",
    "Consult",
    "SendUrl",
]
_CAPABILITIES = {
    "Invited": ["Accept", "Reject"],
    "Chatting": _IN_CHAT,
    "LeftChat": ["Transfer", "Complete", "Leave", "InFocus"],
}


class Chat:
    """One chat.

    Args:
        name: Its id.
        number: Makes its participant ids unlike others'.
        options: How the server answers.
    """

    def __init__(self, name: str, number: int, options: Options) -> None:
        self.id = name
        self.state = ""
        self.lines: list[Line] = []
        self.dropped: list[Line] = []
        self.user_data: dict[str, Any] = {"Subject": "simulation"}
        self.customer_is_in = False
        self.agent_is_in = False
        self.is_closed = False
        self.cuts: list[float] = []
        self.humans: list[dict[str, Any]] = []
        self.human_left_at = -math.inf
        self.human_came_at = math.inf
        self.withheld: frozenset[str] = frozenset()
        self.withheld_until = 0.0
        self.came_back_as = 0
        self.came_back_at = 0.0
        self.refused: list[str] = []
        self.swallowed: dict[str, float] = {}
        self.given_up: set[int] = set()
        self._options = options
        self._number = number
        self._joins = 0
        self._guests = 0
        self._last_ms = 0
        self._steps = 0
        self._serial = 0

    def add(self, kind: str, who: Who, now_s: float, text: str | None = None) -> Line:
        """A new line at the end of the transcript."""
        self._last_ms = ms = max(self._last_ms + 1, round(now_s * 1000))
        index = (self.lines[-1].index if self.lines else 0) + self._step()
        at = (BASE + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
        wire: dict[str, Any] = {
            "index": index,
            "type": kind,
            "from": self.customer() if who == "customer" else self._agent(),
            "visibility": "All",
            "timestamp": at,
            "timestampSeconds": ms,
        }
        if text is not None:
            wire["text"] = self._rewritten(text)
        line = Line(index, kind, who, text or "", ms, wire)
        self.lines.append(line)
        return line

    def join(self, now_s: float, kind: str = "ParticipantJoined") -> Line:
        """The agent comes in, under a new participant id."""
        self._joins += 1
        self.agent_is_in = True
        return self.add(kind, "bot", now_s)

    def new_agent_id(self) -> None:
        """The own participant id changes, and no line tells."""
        self._joins += 1

    def cut(self, most: int, now_s: float) -> list[Line]:
        """A failover restores an earlier transcript: these lines are gone, their indexes free again."""
        kept = ("ParticipantJoined", "ParticipantRejoined", "ParticipantLeft")
        first = 1 + max((n for n, line in enumerate(self.lines) if line.kind in kept), default=0)
        lost = self.lines[max(first, len(self.lines) - most) :]
        del self.lines[len(self.lines) - len(lost) :]
        for line in lost:
            line.is_lost = True
        self.dropped += lost
        if lost:
            self.cuts.append(now_s)
        return lost

    def excuse(self) -> None:
        """What is not answered now need not be any more."""
        if not any(line.text == "hello" for line in self.texts("bot", with_lost=True)):
            self.given_up.add(0)
        said = Counter(key_of(line.text) for line in self.texts("bot", with_lost=True))
        for line in self.texts("customer"):
            replies = Counter(replies_to(line.text, line.ms))
            line.excused = not replies <= said
            said -= replies

    def texts(self, who: Who, *, with_lost: bool = False) -> list[Line]:
        """What was said, in order."""
        lines = [*self.dropped, *self.lines] if with_lost else self.lines
        return [line for line in lines if line.who == who and line.kind == "Text"]

    def resource(self, *, participants: bool = True) -> dict[str, Any]:
        """As an answer or a notification shows it."""
        self._serial += 1
        value: dict[str, Any] = {
            # no bot knows this field: it tells which of two views is the newer one
            "serial": self._serial,
            "id": self.id,
            "uri": f"http://elsewhere:8080/api/v2/chats/{self.id}",
            "path": f"/chats/{self.id}",
            "state": self.state,
            "capabilities": [name for name in _CAPABILITIES.get(self.state, []) if name not in self.withheld],
            "userData": dict(self.user_data),
            "chatType": "Inbound",
        }
        if participants and self._options.participants == "full" and self.state == "Chatting":
            value["participants"] = self._people()
        elif self._options.participants != "missing":
            value["participants"] = []
        return value

    def shown(self, start: int, count: int | None) -> list[dict[str, Any]]:
        """The lines of an answer to GET messages."""
        if self._options.start_is_place:
            lines = self.lines[max(0, start - 1) :]
        else:
            lines = [line for line in self.lines if line.index >= start]
        most = min(count or len(lines), self._options.page or len(lines))
        return [line.wire for line in lines[:most]]

    def _people(self) -> list[dict[str, Any]]:
        people = [self._agent()] if self.agent_is_in else []
        return people + self.humans + ([self.customer()] if self.customer_is_in else [])

    def own_ids(self) -> set[str]:
        """All participant ids that the bot has had here."""
        return {f"00A{self._number:04}{join:02}" for join in range(self._joins + 1)}

    def had_human(self, since_s: float) -> bool:
        """Whether a human agent is there, or was, at this time or later."""
        return bool(self.humans) or self.human_left_at >= since_s

    def human(self, nickname: str) -> dict[str, Any]:
        """Another agent."""
        self._guests += 1
        person = {
            "nickname": nickname,
            "type": "Agent",
            "participantId": f"00H{self._number:04}{self._guests:02}",
        }
        return person | ({"path": "/users/U-hugo"} if self._options.user_ids else {})

    def customer(self) -> dict[str, Any]:
        """The one whose chat it is."""
        return {"nickname": "Ana", "type": "Customer", "participantId": f"00C{self._number:04}"}

    def _agent(self) -> dict[str, Any]:
        person = {
            "nickname": NICKNAME,
            "type": "Agent",
            "participantId": f"00A{self._number:04}{self._joins:02}",
        }
        return person | ({"path": USER} if self._options.user_ids else {})

    def _step(self) -> int:
        self._steps += 1
        # lines that are not for the agent take indexes too (reference 8.2)
        return 1 + (self._steps * 7 + self._number) % 5 // 3 if self._options.gaps else 1

    def _rewritten(self, text: str) -> str:
        match self._options.rewrite:
            case "trim":
                return " ".join(text.split())
            case "escape":
                return html.escape(text)
        return text
