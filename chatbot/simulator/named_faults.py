"""Faults by name: one table for all who break things on purpose, in tests, by hand or over the control API.

A name stands for a rule of `faults`; what the rule is for and how often it strikes may be told along with it.
"""

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from random import Random, SystemRandom
from types import MappingProxyType
from typing import Protocol, TypedDict, Unpack, cast

from chatbot.simulator.bayeux_server import Refuse
from chatbot.simulator.door import CSRF_TEXT
from chatbot.simulator.faults import (
    Action,
    Answer,
    Delay,
    Do,
    Double,
    Drop,
    Fault,
    Lose,
    Match,
    Swap,
)
from chatbot.simulator.status import Status
from chatbot.simulator.world import World

ANY, POLL = "any", "poll"

_OWN, _OWN_CHATS = "/api/v2/me", "/api/v2/me/chats/"
_CONNECT, _HANDSHAKE, _SUBSCRIBE = "/meta/connect", "/meta/handshake", "/meta/subscribe"


class Target(Protocol):
    """What is spoiled: a `Simulator`."""

    faults: list[Fault]
    world: World

    def drop_clients(self, username: str | None = None) -> None:
        """Forget CometD clients."""

    def lose_subscriptions(self, username: str | None = None) -> None:
        """Forget what CometD clients have subscribed to."""

    def end_http_sessions(self, username: str | None = None) -> None:
        """Forget HTTP sessions."""

    def release_polls(self) -> None:
        """Answer the polls that are held."""


class How(TypedDict, total=False):
    """What may be told along with a name; all of it may be left out.

    `on` is what the rule is for: an operationName (`SendMessage`), a notificationType (`StatusChange`),
    `poll` for the polls of CometD, or `any`. Without it, requests are the operations of agents on their
    chats, and notifications are those that bring lines. `agent` is the user name of the only agent it is for.

    `times` is after how many strikes it is over (1; None: never), `skip` how many matches go unharmed first,
    `chance` how likely it strikes at a match (1.0), drawn from `rng`, which a chance below 1.0 needs.

    `seconds` is how long slow things take (2.0), passed by `sleep`; `code` is the statusCode of a refusal.
    """

    on: str
    agent: str
    times: int | None
    skip: int
    chance: float
    rng: Random | None
    seconds: float
    sleep: Callable[[float], Awaitable[object]]
    code: int


class UnknownFaultError(ValueError):
    """There is no fault of this name.

    Args:
        name: What was asked for.

    Attributes:
        closest: What was probably meant; None if nothing is near.
    """

    def __init__(self, name: str) -> None:
        found = difflib.get_close_matches(name.lower(), NAMED_FAULTS, n=1)
        self.name = name
        self.closest = found[0] if found else None
        hint = f"closest: {found[0]}" if found else f"known faults: {', '.join(NAMED_FAULTS)}"
        super().__init__(f"no fault is called {name!r}\n  {hint}")


@dataclass(frozen=True, slots=True)
class NamedFault:
    """One row of the table.

    Args:
        sentence: What happens, for lists of faults.
        covers: Makes the match from `on`.
        strikes: Makes what happens.
    """

    sentence: str
    covers: Callable[[str], Match]
    strikes: Callable[[Target, How], Action]


def named(target: Target, name: str, **how: Unpack[How]) -> Fault:
    """Return the rule that this name stands for, without adding it anywhere.

    Args:
        target: The simulator that it is for.
        name: A key of `NAMED_FAULTS`.
        **how: See `How`.

    Raises:
        UnknownFaultError: There is no such name; says the nearest.
        ValueError: What was told along cannot be.
    """
    row = NAMED_FAULTS.get(name)
    if row is None:
        raise UnknownFaultError(name)
    _check(how)
    match = replace(row.covers(how.get("on", "")), agent=how.get("agent", ""))
    return Fault(match, row.strikes(target, how), how.get("times", 1), how.get("skip", 0), _dice(how))


