"""What a seed draws: how the server answers the open questions, and which faults there are.

Swarm testing: each seed switches on a random subset of the faults, at random rates and until a random
time. A uniform mix of all faults hides bugs (reliability 5.1).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

__all__ = ["CALM", "Faults", "Options", "draw_calm", "draw_faults", "draw_options", "with_more"]

SETTLE_S = 5.0
REQUEST_TIMEOUT_S = 3.0
# an abandoned request takes effect within this time or never (reliability 2.5, A3)
LATEST_EFFECT_S = 0.8 * SETTLE_S

GIVE_UP_AFTER_S = 60.0
MOST_WAITING = 256
"""Lines that the bot holds of one chat (reliability 2.3)."""

HOOK_TIMEOUT_S = 10.0

SLOW_S = 8.0
"""How long the slow hook takes."""

ASKS_FOR_S = 6.0
"""How long a hook waits for an answer."""

REQUEST_FAULTS = (
    "request lost",
    "not connected",
    "reply lost",
    "500 before",
    "500 after",
    "503",
    "code 4 before",
    "code 4 after",
    "web page",
    "429",
    "late",
    "slow",
)
# drawn apart, so that what a seed means without them stays what it was
MORE_FAULTS = ("answer slow", "swallowed")
NOTICE_FAULTS = ("notice dropped", "notice doubled", "notice reordered")
EVENTS = (
    "session lost",
    "csrf changed",
    "client forgotten",
    "agent forgotten",
    "restart",
    "failover",
    "kill",
    "stop",
    "login refused",
)
MORE_EVENTS = ("disk fails", "trouble")
AT_ONCE_S = 6.0
"""How soon a line is answered where nothing goes wrong, but that other hooks are slow."""

PROMPT_S = 16.0
"""How soon a line is answered where something goes wrong, but no request and no notification."""

_RESYNC_S = 35.0
# three kills in one hook make a dead letter: that is another promise
_MOST_TIMES = {"login refused": 1, "kill": 2}
# after these the bot is soon at work again: answers must not wait for the next periodic comparison
CALM = ("session lost", "csrf changed", "client forgotten", "kill", "stop")


@dataclass(frozen=True, slots=True)
class Options:
    """The server's answers to what no page tells (reference, marks UNK)."""

    no_session: str = "401"
    csrf_on_every_get: bool = True
    ack: bool = True
    hold_s: float = 20.0
    max_interval_s: float = 12.0
    start_is_place: bool = False
    page: int = 0
    gaps: bool = False
    rewrite: str = ""
    participants: str = "full"
    user_ids: bool = True
    references: bool = True
    single_chat: bool = True
    gone: str = "404"
    rejoin_line: bool = True
    new_own_id: bool = False
    latency_s: float = 0.04
    notice_s: float = 0.05
    ring_s: float = 45.0
    lists_nothing_s: float = 0.0


@dataclass(slots=True)
class Faults:
    """The faults of one run.

    Args:
        rates: How likely each is, for each request or notification.
        events: When something happens: seconds, and what.
        until_s: No fault begins after that.
    """

    rates: dict[str, float] = field(default_factory=dict)
    events: list[tuple[float, str]] = field(default_factory=list)
    until_s: float = 0.0

    @property
    def is_quiet(self) -> bool:
        """Whether there are none."""
        return not self.rates and not self.events

    @property
    def prompt_s(self) -> float:
        """How soon a line is answered; 0 if no request is safe, for then nobody can say.

        Settle time, a long wait between looks and a slow network; and where notifications come to harm,
        the longest time for which the transcript of a quiet chat is not read (reliability 2.1).
        """
        if self.is_quiet:
            return AT_ONCE_S
        if not all(name in CALM for _, name in self.events) or set(self.rates) & {
            *REQUEST_FAULTS,
            *MORE_FAULTS,
        }:
            return 0.0
        # a forgotten client may go on waiting for its held poll
        is_deaf = bool(self.rates) or any(name == "client forgotten" for _, name in self.events)
        return PROMPT_S + (_RESYNC_S if is_deaf else 0.0)


def draw_options(rng: random.Random) -> Options:
    """One server of many."""
    return Options(
        no_session=rng.choice(["401", "403", "20"]),
        csrf_on_every_get=rng.random() < 0.7,
        ack=rng.random() < 0.5,
        hold_s=rng.uniform(4.0, 30.0),
        max_interval_s=rng.uniform(10.0, 15.0),
        start_is_place=rng.random() < 0.3,
        page=rng.choice([0, 0, 0, 12, 25]),
        gaps=rng.random() < 0.3,
        rewrite=(rewrite := rng.choice(["", "", "trim", "escape"])),
        participants=rng.choice(["full", "full", "missing", "empty"]),
        user_ids=(user_ids := rng.random() < 0.6),
        references=rng.random() < 0.7,
        single_chat=rng.random() < 0.7,
        gone=rng.choice(["404", "6"]),
        rejoin_line=rng.random() < 0.5,
        # own lines can be told by something (reliability 2.5, A6): the user id, or at least their words
        new_own_id=rng.random() < 0.5 and (user_ids or not rewrite),
        latency_s=rng.choice([0.01, 0.04, 0.3]),
        notice_s=rng.choice([0.001, 0.05, 0.4]),
        ring_s=rng.uniform(25.0, 60.0),
    )


def draw_faults(rng: random.Random, *, length_s: float = 20.0) -> Faults:
    """A random subset, each at its own rate."""
    until = rng.uniform(0.3, 1.2) * length_s
    share = rng.choice([0.15, 0.3, 0.5])
    rates = {
        name: rng.choice([0.01, 0.04, 0.12])
        for name in (*REQUEST_FAULTS, *NOTICE_FAULTS)
        if rng.random() < share
    }
    events = [
        (rng.uniform(0.0, until), name)
        for name in EVENTS
        if rng.random() < (0.5 if name == "kill" else share)
        for _ in range(rng.randint(1, _MOST_TIMES.get(name, 3)))
    ]
    return Faults(rates=rates, events=sorted(events), until_s=until)


def with_more(rng: random.Random, faults: Faults) -> Faults:
    """These, and some that are drawn apart."""
    rates = {name: rng.choice([0.03, 0.12]) for name in MORE_FAULTS if rng.random() < 0.2}
    events = [(rng.uniform(0.0, faults.until_s), name) for name in MORE_EVENTS if rng.random() < 0.15]
    return replace(faults, rates=faults.rates | rates, events=sorted([*faults.events, *events]))


def draw_calm(rng: random.Random, *, length_s: float = 20.0) -> Faults:
    """No request comes to harm; processes and sessions may, and sometimes notifications."""
    until = rng.uniform(0.3, 1.2) * length_s
    names = [name for name in CALM if rng.random() < 0.4]
    events = sorted((rng.uniform(0.0, until), name) for name in names)
    rates = {name: rng.choice([0.04, 0.12]) for name in NOTICE_FAULTS if rng.random() < 0.5}
    return Faults(rates=rates if rng.random() < 0.5 else {}, events=events, until_s=until)
