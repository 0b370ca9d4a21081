"""What is held against every request while the run goes on: what the bot knew when it was sent."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chatbot.wire.http import Reply
from tests.simulation.request import Request
from tests.simulation.truth import Truth

__all__ = ["Watch"]

Message = dict[str, Any]

# clocks of different lives differ in the last digits
_EXACT_S = 1e-6
_WINDOW_S = 10.0
# design 4.6: 5 a second
_MOST_IN_WINDOW = 50
_OF_LAST = 20
_KEEPS_FAILING = 10
_MOST_VIEWS = 8
# between the look at the list and the request stands one commit
_LOOKED_WITHIN_S = 0.05
_HUMAN = "00H"
_AFTER_LEAVING = frozenset({"UpdateUserData", "AttachUserData"})
_OVER = frozenset({"Completed", "Revoked"})


@dataclass(frozen=True, slots=True)
class _View:
    """One view of a chat, as it reached the bot. Answers to reads may be overtaken, and are not sure."""

    at: float
    serial: int
    state: str
    capabilities: frozenset[str]
    is_sure: bool

    def lists(self, operation: str) -> bool:
        return operation in self.capabilities or (self.state == "LeftChat" and operation in _AFTER_LEAVING)


@dataclass(slots=True)
class _Client:
    """What one bot in one life was told, and how its requests fared."""

    views: defaultdict[str, list[_View]] = field(default_factory=lambda: defaultdict(list))
    not_before: dict[tuple[str, bytes | None], float] = field(default_factory=dict)
    logins: int = 0
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_IN_WINDOW + 1))
    failed: deque[bool] = field(default_factory=lambda: deque(maxlen=_OF_LAST))
    failing_since: float | None = None
    humans: defaultdict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))


class Watch:
    """Sees every request leave, and every answer come.

    Args:
        truth: Where findings go.
        state_of: The state that a chat really has.
        has_human: Whether a human agent is in the chat, for whom the bot is to be silent.
    """

    def __init__(
        self, truth: Truth, state_of: Callable[[str], str], *, has_human: Callable[[str], bool]
    ) -> None:
        self._truth = truth
        self._has_human = has_human
        self._state_of = state_of
        self._clients: defaultdict[tuple[int, str], _Client] = defaultdict(_Client)

    def sends(self, request: Request, life: int) -> None:
        """A request leaves the bot."""
        client = self._clients[life, request.agent]
        self._check_rate(client)
        if request.is_login:
            client.logins += 1
            if client.logins > 1:
                self._truth.find("I14", f"life {life} has two logins in flight")
        if request.operation:
            self._check_pause(client, request)
        if request.chat and request.operation:
            self._check_listed(client, request)
        if request.operation == "SendMessage" and self._has_human(request.chat):
            self._check_talk(client, request)

    def lands(self, request: Request, life: int) -> None:
        """Nobody waits for the answer any more."""
        if request.is_login:
            self._clients[life, request.agent].logins -= 1

    def fails(self, request: Request, life: int) -> None:
        """The bot learns that no answer comes."""
        self._note_outcome(self._clients[life, request.agent], is_failed=True)

    def hears(self, request: Request, life: int, reply: Reply) -> None:
        """An answer reaches the bot."""
        client = self._clients[life, request.agent]
        is_absent = (request.method, reply.status) == ("GET", 404)
        self._note_outcome(client, is_failed=reply.status >= 300 and not is_absent)
        if reply.status == 429 and reply.headers.get("retry-after", "").isdigit():
            until = self._truth.now() + int(reply.headers["retry-after"])
            client.not_before[request.path, request.content] = until
        if reply.status == 200:
            self._tells(life, request, reply)
            for chat in _chats(request, reply):
                self._shows(client, life, chat, is_sure=request.method == "POST")

    def _tells(self, life: int, request: Request, reply: Reply) -> None:
        """Note up to which line of which chat the bot knows now."""
        for chat, lines in _lines(request, reply):
            for line in lines:
                self._meets(self._clients[life, request.agent].humans[chat], line)
            last = max((line["index"] for line in lines), default=0)
            self._truth.told.setdefault((life, chat), []).append((self._truth.now(), last))

    def _meets(self, humans: dict[str, float], line: Message) -> None:
        """A notification tells that a human agent comes or goes."""
        who = line["from"]["participantId"]
        if line["type"] == "ParticipantJoined" and who.startswith(_HUMAN):
            humans[who] = self._truth.now()
        elif line["type"] == "ParticipantLeft":
            humans.pop(who, None)

    def _check_talk(self, client: _Client, request: Request) -> None:
        """I21: a human agent is not talked over, as soon as the bot has been told that one is there."""
        there = client.humans[request.chat].values()
        if any(at < self._truth.now() - _LOOKED_WITHIN_S for at in there):
            self._truth.find("I21", f"{request.chat} has a human agent, and the bot talks")

    def _shows(self, client: _Client, life: int, chat: Message, *, is_sure: bool) -> None:
        name, state, now = chat["id"], chat["state"], self._truth.now()
        view = _View(now, chat["serial"], state, frozenset(chat["capabilities"]), is_sure)
        views = client.views[name]
        newest = max([*views, view], key=lambda one: one.serial)
        views[:] = [newest, *views[-_MOST_VIEWS:], view]
        # what is told late of an earlier offer does not count
        if state in _OVER and self._state_of(name) in {*_OVER, ""}:
            self._truth.told_gone.setdefault((life, name), now)
        elif view.serial >= newest.serial:
            self._truth.told_gone.pop((life, name), None)

    def _check_listed(self, client: _Client, request: Request) -> None:
        """I11: by one of the views that the bot may go by."""
        views = client.views.get(request.chat)
        if not views:
            return
        if not any(view.lists(request.operation) for view in views if self._is_current(view, views)):
            self._truth.find("I11", f"{request.operation} is sent to {request.chat}, which does not list it")

    def _is_current(self, view: _View, views: Sequence[_View]) -> bool:
        """The newest, the last, what a read has shown since, and what stood just now."""
        sure = [one for one in views if one.is_sure]
        if not sure or view in {sure[-1], max(sure, key=lambda one: one.serial)}:
            return True
        is_fresh = self._truth.now() - sure[-1].at < _LOOKED_WITHIN_S
        is_newer = view.at >= sure[-1].at or view.serial > max(one.serial for one in sure)
        return is_fresh or (not view.is_sure and is_newer)

    def _check_pause(self, client: _Client, request: Request) -> None:
        """I15: a Retry-After is kept."""
        until = client.not_before.get((request.path, request.content), 0.0)
        early = until - self._truth.now()
        if early > _EXACT_S:
            self._truth.find("I15", f"{request.operation} in {request.chat} comes {early:.2f} s too early")

    def _check_rate(self, client: _Client) -> None:
        """Design 4.6: what a failing server gets is bounded."""
        now = self._truth.now()
        client.sent.append(now)
        began = client.failing_since
        is_full = len(client.sent) == client.sent.maxlen and now - client.sent[0] <= _WINDOW_S
        if is_full and began is not None and client.sent[0] > began:
            self._truth.find("rate", f"{len(client.sent)} requests to a failing server in {_WINDOW_S:g} s")
            client.sent.clear()

    def _note_outcome(self, client: _Client, *, is_failed: bool) -> None:
        client.failed.append(is_failed)
        if sum(client.failed) < _KEEPS_FAILING:
            client.failing_since = None
        elif client.failing_since is None:
            client.failing_since = self._truth.now()


def _chats(request: Request, reply: Reply) -> Iterator[Message]:
    """The views of chats in an answer."""
    value = _value(request, reply)
    if isinstance(value, list):
        yield from (chat for one in value if (chat := (one.get("data") or {}).get("chat")))
        return
    yield from value.get("chats", ())
    if "chat" in value:
        yield value["chat"]


def _lines(request: Request, reply: Reply) -> Iterator[tuple[str, list[Message]]]:
    """The lines that a poll has brought, by chat; what is read may only have been looked through."""
    value = _value(request, reply)
    for data in (one.get("data") or {} for one in value if isinstance(value, list)):
        if "messages" in data:
            yield data["chatUri"].rpartition("/")[2], data["messages"]


def _value(request: Request, reply: Reply) -> Any:
    """What a read or a poll has brought."""
    if request.method == "POST" and "/notifications" not in request.path:
        return {}
    try:
        return json.loads(reply.body)
    except ValueError:
        return {}  # a web page