def strike(target: Target, name: str, **how: Unpack[How]) -> Fault:
    """Add the rule that this name stands for, and return it.

    Polls that are held are answered, so that a rule for polls meets the next one at once.

    Args:
        target: The simulator.
        name: A key of `NAMED_FAULTS`.
        **how: See `How`.

    Raises:
        UnknownFaultError: There is no such name; says the nearest.
        ValueError: What was told along cannot be.
    """
    fault = named(target, name, **how)
    target.faults.append(fault)
    if fault.match.channel == _CONNECT:
        target.release_polls()
    return fault


def how_of(told: Mapping[str, object]) -> How:
    """Read what is told along in words, as on a command line or in JSON.

    The keys are those of `How`, with `seed` (a number) in place of `rng` and without `sleep`; `times=always`
    is for ever.

    Raises:
        ValueError: A key is not known, or a value has the wrong form; says what was expected.
    """
    how: dict[str, object] = {}
    for key, value in told.items():
        if key not in _READERS:
            found = difflib.get_close_matches(key, _READERS, n=1)
            hint = f"closest: {found[0]}" if found else f"known: {', '.join(_READERS)}"
            raise ValueError(f"no fault takes {key!r}\n  {hint}")
        expected, read = _READERS[key]
        try:
            how["rng" if key == "seed" else key] = read(str(value))
        except ValueError:
            raise ValueError(f"{key} is {value!r}; expected {expected}") from None
    if how.get("chance", 1.0) != 1.0:
        how.setdefault("rng", SystemRandom())
    return cast("How", how)  # each key was read by its own reader


def _times(word: str) -> int | None:
    return None if word == "always" else int(word)


_READERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "on": ("a name", str),
    "agent": ("a user name", str),
    "times": ("a number, or always", _times),
    "skip": ("a number", int),
    "chance": ("a number from 0.0 to 1.0", float),
    "seed": ("a number", lambda word: Random(int(word))),  # noqa: S311 (repeatable on purpose)
    "seconds": ("a number of seconds", float),
    "code": ("a number", int),
}


@dataclass(frozen=True, slots=True)
class _Pause:
    """A gate that opens by itself."""

    seconds: float
    sleep: Callable[[float], Awaitable[object]]

    async def wait(self) -> None:
        await self.sleep(self.seconds)


def _check(how: How) -> None:
    times = how.get("times", 1)
    if times is not None and times < 1:
        raise ValueError(f"times is {times}; expected 1 or more, or None for ever")
    if how.get("skip", 0) < 0 or how.get("seconds", 0.0) < 0:
        raise ValueError("skip and seconds cannot be negative")
    if not 0.0 <= how.get("chance", 1.0) <= 1.0:
        raise ValueError(f"chance is {how['chance']}; expected 0.0 to 1.0")
    if how.get("chance", 1.0) < 1.0 and how.get("rng") is None:
        raise ValueError("a chance below 1.0 needs an rng to be drawn from")


def _dice(how: How) -> Callable[[], bool]:
    chance, rng = how.get("chance", 1.0), how.get("rng")
    if rng is None:
        return lambda: True
    return lambda: rng.random() < chance


def _notifications(on: str) -> Match:
    return Match() if on == ANY else Match(notification=on or "NewMessages")


def _requests(on: str) -> Match:
    """Only agents: what a customer asks for is not under `/me`."""
    match on:
        case "":
            return Match(method="POST", path=_OWN_CHATS)
        case "any":
            return Match(path=_OWN)
        case "poll":
            return Match(channel=_CONNECT)
        case operation:
            return Match(path=_OWN, operation=operation)


def _polls(on: str) -> Match:
    return _requests(on or POLL)


def _meta(channel: str) -> Callable[[str], Match]:
    return lambda _: Match(channel=channel)


def _always(action: Action) -> Callable[[Target, How], Action]:
    return lambda _, __: action


