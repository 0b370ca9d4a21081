"""What one run does: who comes and says what, which processes are hurt when, which platform it is.

Everything is drawn from the seed. When a process is hurt is a share of the conversations that are over, so a
run of any length is hurt evenly.
"""

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from chatbot.simulator.options import Options

Hurt = Literal["kill -9", "SIGTERM", "SIGSTOP", "server restart"]
Manner = Literal["patient", "hasty", "staying"]

MOST_STAYING = 20
# stands in all that no log may tell
CANARY = "canary"

LASTS_S: dict[Hurt, tuple[float, float]] = {
    "kill -9": (0.0, 0.5),
    "SIGTERM": (0.0, 0.5),
    # Shorter and longer than the platform's patience with a silent CometD client.
    "SIGSTOP": (1.0, 6.0),
    "server restart": (0.5, 2.0),
}
# What follows sooner hits a bot that is still recovering; then its recovery cannot be measured.
ON_THE_HEELS = 0.2
RESPITE_S = (2.0, 3.0)
# After this share of all conversations nothing is hurt any more.
LAST = 0.92


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The size of a run.

    `faults` multiplies the rates of all faults of connections and notifications, `slowness` all pauses of
    customers and mishaps. `patience_s` is how long a customer waits while nothing new is said, and how long
    the end waits for what has still to come.
    """

    seed: int = 0
    conversations: int = 300
    bots: int = 2
    kills: int = 10
    stops: int = 3
    pauses: int = 3
    server_restarts: int = 2
    open_at_once: int = 60
    faults: float = 1.0
    patience_s: float = 60.0
    slowness: float = 1.0


@dataclass(frozen=True, slots=True)
class Mishap:
    """A process is hurt `delay_s` after `at` of all conversations are over; it lasts `seconds`."""

    at: float
    kind: Hurt
    delay_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """The customer waits, says a text, and perhaps waits for all replies to what was said so far."""

    text: str
    pause_s: float
    waits: bool


@dataclass(frozen=True, slots=True)
class Script:
    """One customer. A hasty one leaves without waiting for replies, a staying one never leaves."""

    name: str
    steps: tuple[Step, ...]
    manner: Manner
    linger_s: float


def mishaps(plan: Plan) -> list[Mishap]:
    """Return what is done to processes, in order: spread evenly, but some come while the last still hurts."""
    rng = Random(f"{plan.seed} mishaps")
    counts: dict[Hurt, int] = {
        "kill -9": plan.kills,
        "SIGTERM": plan.stops,
        "SIGSTOP": plan.pauses,
        "server restart": plan.server_restarts,
    }
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    rng.shuffle(kinds)
    return [_mishap(plan, rng, kind, LAST * (number + 0.5) / len(kinds)) for number, kind in enumerate(kinds)]


def _mishap(plan: Plan, rng: Random, kind: Hurt, at: float) -> Mishap:
    is_on_the_heels = rng.random() < ON_THE_HEELS
    delay_s = rng.uniform(0.0, 1.0) if is_on_the_heels else rng.uniform(*RESPITE_S)
    return Mishap(at, kind, delay_s * plan.slowness, rng.uniform(*LASTS_S[kind]) * plan.slowness)


def script(plan: Plan, number: int) -> Script:
    """Return what the customer of this number does."""
    rng = Random(f"{plan.seed} customer {number}")
    steps: list[Step] = []
    for count in range(rng.randint(2, 5)):
        is_again = bool(steps) and rng.random() < 0.3
        text = rng.choice(steps).text if is_again else f"{CANARY} {count + 1}{rng.choice(['', '?', '!'])}"
        steps.append(Step(text, rng.uniform(0.0, 0.6) * plan.slowness, rng.random() < 0.5))
    staying = min(0.1, MOST_STAYING / plan.conversations)
    manners: tuple[Manner, ...] = ("patient", "hasty", "staying")
    [manner] = rng.choices(manners, (0.85 - staying, 0.15, staying))
    # Long enough for some that a reply said twice would still be heard.
    linger = rng.uniform(3.0, 6.0) if rng.random() < 1 / 3 else rng.uniform(0.0, 0.5)
    return Script(f"Customer {number}", tuple(steps), manner, linger * plan.slowness)


def platform(plan: Plan) -> Options:
    """Return the platform of this run: what is fixed for the sake of the count, and unknowns by the seed.

    No offer rings in vain and no customer is thought gone, however long the bots are away: a chat always
    stays where it is, and ends only when its customer says so. A CometD client is forgotten after four
    seconds, so that pauses are both survived and not.
    """
    rng = Random(f"{plan.seed} platform")
    unknowns: dict[str, Any] = {
        "ack_extension": rng.random() < 0.5,
        "answer_first": rng.random() < 0.5,
        "events_on_any_reply": rng.random() < 0.5,
        "hold_first_connect": rng.random() < 0.5,
        "index_step": rng.choice([1, 1, 3]),
        "lost_session": rng.choice(["403", "401", "20"]),
        "after_customer_left": rng.choice(["Chatting", "LeftChat"]),
        "transcript_save_done": rng.random() < 0.5,
    }
    return Options(
        offer_timeout=86_400.0,
        customer_idle_timeout=0.0,
        chats_at_logout="keep",
        capacity=100_000,
        poll_timeout=5.0,
        max_interval=4.0,
        **unknowns,
    )
