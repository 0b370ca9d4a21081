"""Everything that a seed decides, drawn before the run."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from tests.simulation.options import (
    PROMPT_S,
    Faults,
    Options,
    draw_calm,
    draw_faults,
    draw_options,
    with_more,
)
from tests.simulation.scenario import Script, draw_scripts, with_questions
from tests.simulation.turns import Turn, draw_turns

__all__ = ["Plan", "crash_plan", "plain_plan", "plan_of"]

_PLAIN = 0.4
_UNHARMED = 0.15
_HARMED_MORE = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    Args:
        seed: Decides all delays and all order.
        options: How the server behaves.
        faults: What goes wrong.
        scripts: What customers do.
        shuffles: Whether ready callbacks run in random order.
        changes_its_mind: Whether the plugin proposes other words when it is asked again.
        dresses: Whether replies hold what servers like to rewrite.
        kill_at: The point of each life, from the first on, at which it is killed; 0: none.
        turns: What else befalls its chats.
        on_stop: What the bot does with its session when it stops.
        has_fallback: Whether there is somebody who gets the customer when the bot cannot go on.
        on_agent_joined: What the bot does when a human agent joins.
    """

    seed: int
    options: Options
    faults: Faults
    scripts: tuple[Script, ...]
    shuffles: bool = True
    changes_its_mind: bool = False
    dresses: bool = False
    kill_at: tuple[int, ...] = ()
    turns: tuple[Turn, ...] = ()
    on_stop: Literal["keep", "logout"] = "keep"
    has_fallback: bool = False
    on_agent_joined: Literal["mute", "observe", "stay"] = "mute"

    @property
    def prompt_s(self) -> float:
        """How soon a line is answered; 0 if nobody can say: who is suspected of a crash waits for others."""
        if any(turn.kind == "poison" for turn in self.turns):
            return 0.0
        return PROMPT_S if self.kill_at and self.faults.is_quiet else self.faults.prompt_s


def plan_of(seed: int) -> Plan:
    """The swarm's plan for a seed. What it adds to the plain one comes from random streams of its own."""
    plan = plain_plan(seed)
    plan = replace(plan, scripts=with_questions(random.Random(seed * 16 + 13), plan.scripts))
    rng = random.Random(seed * 16 + 7)
    if rng.random() < _PLAIN:
        return plan
    if rng.random() < _UNHARMED:
        plan = replace(plan, faults=Faults())
    faults = with_more(rng, plan.faults) if rng.random() < _HARMED_MORE else plan.faults
    nothing_s = rng.choice([0.0, 0.5, 3.0])
    return replace(
        plan,
        options=replace(plan.options, lists_nothing_s=nothing_s),
        faults=faults,
        turns=draw_turns(rng, len(plan.scripts), plan.options),
        on_stop=rng.choice(["keep", "logout"]),
        has_fallback=rng.random() < 0.5,
        on_agent_joined=random.Random(seed * 16 + 12).choice(["mute", "mute", "observe", "stay"]),
    )


def plain_plan(seed: int) -> Plan:
    """Faults and customers only."""
    rng = random.Random(seed * 16)
    return Plan(
        seed=seed,
        options=draw_options(rng),
        faults=draw_faults(rng) if rng.random() < 0.8 else draw_calm(rng),
        scripts=tuple(draw_scripts(rng)),
        shuffles=rng.random() < 0.8,
        changes_its_mind=rng.random() < 0.3,
        dresses=rng.random() < 0.4,
    )


def crash_plan(seed: int, *kill_at: int) -> Plan:
    """A small scenario without other faults, killed at one point, or at one point of each of its lives."""
    rng = random.Random(seed * 16 + 1)
    return Plan(
        seed=seed,
        options=draw_options(rng),
        faults=Faults(),
        scripts=tuple(
            replace(script, lines=script.lines[:3]) for script in draw_scripts(rng)[: 1 + seed % 2]
        ),
        changes_its_mind=seed % 2 == 0,
        dresses=seed % 3 == 0,
        kill_at=kill_at,
    )