def _slow(*, performed: bool) -> Callable[[Target, How], Action]:
    def strikes(_: Target, how: How) -> Action:
        return Delay(_Pause(how.get("seconds", 2.0), how.get("sleep", asyncio.sleep)), performed)

    return strikes


def _refused(_: Target, how: How) -> Action:
    code = int(how.get("code", Status.FORBIDDEN))
    return Answer(200, f'{{"statusCode": {code}, "statusMessage": "Refused on purpose"}}')


def _fails(target: Target, _: How) -> Action:
    return Do(lambda call: target.world.fail_next(call.operation, call.agent))


def _forgets_client(target: Target, _: How) -> Action:
    return Do(lambda call: target.drop_clients(call.agent))


def _forgets_subscriptions(target: Target, _: How) -> Action:
    return Do(lambda call: target.lose_subscriptions(call.agent))


def _forgets_session(target: Target, _: How) -> Action:
    return Do(lambda call: target.end_http_sessions(call.agent))


NAMED_FAULTS: Mapping[str, NamedFault] = MappingProxyType(
    {
        "drop-notification": NamedFault("a notification never arrives", _notifications, _always(Lose())),
        "duplicate-notification": NamedFault(
            "a notification arrives twice", _notifications, _always(Double())
        ),
        "reorder-notifications": NamedFault(
            "a notification arrives after the next one", _notifications, _always(Swap())
        ),
        "402": NamedFault(
            "the CometD client is forgotten: 402::Unknown client at the next poll", _polls, _forgets_client
        ),
        "deaf": NamedFault(
            "the subscriptions of a CometD client are forgotten, and its polls go on as if nothing were",
            _polls,
            _forgets_subscriptions,
        ),
        "session-lost": NamedFault(
            "the HTTP session is forgotten, and its CometD client with it", _polls, _forgets_session
        ),
        "refuse-handshake": NamedFault(
            "a CometD handshake is refused: 403::Forbidden", _meta(_HANDSHAKE), _always(Refuse())
        ),
        "refuse-subscription": NamedFault(
            "a CometD subscription is refused: 403::Forbidden", _meta(_SUBSCRIBE), _always(Refuse())
        ),
        "lost-poll": NamedFault(
            "the connection of a poll breaks, with the events of its answer", _polls, _always(Drop())
        ),
        "401": NamedFault("a request is answered with HTTP 401", _requests, _always(Answer(401))),
        "403": NamedFault(
            "a request is answered with HTTP 403, as without a valid CSRF token",
            _requests,
            _always(Answer(403, CSRF_TEXT)),
        ),
        "429": NamedFault(
            "a request is answered with HTTP 429, Retry-After 1 second",
            _requests,
            _always(Answer(429, headers={"Retry-After": "1"})),
        ),
        "500": NamedFault(
            "a request is performed, and answered with HTTP 500",
            _requests,
            _always(Answer(500, performed=True)),
        ),
        "503": NamedFault(
            "a request is not performed, and answered with HTTP 503", _requests, _always(Answer(503))
        ),
        "lost-reply": NamedFault(
            "a request is performed, and the connection breaks before the answer", _requests, _always(Drop())
        ),
        "lost-request": NamedFault(
            "the connection breaks before a request is performed",
            _requests,
            _always(Drop(performed=False)),
        ),
        "slow-reply": NamedFault(
            "a request is performed at once, and answered after `seconds`", _requests, _slow(performed=True)
        ),
        "slow-request": NamedFault(
            "a request is performed and answered after `seconds`", _requests, _slow(performed=False)
        ),
        "refuse-operation": NamedFault(
            "an operation is refused with statusCode `code` (3)", _requests, _refused
        ),
        "fail-operation": NamedFault(
            "an operation is accepted, and an Error notification follows", _requests, _fails
        ),
    }
)
"""Every fault that has a name."""
