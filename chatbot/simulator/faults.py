"""Faults on demand: rules that spoil the next matching request, meta message or notification.

A rule is used up after `times` matches. Knows nothing about the world; the gateway and the simulator ask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Protocol

from chatbot.simulator.bayeux_server import Refuse


class Gate(Protocol):
    """Something to wait for, such as an `asyncio.Event`."""

    async def wait(self) -> object:
        """Return when the way is free."""


@dataclass(frozen=True, slots=True)
class Call:
    """What passes: a request, a meta message or a notification."""

    method: str = ""
    path: str = ""
    operation: str = ""
    channels: tuple[str, ...] = ()
    agent: str = ""
    notification: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Which calls a rule is for; what is left empty does not matter.

    Args:
        method: HTTP method.
        path: Beginning of the path.
        operation: The operationName.
        channel: A meta channel of the request, or the channel of a notification.
        agent: The user name.
        notification: The notificationType of a notification.
    """

    method: str = ""
    path: str = ""
    operation: str = ""
    channel: str = ""
    agent: str = ""
    notification: str = ""

    def covers(self, call: Call) -> bool:
        """Tell whether the rule is for this call."""
        exact = (
            (self.method, call.method),
            (self.operation, call.operation),
            (self.agent, call.agent),
            (self.notification, call.notification),
        )
        is_channel = not self.channel or self.channel in call.channels
        return (
            is_channel and call.path.startswith(self.path) and all(want in ("", is_) for want, is_ in exact)
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer this instead; `performed`: after the request was performed, as with a late HTTP 500."""

    status: int = 503
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    performed: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait for a gate before the request is performed, or before its answer goes out."""

    gate: Gate
    performed: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection without an answer; `performed`: a lost reply, else a lost request."""

    performed: bool = True


@dataclass(frozen=True, slots=True)
class Lose:
    """A notification never arrives."""


@dataclass(frozen=True, slots=True)
class Double:
    """A notification arrives twice."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A notification arrives after the agent's next one."""


@dataclass(frozen=True, slots=True)
class Do:
    """Do this with the call first, then perform the request: what the server forgets, it forgets now."""

    act: Callable[[Call], object]


HttpAction = Answer | Delay | Drop | Do
NoticeAction = Lose | Double | Swap
Action = HttpAction | NoticeAction | Refuse


@dataclass(slots=True)
class Fault:
    """One rule.

    Args:
        match: What it is for.
        action: What happens.
        times: After how many matches it is used up; None: never.
        skip: How many matches go unharmed first.
        chance: Asked at each match whether it happens this time; a match spared so does not count.
    """

    match: Match
    action: Action
    times: int | None = 1
    skip: int = 0
    chance: Callable[[], bool] = field(default=lambda: True)


def take_http(faults: list[Fault], call: Call) -> HttpAction | None:
    """Return what is to happen to a request, and use that rule up once."""
    action = _take(faults, call, HttpAction)
    return action if isinstance(action, HttpAction) else None


def take_notice(faults: list[Fault], call: Call) -> NoticeAction | None:
    """Return what is to happen to a notification, and use that rule up once."""
    action = _take(faults, call, NoticeAction)
    return action if isinstance(action, NoticeAction) else None


def take_refusal(faults: list[Fault], call: Call) -> Refuse | None:
    """Return how a meta message is to be refused, and use that rule up once."""
    action = _take(faults, call, Refuse)
    return action if isinstance(action, Refuse) else None


def _take(faults: list[Fault], call: Call, kinds: type | UnionType) -> Action | None:
    """Return the action of the first rule of these kinds for this call; `skip` lets the first ones pass."""
    for fault in faults:
        if isinstance(fault.action, kinds) and fault.match.covers(call) and fault.chance():
            if fault.skip > 0:
                fault.skip -= 1
                return None
            _use(faults, fault)
            return fault.action
    return None


def _use(faults: list[Fault], fault: Fault) -> None:
    if fault.times is None:
        return
    fault.times -= 1
    if fault.times <= 0:
        faults.remove(fault)
